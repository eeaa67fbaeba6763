package dashboard

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

func wantReason(t *testing.T, err error, field, reason string) {
	t.Helper()
	e, _ := errors.AsType[*core.Error](err)
	if reason == "" && err != nil || reason != "" && (e == nil || e.Reason != reason || e.Field != field) {
		t.Errorf("got %v, want %q at %s", err, reason, field)
	}
}

func cardsOf(n int) []core.Placement {
	cards := make([]core.Placement, n)
	for i := range cards {
		cards[i] = core.Placement{CardID: core.NewID(core.NounCard), W: 1, H: 1}
	}
	return cards
}

func TestCheckLayout(t *testing.T) { // DB-1
	place := func(x, y, w, h int) []core.Placement {
		return []core.Placement{{CardID: core.NewID(core.NounCard), X: x, Y: y, W: w, H: h}}
	}
	twice := cardsOf(2)
	twice[1].CardID = twice[0].CardID
	cases := map[string]struct {
		cards        []core.Placement
		part, reason string
	}{
		"empty":            {nil, "", ""},
		"as many as fit":   {cardsOf(core.MaxDashboardCards), "", ""},
		"one too many":     {cardsOf(core.MaxDashboardCards + 1), "", "too_many"},
		"twice the same":   {twice, "1.cardId", "duplicate_item"},
		"whole width":      {place(0, 0, 12, 1), "", ""},
		"last corner":      {place(11, 1000, 1, 50), "", ""},
		"left of the grid": {place(-1, 0, 1, 1), "0.x", "out_of_range"},
		"right of it":      {place(12, 0, 1, 1), "0.x", "out_of_range"},
		"over the edge":    {place(6, 0, 7, 1), "0.w", "off_grid"},
		"above":            {place(0, -1, 1, 1), "0.y", "out_of_range"},
		"too far down":     {place(0, 1001, 1, 1), "0.y", "out_of_range"},
		"no width":         {place(0, 0, 0, 1), "0.w", "out_of_range"},
		"too wide":         {place(0, 0, 13, 1), "0.w", "out_of_range"},
		"no height":        {place(0, 0, 1, 0), "0.h", "out_of_range"},
		"too high":         {place(0, 0, 1, 51), "0.h", "out_of_range"},
		"overflowing":      {place(11, 0, int(^uint(0)>>1), 1), "0.w", "out_of_range"},
		"no card":          {[]core.Placement{{W: 1, H: 1}}, "0.cardId", "required"},
		"no id":            {[]core.Placement{{CardID: "x", W: 1, H: 1}}, "0.cardId", "bad_id"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			field := strings.TrimSuffix("input.layout.cards."+c.part, ".")
			wantReason(t, checkLayout(c.cards), field, c.reason)
		})
	}
	foreign := []core.Placement{{CardID: core.NewID(core.NounDashboard), W: 1, H: 1}}
	if err := checkLayout(foreign); core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("id of another noun: %v", err)
	}
}

func TestCheckFilters(t *testing.T) { // FL-1
	ok := core.Filter{Type: core.FilterCategory, Column: "地域", Label: "地域"}
	cases := map[string]struct {
		change       func(f *core.Filter)
		part, reason string
	}{
		"as it should be":  {func(*core.Filter) {}, "", ""},
		"date range":       {func(f *core.Filter) { f.Type = core.FilterDateRange }, "", ""},
		"unknown type":     {func(f *core.Filter) { f.Type = "NUMBER" }, "type", "bad_choice"},
		"no column":        {func(f *core.Filter) { f.Column = "" }, "column", "required"},
		"column of spaces": {func(f *core.Filter) { f.Column = " 地域 " }, "", ""},
		"long column":      {func(f *core.Filter) { f.Column = strings.Repeat("x", maxColumn+1) }, "column", "too_long"},
		"no label":         {func(f *core.Filter) { f.Label = " " }, "label", "required"},
		"long label":       {func(f *core.Filter) { f.Label = strings.Repeat("あ", maxLabel+1) }, "label", "too_long"},
		"label of lines":   {func(f *core.Filter) { f.Label = "a\nb" }, "label", "control_characters"},
		"many options":     {func(f *core.Filter) { f.Options = make([]string, maxOptions+1) }, "options", "too_many"},
		"long option":      {func(f *core.Filter) { f.Options = []string{"", strings.Repeat("x", maxOption+1)} }, "options.1", "too_long"},
		"bad id":           {func(f *core.Filter) { f.ID = "flt_1" }, "id", "bad_id"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := ok
			c.change(&f)
			_, err := checkFilters([]core.Filter{ok, f})
			wantReason(t, err, "input.filters.1."+c.part, c.reason)
		})
	}
	_, err := checkFilters(make([]core.Filter, core.MaxDashboardFilters+1))
	wantReason(t, err, "input.filters", "too_many")
	named := ok
	named.ID = core.NewID(core.NounFilter)
	_, err = checkFilters([]core.Filter{named, named})
	wantReason(t, err, "input.filters.1.id", "duplicate_item")
}

func TestFiltersKeepTheirIDs(t *testing.T) { // FL-1
	have := []core.Filter{{ID: core.NewID(core.NounFilter), Label: "old"}}
	got, err := nameFilters([]core.Filter{{Label: "new"}, {ID: have[0].ID, Label: "renamed"}}, have)
	if err != nil || got[1].ID != have[0].ID || got[1].Label != "renamed" {
		t.Fatalf("got %+v, %v", got, err)
	}
	if n, ok := core.NounOf(got[0].ID); !ok || n != core.NounFilter {
		t.Errorf("a new filter got the id %q", got[0].ID)
	}
	if _, err := nameFilters([]core.Filter{{ID: core.NewID(core.NounFilter)}}, have); core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("a filter of another dashboard: %v", err)
	}
}

func TestApplyWantsRightsForNewCards(t *testing.T) { // SH-6
	cards := cardsOf(2)
	d := &core.Dashboard{Version: 3, Cards: cards[:1]}
	c := Change{Version: 3, Cards: &cards}
	if err := apply(d, c, nil); core.CodeOf(err) != core.CodeConflict {
		t.Errorf("a card nobody asked rights for: %v", err)
	}
	if err := apply(d, c, map[string]string{cards[1].CardID: ""}); err != nil || len(d.Cards) != 2 {
		t.Errorf("got %v, %+v", err, d.Cards)
	}
}

func TestViews(t *testing.T) {
	v, now := newViews(), time.Now()
	for i, c := range []struct {
		user, dashboard string
		after           time.Duration
		want            bool
	}{
		{"a", "d", 0, true}, {"a", "d", time.Second, false}, {"b", "d", time.Second, true}, {"a", "e", time.Second, true},
		{"a", "d", viewEvery - 1, false}, {"a", "d", viewEvery, true}, {"a", "d", viewEvery + time.Second, false},
	} {
		if got := v.first(c.user, c.dashboard, now.Add(c.after)); got != c.want {
			t.Errorf("look %d: %v, want %v", i, got, c.want)
		}
	}
}
