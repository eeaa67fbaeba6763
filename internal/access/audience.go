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
