package access

import (
	"context"

	"github.com/karuta-bi/karuta/internal/core"
)

// Where somebody who is no administrator looks through another's eyes
// (core.Actor.Asker), nothing opens that is not open to both of them, and only
// what is made of the looker's own data. It then opens as it does to a viewer.

// RequireDataOwner refuses everybody but owners of a dataset and administrators.
func (g *Gate) RequireDataOwner(ctx context.Context) (*core.Actor, error) {
	a, err := g.RequireSignedIn(ctx)
	if err != nil || a.IsAdmin() {
		return a, err
	}
	own, err := g.store.Datasets.ByOwner(ctx, a.UserID(), core.PageArgs{First: 1})
	if err != nil {
		return nil, core.Internal("access: own datasets", err)
	}
	if len(own.Nodes) == 0 {
		g.denied(ctx, Denial{Wanted: "VIEW_AS"})
		return nil, core.Forbidden("")
	}
	return a, nil
}

// RequireOnlooker is RequireSignedIn for what may be looked at through
// another's eyes.
func (g *Gate) RequireOnlooker(ctx context.Context) (*core.Actor, error) {
	a := core.ActorFrom(ctx)
	if !a.SignedIn() {
		return nil, &core.Error{Code: core.CodeUnauthorized}
	}
	return a, nil
}

// eyesKey finds the person looked through among what the request remembers.
type eyesKey struct{}

// eyes is the context of the person looked through, as if they looked
// themselves: for decisions, and never for what is shown.
func eyes(ctx context.Context, a *core.Actor) context.Context {
	fresh := &core.Actor{User: a.User, ViewedBy: a.ViewedBy, RequestID: a.RequestID, Locale: a.Locale}
	seer, _ := a.Memo().LoadOrStore(eyesKey{}, fresh)
	return core.WithActor(ctx, seer.(*core.Actor))
}

// narrowGrants decides on dashboards for who looks through another's eyes.
func (g *Gate) narrowGrants(ctx context.Context, a *core.Actor, ids []string) (map[string]*Grant, error) {
	theirs, err := g.grants(eyes(ctx, a), ids)
	if err != nil {
		return nil, err
	}
	mine, err := g.grants(core.WithActor(ctx, a.Asker), ids)
	if err != nil {
		return nil, err
	}
	both := make(map[string]*Grant, len(theirs))
	for id, gr := range theirs {
		d := *gr.Dashboard
		d.Mine = core.PermissionNone
		narrow := &Grant{Dashboard: &d}
		if own := mine[id]; own != nil && own.Allows(View) && gr.Allows(View) {
			ofMine, err := g.allOwn(ctx, &d, a.Asker.UserID())
			if err != nil {
				return nil, err
			}
			if ofMine {
				narrow.Permission = core.PermissionViewer
			}
		}
		a.Memo().Store(memoKey(id), narrow)
		both[id] = narrow
	}
	return both, nil
}

// allOwn tells whether everything a dashboard shows is made of the person's data.
func (g *Gate) allOwn(ctx context.Context, d *core.Dashboard, ownerID string) (bool, error) {
	cards, err := g.store.Cards.ManyOnce(ctx, d.CardIDs())
	if err != nil {
		return false, core.Internal("access: read cards", err)
	}
	var ids []string
	for _, c := range cards {
		if c.DatasetID != "" {
			ids = append(ids, c.DatasetID)
		}
	}
	datasets, err := g.store.Datasets.ManyOnce(ctx, ids)
	if err != nil {
		return false, core.Internal("access: read datasets of cards", err)
	}
	for _, id := range ids {
		if data := datasets[id]; data == nil || data.OwnerID != ownerID {
			return false, nil
		}
	}
	return true, nil
}
