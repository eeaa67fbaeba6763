package store_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

func cardsKeepAllTheyAreGiven(t *testing.T, st *world) {
	owner := core.NewID(core.NounUser)
	d := st.dataset(t, owner, "d")
	c := &core.Card{
		ID: core.NewID(core.NounCard), Kind: core.CardCode, Name: "かるた", Description: "two\nlines", DatasetID: d.ID,
		Code: strings.Repeat("# 長いコード\n", 10000), Params: `{"a":1}`, IgnoresFilters: true,
		Parameters: []core.CardParameter{{Name: "期間", Type: core.ParameterChoice, Default: "a", Choices: []string{"a", "b"}}}, OwnerID: owner, CreatedAt: store.Now(),
	}
	st.calls.Take()
	must(t, st.Cards.Create(t.Context(), c))
	st.wantCalls(t, "BatchGet datasets", "Transact cards,datasets")
	got, err := st.Cards.Get(t.Context(), c.ID)
	if err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("read %+v, %v", got, err)
	}
	text := &core.Card{ID: core.NewID(core.NounCard), Kind: core.CardText, Name: "t", Code: "<p>x</p>", OwnerID: owner}
	st.calls.Take()
	must(t, st.Cards.Create(t.Context(), text))
	st.wantCalls(t, "Transact cards")
	many, err := st.Cards.Many(t.Context(), []string{c.ID, text.ID, core.NewID(core.NounCard)})
	if err != nil || len(many) != 2 || !reflect.DeepEqual(many[text.ID], text) {
		t.Errorf("many: %v, %v", many, err)
	}
	st.wantCalls(t, "BatchGet cards")
}

func cardRunsAreKeptNewestFirst(t *testing.T, st *world) {
	card, other := core.NewID(core.NounCard), core.NewID(core.NounCard)
	var runs []*core.CardRun
	for i := range 130 { // more than one transaction holds
		runs = append(runs, &core.CardRun{
			ID: core.NewID("run"), CardID: []string{card, other}[i%2], At: store.Now(), UserID: core.NewID(core.NounUser), DashboardID: core.NewID(core.NounDashboard),
			Code: core.CodeExecution, Reason: "raised", Args: map[string]any{"seconds": 10.0}, Filters: []core.FilterValue{{Column: "地域", Values: []string{"関西"}}},
			DatasetID: core.NewID(core.NounDataset), DatasetVersion: 3, CodeHash: "c", RowsIn: 1_000_000, WaitMS: 0.5, ReadMS: 1.5, RunMS: 2.5, HTMLBytes: 7, SnapshotID: "s",
		})
	}
	st.calls.Take()
	must(t, st.Cards.KeepRuns(t.Context(), runs))
	st.wantCalls(t, "Transact cards", "Transact cards")
	got, err := st.Cards.Runs(t.Context(), card, 2)
	if err != nil || len(got) != 2 || !reflect.DeepEqual(got[0], runs[128]) || got[1].ID != runs[126].ID {
		t.Errorf("read %+v, %v", got, err)
	}
	st.wantCalls(t, "Query cards")
	must(t, st.Cards.KeepRuns(t.Context(), nil))
}

func cardListsRunByOwnerAndByDataset(t *testing.T, st *world) {
	owner, other := core.NewID(core.NounUser), core.NewID(core.NounUser)
	d, empty := st.dataset(t, owner, "d"), st.dataset(t, owner, "empty")
	var mine, on []string
	for i := range 5 {
		mine = append(mine, st.card(t, owner, []string{d.ID, ""}[i%2]).ID)
		if i%2 == 0 {
			on = append(on, mine[i])
		}
	}
	on = append(on, st.card(t, other, d.ID).ID)
	list := func(index string, page func(core.PageArgs) (core.Page[*core.Card], error)) []string {
		return walk(t, func(p core.PageArgs) (core.Page[*core.Card], error) {
			st.calls.Take()
			defer st.wantCalls(t, "Query cards/"+index)
			return page(p)
		}, func(c *core.Card) string { return c.ID })
	}
	wantIDs(t, "by owner", list("CardsByOwner", func(p core.PageArgs) (core.Page[*core.Card], error) {
		return st.Cards.ByOwner(t.Context(), owner, p)
	}), newestFirst(mine...))
	wantIDs(t, "by dataset", list("CardsByDataset", func(p core.PageArgs) (core.Page[*core.Card], error) {
		return st.Cards.ByDataset(t.Context(), d.ID, p)
	}), newestFirst(on...))
	wantIDs(t, "by a dataset without cards", list("CardsByDataset", func(p core.PageArgs) (core.Page[*core.Card], error) {
		return st.Cards.ByDataset(t.Context(), empty.ID, p)
	}), nil)
	// a cursor of somebody else's card opens nothing of theirs
	foreign, err := st.Cards.ByOwner(t.Context(), owner, core.PageArgs{First: 10, After: core.NewID(core.NounCard)})
	if err != nil || len(foreign.Nodes) != len(mine) {
		t.Errorf("a cursor of a newer card gives %d of %d, %v", len(foreign.Nodes), len(mine), err)
	}
	_, err = st.Cards.ByOwner(t.Context(), owner, core.PageArgs{First: 10, After: d.ID})
	wantCode(t, err, core.CodeValidation)
}

func cardsNeedTheirDatasetAndTheirVersion(t *testing.T, st *world) {
	owner := core.NewID(core.NounUser)
	orphan := &core.Card{ID: core.NewID(core.NounCard), Kind: core.CardCode, Name: "c", OwnerID: owner, DatasetID: core.NewID(core.NounDataset)}
	wantCode(t, st.Cards.Create(t.Context(), orphan), core.CodeNotFound)
	if got, err := st.Cards.Get(t.Context(), orphan.ID); got != nil || err != nil {
		t.Errorf("a refused card was written: %v, %v", got, err)
	}
	c := st.card(t, owner, "")
	edited, err := st.Cards.Edit(t.Context(), c.ID, 1, func(c *core.Card) error { c.Name = "new"; return nil })
	if err != nil || edited.Version != 2 {
		t.Fatalf("edited to %+v, %v", edited, err)
	}
	_, err = st.Cards.Edit(t.Context(), c.ID, 1, func(*core.Card) error { return nil })
	wantCode(t, err, core.CodeConflict)
	wantCode(t, st.Cards.Delete(t.Context(), c), core.CodeConflict)
	must(t, st.Cards.Delete(t.Context(), edited))
	wantCode(t, st.Cards.Delete(t.Context(), edited), core.CodeNotFound)
	if none, err := st.Cards.Edit(t.Context(), c.ID, 0, func(*core.Card) error { return nil }); none != nil || err != nil {
		t.Errorf("a deleted card was edited: %v, %v", none, err)
	}
}
