package dashboard

import (
	"context"
	"slices"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

// EffectiveAccess lists the people for whom a dashboard is open, groups taken
// apart, by id; for its owner and admins. The cursor is a person's id.
func (s *Service) EffectiveAccess(ctx context.Context, dashboardID string, page core.PageArgs) (core.Page[*core.PersonAccess], error) {
	var out core.Page[*core.PersonAccess]
	grant, err := s.gate.RequireDashboard(ctx, "dashboardId", dashboardID, access.Manage)
	if err != nil {
		return out, err
	}
	if noun, _ := core.NounOf(page.After); page.After != "" && noun != core.NounUser {
		return out, core.Invalid("after", "bad_cursor")
	}
	people, err := s.gate.Audience(ctx, grant.Dashboard)
	if err != nil {
		return out, err
	}
	people = slices.DeleteFunc(people, func(p core.PersonAccess) bool { return p.UserID <= page.After })
	out.HasNext = len(people) > page.First
	for i := range people[:min(page.First, len(people))] {
		out.Nodes, out.Cursors = append(out.Nodes, &people[i]), append(out.Cursors, people[i].UserID)
	}
	return out, nil
}

// AdministratorCount is how many people see every dashboard as administrators.
func (s *Service) AdministratorCount(ctx context.Context) (int, error) {
	return s.gate.AdministratorCount(ctx)
}
