package card_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
)

// sighted is a world whose cards show through whose eyes they were run.
func sighted(t *testing.T) *world {
	w := newWorld(t)
	w.Share(w.page, w.other, core.PermissionViewer)
	w.executor.Card = func(r client.CardRequest) client.CardReply {
		return client.CardReply{HTML: eyes(t, r.Source.Sight), FilterApplicable: true}
	}
	return w
}

func eyes(t *testing.T, s *core.Sight) string {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Error(err)
	}
	return string(raw)
}

// own is what a result of the person's own must show.
func (w *world) own(t *testing.T, u *core.User) string {
	t.Helper()
	d, err := w.Store.Datasets.Get(t.Context(), w.data.ID)
	if err != nil {
		t.Fatal(err)
	}
	source, err := dataset.Source(w.As(u), w.Gate, d, nil)
	if err != nil {
		t.Fatal(err)
	}
	return eyes(t, source.Sight)
}

func (w *world) rule(t *testing.T, policies ...core.Policy) {
	t.Helper()
	if _, err := w.Store.Datasets.Edit(t.Context(), w.data.ID, 0, func(d *core.Dataset) error { d.Policies = policies; return nil }); err != nil {
		t.Fatal(err)
	}
}

func only(u *core.User, region string) core.Policy {
	return core.Policy{
		ID: core.NewID(core.NounPolicy), Targets: []core.Target{{Type: core.TargetUser, ID: u.ID}},
		Rows: &core.RowCondition{Op: core.OpIn, Column: "地域", Values: []string{region}},
	}
}

func TestResultsAreForTheSameEyes(t *testing.T) {
	w := sighted(t)
	third := w.User("third")
	w.Share(w.page, third, core.PermissionViewer)
	w.rule(t, only(w.viewer, "東"), only(w.other, "西"), only(third, "東"))
	for i, c := range []struct {
		who *core.User
		ran bool
	}{{w.viewer, true}, {w.other, true}, {third, false}, {w.owner, true}, {w.admin, false}, {w.other, false}} {
		before := w.executor.Runs.Load()
		r := w.mustOnPage(t, c.who)
		if r.HTML != w.own(t, c.who) {
			t.Errorf("%d: %s sees %s, not %s", i, c.who.Name, r.HTML, w.own(t, c.who))
		}
		if ran := w.executor.Runs.Load() > before; ran != c.ran || r.Cached == ran {
			t.Errorf("%d: %s: ran %v, want %v", i, c.who.Name, ran, c.ran)
		}
	}
}

func TestManyEyesAtOnceShareNoRun(t *testing.T) {
	w := sighted(t)
	w.rule(t, only(w.viewer, "東"), only(w.other, "西"))
	var all sync.WaitGroup
	for range 10 {
		for _, u := range []*core.User{w.viewer, w.other, w.owner} {
			want := w.own(t, u)
			all.Go(func() {
				r, err := w.s.Execute(w.As(u), card.ExecuteInput{CardID: w.card.ID, DashboardID: w.page.ID})
				if err != nil || r.HTML != want {
					t.Errorf("%s sees %+v, %v, want %s", u.Name, r, err, want)
				}
			})
		}
	}
	all.Wait()
}

// TestNoResultOutlivesItsPolicy changes policies and classes at random, with an
// executor that comes and goes: whoever gets a result gets one for their own
// eyes as they are now.
func TestNoResultOutlivesItsPolicy(t *testing.T) {
	w := sighted(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	people := []*core.User{w.owner, w.viewer, w.other, w.admin}
	stale := 0
	for step := range 300 {
		switch rnd.IntN(6) {
		case 0:
			policies := []core.Policy{only(w.viewer, []string{"東", "西"}[rnd.IntN(2)]), only(w.other, "西")}
			w.rule(t, policies[:rnd.IntN(3)]...)
		case 1:
			class := []core.PIIClass{core.ClassNone, core.ClassDirect, core.ClassConfidential}[rnd.IntN(3)]
			if _, err := w.Store.Datasets.Edit(t.Context(), w.data.ID, 0, func(d *core.Dataset) error { d.Columns[1].Class = class; d.DataVersion++; return nil }); err != nil {
				t.Fatal(err)
			}
		case 2:
			w.executor.Away.Store(rnd.IntN(2) == 0)
		default:
			u := people[rnd.IntN(len(people))]
			r, err := w.onPage(u)
			if err != nil && (!w.executor.Away.Load() || core.CodeOf(err) != core.CodeUnavailable) {
				t.Fatal(step, err)
			}
			if err == nil && r.HTML != w.own(t, u) {
				t.Fatalf("step %d: %s sees %s, not %s", step, u.Name, r.HTML, w.own(t, u))
			}
			if err == nil && r.Stale {
				stale++
			}
		}
	}
	if stale == 0 {
		t.Error("no old result ever stood in")
	}
}

func TestHiddenColumnsAreNotThere(t *testing.T) {
	w := sighted(t)
	w.rule(t, core.Policy{ID: core.NewID(core.NounPolicy), Hidden: []string{"地域"}})
	var asked client.RowsRequest
	w.executor.Rows = func(r client.RowsRequest) client.RowsReply { asked = r; return client.RowsReply{} }
	chosen := []core.FilterValue{{Column: "地域", Values: []string{"東京"}}}
	rows, err := w.s.Rows(w.As(w.viewer), card.RowsInput{CardID: w.card.ID, DashboardID: w.page.ID, Limit: 1, Filters: chosen})
	if err != nil || len(rows.Columns) != 1 || rows.Columns[0].Name != "日付" || asked.Source.Where != nil {
		t.Errorf("rows are %+v, %v, asked %+v", rows, err, asked)
	}
	if r := w.mustOnPage(t, w.viewer, chosen...); len(r.AppliedFilters) != 0 {
		t.Errorf("filters by %v", r.AppliedFilters)
	}
	if r := w.mustOnPage(t, w.owner, chosen...); !slices.Equal(r.AppliedFilters, []string{"地域"}) {
		t.Errorf("the owner filters by %v", r.AppliedFilters)
	}
	seen, err := w.Gate.FilterDatasets(w.As(w.viewer), []string{w.data.ID})
	if err != nil || len(seen[w.data.ID].Columns) != 1 || seen[w.data.ID].Policies != nil {
		t.Errorf("the dataset is %+v, %v", seen[w.data.ID], err)
	}
}

func TestACardThatMissesAHiddenColumn(t *testing.T) {
	w := sighted(t)
	w.rule(t, core.Policy{ID: core.NewID(core.NounPolicy), Hidden: []string{"地域"}})
	said := "KeyError: '地域'"
	w.executor.Card = func(client.CardRequest) client.CardReply {
		return client.CardReply{Problem: &client.Problem{Code: core.CodeExecution, Message: said, Traceback: &core.Traceback{Message: said}}}
	}
	reason := func(u *core.User) string {
		_, err := w.onPage(u)
		e, ok := errors.AsType[*core.Error](err)
		if !ok || e.Code != core.CodeExecution {
			t.Fatalf("%s gets %v", u.Name, err)
		}
		for _, l := range []core.Locale{core.Japanese, core.English} {
			if told := core.Sentence(l, e) + fmt.Sprint(e.Args, e.Details); u == w.viewer && strings.Contains(told, "地域") {
				t.Errorf("%s is told %s", u.Name, told)
			}
		}
		return e.Reason
	}
	if got := reason(w.viewer); got != "column_hidden" {
		t.Errorf("the viewer's reason is %q", got)
	}
	if got := reason(w.owner); got != "raised" { // it is there for them
		t.Errorf("the owner's reason is %q", got)
	}
	said = "KeyError: '支店'"
	if got := reason(w.viewer); got != "" {
		t.Errorf("another column's reason is %q", got)
	}
	if evs := w.Events(core.EventCardFailed); len(evs) != 3 || strings.Contains(fmt.Sprint(evs[0].Details), "地域") {
		t.Errorf("audited %+v", evs)
	}
	accesstest.Code(t, "away", func() error { w.executor.Away.Store(true); _, err := w.onPage(w.viewer); return err }(), core.CodeUnavailable)
}
