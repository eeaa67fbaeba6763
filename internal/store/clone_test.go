package store_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// aCopyKeepsItsGrantsAndHoldsNoCard: what is copied is written at once or not at
// all, is not found as a place of the card, and stands in the history.
func aCopyKeepsItsGrantsAndHoldsNoCard(t *testing.T, st *world) {
	owner, cloner := core.NewID(core.NounUser), core.NewID(core.NounUser)
	ds := st.dataset(t, owner, "d")
	source, theirs, mine := st.dashboard(t, owner), st.card(t, owner, ds.ID), st.card(t, cloner, "")
	clone := func(cards ...core.Placement) *core.Dashboard {
		return &core.Dashboard{ID: core.NewID(core.NounDashboard), Name: "d (Copy)", OwnerID: cloner, Cards: cards, Filters: []core.Filter{}, CreatedAt: store.Now()}
	}
	way := []string{source.ID, core.NewID(core.NounDashboard)}
	d := clone(core.Placement{CardID: theirs.ID, W: 1, H: 1, Grants: way}, core.Placement{CardID: mine.ID, W: 1, H: 1})
	datasetOf := map[string]string{theirs.ID: ds.ID, mine.ID: ""}
	st.calls.Take()
	must(t, st.Dashboards.Clone(t.Context(), d, source.ID, datasetOf))
	st.wantCalls(t, "BatchGet cards", "Transact cards,dashboard_shares,dashboards,datasets")
	got, err := st.Dashboards.Get(t.Context(), d.ID)
	if err != nil || !reflect.DeepEqual(got, d) {
		t.Errorf("read %+v, %v, wrote %+v", got, err, d)
	}
	for id, want := range map[string][]string{theirs.ID: nil, mine.ID: {d.ID}} {
		if on, err := st.Dashboards.HoldingCard(t.Context(), id, 0); err != nil || !slices.Equal(on, want) {
			t.Errorf("a card is held by %q, want %q, %v", on, want, err)
		}
	}
	if on, err := st.Dashboards.HoldingDataset(t.Context(), ds.ID, 0); err != nil || len(on) != 0 {
		t.Errorf("the dataset is held by %q, %v", on, err)
	}
	changes, err := st.Shares.History(t.Context(), d.ID)
	must(t, err)
	var history []string
	for _, c := range changes {
		history = append(history, strings.Join([]string{c.Kind, strings.Join(c.Added, ","), strings.Join(c.Grants[theirs.ID], ",")}, " "))
	}
	wantIDs(t, "history", history, []string{"created  ", "cards_changed " + theirs.ID + "," + mine.ID + " " + strings.Join(way, ",")})

	gone := clone(core.Placement{CardID: core.NewID(core.NounCard), W: 1, H: 1, Grants: way})
	wantCode(t, st.Dashboards.Clone(t.Context(), gone, source.ID, nil), core.CodeNotFound)
	orphan := clone()
	wantCode(t, st.Dashboards.Clone(t.Context(), orphan, core.NewID(core.NounDashboard), nil), core.CodeNotFound)
	for _, d := range []*core.Dashboard{gone, orphan} {
		if got, err := st.Dashboards.Get(t.Context(), d.ID); err != nil || got != nil {
			t.Errorf("half of a copy is there: %+v, %v", got, err)
		}
	}
	full := clone()
	for range core.MaxDashboardCards {
		full.Cards = append(full.Cards, core.Placement{CardID: st.card(t, cloner, "").ID, W: 1, H: 1})
	}
	must(t, st.Dashboards.Clone(t.Context(), full, source.ID, nil))
	empty := clone()
	must(t, st.Dashboards.Clone(t.Context(), empty, source.ID, nil))
}
