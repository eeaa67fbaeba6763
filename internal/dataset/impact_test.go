package dataset_test

import (
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
)

// Before somebody confirms, they read what uses the columns; after that, those
// are told whose things may fail.
func TestImpactOfChangedColumns(t *testing.T) { // DS-13, LIN-2
	w := newWorld(t)
	d := w.fromS3(t, region, amount)
	filters := []core.Filter{{ID: core.NewID(core.NounFilter), Type: core.FilterCategory, Column: "金額", Label: "金額"}}
	named, other := w.Card(w.other, d), w.Card(w.viewer, d)
	_, err := w.Store.Cards.Edit(t.Context(), named.ID, 0, func(c *core.Card) error { c.Code = "dataset['金額'].sum()"; return nil })
	accesstest.Code(t, "edit card", err, "")
	page := w.Dashboard(w.admin, filters, other)
	d, err = w.Store.Datasets.Edit(t.Context(), d.ID, 0, func(d *core.Dataset) error {
		d.Policies = []core.Policy{
			{ID: core.NewID(core.NounPolicy), Name: "a", Rows: &core.RowCondition{Op: core.OpAnd, Args: []core.RowCondition{{Op: core.OpIn, Column: "金額", Values: []string{"1"}}}}},
			{ID: core.NewID(core.NounPolicy), Name: "b", Hidden: []string{"地域"}},
		}
		return nil
	})
	accesstest.Code(t, "policies", err, "")
	w.importing(t, region)
	o := w.reimport(t, d)
	im := o.Confirmation.Impact
	if im.CardCount != 2 || len(im.Columns) != 1 {
		t.Fatalf("got %+v", im)
	}
	c := im.Columns[0]
	if c.Column != "金額" || !c.Breaking || len(c.Cards) != 1 || c.Cards[0].ID != named.ID || len(c.Filters) != 1 ||
		c.Filters[0].DashboardID != page.ID || c.Filters[0].FilterID != filters[0].ID || len(c.Policies) != 1 || c.Policies[0].Name != "a" {
		t.Errorf("got %+v", c)
	}
	told := func(u *core.User) int {
		found, err := w.Store.Outbox.Of(t.Context(), u.ID, false, core.PageArgs{First: 10})
		accesstest.Code(t, "notices", err, "")
		return len(found.Nodes)
	}
	if n := told(w.other); n != 0 {
		t.Errorf("somebody was told %d times before it happened", n)
	}
	_, err = w.s.Reimport(w.As(w.owner), dataset.ReimportInput{ID: d.ID, Force: true, PlanToken: o.Confirmation.PlanToken})
	accesstest.Code(t, "force", err, "")
	if a, b, c, e := told(w.other), told(w.admin), told(w.viewer), told(w.owner); a != 1 || b != 1 || c != 0 || e != 0 {
		t.Errorf("told: who names it %d, who filters by it %d, who does not %d, who did it %d", a, b, c, e)
	}
	_, _, err = w.s.Restore(w.As(w.admin), dataset.RestoreInput{ID: d.ID, Number: 1})
	accesstest.Code(t, "restore", err, "")
	if n := told(w.other); n != 1 {
		t.Errorf("told %d times, though nothing broke again", n)
	}
}
