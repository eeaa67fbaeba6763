package card_test

import (
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/core"
)

// lastWeek are the seven days until yesterday.
var lastWeek = core.FilterValue{Column: "日付", Relative: &core.RelativeRange{Unit: core.UnitDay, Count: 7}}

// at makes the service's clock stand at a moment.
func (w *world) at(t *testing.T, moment string) {
	t.Helper()
	now, err := time.Parse(time.RFC3339, moment)
	if err != nil {
		t.Fatal(err)
	}
	w.s = w.service(t, card.Config{CacheTTL: 1000 * time.Hour, Now: func() time.Time { return now }})
}

// A relative range reaches cards and rows as the days it stands for, and a
// result is kept for those days: tomorrow is another one.
func TestRelativeRangesAreResolvedWhenRun(t *testing.T) { // FL-1, CD-4
	w := newWorld(t)
	var where *core.Predicate
	var told []core.FilterValue
	plain := w.executor.Card
	w.executor.Card = func(r client.CardRequest) client.CardReply {
		where, told = r.Source.Where, r.Filters
		return plain(r)
	}
	w.executor.Rows = func(r client.RowsRequest) client.RowsReply {
		where = r.Source.Where
		return client.RowsReply{}
	}
	wantDays := func(what, from, to string) {
		t.Helper()
		if where == nil || where.Op != core.OpRange || where.Column != "日付" || where.From != from || where.To != to {
			t.Errorf("%s: reads %+v, want %s to %s", what, where, from, to)
		}
		where = nil
	}
	w.at(t, "2026-03-04T14:59:59Z") // the last second of a day in Japan
	first := w.mustOnPage(t, w.viewer, lastWeek)
	wantDays("a result", "2026-02-25", "2026-03-03")
	if len(told) != 1 || told[0].Relative != nil || told[0].From != "2026-02-25" {
		t.Errorf("the card is told %+v", told)
	}
	if again := w.mustOnPage(t, w.viewer, lastWeek); !again.Cached {
		t.Error("the same day runs again")
	}
	if fixed := w.mustOnPage(t, w.viewer, core.FilterValue{Column: "日付", From: "2026-02-25", To: "2026-03-03"}); !fixed.Cached || fixed.Key != first.Key {
		t.Error("the same days by name are another result")
	}
	w.at(t, "2026-03-04T15:00:00Z")
	if next := w.mustOnPage(t, w.viewer, lastWeek); next.Cached || next.Key == first.Key {
		t.Error("tomorrow shows the result of today")
	}
	wantDays("tomorrow", "2026-02-26", "2026-03-04")

	in := []core.FilterValue{{Column: "日付", Relative: &core.RelativeRange{Unit: core.UnitMonth, Count: 1, IncludeCurrent: true}}}
	if _, err := w.s.Rows(w.As(w.viewer), card.RowsInput{CardID: w.card.ID, DashboardID: w.page.ID, Limit: 1, Filters: in}); err != nil {
		t.Fatal(err)
	}
	wantDays("rows", "2026-03-01", "2026-03-31")
	if _, err := w.s.Preview(w.As(w.owner), card.PreviewInput{DatasetID: w.data.ID, Code: "x", Filters: in}); err != nil {
		t.Fatal(err)
	}
	wantDays("a preview", "2026-03-01", "2026-03-31")
	if got := w.s.Resolved(append(in, core.FilterValue{Column: "地域", Values: []string{"a"}})); got[0].Relative != nil || got[0].To != "2026-03-31" || got[1].Values[0] != "a" || in[0].Relative == nil {
		t.Errorf("resolved to %+v, from %+v", got, in)
	}
}

func TestRelativeRangesAreChecked(t *testing.T) { // FL-1
	w := newWorld(t)
	for name, c := range map[string]struct {
		change        func(v *core.FilterValue)
		field, reason string
	}{
		"with a first day":       {func(v *core.FilterValue) { v.From = "2026-01-01" }, "relative", "bad_value"},
		"with a last day":        {func(v *core.FilterValue) { v.To = "2026-01-01" }, "relative", "bad_value"},
		"with values":            {func(v *core.FilterValue) { v.Values = []string{"2026-01-01"} }, "values", "bad_value"},
		"with nulls":             {func(v *core.FilterValue) { v.IncludeNull = true }, "values", "bad_value"},
		"of nothing":             {func(v *core.FilterValue) { v.Relative = &core.RelativeRange{Unit: core.UnitDay} }, "relative.count", "out_of_range"},
		"of too much":            {func(v *core.FilterValue) { v.Relative = &core.RelativeRange{Unit: core.UnitDay, Count: 401} }, "relative.count", "out_of_range"},
		"of another unit":        {func(v *core.FilterValue) { v.Relative = &core.RelativeRange{Unit: "HOUR", Count: 1} }, "relative.unit", "bad_choice"},
		"for a choice of values": {func(v *core.FilterValue) { v.Column = "地域" }, "values", "bad_value"},
	} {
		v := lastWeek
		c.change(&v)
		_, err := w.s.Execute(w.As(w.viewer), card.ExecuteInput{CardID: w.card.ID, DashboardID: w.page.ID, Filters: []core.FilterValue{v}})
		accesstest.Code(t, name, err, core.CodeValidation, c.reason)
		if e, ok := err.(*core.Error); ok && e.Field != "input.filters.0."+c.field {
			t.Errorf("%s: at %s", name, e.Field)
		}
	}
}
