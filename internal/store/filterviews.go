package store

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// FilterViews is bi_filter_views: DASHBOARD#id / VIEW#id, and DEFAULT#user or
// DEFAULT#ALL with the view that somebody, or everybody else, begins with. So
// there is one default for each of them, however many set it at once. A default
// whose view is gone, or is shared no more, is none.
type FilterViews struct{ e table.Engine }

// everybody stands in the place of a person in the key of the default for all.
const everybody = "ALL"

func viewKey(id string) table.Key {
	dashboardID, _ := core.FilterViewDashboard(id)
	return table.Key{Table: table.FilterViews, PK: "DASHBOARD#" + dashboardID, SK: "VIEW#" + id}
}

func defaultKey(dashboardID, whose string) table.Key {
	return table.Key{Table: table.FilterViews, PK: "DASHBOARD#" + dashboardID, SK: "DEFAULT#" + whose}
}

func viewVersioned(id string) versioned[core.FilterView] {
	return versioned[core.FilterView]{
		key: viewKey(id), read: readView, write: writeView,
		version: func(v *core.FilterView) *int64 { return &v.Version },
		touch:   func(v *core.FilterView, at time.Time) { v.UpdatedAt = at },
	}
}

func writeView(v *core.FilterView) table.Item {
	state, _ := json.Marshal(v.Filters) // texts and numbers always encode
	it := table.Item{
		"view_id": v.ID, "dashboard_id": v.DashboardID, "name": v.Name, "owner_id": v.OwnerID,
		"filter_state": string(state), "is_shared": v.Shared, "version": v.Version,
	}
	if v.Shared {
		it["shared_on"] = v.DashboardID
	}
	putTime(it, "created_at", v.CreatedAt)
	putTime(it, "updated_at", v.UpdatedAt)
	return it
}

func readView(it table.Item) *core.FilterView {
	v := &core.FilterView{
		ID: it.Str("view_id"), DashboardID: it.Str("dashboard_id"), Name: it.Str("name"), OwnerID: it.Str("owner_id"),
		Shared: it.Bool("is_shared"), Version: it.Int("version"),
		CreatedAt: getTime(it, "created_at"), UpdatedAt: getTime(it, "updated_at"),
	}
	_ = json.Unmarshal([]byte(it.Str("filter_state")), &v.Filters) // was written by writeView
	return v
}

// defaults are the views that a person and everybody begins with, as items.
type defaults struct{ personal, everybody table.Item }

func defaultsIn(items map[table.Key]table.Item, dashboardID, userID string) defaults {
	return defaults{items[defaultKey(dashboardID, userID)], items[defaultKey(dashboardID, everybody)]}
}

// mark tells the view whether it is a default.
func (d defaults) mark(v *core.FilterView) *core.FilterView {
	v.Personal = d.personal.Str("view_id") == v.ID
	v.Default = v.Shared && d.everybody.Str("view_id") == v.ID
	return v
}

// For reads a view with what it is for a person; nil when there is none.
func (r *FilterViews) For(ctx context.Context, id, userID string) (*core.FilterView, error) {
	dashboardID, ok := core.FilterViewDashboard(id)
	if !ok {
		return nil, nil
	}
	items, err := r.e.BatchGet(ctx, []table.Key{viewKey(id), defaultKey(dashboardID, userID), defaultKey(dashboardID, everybody)})
	if err != nil || items[viewKey(id)] == nil {
		return nil, err
	}
	return defaultsIn(items, dashboardID, userID).mark(readView(items[viewKey(id)])), nil
}

// Defaults reads a person's own default on a dashboard and everybody's; nil
// where there is none. Whether the person may see them is the caller's to ask.
func (r *FilterViews) Defaults(ctx context.Context, dashboardID, userID string) (personal, all *core.FilterView, err error) {
	d, err := r.defaults(ctx, dashboardID, userID)
	if err != nil {
		return nil, nil, err
	}
	ids := []string{d.personal.Str("view_id"), d.everybody.Str("view_id")}
	views, err := getMany(ctx, r.e, ids, viewKey, readView)
	if err != nil {
		return nil, nil, err
	}
	for _, v := range views {
		d.mark(v)
	}
	return views[ids[0]], views[ids[1]], nil
}

func (r *FilterViews) defaults(ctx context.Context, dashboardID, userID string) (defaults, error) {
	items, err := r.e.BatchGet(ctx, []table.Key{defaultKey(dashboardID, userID), defaultKey(dashboardID, everybody)})
	return defaultsIn(items, dashboardID, userID), err
}

// Create writes a new view; NOT_FOUND when the dashboard is gone by now.
func (r *FilterViews) Create(ctx context.Context, v *core.FilterView) error {
	v.Version = 1
	err := apply(ctx, r.e, append([]table.Write{
		table.Put(viewKey(v.ID), writeView(v), table.IfAbsent()),
		table.Check(dashboardKey(v.DashboardID), table.IfExists()),
	}, onceWrites(ctx, v.ID)...))
	if failed := table.ConditionFailed(err); failed != nil && failed.Index == 1 {
		return core.NotFound("input.dashboardId")
	}
	return err
}

// Edit changes a view under the version the caller saw (0: any) and gives it with
// what it is for a person; nil when there is none.
func (r *FilterViews) Edit(ctx context.Context, id, userID string, want int64, change func(*core.FilterView) error) (*core.FilterView, error) {
	dashboardID, _ := core.FilterViewDashboard(id)
	d, err := r.defaults(ctx, dashboardID, userID)
	if err != nil {
		return nil, err
	}
	v, err := edit(ctx, r.e, viewVersioned(id), want, func(v *core.FilterView) ([]table.Write, error) { return nil, change(v) })
	if err != nil || v == nil {
		return nil, err
	}
	return d.mark(v), nil
}

// Delete removes a view; NOT_FOUND when it is gone by now.
func (r *FilterViews) Delete(ctx context.Context, id string) error {
	err := r.e.Write(ctx, table.Delete(viewKey(id), table.IfExists()))
	if table.ConditionFailed(err) != nil {
		return core.NotFound("input.id")
	}
	return err
}

// SetDefault makes a view the default of a person, of everybody where userID is
// "". CONFLICT when the view was changed since it was read, NOT_FOUND when the
// view or its dashboard is gone.
func (r *FilterViews) SetDefault(ctx context.Context, v *core.FilterView, userID string) error {
	err := r.e.Transact(ctx, "", []table.Write{
		table.Put(defaultKey(v.DashboardID, cmp.Or(userID, everybody)), table.Item{"view_id": v.ID}, table.Always()),
		table.Check(viewKey(v.ID), table.IfVersion(v.Version)),
		table.Check(dashboardKey(v.DashboardID), table.IfExists()),
	})
	failed := table.ConditionFailed(err)
	switch {
	case failed == nil:
		return err
	case failed.Index == 1 && failed.Current != nil:
		return &core.Error{Code: core.CodeConflict, Cause: err}
	case failed.Index == 1:
		return core.NotFound("input.viewId")
	}
	return core.NotFound("input.dashboardId")
}

// ClearDefault leaves a person, or everybody where userID is "", without a default.
func (r *FilterViews) ClearDefault(ctx context.Context, dashboardID, userID string) error {
	return r.e.Write(ctx, table.Delete(defaultKey(dashboardID, cmp.Or(userID, everybody)), table.Always()))
}

// Count is how many views of a dashboard a person has, at most limit.
func (r *FilterViews) Count(ctx context.Context, dashboardID, userID string, limit int) (int, error) {
	items, err := collect(ctx, r.e, ownViews(dashboardID, userID, nil), limit)
	return len(items), err
}

func ownViews(dashboardID, userID string, start *table.Position) table.Query {
	return table.Query{
		Table: table.FilterViews, Index: table.FilterViewsByOwner, PK: userID,
		Prefix: core.FilterViewPrefix(dashboardID), Desc: true, Start: start,
	}
}

// List is a person's own views of a dashboard and the shared ones, newest
// first; the cursor is the last id. It costs the same whatever others keep for
// themselves.
func (r *FilterViews) List(ctx context.Context, dashboardID, userID string, p core.PageArgs) (core.Page[*core.FilterView], error) {
	start, err := afterViewOf(dashboardID, p.After)
	if err != nil {
		return core.Page[*core.FilterView]{}, err
	}
	shared := table.Query{Table: table.FilterViews, Index: table.FilterViewsShared, PK: dashboardID, Desc: true, Start: start}
	var views []*core.FilterView
	for _, q := range []table.Query{ownViews(dashboardID, userID, start), shared} {
		items, err := collect(ctx, r.e, q, p.First+1)
		if err != nil {
			return core.Page[*core.FilterView]{}, err
		}
		for _, it := range items {
			views = append(views, readView(it))
		}
	}
	d, err := r.defaults(ctx, dashboardID, userID)
	if err != nil {
		return core.Page[*core.FilterView]{}, err
	}
	views = newestOnce(views)
	for _, v := range views {
		d.mark(v)
	}
	return pageOf(views, p.First, func(v *core.FilterView) string { return v.ID }), nil
}

// newestOnce orders views by id descending, each once.
func newestOnce(views []*core.FilterView) []*core.FilterView {
	slices.SortFunc(views, func(a, b *core.FilterView) int { return cmp.Compare(b.ID, a.ID) })
	return slices.CompactFunc(views, func(a, b *core.FilterView) bool { return a.ID == b.ID })
}

// ByOwner lists a person's views of all dashboards, those of one dashboard side by
// side, marked with what they are for the reader; the cursor is the last id.
func (r *FilterViews) ByOwner(ctx context.Context, ownerID, readerID string, p core.PageArgs) (core.Page[*core.FilterView], error) {
	start, err := afterViewOf("", p.After)
	if err != nil {
		return core.Page[*core.FilterView]{}, err
	}
	q := table.Query{Table: table.FilterViews, Index: table.FilterViewsByOwner, PK: ownerID, Desc: true, Start: start}
	items, err := collect(ctx, r.e, q, p.First+1)
	if err != nil {
		return core.Page[*core.FilterView]{}, err
	}
	views, keys := make([]*core.FilterView, len(items)), []table.Key{}
	for i, it := range items {
		views[i] = readView(it)
		if on := views[i].DashboardID; i == 0 || on != views[i-1].DashboardID {
			keys = append(keys, defaultKey(on, readerID), defaultKey(on, everybody))
		}
	}
	found, err := batchGet(ctx, r.e, keys)
	for _, v := range views {
		defaultsIn(found, v.DashboardID, readerID).mark(v)
	}
	return pageOf(views, p.First, func(v *core.FilterView) string { return v.ID }), err
}

// afterViewOf is the position of a cursor on a dashboard, on any where
// dashboardID is "".
func afterViewOf(dashboardID, after string) (*table.Position, error) {
	if after == "" {
		return nil, nil
	}
	if on, ok := core.FilterViewDashboard(after); !ok || dashboardID != "" && on != dashboardID {
		return nil, core.Invalid("after", "bad_cursor")
	}
	k := viewKey(after)
	return &table.Position{PK: k.PK, SK: k.SK, Sort: after}, nil
}

// keysOf are the keys of all views and defaults of a dashboard.
func (r *FilterViews) keysOf(ctx context.Context, dashboardID string) (keys []table.Key, err error) {
	pk := "DASHBOARD#" + dashboardID
	items, err := collect(ctx, r.e, table.Query{Table: table.FilterViews, PK: pk}, 0)
	for _, it := range items {
		keys = append(keys, table.Key{Table: table.FilterViews, PK: pk, SK: it.Str(table.AttrSK)})
	}
	return keys, err
}
