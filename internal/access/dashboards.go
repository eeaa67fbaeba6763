package access

import (
	"context"
	"maps"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// Grant is what an actor may do with a dashboard, with the dashboard that was
// read to decide it.
type Grant struct {
	Dashboard  *core.Dashboard
	Permission core.Permission // highest of owner, direct share, group share; none for an admin without any
	Admin      bool
	Paths      []core.AccessPath // how it came to be, in no order; empty where nothing is allowed
}

// Allows tells whether the grant includes the right.
func (gr *Grant) Allows(r Right) bool {
	switch r {
	case View:
		return gr.Admin || gr.Permission.AtLeast(core.PermissionViewer)
	case Edit:
		return gr.Permission.AtLeast(core.PermissionEditor)
	case Manage:
		return gr.Admin || gr.Permission.AtLeast(core.PermissionOwner)
	}
	return false
}

// RequireDashboard opens a dashboard for a right. The field is the argument the
// id came in, for the error.
func (g *Gate) RequireDashboard(ctx context.Context, field, id string, want Right) (*Grant, error) {
	if _, err := g.RequireOnlooker(ctx); err != nil {
		return nil, err
	}
	if err := core.CheckID(field, id, core.NounDashboard); err != nil {
		return nil, err
	}
	grants, err := g.grants(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	gr := grants[id]
	if gr == nil {
		return nil, core.NotFound(field)
	}
	if !gr.Allows(want) {
		return nil, g.refuse(ctx, core.NounDashboard, field, id, want, gr.Allows(View), reasonFor(want))
	}
	return gr, nil
}

// RequireShareManagement opens a dashboard for changing its shares. The runbook
// promises 403 to everybody who is not the owner (§5 "Dashboard共有エラー"), so
// this door says FORBIDDEN even to who may not view the dashboard.
func (g *Gate) RequireShareManagement(ctx context.Context, field, id string) (*Grant, error) {
	gr, err := g.RequireDashboard(ctx, field, id, Manage)
	if core.CodeOf(err) != core.CodeNotFound {
		return gr, err
	}
	known, _ := core.ActorFrom(ctx).Memo().Load(memoKey(id))
	if gr, _ := known.(*Grant); gr != nil {
		return nil, &core.Error{Code: core.CodeForbidden, Reason: "owner_only", Field: field}
	}
	return nil, err
}

// RequireDashboardOwner opens a dashboard for what a share as OWNER does not
// include: for its owner and administrators.
func (g *Gate) RequireDashboardOwner(ctx context.Context, field, id string) (*Grant, error) {
	gr, err := g.RequireDashboard(ctx, field, id, Manage)
	if err != nil || owns(ctx, gr.Dashboard.OwnerID, Manage) {
		return gr, err
	}
	return nil, g.refuse(ctx, core.NounDashboard, field, id, Manage, true, reasonFor(Manage))
}

// Standing is what the actor may do with a dashboard, nil where there is none.
// It refuses nobody and is for services whose answer tells neither.
func (g *Gate) Standing(ctx context.Context, id string) (*Grant, error) {
	grants, err := g.grants(ctx, []string{id})
	return grants[id], err
}

func reasonFor(r Right) string {
	if r == Manage || r == Run {
		return "owner_only"
	}
	return ""
}

// FilterDashboards keeps the dashboards the actor may view, by id.
func (g *Gate) FilterDashboards(ctx context.Context, ids []string) (map[string]*Grant, error) {
	if !core.ActorFrom(ctx).SignedIn() {
		return nil, nil
	}
	return g.viewable(ctx, ids, func(id string) { g.hide(ctx, core.NounDashboard, id) })
}

// viewable keeps what the actor may view and hands the rest to the function;
// nil where others are only asked on the way to something else.
func (g *Gate) viewable(ctx context.Context, ids []string, hidden func(id string)) (map[string]*Grant, error) {
	grants, err := g.grants(ctx, ids)
	if err != nil {
		return nil, err
	}
	for id, gr := range grants {
		if gr.Allows(View) {
			continue
		}
		delete(grants, id)
		if hidden != nil {
			hidden(id)
		}
	}
	return grants, nil
}

// Forget drops what this request remembers of a dashboard, after it was changed.
func (g *Gate) Forget(ctx context.Context, dashboardID string) {
	core.ActorFrom(ctx).Memo().Delete(memoKey(dashboardID))
}

func memoKey(dashboardID string) string { return "access:" + dashboardID }

// grants decides on dashboards that exist, remembering each for the request.
func (g *Gate) grants(ctx context.Context, ids []string) (map[string]*Grant, error) {
	actor := core.ActorFrom(ctx)
	found, missing := make(map[string]*Grant, len(ids)), []string{}
	for _, id := range ids {
		if v, ok := actor.Memo().Load(memoKey(id)); !ok {
			missing = append(missing, id)
		} else if gr := v.(*Grant); gr != nil {
			found[id] = gr
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	if actor.Asker != nil {
		narrow, err := g.narrowGrants(ctx, actor, missing)
		maps.Copy(found, narrow)
		return found, err
	}
	var groups []string
	if actor.User != nil {
		groups = actor.User.GroupIDs
	}
	read, err := g.store.Dashboards.ForUser(ctx, missing, actor.UserID(), groups)
	if err != nil {
		return nil, core.Internal("access: read dashboards", err)
	}
	for _, id := range missing {
		var gr *Grant // nil is remembered too
		if a := read[id]; a != nil {
			gr = decide(actor, a)
			found[id] = gr
		}
		actor.Memo().Store(memoKey(id), gr)
	}
	return found, nil
}

// decide is the rule of levels: the highest of owner, direct share, group share.
// The dashboard is told.
func decide(actor *core.Actor, a *store.Access) *Grant {
	gr := &Grant{Dashboard: a.Dashboard, Admin: actor.IsAdmin()}
	if actor.User != nil && a.Dashboard.OwnerID == actor.User.ID {
		gr.Paths = append(gr.Paths, core.AccessPath{Kind: core.PathOwner, Permission: core.PermissionOwner})
	}
	for _, s := range a.Shares {
		p := core.AccessPath{Kind: core.PathShare, Permission: s.Permission, ShareID: s.ID(), ExpiresAt: s.ExpiresAt}
		if s.TargetType == core.TargetGroup {
			p.Kind, p.GroupID = core.PathGroup, s.TargetID
		}
		gr.Paths = append(gr.Paths, p)
	}
	if gr.Admin {
		gr.Paths = append(gr.Paths, core.AccessPath{Kind: core.PathAdmin})
	}
	for _, p := range gr.Paths {
		gr.Permission = core.Highest(gr.Permission, p.Permission)
	}
	gr.Dashboard.Mine = gr.Permission
	return gr
}

// Prime remembers decisions that a list made while reading its own items, so
// that nested fields ask nothing again. It is for services that have just read
// both the dashboard and every share that speaks for the actor.
func (g *Gate) Prime(ctx context.Context, d *core.Dashboard, shares []*core.Share) *Grant {
	actor := core.ActorFrom(ctx)
	gr := decide(actor, &store.Access{Dashboard: d, Shares: shares})
	actor.Memo().Store(memoKey(d.ID), gr)
	return gr
}
