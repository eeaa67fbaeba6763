package access

import (
	"cmp"
	"context"
	"slices"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// Audience are the people for whom a dashboard is open as its owner, by a share
// or through a group, by id, each with what they may do and by which ways. Who
// sees it as an administrator alone is not among them. For who manages the
// dashboard, which the caller has asked.
func (g *Gate) Audience(ctx context.Context, d *core.Dashboard) ([]core.PersonAccess, error) {
	shares, err := g.sharesOf(ctx, []string{d.ID})
	if err != nil {
		return nil, core.Internal("access: shares of dashboard", err)
	}
	live, err := g.store.Groups.Many(ctx, groupsIn(shares))
	if err != nil {
		return nil, core.Internal("access: groups of shares", err)
	}
	open := slices.DeleteFunc(shares[0], func(s *core.Share) bool {
		return s.TargetType == core.TargetGroup && live[s.TargetID] == nil
	})
	people, err := g.reached(ctx, d, open)
	if err != nil {
		return nil, err
	}
	audience := []core.PersonAccess{}
	for _, u := range people {
		if u.Active() {
			audience = append(audience, accessOf(u, d, open))
		}
	}
	slices.SortFunc(audience, func(a, b core.PersonAccess) int { return cmp.Compare(a.UserID, b.UserID) })
	return audience, nil
}

// reached are the owner and all people whom the shares speak for, each once.
func (g *Gate) reached(ctx context.Context, d *core.Dashboard, shares []*core.Share) (map[string]*core.User, error) {
	ids, people := []string{d.OwnerID}, map[string]*core.User{}
	for _, s := range shares {
		if s.TargetType == core.TargetUser {
			ids = append(ids, s.TargetID)
			continue
		}
		members, err := g.members(ctx, s.TargetID)
		if err != nil {
			return nil, core.Internal("access: members of group", err)
		}
		for _, u := range members {
			people[u.ID] = u
		}
	}
	found, err := g.store.Users.Many(ctx, ids)
	if err != nil {
		return nil, core.Internal("access: people of dashboard", err)
	}
	for id, u := range found {
		people[id] = u
	}
	return people, nil
}

// accessOf decides for one of the people as the gate does at the door.
func accessOf(u *core.User, d *core.Dashboard, shares []*core.Share) core.PersonAccess {
	page := *d
	theirs := store.Access{Dashboard: &page}
	for _, s := range shares {
		if s.TargetID == u.ID || slices.Contains(u.GroupIDs, s.TargetID) {
			theirs.Shares = append(theirs.Shares, s)
		}
	}
	gr := decide(&core.Actor{User: u}, &theirs)
	return core.PersonAccess{UserID: u.ID, Permission: gr.Permission, Paths: sortedPaths(gr.Paths)}
}

// Reach is what a share to somebody would change.
type Reach struct {
	Shown  *Admission        // what of the dashboard would be shown to them
	Paths  []core.AccessPath // how it is open to them already
	People int               // who can sign in and would be reached
}

// ReachOf tells what a share of a dashboard to a person or group would change.
// Of a group it tells what its members see who have nothing else. For who manages
// the dashboard, which the caller has asked.
func (g *Gate) ReachOf(ctx context.Context, d *core.Dashboard, to core.Target) (*Reach, error) {
	seer, members, err := g.seerOf(ctx, to)
	if err != nil {
		return nil, err
	}
	unheard := &Gate{store: g.store, denied: func(context.Context, Denial) {}}
	theirs := core.WithActor(ctx, &core.Actor{User: seer, RequestID: core.ActorFrom(ctx).RequestID})
	paths, err := unheard.pathsTo(theirs, d.ID)
	if err != nil {
		return nil, err
	}
	shown, err := unheard.Admitted(theirs, d)
	reach := &Reach{Shown: shown, Paths: paths}
	for _, u := range members {
		if u.Active() {
			reach.People++
		}
	}
	return reach, err
}

// seerOf is who a share to somebody lets in: the person, or somebody who is in
// the group and nowhere else, with all of its members.
func (g *Gate) seerOf(ctx context.Context, to core.Target) (*core.User, []*core.User, error) {
	if to.Type == core.TargetGroup {
		members, err := g.members(ctx, to.ID)
		if err != nil {
			err = core.Internal("access: members of group", err)
		}
		return &core.User{ID: to.ID, GroupIDs: []string{to.ID}}, members, err
	}
	person, err := g.store.Users.Get(ctx, to.ID)
	if err != nil {
		return nil, nil, core.Internal("access: read person to share with", err)
	}
	if person == nil {
		return nil, nil, core.NotFound("target.id")
	}
	return person, []*core.User{person}, nil
}

// maxAdmins bounds the count of administrators.
const maxAdmins = 1000

// AdministratorCount is how many administrators can sign in, maxAdmins at most.
func (g *Gate) AdministratorCount(ctx context.Context) (int, error) {
	if _, err := g.RequireSignedIn(ctx); err != nil {
		return 0, err
	}
	found, err := g.store.Users.Search(ctx, "", isAdmin, maxAdmins)
	if err != nil {
		return 0, core.Internal("access: count administrators", err)
	}
	return len(found), nil
}

func isAdmin(u *core.User) bool { return u.Role == core.RoleAdmin && u.Active() }
