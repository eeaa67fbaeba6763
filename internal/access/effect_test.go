package access

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/internal/core"
)

// TestEffectIsWhatTheSightShows holds what is told of random policies against
// every cell of random rows as they are seen through the sight.
func TestEffectIsWhatTheSightShows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &core.Dataset{OwnerID: "owner", Columns: slices.Clone(sales)}
		for i := range d.Columns {
			d.Columns[i].Class = rapid.SampledFrom([]core.PIIClass{"", core.ClassDirect, core.ClassIndirect, core.ClassConfidential}).Draw(t, "class")
		}
		d.Policies = rapid.SliceOfN(rapid.Custom(drawPolicy), 0, 4).Draw(t, "policies")
		viewer := drawViewer(t)
		sight, e := sightOf(viewer, d), effectOf(viewer, d)
		if (e.Extent == core.SeesEverything) != (sight == nil) {
			t.Fatalf("told %s of %+v", e.Extent, sight)
		}
		checkColumns(t, viewer, d, e)
		var speaking int
		for _, p := range d.Policies {
			if !viewer.all && speaksFor(p, viewer) {
				speaking++
			}
		}
		if len(e.Applied) != speaking {
			t.Fatalf("%d policies are for them, told %+v", speaking, e.Applied)
		}
		for range 20 {
			checkRow(t, sight, d, drawRow(t), e)
		}
	})
}

// checkColumns holds the columns that are not there, and the causes.
func checkColumns(t *rapid.T, viewer facts, d *core.Dataset, e core.PolicyEffect) {
	sight := sightOf(viewer, d)
	for _, c := range d.Columns {
		gone := slices.ContainsFunc(e.HiddenColumns, func(h core.ColumnEffect) bool { return h.Column == c.Name && !h.Partly })
		if gone != sight.Hides(c.Name) {
			t.Fatalf("%s: told gone %v of %+v", c.Name, gone, sight)
		}
	}
	for _, c := range slices.Concat(e.HiddenColumns, e.MaskedColumns) {
		column, _ := d.Column(c.Column)
		classed := column.Class == core.ClassDirect || column.Class == core.ClassConfidential
		if c.Cause == core.CauseClass && (viewer.pii || !classed) || c.Cause == core.CausePolicy && len(d.Policies) == 0 {
			t.Fatalf("%s of class %s is blamed on %s", c.Column, column.Class, c.Cause)
		}
	}
}

// checkRow holds that no cell is shown otherwise than its column is told.
func checkRow(t *rapid.T, sight *core.Sight, d *core.Dataset, r row, e core.PolicyEffect) {
	there, cells := through(sight, d, r)
	if there && e.Extent == core.SeesNoRows {
		t.Fatalf("a row is seen of %+v", sight)
	}
	for _, c := range d.Columns {
		named := func(all []core.ColumnEffect, wholly bool) bool {
			return slices.ContainsFunc(all, func(h core.ColumnEffect) bool { return h.Column == c.Name && (!wholly || !h.Partly) })
		}
		shown := cells[c.Name]
		switch {
		case !there:
		case shown == "" && !named(e.HiddenColumns, false), shown != "" && named(e.HiddenColumns, true),
			shown != "" && shown != "plain" && !named(e.MaskedColumns, false), shown == "plain" && named(e.MaskedColumns, true):
			t.Fatalf("%s is shown as %q, told %+v and %+v of %+v", c.Name, shown, e.HiddenColumns, e.MaskedColumns, sight)
		}
	}
}

func TestMissingAttributes(t *testing.T) {
	viewer := facts{userID: "u", attributes: map[string][]string{"region": {"東"}}}
	d := &core.Dataset{OwnerID: "o", Columns: sales, Policies: []core.Policy{
		{Rows: rows(of(core.OpOr, own("地域", "region"), of(core.OpNot, own("地域", "team")), own("数量", "region"))), Targets: forUser("u")},
		{Rows: rows(of(core.OpAnd, own("地域", "team"), own("支店", "team"))), Targets: forUser("u")},
		{Rows: rows(own("地域", "other")), Targets: forUser("v")},
	}}
	e := effectOf(viewer, d)
	if len(e.Applied) != 2 || !slices.Equal(e.Applied[0].MissingAttributes, []string{"region", "team"}) || !e.Applied[1].Broken || e.Applied[1].MissingAttributes != nil {
		t.Errorf("told %+v", e.Applied)
	}
	want := []core.MissingAccess{{Kind: core.MissingAttribute, Attribute: "region"}, {Kind: core.MissingAttribute, Attribute: "team"}}
	if got := missingOf(e, d); len(got) != 2 || got[0].Attribute != want[0].Attribute || got[1].Attribute != want[1].Attribute {
		t.Errorf("missing %+v", got)
	}
}

// A column that one policy masks in every row is empty in none, whatever others hide.
func TestMaskedEverywhereIsNowhereHidden(t *testing.T) {
	d := &core.Dataset{OwnerID: "o", Columns: []core.Column{sales[0], sales[3]}, Policies: []core.Policy{
		{Masked: []core.MaskedColumn{{Column: "地域", Mask: core.MaskAll}}, Hidden: []string{"数量"}}, {Hidden: []string{"地域"}},
	}}
	e := effectOf(facts{userID: "u"}, d)
	if len(e.HiddenColumns) != 0 || !slices.Equal(e.MaskedColumns, []core.ColumnEffect{{Column: "地域", Masked: true, Cause: core.CausePolicy}}) {
		t.Errorf("told %+v and %+v", e.HiddenColumns, e.MaskedColumns)
	}
}
