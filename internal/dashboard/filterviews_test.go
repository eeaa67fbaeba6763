package dashboard_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dashboard"
	"github.com/karuta-bi/karuta/internal/table"
)

// view keeps a view of the page for the person; a shared one takes an editor.
func (w *world) view(t *testing.T, u *core.User, shared bool) *core.FilterView {
	t.Helper()
	v, err := w.s.CreateFilterView(w.As(u), dashboard.ViewInput{
		DashboardID: w.page.ID, Name: " 東 ", Shared: shared, Filters: []core.FilterValue{{Column: "地域", Values: []string{"東京"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// unshare takes a person's share of the page away.
func (w *world) unshare(t *testing.T, u *core.User) {
	t.Helper()
	sh, err := w.Store.Shares.Get(t.Context(), w.page.ID, core.TargetUser, u.ID)
	if err == nil {
		err = w.Store.Shares.Delete(t.Context(), sh, w.owner.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// level gives a person another level on the page.
func (w *world) level(t *testing.T, u *core.User, p core.Permission) {
	t.Helper()
	_, err := w.Store.Shares.Edit(t.Context(), w.page.ID, core.TargetUser, u.ID, w.owner.ID, func(sh *core.Share) error {
		sh.Permission = p
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The runbook's table, with everybody who may ask.
func TestFilterViewVisibility(t *testing.T) { // FV-1, FV-2, FV-3, FV-4
	w := newWorld(t)
	lost := w.User("lost")
	w.Share(w.page, lost, core.PermissionEditor)
	own, shared := w.view(t, w.viewer, false), w.view(t, w.editor, true)
	lostOwn, lostShared := w.view(t, lost, false), w.view(t, lost, true)
	w.unshare(t, lost)
	const (
		ok, no, who = core.Code(""), core.CodeForbidden, core.CodeUnauthorized
	)
	people := [8]*core.User{w.owner, w.editor, w.viewer, w.member, lost, w.other, w.admin, nil}
	for what, c := range map[string]struct {
		view *core.FilterView
		want [8]core.Code
	}{
		"private":                           {own, [8]core.Code{no, no, ok, no, no, no, no, who}},
		"shared":                            {shared, [8]core.Code{ok, ok, ok, ok, no, no, ok, who}},
		"private of who lost the dashboard": {lostOwn, [8]core.Code{no, no, no, no, ok, no, no, who}},
		"shared by who lost the dashboard":  {lostShared, [8]core.Code{ok, ok, ok, ok, ok, no, ok, who}},
	} {
		for i, u := range people {
			v, err := w.s.FilterView(w.As(u), c.view.ID)
			accesstest.Code(t, fmt.Sprintf("%s by person %d", what, i), err, c.want[i])
			if err == nil && (v.CanRun == (u == lost) || len(v.Filters) != 1 || v.Name != "東") {
				t.Errorf("%s by person %d: %+v", what, i, v)
			}
		}
	}
	for what, id := range map[string]string{
		"none": core.NewFilterViewID(w.page.ID), "a form of another kind": core.NewID(core.NounFilterView), "a dashboard": w.page.ID,
	} {
		_, err := w.s.FilterView(w.As(w.viewer), id)
		accesstest.Code(t, what, err, core.CodeNotFound)
	}
	_, err := w.s.FilterView(w.As(w.viewer), "x")
	accesstest.Code(t, "no id", err, core.CodeValidation, "bad_id")
	if evs := w.Events(core.EventAccessDenied); len(evs) == 0 || evs[0].TargetType != "filter_view" {
		t.Errorf("denials: %+v", evs)
	}
}

// Who is refused is told the same of a private view and of a shared one.
func TestFilterViewRefusalsTellNothing(t *testing.T) { // FV-2, FV-4
	w := newWorld(t)
	_, first := w.s.FilterView(w.As(w.other), w.view(t, w.editor, false).ID)
	_, second := w.s.FilterView(w.As(w.other), w.view(t, w.editor, true).ID)
	if core.CodeOf(first) != core.CodeForbidden || first.Error() != second.Error() {
		t.Errorf("%v, %v", first, second)
	}
}

func TestWhoMayKeepFilterViews(t *testing.T) { // FV-5
	w := newWorld(t)
	create := func(shared bool) func(*core.User) error {
		return func(u *core.User) error {
			_, err := w.s.CreateFilterView(w.As(u), dashboard.ViewInput{DashboardID: w.page.ID, Name: "x", Shared: shared})
			return err
		}
	}
	change := func(of *core.User, shared bool, c dashboard.ViewChange) func(*core.User) error {
		return func(u *core.User) error {
			c.ID, c.Version = w.view(t, of, shared).ID, 1
			_, err := w.s.UpdateFilterView(w.As(u), c)
			return err
		}
	}
	remove := func(of *core.User, shared bool) func(*core.User) error {
		return func(u *core.User) error { return w.s.DeleteFilterView(w.As(u), w.view(t, of, shared).ID) }
	}
	begin := func(scope core.FilterViewScope, of *core.User, shared bool) func(*core.User) error {
		return func(u *core.User) error {
			id := w.view(t, of, shared).ID
			_, err := w.s.SetDefaultFilterView(w.As(u), dashboard.DefaultInput{DashboardID: w.page.ID, ViewID: &id, Scope: scope})
			return err
		}
	}
	name, yes, off := "y", true, false
	const (
		ok, no, hidden, who, bad = core.Code(""), core.CodeForbidden, core.CodeNotFound, core.CodeUnauthorized, core.CodeValidation
	)
	for act, c := range map[string]struct {
		do   func(*core.User) error
		want [7]core.Code // owner editor viewer member other admin nobody
	}{
		"create private":          {create(false), [7]core.Code{ok, ok, ok, ok, hidden, ok, who}},
		"create shared":           {create(true), [7]core.Code{ok, ok, no, no, hidden, no, who}},
		"rename private":          {change(w.viewer, false, dashboard.ViewChange{Name: &name}), [7]core.Code{no, no, ok, no, no, no, who}},
		"rename shared":           {change(w.editor, true, dashboard.ViewChange{Name: &name}), [7]core.Code{no, ok, no, no, no, no, who}},
		"share as a viewer":       {change(w.viewer, false, dashboard.ViewChange{Shared: &yes}), [7]core.Code{no, no, no, no, no, no, who}},
		"share as an editor":      {change(w.editor, false, dashboard.ViewChange{Shared: &yes}), [7]core.Code{no, ok, no, no, no, no, who}},
		"take back":               {change(w.editor, true, dashboard.ViewChange{Shared: &off}), [7]core.Code{no, ok, no, no, no, no, who}},
		"delete private":          {remove(w.viewer, false), [7]core.Code{no, no, ok, no, no, ok, who}},
		"delete shared":           {remove(w.editor, true), [7]core.Code{no, ok, no, no, no, ok, who}},
		"own default, private":    {begin(core.ScopePersonal, w.viewer, false), [7]core.Code{no, no, ok, no, hidden, no, who}},
		"own default, shared":     {begin(core.ScopePersonal, w.editor, true), [7]core.Code{ok, ok, ok, ok, hidden, ok, who}},
		"all's default, shared":   {begin(core.ScopeEverybody, w.editor, true), [7]core.Code{ok, ok, no, no, hidden, no, who}},
		"all's default, private":  {begin(core.ScopeEverybody, w.editor, false), [7]core.Code{no, bad, no, no, hidden, no, who}},
		"default of another kind": {begin("ALL", w.editor, true), [7]core.Code{bad, bad, bad, bad, bad, bad, bad}},
	} {
		for i, u := range [7]*core.User{w.owner, w.editor, w.viewer, w.member, w.other, w.admin, nil} {
			accesstest.Code(t, fmt.Sprintf("%s by person %d", act, i), c.do(u), c.want[i])
		}
	}
}

// Who was an editor once keeps what they shared, and no longer shares.
func TestFilterViewsOfWhoLostTheirLevel(t *testing.T) { // FV-4, FV-5
	w := newWorld(t)
	name, yes, off := "y", true, false
	update := func(v *core.FilterView, c dashboard.ViewChange) error {
		c.ID, c.Version = v.ID, v.Version
		after, err := w.s.UpdateFilterView(w.As(w.editor), c)
		if err == nil {
			*v = *after
		}
		return err
	}
	v := w.view(t, w.editor, true)
	w.level(t, w.editor, core.PermissionViewer)
	accesstest.Code(t, "a viewer renames what is shared", update(v, dashboard.ViewChange{Name: &name, Shared: &yes}), "")
	accesstest.Code(t, "a viewer takes it back", update(v, dashboard.ViewChange{Shared: &off}), "")
	accesstest.Code(t, "a viewer shares it again", update(v, dashboard.ViewChange{Shared: &yes}), core.CodeForbidden)
	w.level(t, w.editor, core.PermissionEditor)
	accesstest.Code(t, "an editor shares it again", update(v, dashboard.ViewChange{Shared: &yes}), "")
	w.unshare(t, w.editor)
	accesstest.Code(t, "a stranger renames what is shared", update(v, dashboard.ViewChange{Name: &name}), core.CodeNotFound)
	accesstest.Code(t, "a stranger takes it back", update(v, dashboard.ViewChange{Name: &name, Shared: &off}), "")
	if v.CanRun || v.Shared || v.Name != "y" {
		t.Errorf("got %+v", v)
	}
	accesstest.Code(t, "a stranger renames their own", update(v, dashboard.ViewChange{Name: &name}), "")
	accesstest.Code(t, "a stranger deletes their own", w.s.DeleteFilterView(w.As(w.editor), v.ID), "")
}

func TestUpdateFilterView(t *testing.T) { // FV-5, DB-5
	w := newWorld(t)
	v := w.view(t, w.editor, true)
	name := " 西 "
	c := dashboard.ViewChange{ID: v.ID, Version: 1, Name: &name, Filters: []core.FilterValue{}}
	after, err := w.s.UpdateFilterView(w.As(w.editor), c)
	if err != nil || after.Name != "西" || len(after.Filters) != 0 || after.Version != 2 || !after.Shared || !after.CanRun {
		t.Fatalf("got %+v, %v", after, err)
	}
	_, err = w.s.UpdateFilterView(w.As(w.editor), c)
	accesstest.Code(t, "old version", err, core.CodeConflict)
	if e, ok := err.(*core.Error); !ok || e.Details["yourVersion"] != int64(1) || e.Details["currentVersion"] != int64(2) {
		t.Errorf("the conflict says %+v", err)
	}
	c.Version = 0
	_, err = w.s.UpdateFilterView(w.As(w.editor), c)
	accesstest.Code(t, "no version", err, core.CodeValidation, "bad_value")
	for kind, id := range map[core.EventType]string{core.EventFilterViewCreated: v.ID, core.EventFilterViewUpdated: v.ID} {
		evs := w.Events(kind)
		if len(evs) != 1 || evs[0].TargetID != id || evs[0].TargetType != "filter_view" || evs[0].Details["dashboard"] != w.page.ID || evs[0].Details["shared"] != "true" {
			t.Errorf("%s: audited %+v", kind, evs)
		}
		for _, told := range evs[0].Details {
			if strings.Contains(told, "東京") {
				t.Errorf("%s tells what was chosen: %+v", kind, evs[0])
			}
		}
	}
	accesstest.Code(t, "delete", w.s.DeleteFilterView(w.As(w.editor), v.ID), "")
	accesstest.Code(t, "delete again", w.s.DeleteFilterView(w.As(w.editor), v.ID), core.CodeNotFound)
	if evs := w.Events(core.EventFilterViewDeleted); len(evs) != 1 || evs[0].TargetID != v.ID {
		t.Errorf("audited %+v", evs)
	}
}

func TestFilterViewBadInput(t *testing.T) { // FV-5
	w := newWorld(t)
	good := core.FilterValue{Column: "地域", Values: []string{"東京"}}
	long := core.FilterValue{Column: "地域"}
	for range 100 {
		long.Values = append(long.Values, strings.Repeat("x", core.MaxFilterValueText))
	}
	for name, c := range map[string]struct {
		change        func(in *dashboard.ViewInput)
		field, reason string
	}{
		"no name":          {func(in *dashboard.ViewInput) { in.Name = " " }, "input.name", "required"},
		"too many filters": {func(in *dashboard.ViewInput) { in.Filters = make([]core.FilterValue, 21) }, "input.filters", "too_many"},
		"no column":        {func(in *dashboard.ViewInput) { in.Filters = []core.FilterValue{good, {}} }, "input.filters.1.column", "required"},
		"too large":        {func(in *dashboard.ViewInput) { in.Filters = []core.FilterValue{long} }, "input.filters", "too_large"},
	} {
		in := dashboard.ViewInput{DashboardID: w.page.ID, Name: "x", Filters: []core.FilterValue{good}}
		c.change(&in)
		_, err := w.s.CreateFilterView(w.As(w.viewer), in)
		accesstest.Code(t, name, err, core.CodeValidation, c.reason)
		if e, ok := err.(*core.Error); ok && e.Field != c.field {
			t.Errorf("%s: at %s", name, e.Field)
		}
	}
	if page, err := w.s.FilterViews(w.As(w.viewer), w.page.ID, core.PageArgs{First: 5}); err != nil || len(page.Nodes) != 0 {
		t.Errorf("%d views, %v: bad input was kept", len(page.Nodes), err)
	}
}

func TestFilterViewsAreBounded(t *testing.T) { // FV-5
	w := newWorld(t)
	for range core.MaxFilterViews {
		w.view(t, w.viewer, false)
	}
	in := dashboard.ViewInput{DashboardID: w.page.ID, Name: "x"}
	_, err := w.s.CreateFilterView(w.As(w.viewer), in)
	accesstest.Code(t, "one too many", err, core.CodeValidation, "too_many")
	_, err = w.s.CreateFilterView(w.As(w.editor), in)
	accesstest.Code(t, "another person", err, "")
	in.DashboardID = w.Dashboard(w.viewer, nil).ID
	_, err = w.s.CreateFilterView(w.As(w.viewer), in)
	accesstest.Code(t, "another dashboard", err, "")
}

// begins is the name of the view that the page begins with for the person.
func (w *world) begins(t *testing.T, u *core.User) string {
	t.Helper()
	v, err := w.s.DefaultFilterView(w.As(u), w.page.ID)
	if err != nil {
		t.Fatal(err)
	}
	if v == nil {
		return ""
	}
	if !v.CanRun || !v.VisibleTo(u.ID) {
		t.Errorf("begins with %+v", v)
	}
	return v.ID
}

func TestDefaultFilterView(t *testing.T) { // FV-5
	w := newWorld(t)
	set := func(u *core.User, scope core.FilterViewScope, v *core.FilterView) {
		t.Helper()
		in := dashboard.DefaultInput{DashboardID: w.page.ID, Scope: scope}
		if v != nil {
			in.ViewID = &v.ID
		}
		if d, err := w.s.SetDefaultFilterView(w.As(u), in); err != nil || d.ID != w.page.ID {
			t.Fatalf("got %+v, %v", d, err)
		}
	}
	want := func(what string, viewer, member string) {
		t.Helper()
		if v, m := w.begins(t, w.viewer), w.begins(t, w.member); v != viewer || m != member {
			t.Errorf("%s: begins with %q and %q, want %q and %q", what, v, m, viewer, member)
		}
	}
	own, shared, other := w.view(t, w.viewer, false), w.view(t, w.editor, true), w.view(t, w.editor, true)
	want("none", "", "")
	set(w.owner, core.ScopeEverybody, shared)
	want("everybody's", shared.ID, shared.ID)
	set(w.viewer, core.ScopePersonal, own)
	want("a person's own", own.ID, shared.ID)
	set(w.viewer, core.ScopePersonal, other)
	want("another's as one's own", other.ID, shared.ID)
	off, yes := false, true
	if _, err := w.s.UpdateFilterView(w.As(w.editor), dashboard.ViewChange{ID: other.ID, Version: 1, Shared: &off}); err != nil {
		t.Fatal(err)
	}
	want("one's own is not shared any more", shared.ID, shared.ID)
	if _, err := w.s.UpdateFilterView(w.As(w.editor), dashboard.ViewChange{ID: shared.ID, Version: 1, Shared: &off}); err != nil {
		t.Fatal(err)
	}
	want("everybody's is not shared any more", "", "")
	if got := w.begins(t, w.editor); got != "" {
		t.Errorf("its owner begins with %q", got)
	}
	v, err := w.s.UpdateFilterView(w.As(w.editor), dashboard.ViewChange{ID: shared.ID, Version: 2, Shared: &yes})
	if err != nil || !v.Default {
		t.Fatalf("got %+v, %v", v, err)
	}
	want("shared again", shared.ID, shared.ID)
	set(w.viewer, core.ScopePersonal, own)
	accesstest.Code(t, "delete", w.s.DeleteFilterView(w.As(w.editor), shared.ID), "")
	want("everybody's is deleted", own.ID, "")
	set(w.viewer, core.ScopePersonal, nil)
	want("cleared", "", "")

	elsewhere := w.Dashboard(w.viewer, nil)
	_, err = w.s.SetDefaultFilterView(w.As(w.viewer), dashboard.DefaultInput{DashboardID: elsewhere.ID, ViewID: &own.ID, Scope: core.ScopePersonal})
	accesstest.Code(t, "a view of another dashboard", err, core.CodeNotFound)
	evs := w.Events(core.EventFilterViewUpdated)
	if first := evs[len(evs)-1]; first.TargetID != w.page.ID || first.Details["default"] != "EVERYBODY" || first.Details["view"] != shared.ID {
		t.Errorf("audited %+v", first)
	}
}

// Fifty people set a default at once, for all and for themselves: there is one
// for all, and one for each.
func TestDefaultsRace(t *testing.T) { // FV-5
	w := newWorld(t)
	var views []*core.FilterView
	for range 5 {
		views = append(views, w.view(t, w.editor, true))
	}
	var all sync.WaitGroup
	for i := range 50 {
		scope, u := core.ScopeEverybody, w.editor
		if i%2 == 0 {
			scope, u = core.ScopePersonal, w.viewer
		}
		all.Go(func() {
			in := dashboard.DefaultInput{DashboardID: w.page.ID, ViewID: &views[i%5].ID, Scope: scope}
			if _, err := w.s.SetDefaultFilterView(w.As(u), in); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	page, err := w.s.FilterViews(w.As(w.viewer), w.page.ID, core.PageArgs{First: 10})
	if err != nil {
		t.Fatal(err)
	}
	personal, everybody := 0, 0
	for _, v := range page.Nodes {
		if v.Personal {
			personal++
		}
		if v.Default {
			everybody++
		}
	}
	items, err := w.Store.Engine().Query(t.Context(), table.Query{Table: table.FilterViews, PK: "DASHBOARD#" + w.page.ID, Prefix: "DEFAULT#"})
	if err != nil || personal != 1 || everybody != 1 || len(items.Items) != 2 {
		t.Errorf("%d and %d defaults in %d items, %v", personal, everybody, len(items.Items), err)
	}
}

// Of many who change one view at once, one succeeds and nothing is lost.
func TestOnlyOneChangeOfAFilterViewWins(t *testing.T) { // FV-5
	w := newWorld(t)
	v := w.view(t, w.editor, true)
	var all sync.WaitGroup
	won := make(chan string, 50)
	for i := range cap(won) {
		all.Go(func() {
			name := fmt.Sprint(i)
			_, err := w.s.UpdateFilterView(w.As(w.editor), dashboard.ViewChange{ID: v.ID, Version: 1, Name: &name})
			if err == nil {
				won <- name
			} else if core.CodeOf(err) != core.CodeConflict {
				t.Error(err)
			}
		})
	}
	all.Wait()
	close(won)
	after, err := w.s.FilterView(w.As(w.editor), v.ID)
	if first := <-won; err != nil || len(won) != 0 || after.Name != first || after.Version != 2 {
		t.Errorf("%q won, and %d more; now %+v, %v", first, len(won), after, err)
	}
}

func TestFilterViewList(t *testing.T) { // FV-1, FV-2, FV-3
	w := newWorld(t)
	own, theirs, shared := w.view(t, w.viewer, false), w.view(t, w.editor, false), w.view(t, w.editor, true)
	for u, want := range map[*core.User][]string{
		w.viewer: {shared.ID, own.ID}, w.editor: {shared.ID, theirs.ID}, w.owner: {shared.ID}, w.admin: {shared.ID},
	} {
		page, err := w.s.FilterViews(w.As(u), w.page.ID, core.PageArgs{First: 10})
		var got []string
		for _, v := range page.Nodes {
			if got = append(got, v.ID); !v.CanRun {
				t.Errorf("%s cannot be run", v.ID)
			}
		}
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s lists %q, %v, want %q", u.Name, got, err, want)
		}
	}
	_, err := w.s.FilterViews(w.As(w.other), w.page.ID, core.PageArgs{First: 10})
	accesstest.Code(t, "list by a stranger", err, core.CodeNotFound)
	_, err = w.s.DefaultFilterView(w.As(w.other), w.page.ID)
	accesstest.Code(t, "default by a stranger", err, core.CodeNotFound)
}

func TestFilterViewsGoWithTheirDashboard(t *testing.T) { // FV-4
	w := newWorld(t)
	v := w.view(t, w.viewer, false)
	accesstest.Code(t, "delete the dashboard", w.s.Delete(w.As(w.owner), w.page.ID), "")
	_, err := w.s.FilterView(w.As(w.viewer), v.ID)
	accesstest.Code(t, "a view without its dashboard", err, core.CodeNotFound)
}
