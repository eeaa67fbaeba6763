package identity

import (
	"cmp"
	"context"
	"slices"

	"github.com/karuta-bi/karuta/internal/core"
)

// Groups lists groups: every one by name for administrators, for others the
// ones they are in.
func (s *Service) Groups(ctx context.Context, p core.PageArgs) (core.Page[*core.Group], error) {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return core.Page[*core.Group]{}, err
	}
	if !actor.IsAdmin() {
		return s.ownGroups(ctx, actor.User, p)
	}
	page, err := s.store.Groups.List(ctx, p)
	if err != nil {
		return page, core.Known("identity: groups", err)
	}
	return page, nil
}

// ownGroups is by name too; the cursor is the id of a group the person is in.
func (s *Service) ownGroups(ctx context.Context, u *core.User, p core.PageArgs) (core.Page[*core.Group], error) {
	var page core.Page[*core.Group]
	byID, err := s.store.Groups.Many(ctx, u.GroupIDs)
	if err != nil {
		return page, core.Internal("identity: own groups", err)
	}
	groups := make([]*core.Group, 0, len(byID))
	for _, g := range byID {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b *core.Group) int {
		return cmp.Or(cmp.Compare(foldName(a.Name), foldName(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	if p.After != "" {
		at := slices.IndexFunc(groups, func(g *core.Group) bool { return g.ID == p.After })
		if at < 0 {
			return page, core.Invalid("after", "bad_cursor")
		}
		groups = groups[at+1:]
	}
	page.HasNext = len(groups) > p.First
	page.Nodes = groups[:min(p.First, len(groups))]
	for _, g := range page.Nodes {
		page.Cursors = append(page.Cursors, g.ID)
	}
	return page, nil
}
