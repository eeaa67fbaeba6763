package store_test

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

func dashboardEditConflictsCarryBothVersions(t *testing.T, st *world) {
	d := &core.Dashboard{ID: core.NewID(core.NounDashboard), Name: "Sales", OwnerID: core.NewID(core.NounUser), CreatedAt: store.Now()}
	if err := st.Dashboards.Create(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	rename := func(want int64, name string) error {
		_, err := st.Dashboards.Edit(t.Context(), d.ID, d.OwnerID, want, nil, func(d *core.Dashboard) error {
			d.Name = name
			return nil
		})
		return err
	}
	if err := rename(1, "first"); err != nil {
		t.Fatal(err)
	}
	err := rename(1, "second")
	wantCode(t, err, core.CodeConflict)
	var e *core.Error
	if errors.As(err, &e); e.Details["yourVersion"] != int64(1) || e.Details["currentVersion"] != int64(2) {
		t.Fatalf("conflict does not carry both versions: %v", e.Details)
	}
}

func placedCardsAreFoundAndForgotten(t *testing.T, st *world) {
	owner := st.user(t, "o@example.com")
	card := &core.Card{ID: core.NewID(core.NounCard), Kind: core.CardText, Name: "c", OwnerID: owner.ID}
	if err := st.Cards.Create(t.Context(), card); err != nil {
		t.Fatal(err)
	}
	d := &core.Dashboard{ID: core.NewID(core.NounDashboard), Name: "d", OwnerID: owner.ID}
	if err := st.Dashboards.Create(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	place := func(ids ...string) error {
		_, err := st.Dashboards.Edit(t.Context(), d.ID, owner.ID, 0, map[string]string{card.ID: ""}, func(d *core.Dashboard) error {
			d.Cards = nil
			for i, id := range ids {
				d.Cards = append(d.Cards, core.Placement{CardID: id, Y: i, W: 6, H: 4})
			}
			return nil
		})
		return err
	}
	if err := place(card.ID); err != nil {
		t.Fatal(err)
	}
	if ids, _ := st.Dashboards.HoldingCard(t.Context(), card.ID, 0); len(ids) != 1 || ids[0] != d.ID {
		t.Fatalf("holding: %v", ids)
	}
	wantCode(t, place(card.ID, core.NewID(core.NounCard)), core.CodeNotFound)
	if err := place(); err != nil {
		t.Fatal(err)
	}
	if ids, _ := st.Dashboards.HoldingCard(t.Context(), card.ID, 0); len(ids) != 0 {
		t.Fatalf("a removed card is still held: %v", ids)
	}
}

func deletingADashboardTakesItsSharesAlong(t *testing.T, st *world) {
	owner := st.user(t, "o@example.com")
	d := &core.Dashboard{ID: core.NewID(core.NounDashboard), Name: "d", OwnerID: owner.ID}
	if err := st.Dashboards.Create(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	const shares = 130 // more than a transaction holds
	for range shares {
		s := &core.Share{DashboardID: d.ID, TargetType: core.TargetUser, TargetID: core.NewID(core.NounUser), Permission: core.PermissionViewer}
		if err := st.Shares.Create(t.Context(), s, owner.ID); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Dashboards.Delete(t.Context(), d, owner.ID); err != nil {
		t.Fatal(err)
	}
	if left, err := st.Shares.Of(t.Context(), d.ID); err != nil || len(left) != 0 {
		t.Fatalf("%d shares left, %v", len(left), err)
	}
}

func dashboardKeepsAllItIsGiven(t *testing.T, st *world) {
	owner := core.NewID(core.NounUser)
	d := st.dashboard(t, owner)
	st.wantCalls(t, "Transact dashboard_shares,dashboards")
	c := st.card(t, owner, "")
	st.calls.Take()
	want, err := st.Dashboards.Edit(t.Context(), d.ID, owner, 1, nil, func(d *core.Dashboard) error {
		d.Name, d.Description = "月次 😀", "many\nlines"
		d.Cards = []core.Placement{{CardID: c.ID, X: 1, Y: 2, W: 3, H: 4}}
		d.Filters = []core.Filter{
			{ID: core.NewID(core.NounFilter), Type: core.FilterCategory, Column: "地域", Label: "Region", MultiSelect: true, Options: []string{"東", ""}},
			{ID: core.NewID(core.NounFilter), Type: core.FilterDateRange, Column: "d", Label: "Day"},
		}
		return nil
	})
	must(t, err)
	st.wantCalls(t, "Get dashboards", "BatchGet cards", "Transact cards,dashboard_shares,dashboards")
	got, err := st.Dashboards.Get(t.Context(), d.ID)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v, wrote %+v", got, err, want)
	}
	many, err := st.Dashboards.Many(t.Context(), []string{d.ID, core.NewID(core.NounDashboard)})
	if err != nil || len(many) != 1 || !reflect.DeepEqual(many[d.ID], want) {
		t.Errorf("many: %v, %v", many, err)
	}
	st.wantCalls(t, "Get dashboards", "BatchGet dashboards")
}

// aFullPageIsChangedForAnother: the most that one edit can write.
func aFullPageIsChangedForAnother(t *testing.T, st *world) {
	owner := core.NewID(core.NounUser)
	d := st.dashboard(t, owner)
	fill := func() (ids []string, ds *core.Dataset) {
		datasetOf := map[string]string{}
		for i := range core.MaxDashboardCards {
			ds = st.dataset(t, owner, "d"+strconv.Itoa(i))
			id := st.card(t, owner, ds.ID).ID
			ids, datasetOf[id] = append(ids, id), ds.ID
		}
		_, err := st.Dashboards.Edit(t.Context(), d.ID, owner, 0, datasetOf, func(d *core.Dashboard) error {
			d.Cards = nil
			for i, id := range ids {
				d.Cards = append(d.Cards, core.Placement{CardID: id, Y: i, W: 6, H: 4})
			}
			return nil
		})
		must(t, err)
		return ids, ds
	}
	first, _ := fill()
	second, ds := fill()
	for id, want := range map[string]int{first[0]: 0, first[19]: 0, second[0]: 1, second[19]: 1} {
		if on, err := st.Dashboards.HoldingCard(t.Context(), id, 0); err != nil || len(on) != want {
			t.Errorf("a card is held by %q, want %d, %v", on, want, err)
		}
	}
	st.calls.Take()
	if on, err := st.Dashboards.HoldingDataset(t.Context(), ds.ID, 0); err != nil || !slices.Equal(on, []string{d.ID}) {
		t.Errorf("the dataset is held by %q, %v", on, err)
	}
	st.wantCalls(t, "Query dashboards/DashboardsByDataset")
}

func aDashboardTooLargeIsToldSo(t *testing.T, st *world) {
	d := st.dashboard(t, core.NewID(core.NounUser))
	_, err := st.Dashboards.Edit(t.Context(), d.ID, d.OwnerID, 1, nil, func(d *core.Dashboard) error {
		for range core.MaxDashboardFilters {
			d.Filters = append(d.Filters, core.Filter{ID: core.NewID(core.NounFilter), Type: core.FilterCategory, Column: "c", Label: "l",
				Options: slices.Repeat([]string{strings.Repeat("長", 1000)}, 500)})
		}
		return nil
	})
	wantCode(t, err, core.CodeValidation)
	if got, err := st.Dashboards.Get(t.Context(), d.ID); err != nil || got.Version != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func dashboardListsRunNewestFirst(t *testing.T, st *world) {
	owner := core.NewID(core.NounUser)
	card := st.card(t, owner, "")
	var mine []string
	for range 5 {
		d := st.dashboard(t, owner)
		mine = append(mine, d.ID)
		_, err := st.Dashboards.Edit(t.Context(), d.ID, owner, 0, nil, func(d *core.Dashboard) error {
			d.Cards = []core.Placement{{CardID: card.ID, W: 6, H: 4}}
			return nil
		})
		must(t, err)
	}
	st.dashboard(t, core.NewID(core.NounUser))
	want, got, after := newestFirst(mine...), []string(nil), ""
	for range 4 {
		st.calls.Take()
		page, err := st.Dashboards.ByOwner(t.Context(), owner, after, 2)
		must(t, err)
		st.wantCalls(t, "Query dashboards/DashboardsByOwner")
		for _, d := range page {
			got, after = append(got, d.ID), d.ID
		}
	}
	wantIDs(t, "by owner", got, want)
	st.calls.Take()
	on, err := st.Dashboards.HoldingCard(t.Context(), card.ID, 3)
	must(t, err)
	st.wantCalls(t, "Query dashboards/DashboardsByCard")
	wantIDs(t, "holding", on, want[:3])
	_, err = st.Dashboards.ByOwner(t.Context(), owner, card.ID, 2)
	wantCode(t, err, core.CodeValidation)
}
