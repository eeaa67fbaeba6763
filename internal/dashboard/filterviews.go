package dashboard

import (
	"context"
	"strconv"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// ViewInput is a new filter view.
type ViewInput struct {
	core.Idempotent
	DashboardID string
	Name        string
	Filters     []core.FilterValue
	Shared      bool
}

// CreateFilterView keeps a choice of filters under a name: for the dashboard's
// viewers, a shared one for its editors.
func (s *Service) CreateFilterView(ctx context.Context, in ViewInput) (*core.FilterView, error) {
	if _, err := s.gate.RequireDashboard(ctx, "input.dashboardId", in.DashboardID, rightToKeep(in.Shared)); err != nil {
		return nil, err
	}
	now := store.Now()
	v := &core.FilterView{
		ID: core.NewFilterViewID(in.DashboardID), DashboardID: in.DashboardID, Name: in.Name, OwnerID: core.ActorFrom(ctx).UserID(),
		Filters: in.Filters, Shared: in.Shared, CreatedAt: now, UpdatedAt: now, CanRun: true,
	}
	if err := checkView(v); err != nil {
		return nil, err
	}
	if err := s.requireRoom(ctx, v); err != nil {
		return nil, err
	}
	if err := s.audit.Ready(); err != nil {
		return nil, err
	}
	if err := s.store.FilterViews.Create(ctx, v); err != nil {
		return nil, err
	}
	return v, s.noteView(ctx, core.EventFilterViewCreated, v)
}

// requireRoom bounds how many views a person keeps of one dashboard. Whoever
// makes several at the same moment may end up with a few more.
func (s *Service) requireRoom(ctx context.Context, v *core.FilterView) error {
	n, err := s.store.FilterViews.Count(ctx, v.DashboardID, v.OwnerID, core.MaxFilterViews)
	if err != nil {
		return core.Internal("count filter views", err)
	}
	if n >= core.MaxFilterViews {
		return core.Invalid("input.dashboardId", "too_many", "max", core.MaxFilterViews)
	}
	return nil
}

// ViewChange is an edit of a filter view. Nil leaves a part as it is; an empty
// slice chooses nothing.
type ViewChange struct {
	ID      string
	Version int64 // as last read
	Name    *string
	Filters []core.FilterValue
	Shared  *bool
}

// UpdateFilterView edits a filter view; for its owner. CONFLICT, with both
// versions, when it was changed since. To share it takes an editor of the
// dashboard, to change what stays shared somebody who may view the dashboard:
// who lost it does not speak to its readers any more.
func (s *Service) UpdateFilterView(ctx context.Context, c ViewChange) (*core.FilterView, error) {
	seen, err := s.gate.RequireFilterView(ctx, "input.id", c.ID, access.Edit)
	if err != nil {
		return nil, err
	}
	if c.Version < 1 {
		return nil, core.Invalid("input.version", "bad_value")
	}
	if c.Version != seen.Version { // rights are asked for the very view that changes
		return nil, core.Conflict(c.Version, seen.Version)
	}
	if err := s.requireAudience(ctx, seen, c); err != nil {
		return nil, err
	}
	if err := s.audit.Ready(); err != nil {
		return nil, err
	}
	v, err := s.store.FilterViews.Edit(ctx, c.ID, seen.OwnerID, c.Version, func(v *core.FilterView) error { return applyView(v, c) })
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, core.NotFound("input.id")
	}
	v.CanRun = seen.CanRun
	return v, s.noteView(ctx, core.EventFilterViewUpdated, v)
}

// requireAudience wants the right to show the dashboard's readers something.
func (s *Service) requireAudience(ctx context.Context, v *core.FilterView, c ViewChange) error {
	want, shared := access.View, v.Shared
	if c.Shared != nil {
		want, shared = rightToKeep(*c.Shared && !v.Shared), *c.Shared
	}
	if !shared {
		return nil
	}
	_, err := s.gate.RequireDashboard(ctx, "input.isShared", v.DashboardID, want)
	return err
}

// DeleteFilterView removes a filter view; for its owner and admins. Where it was
// a default, there is none any more.
func (s *Service) DeleteFilterView(ctx context.Context, id string) error {
	v, err := s.gate.RequireFilterView(ctx, "input.id", id, access.Manage)
	if err != nil {
		return err
	}
	if err := s.audit.Ready(); err != nil {
		return err
	}
	if err := s.store.FilterViews.Delete(ctx, id); err != nil {
		return err
	}
	return s.noteView(ctx, core.EventFilterViewDeleted, v)
}

// DefaultInput says which view a dashboard begins with; a nil ViewID is none.
type DefaultInput struct {
	DashboardID string
	ViewID      *string
	Scope       core.FilterViewScope
}

// SetDefaultFilterView chooses the view that a dashboard begins with, and gives
// the dashboard: for the actor any view that they see, for everybody a shared
// one, by an editor.
func (s *Service) SetDefaultFilterView(ctx context.Context, in DefaultInput) (*core.Dashboard, error) {
	if in.Scope != core.ScopePersonal && in.Scope != core.ScopeEverybody {
		return nil, core.Invalid("input.scope", "bad_choice", "choices", "PERSONAL, EVERYBODY")
	}
	grant, err := s.gate.RequireDashboard(ctx, "input.dashboardId", in.DashboardID, rightToKeep(in.Scope == core.ScopeEverybody))
	if err != nil {
		return nil, err
	}
	if err := s.audit.Ready(); err != nil {
		return nil, err
	}
	if err := s.putDefault(ctx, in); err != nil {
		return nil, err
	}
	details := map[string]string{"default": string(in.Scope)}
	if in.ViewID != nil {
		details["view"] = *in.ViewID
	}
	return grant.Dashboard, s.audit.RecordStrict(ctx, event(core.EventFilterViewUpdated, in.DashboardID, details))
}

func (s *Service) putDefault(ctx context.Context, in DefaultInput) error {
	whose := ""
	if in.Scope == core.ScopePersonal {
		whose = core.ActorFrom(ctx).UserID()
	}
	if in.ViewID == nil {
		return s.store.FilterViews.ClearDefault(ctx, in.DashboardID, whose)
	}
	v, err := s.gate.RequireFilterView(ctx, "input.viewId", *in.ViewID, access.View)
	if err != nil {
		return err
	}
	if v.DashboardID != in.DashboardID {
		return core.NotFound("input.viewId")
	}
	if in.Scope == core.ScopeEverybody && !v.Shared {
		return core.Invalid("input.viewId", "not_shared")
	}
	return s.store.FilterViews.SetDefault(ctx, v, whose)
}

// FilterView is one filter view that the actor may see, without what it chooses
// of columns that they do not see as they are.
func (s *Service) FilterView(ctx context.Context, id string) (*core.FilterView, error) {
	v, err := s.gate.RequireFilterView(ctx, "id", id, access.View)
	if err != nil || !v.CanRun {
		return v, err
	}
	grant, err := s.gate.RequireDashboard(ctx, "id", v.DashboardID, access.View)
	if err != nil {
		return nil, err
	}
	return v, s.withhold(ctx, grant.Dashboard, v)
}

// FilterViews lists the actor's own views of a dashboard and the shared ones,
// newest first, as FilterView does; for the dashboard's viewers.
func (s *Service) FilterViews(ctx context.Context, dashboardID string, page core.PageArgs) (core.Page[*core.FilterView], error) {
	grant, err := s.requireOwnViews(ctx, dashboardID)
	if err != nil {
		return core.Page[*core.FilterView]{}, err
	}
	found, err := s.store.FilterViews.List(ctx, dashboardID, core.ActorFrom(ctx).UserID(), page)
	if err != nil {
		return core.Page[*core.FilterView]{}, err
	}
	for _, v := range found.Nodes {
		v.CanRun = true
	}
	return found, s.withhold(ctx, grant.Dashboard, found.Nodes...)
}

// DefaultFilterView is the view that the dashboard begins with for the actor:
// their own default, else everybody's, nil without one; for its viewers.
func (s *Service) DefaultFilterView(ctx context.Context, dashboardID string) (*core.FilterView, error) {
	grant, err := s.requireOwnViews(ctx, dashboardID)
	if err != nil {
		return nil, err
	}
	actor := core.ActorFrom(ctx).UserID()
	personal, all, err := s.store.FilterViews.Defaults(ctx, dashboardID, actor)
	if err != nil {
		return nil, core.Internal("read default filter views", err)
	}
	first := firstVisible(actor, personal, all)
	return first, s.withhold(ctx, grant.Dashboard, first)
}

// requireOwnViews opens a dashboard to view for what also gives what people keep
// for themselves.
func (s *Service) requireOwnViews(ctx context.Context, dashboardID string) (*access.Grant, error) {
	if _, err := s.gate.RequireSignedIn(ctx); err != nil {
		return nil, err
	}
	return s.gate.RequireDashboard(ctx, "id", dashboardID, access.View)
}

// noteView writes to the audit log who keeps, shares or removes a view. What it
// chooses is data and is not told.
func (s *Service) noteView(ctx context.Context, t core.EventType, v *core.FilterView) error {
	return s.audit.RecordStrict(ctx, core.AuditEvent{Type: t, TargetType: "filter_view", TargetID: v.ID, Details: map[string]string{
		"dashboard": v.DashboardID, "name": v.Name, "shared": strconv.FormatBool(v.Shared),
	}})
}
