package access

import (
	"context"

	"github.com/karuta-bi/karuta/internal/core"
)

// Explain tells why a person can or cannot reach a thing: a dashboard, dataset,
// card, card in its place on a dashboard, share, group, filter view or transform. It opens
// the very doors that the person would, as that person, so it says yes exactly
// where they open. Who manages the thing may ask about anybody, others about
// themselves, where they may view it; NOT_FOUND otherwise.
func (g *Gate) Explain(ctx context.Context, userID, id string) (*core.Explanation, error) {
	actor, err := g.RequireSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	if err := core.CheckID("userId", userID, core.NounUser); err != nil {
		return nil, err
	}
	right := Manage
	if userID == actor.UserID() {
		right = View
	}
	thing, err := g.question(ctx, id, right)
	if err != nil {
		return nil, err
	}
	person, err := g.store.Users.Get(ctx, userID)
	if err != nil {
		return nil, core.Internal("access: read person to explain", err)
	}
	if person == nil {
		return nil, core.NotFound("userId")
	}
	return g.explain(ctx, person, thing)
}

// explain opens the doors of a thing for a person.
func (g *Gate) explain(ctx context.Context, person *core.User, t *thing) (*core.Explanation, error) {
	e := &core.Explanation{UserID: person.ID, ResourceID: t.id}
	if !person.Active() {
		admins, err := g.admins(ctx)
		e.Missing = []core.MissingAccess{{Kind: core.MissingAccount, GiverIDs: admins}}
		return e, err
	}
	unheard := &Gate{store: g.store, denied: func(context.Context, Denial) {}}
	theirs := core.WithActor(ctx, &core.Actor{User: person, RequestID: core.ActorFrom(ctx).RequestID})
	for right, may := range map[Right]*bool{View: &e.Allowed, Edit: &e.CanEdit, Manage: &e.CanManage} {
		var err error
		if *may, err = opened(t.door(theirs, unheard, right)); err != nil {
			return nil, err
		}
	}
	var err error
	if !e.Allowed {
		e.Missing, err = t.missing(theirs, unheard)
		return e, err
	}
	if e.Paths, err = t.paths(theirs, unheard); err != nil {
		return nil, err
	}
	return e, unheard.tellEffects(ctx, theirs, e, t)
}

// opened tells whether a door let through; an error that is no refusal stays one.
func opened(err error) (bool, error) {
	switch core.CodeOf(err) {
	case "":
		return true, nil
	case core.CodeNotFound, core.CodeForbidden:
		return false, nil
	}
	return false, err
}

// thing is what a question is about: its door, and what stands around it.
type thing struct {
	id      string
	door    func(ctx context.Context, g *Gate, want Right) error
	paths   func(ctx context.Context, g *Gate) ([]core.AccessPath, error)
	missing func(ctx context.Context, g *Gate) ([]core.MissingAccess, error)
	cards   func(ctx context.Context, g *Gate) ([]string, error) // whose data it shows, nil for none
	dataset string                                               // that it is, "" for none
}

// question finds what an id names, for somebody who has the right to ask.
func (g *Gate) question(ctx context.Context, id string, right Right) (*thing, error) {
	noun, ok := core.NounOf(id)
	if !ok {
		return nil, core.Invalid("resource", "bad_id")
	}
	var t *thing
	switch noun {
	case core.NounDashboard:
		t = dashboardThing(id)
	case core.NounDataset, core.NounCard:
		t = dataThing(noun, id)
	case core.NounShare:
		t = shareThing(id)
	case core.NounGroup:
		t = groupThing(id)
	case core.NounTransform:
		t = transformThing(id)
	case core.NounFilterView:
		t = viewThing(id)
	case core.NounDashboardCard:
		return g.placeQuestion(ctx, id, right)
	default:
		return nil, core.NotFound("resource")
	}
	return t, t.door(ctx, g, right)
}
