package store_test

import (
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// view makes a view of the dashboard.
func (w *world) view(t *testing.T, d *core.Dashboard, ownerID string, shared bool) *core.FilterView {
	t.Helper()
	v := &core.FilterView{ID: core.NewFilterViewID(d.ID), DashboardID: d.ID, Name: "v", OwnerID: ownerID, Shared: shared, CreatedAt: store.Now()}
	must(t, w.FilterViews.Create(t.Context(), v))
	return v
}

func filterViewsKeepAllTheyAreGiven(t *testing.T, st *world) {
	owner := core.NewID(core.NounUser)
	d := st.dashboard(t, owner)
	st.calls.Take()
	v := st.view(t, d, owner, false)
	st.wantCalls(t, "Transact dashboards,filter_views")
	want, err := st.FilterViews.Edit(t.Context(), v.ID, owner, 1, func(v *core.FilterView) error {
		v.Name, v.Shared = "今月 😀", true
		v.Filters = []core.FilterValue{
			{FilterID: core.NewID(core.NounFilter), Column: "地域", Values: []string{"東", ""}, IncludeNull: true},
			{Column: "日付", From: "2026-01-01", To: "2026-01-31"},
			{Column: "日付", Relative: &core.RelativeRange{Unit: core.UnitMonth, Count: 1, IncludeCurrent: true}},
		}
		return nil
	})
	must(t, err)
	st.wantCalls(t, "BatchGet filter_views", "Get filter_views", "Write filter_views")
	got, err := st.FilterViews.For(t.Context(), v.ID, owner)
	if err != nil || !reflect.DeepEqual(got, want) || got.Version != 2 {
		t.Errorf("read %+v, %v, wrote %+v", got, err, want)
	}
	st.wantCalls(t, "BatchGet filter_views")
	_, err = st.FilterViews.Edit(t.Context(), v.ID, owner, 1, func(*core.FilterView) error { return nil })
	wantCode(t, err, core.CodeConflict)
	_, err = st.FilterViews.Edit(t.Context(), v.ID, owner, 0, func(v *core.FilterView) error {
		v.Filters = []core.FilterValue{{Column: strings.Repeat("x", 400<<10)}}
		return nil
	})
	wantCode(t, err, core.CodeValidation)
	must(t, st.FilterViews.Delete(t.Context(), v.ID))
	wantCode(t, st.FilterViews.Delete(t.Context(), v.ID), core.CodeNotFound)
	for _, id := range []string{v.ID, core.NewFilterViewID(d.ID), core.NewID(core.NounFilterView)} {
		if got, err := st.FilterViews.For(t.Context(), id, owner); got != nil || err != nil {
			t.Errorf("%s is %+v, %v", id, got, err)
		}
	}
	orphan := &core.FilterView{ID: core.NewFilterViewID(core.NewID(core.NounDashboard)), Name: "v", OwnerID: owner}
	orphan.DashboardID, _ = core.FilterViewDashboard(orphan.ID)
	wantCode(t, st.FilterViews.Create(t.Context(), orphan), core.CodeNotFound)
}

func filterViewListsHoldOwnAndShared(t *testing.T, st *world) {
	me, other := core.NewID(core.NounUser), core.NewID(core.NounUser)
	d, elsewhere := st.dashboard(t, me), st.dashboard(t, me)
	var want []string
	for i := range 8 {
		v := st.view(t, d, []string{me, other}[i%2], i%4 < 2)
		if v.OwnerID == me || v.Shared {
			want = append(want, v.ID)
		}
		st.view(t, elsewhere, me, true)
	}
	must(t, st.FilterViews.SetDefault(t.Context(), st.read(t, want[1], me), ""))
	must(t, st.FilterViews.SetDefault(t.Context(), st.read(t, want[0], me), me))
	got := walk(t, func(p core.PageArgs) (core.Page[*core.FilterView], error) {
		st.calls.Take()
		defer st.wantCalls(t, "Query filter_views/FilterViewsByOwner", "Query filter_views/FilterViewsShared", "BatchGet filter_views")
		page, err := st.FilterViews.List(t.Context(), d.ID, me, p)
		for _, v := range page.Nodes {
			if v.Personal != (v.ID == want[0]) || v.Default != (v.ID == want[1]) {
				t.Errorf("%s is marked %t, %t", v.ID, v.Personal, v.Default)
			}
		}
		return page, err
	}, func(v *core.FilterView) string { return v.ID })
	wantIDs(t, "views", got, newestFirst(want...))
	for limit, want := range map[int]int{2: 2, 100: 4} {
		if n, err := st.FilterViews.Count(t.Context(), d.ID, me, limit); err != nil || n != want {
			t.Errorf("%d own views up to %d, %v", n, limit, err)
		}
	}
	for _, bad := range []string{"x", d.ID, core.NewFilterViewID(elsewhere.ID), core.NewID(core.NounFilterView)} {
		_, err := st.FilterViews.List(t.Context(), d.ID, me, core.PageArgs{First: 2, After: bad})
		wantCode(t, err, core.CodeValidation)
	}
}

func (w *world) read(t *testing.T, id, userID string) *core.FilterView {
	t.Helper()
	v, err := w.FilterViews.For(t.Context(), id, userID)
	must(t, err)
	return v
}

// defaultsOf are the ids of a person's default and everybody's, "" for none.
func (w *world) defaultsOf(t *testing.T, d *core.Dashboard, userID string) [2]string {
	t.Helper()
	personal, all, err := w.FilterViews.Defaults(t.Context(), d.ID, userID)
	must(t, err)
	var ids [2]string
	for i, v := range []*core.FilterView{personal, all} {
		if v != nil {
			ids[i] = v.ID
		}
	}
	return ids
}

func defaultsAreOneForEach(t *testing.T, st *world) {
	me, other := core.NewID(core.NounUser), core.NewID(core.NounUser)
	d := st.dashboard(t, me)
	mine, shared := st.view(t, d, me, false), st.view(t, d, other, true)
	want := func(what, userID, personal, all string) {
		t.Helper()
		if got := st.defaultsOf(t, d, userID); got != [2]string{personal, all} {
			t.Errorf("%s: %q, want %q and %q", what, got, personal, all)
		}
	}
	want("none", me, "", "")
	must(t, st.FilterViews.SetDefault(t.Context(), mine, me))
	must(t, st.FilterViews.SetDefault(t.Context(), shared, ""))
	want("both", me, mine.ID, shared.ID)
	want("another's", other, "", shared.ID)
	must(t, st.FilterViews.SetDefault(t.Context(), shared, me))
	want("the same for both", me, shared.ID, shared.ID)
	must(t, st.FilterViews.ClearDefault(t.Context(), d.ID, me))
	want("cleared", me, "", shared.ID)
	must(t, st.FilterViews.ClearDefault(t.Context(), d.ID, me))

	changed, err := st.FilterViews.Edit(t.Context(), shared.ID, other, 0, func(v *core.FilterView) error { v.Shared = false; return nil })
	if err != nil || changed.Default {
		t.Errorf("a default that is not shared: %+v, %v", changed, err)
	}
	wantCode(t, st.FilterViews.SetDefault(t.Context(), shared, ""), core.CodeConflict)
	must(t, st.FilterViews.Delete(t.Context(), shared.ID))
	want("deleted", me, "", "")
	wantCode(t, st.FilterViews.SetDefault(t.Context(), changed, ""), core.CodeNotFound)
}

// defaultsRace: many set a default at once, while views come and go; at the end
// there is one, and it is a view that is there.
func defaultsRace(t *testing.T, st *world) {
	owner := core.NewID(core.NounUser)
	d := st.dashboard(t, owner)
	views := make([]*core.FilterView, 5)
	for i := range views {
		views[i] = st.view(t, d, owner, true)
	}
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if err := st.FilterViews.SetDefault(t.Context(), views[i%len(views)], ""); err != nil && core.CodeOf(err) != core.CodeNotFound {
				t.Error(err)
			}
		})
	}
	all.Go(func() {
		if err := st.FilterViews.Delete(t.Context(), views[0].ID); err != nil {
			t.Error(err)
		}
	})
	all.Wait()
	must(t, st.FilterViews.SetDefault(t.Context(), views[1], ""))
	page, err := st.FilterViews.List(t.Context(), d.ID, owner, core.PageArgs{First: 10})
	marked := 0
	for _, v := range page.Nodes {
		if v.Default {
			marked++
		}
	}
	if got := st.defaultsOf(t, d, owner); err != nil || marked != 1 || len(page.Nodes) != 4 || got != [2]string{"", views[1].ID} {
		t.Errorf("%d of %d views are the default, which is %q, %v", marked, len(page.Nodes), got, err)
	}
}

func deletingADashboardTakesItsFilterViewsAlong(t *testing.T, st *world) {
	owner := core.NewID(core.NounUser)
	d, stays := st.dashboard(t, owner), st.dashboard(t, owner)
	v, kept := st.view(t, d, owner, true), st.view(t, stays, owner, true)
	for range 5 {
		st.view(t, d, core.NewID(core.NounUser), false)
	}
	must(t, st.FilterViews.SetDefault(t.Context(), v, ""))
	must(t, st.FilterViews.SetDefault(t.Context(), v, owner))
	must(t, st.Dashboards.Delete(t.Context(), d, owner))
	if page, err := st.FilterViews.List(t.Context(), d.ID, owner, core.PageArgs{First: 10}); err != nil || len(page.Nodes) != 0 {
		t.Errorf("%d views left, %v", len(page.Nodes), err)
	}
	if got := st.read(t, v.ID, owner); got != nil {
		t.Errorf("there is still %+v", got)
	}
	wantCode(t, st.FilterViews.SetDefault(t.Context(), v, ""), core.CodeNotFound)
	if got := st.read(t, kept.ID, owner); got == nil {
		t.Error("the view of another dashboard is gone")
	}
}

func filterViewsAreFoundByOwnerAndChangeHands(t *testing.T, st *world) {
	me, heir, reader := core.NewID(core.NounUser), core.NewID(core.NounUser), core.NewID(core.NounUser)
	var want []string
	for range 3 {
		d := st.dashboard(t, me)
		want = append(want, st.view(t, d, me, true).ID, st.view(t, d, me, false).ID)
		st.view(t, d, heir, true)
	}
	must(t, st.FilterViews.SetDefault(t.Context(), st.read(t, want[0], me), ""))
	must(t, st.FilterViews.SetDefault(t.Context(), st.read(t, want[2], me), reader))
	got := walk(t, func(p core.PageArgs) (core.Page[*core.FilterView], error) {
		st.calls.Take()
		defer st.wantCalls(t, "Query filter_views/FilterViewsByOwner", "BatchGet filter_views")
		page, err := st.FilterViews.ByOwner(t.Context(), me, reader, p)
		for _, v := range page.Nodes {
			if v.Default != (v.ID == want[0]) || v.Personal != (v.ID == want[2]) {
				t.Errorf("%s is marked %t, %t", v.ID, v.Default, v.Personal)
			}
		}
		return page, err
	}, func(v *core.FilterView) string { return v.ID })
	wantIDs(t, "views", got, newestFirst(want...))
	_, err := st.FilterViews.ByOwner(t.Context(), me, reader, core.PageArgs{First: 2, After: "x"})
	wantCode(t, err, core.CodeValidation)

	hand := func(id string) (*core.FilterView, error) {
		return st.FilterViews.Transfer(t.Context(), store.Handover{ID: id, FromID: me, ToID: heir, Notice: core.Notice{UserID: heir, Kind: core.NoticeOwnership, TargetID: id}})
	}
	st.calls.Take()
	moved, err := hand(want[0])
	if err != nil || moved.OwnerID != heir || !st.read(t, want[0], heir).Default {
		t.Errorf("%+v, %v", moved, err)
	}
	for _, id := range []string{want[0], want[1]} { // the heir's by now, and private
		_, err = hand(id)
		wantCode(t, err, core.CodeConflict)
	}
	if gone, err := hand(core.NewFilterViewID(moved.DashboardID)); gone != nil || err != nil {
		t.Errorf("what is not there: %+v, %v", gone, err)
	}
	told, err := st.Outbox.Of(t.Context(), heir, true, core.PageArgs{First: 10})
	if err != nil || len(told.Nodes) != 1 || told.Nodes[0].TargetID != want[0] {
		t.Errorf("the heir is told %+v, %v", told.Nodes, err)
	}
}
