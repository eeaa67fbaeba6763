package access

import (
	"context"

	"github.com/karuta-bi/karuta/internal/core"
)

// RequireFilterView opens a filter view. Its owner always sees it, also without
// its dashboard; others see what is shared, where they may view the dashboard.
// The runbook promises 403 to everybody else (§5 "FilterView可視性"), so this
// door says FORBIDDEN of a view that is there, to administrators too: whoever
// keeps a view for themselves is not looked over the shoulder. Editing is the
// owner's, managing (deleting) the owner's or an administrator's.
func (g *Gate) RequireFilterView(ctx context.Context, field, id string, want Right) (*core.FilterView, error) {
	actor, err := g.RequireSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	if err := core.CheckID(field, id, core.NounFilterView); err != nil {
		return nil, err
	}
	v, err := g.store.FilterViews.For(ctx, id, actor.UserID())
	if err != nil {
		return nil, core.Internal("access: read filter view", err)
	}
	if v == nil {
		return nil, core.NotFound(field)
	}
	grants, err := g.grants(ctx, []string{v.DashboardID})
	if err != nil {
		return nil, err
	}
	gr := grants[v.DashboardID]
	if gr == nil { // views go with their dashboard
		return nil, core.NotFound(field)
	}
	v.CanRun = gr.Allows(View)
	seen := v.VisibleTo(actor.UserID())
	if want == View && seen || want != View && owns(ctx, v.OwnerID, want) {
		return v, nil
	}
	reason := "owner_only"
	if !seen {
		reason = "filter_view"
	}
	return nil, g.refuse(ctx, core.NounFilterView, field, id, want, true, reason)
}
