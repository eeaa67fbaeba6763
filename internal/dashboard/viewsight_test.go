package dashboard_test

import (
	"slices"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dashboard"
)

// chosen are the columns that the person reads in the view, and whether they are
// told that something is withheld. Every way to a view gives the same.
func (w *world) chosen(t *testing.T, u *core.User, id string) (columns []string, partial bool) {
	t.Helper()
	v, err := w.s.FilterView(w.As(u), id)
	if err != nil {
		t.Fatal(err)
	}
	page, err := w.s.FilterViews(w.As(u), w.page.ID, core.PageArgs{First: 10})
	if err != nil || len(page.Nodes) != 1 {
		t.Fatalf("lists %d views, %v", len(page.Nodes), err)
	}
	begins, err := w.s.DefaultFilterView(w.As(u), w.page.ID)
	if err != nil || begins == nil {
		t.Fatalf("begins with %+v, %v", begins, err)
	}
	for _, f := range v.Filters {
		columns = append(columns, f.Column)
	}
	for _, other := range []*core.FilterView{page.Nodes[0], begins} {
		same := slices.EqualFunc(other.Filters, v.Filters, func(a, b core.FilterValue) bool { return a.Column == b.Column })
		if !same || other.Partial != v.Partial {
			t.Errorf("reads %+v in one way and %+v in another", v, other)
		}
	}
	return columns, v.Partial
}

// A shared view shows nobody values of a column that is masked or hidden for
// them, in one of the datasets that have it.
func TestSharedViewsWithholdWhatIsNotSeen(t *testing.T) {
	w := newWorld(t)
	columns := []core.Column{{Name: "地域", Type: core.TypeString}, {Name: "担当者", Type: core.TypeString}, {Name: "給与", Type: core.TypeString}}
	data := w.Dataset(w.owner, columns...)
	w.page = w.Dashboard(w.owner, nil, w.Card(w.owner, data), w.Card(w.owner, w.data))
	for _, u := range []*core.User{w.editor, w.viewer} {
		w.Share(w.page, u, core.PermissionEditor)
	}
	v, err := w.s.CreateFilterView(w.As(w.editor), dashboard.ViewInput{DashboardID: w.page.ID, Name: "x", Shared: true, Filters: []core.FilterValue{
		{Column: "地域", Values: []string{"東京"}}, {Column: "担当者", Values: []string{"田中 花子"}}, {Column: "給与", Values: []string{"1"}}, {Column: "支店", Values: []string{"x"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	in := dashboard.DefaultInput{DashboardID: w.page.ID, ViewID: &v.ID, Scope: core.ScopeEverybody}
	if _, err := w.s.SetDefaultFilterView(w.As(w.editor), in); err != nil {
		t.Fatal(err)
	}
	govern := func(change func(*core.Dataset)) {
		t.Helper()
		if _, err := w.Store.Datasets.Edit(t.Context(), data.ID, 0, func(d *core.Dataset) error {
			d.Columns, d.Policies = slices.Clone(columns), nil
			change(d)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	east := &core.RowCondition{Op: core.OpIn, Column: "地域", Values: []string{"東京"}}
	masked := []core.MaskedColumn{{Column: "担当者", Mask: core.MaskAll}}
	for what, c := range map[string]struct {
		change func(*core.Dataset)
		want   []string // that the viewer reads
	}{
		"no rules": {func(*core.Dataset) {}, []string{"地域", "担当者", "給与"}},
		"classes": {func(d *core.Dataset) {
			d.Columns[1].Class, d.Columns[2].Class = core.ClassDirect, core.ClassConfidential
		}, []string{"地域"}},
		"a policy that hides":      {func(d *core.Dataset) { d.Policies = []core.Policy{{ID: "p", Hidden: []string{"給与"}}} }, []string{"地域", "担当者"}},
		"a policy that masks":      {func(d *core.Dataset) { d.Policies = []core.Policy{{ID: "p", Masked: masked}} }, []string{"地域", "給与"}},
		"masked in some rows":      {func(d *core.Dataset) { d.Policies = []core.Policy{{ID: "p", Masked: masked}, {ID: "q", Rows: east}} }, []string{"地域", "給与"}},
		"masked, and plain in all": {func(d *core.Dataset) { d.Policies = []core.Policy{{ID: "p", Masked: masked, Rows: east}, {ID: "q"}} }, []string{"地域", "担当者", "給与"}},
		"a policy for somebody": {func(d *core.Dataset) {
			d.Policies = []core.Policy{{ID: "p", Targets: []core.Target{{Type: core.TargetUser, ID: w.editor.ID}}}}
		}, nil},
		"a policy for some rows": {func(d *core.Dataset) { d.Policies = []core.Policy{{ID: "p", Rows: east}} }, []string{"地域", "担当者", "給与"}},
	} {
		govern(c.change)
		if got, partial := w.chosen(t, w.viewer, v.ID); !slices.Equal(got, c.want) || !partial {
			t.Errorf("%s: the viewer reads %q (partial %t), want %q", what, got, partial, c.want)
		}
		for u, want := range map[*core.User]int{w.editor: 4, w.owner: 3} { // whose view it is; whose data it is
			if got, partial := w.chosen(t, u, v.ID); len(got) != want || partial != (u == w.owner) {
				t.Errorf("%s: %s reads %q (partial %t)", what, u.Name, got, partial)
			}
		}
	}
}
