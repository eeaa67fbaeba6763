package card_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/core"
)

func (w *world) onPage(u *core.User, values ...core.FilterValue) (*core.CardResult, error) {
	return w.s.Execute(w.As(u), card.ExecuteInput{CardID: w.card.ID, DashboardID: w.page.ID, Filters: values, UseCache: true})
}

func (w *world) mustOnPage(t *testing.T, u *core.User, values ...core.FilterValue) *core.CardResult {
	t.Helper()
	r, err := w.onPage(u, values...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) read(t *testing.T, s *card.Service, r *core.CardResult) string {
	t.Helper()
	token, ok := strings.CutPrefix(s.PageURL(r), card.PagePrefix)
	if !ok {
		t.Fatalf("address %s", s.PageURL(r))
	}
	body, err := s.Page(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestExecuteAsksForTheRightData(t *testing.T) { // CD-2, CD-3, FL-2, FL-3
	w := newWorld(t)
	var asked client.CardRequest
	answer := w.executor.Card
	w.executor.Card = func(r client.CardRequest) client.CardReply { asked = r; return answer(r) }
	r := w.mustOnPage(t, w.viewer,
		core.FilterValue{Column: "地域", Values: []string{"関西", "関東"}},
		core.FilterValue{Column: "日付", From: "2024-01-01"},
		core.FilterValue{Column: "支店", Values: []string{"東京"}}, // no such filter
	)
	if !slices.Equal(r.AppliedFilters, []string{"地域", "日付"}) || r.Cached || r.RowsIn != 3 || r.DatasetVersion != 1 || !r.FilterApplicable || len(r.CodeHash) != 64 {
		t.Errorf("got %+v", r)
	}
	if r.Log != "" {
		t.Errorf("the viewer reads what the card printed: %q", r.Log)
	}
	where := asked.Source.Where
	if where == nil || where.Op != core.OpAnd || len(where.Args) != 2 || where.Args[0].Column != "地域" || where.Args[1].From != "2024-01-01" {
		t.Errorf("asked for rows where %+v", where)
	}
	if asked.Code != w.card.Code || string(asked.Params) != "{}" || asked.TimeoutSeconds != 10 || asked.MemoryMB != 2048 || len(asked.Filters) != 2 ||
		asked.Source.DatasetID != w.data.ID || !slices.Equal(asked.Source.Parts, w.data.Parts) {
		t.Errorf("asked for %+v", asked)
	}
	if r, err := w.s.Execute(w.As(w.owner), card.ExecuteInput{CardID: w.card.ID}); err != nil || r.Log != "printed" {
		t.Errorf("the owner gets %+v, %v", r, err)
	}
}

func TestCardThatOptsOut(t *testing.T) { // FL-2
	w := newWorld(t)
	yes := true
	if _, err := w.s.Update(w.As(w.owner), card.Change{ID: w.card.ID, Version: 1, IgnoresFilters: &yes}); err != nil {
		t.Fatal(err)
	}
	r := w.mustOnPage(t, w.viewer, core.FilterValue{Column: "地域", Values: []string{"関西"}})
	if len(r.AppliedFilters) != 0 || r.FilterApplicable {
		t.Errorf("got %+v", r)
	}
}

func TestBadFilterValues(t *testing.T) { // FL-1
	w := newWorld(t)
	for name, v := range map[string]core.FilterValue{
		"range upside down": {Column: "日付", From: "2024-02-01", To: "2024-01-01"},
		"not a date":        {Column: "日付", From: "soon"},
		"range of text":     {Column: "地域", From: "2024-01-01"},
	} {
		_, err := w.onPage(w.viewer, v)
		accesstest.Code(t, name, err, core.CodeValidation, "bad_value")
	}
	_, err := w.onPage(w.viewer, slices.Repeat([]core.FilterValue{{Column: "地域"}}, 21)...)
	accesstest.Code(t, "too many", err, core.CodeValidation, "too_many")
	if w.executor.Runs.Load() != 0 {
		t.Error("the card ran")
	}
}

func TestTableCallsOfAPage(t *testing.T) { // API-3
	for _, n := range []int{1, 10, 20} {
		w := newWorld(t)
		cards := []*core.Card{}
		for i := range n {
			cards = append(cards, w.Card(w.owner, w.Dataset(w.owner, core.Column{Name: fmt.Sprint("c", i)})))
		}
		page := w.Dashboard(w.owner, nil, cards...)
		w.Share(page, w.viewer, core.PermissionViewer)
		ctx := w.As(w.viewer)
		calls := w.Calls(func() {
			var wg sync.WaitGroup
			if _, err := w.Gate.RequireDashboard(ctx, "id", page.ID, "VIEW"); err != nil {
				t.Fatal(err)
			}
			for _, c := range cards {
				wg.Go(func() {
					if _, err := w.s.Execute(ctx, card.ExecuteInput{CardID: c.ID, DashboardID: page.ID, UseCache: true}); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
		if len(calls) != 3 { // dashboard with shares, cards, datasets
			t.Errorf("%d cards: %d calls %+v", n, len(calls), calls)
		}
	}
}

func TestPage(t *testing.T) { // CD-7
	w := newWorld(t)
	r := w.mustOnPage(t, w.viewer)
	if body := w.read(t, w.s, r); !strings.HasPrefix(body, "<!doctype html>") || !strings.Contains(body, r.HTML) {
		t.Errorf("page %q", body)
	}
	if a, b, c := w.s.PageURL(r), w.s.PageURL(r), w.s.PageURL(r); a != b && b != c { // it may change between two of them
		t.Error("the address changes with every look")
	}
	token := strings.TrimPrefix(w.s.PageURL(r), card.PagePrefix)
	stranger := w.service(t, card.Config{})
	for name, bad := range map[string]string{
		"empty": "", "no base64": "%", "cut": token[:len(token)-4], "changed": "A" + token[1:], "a megabyte": strings.Repeat("A", 1<<20),
	} {
		_, err := stranger.Page(t.Context(), bad)
		accesstest.Code(t, name, err, core.CodeNotFound)
	}
	preview, err := w.s.Preview(w.As(w.owner), card.PreviewInput{DatasetID: w.data.ID, Code: "x"})
	if err != nil || !strings.Contains(w.read(t, w.s, preview), preview.HTML) {
		t.Errorf("preview %+v, %v", preview, err)
	}
}

func TestSweep(t *testing.T) {
	w := newWorld(t)
	w.mustOnPage(t, w.viewer)
	w.blobs.Age(8 * 24 * time.Hour)
	w.mustOnPage(t, w.viewer, core.FilterValue{Column: "地域", Values: []string{"a"}})
	if err := w.s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if keys := w.blobs.Keys(); len(keys) != 3 { // one result, two snapshots
		t.Errorf("kept %v", keys)
	}
}

func TestCloseEndsRuns(t *testing.T) {
	w := newWorld(t)
	began, release := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(release) })
	w.executor.Card = func(client.CardRequest) client.CardReply {
		close(began)
		<-release
		return client.CardReply{}
	}
	ended := make(chan error)
	go func() { _, err := w.onPage(w.viewer); ended <- err }()
	<-began
	if err := w.s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("a run outlived its service")
	}
	_, err := w.onPage(w.viewer)
	accesstest.Code(t, "after", err, core.CodeUnavailable)
}

// The executor shares its slots out among people, whom it tells apart but does not know.
func TestTheExecutorTellsPeopleApart(t *testing.T) {
	w := newWorld(t)
	keys := make(chan string, 4)
	answer := w.executor.Card
	w.executor.Card = func(r client.CardRequest) client.CardReply { keys <- r.User; return answer(r) }
	var told []string
	for _, u := range []*core.User{w.owner, w.viewer, w.owner} {
		if _, err := w.s.Execute(w.As(u), card.ExecuteInput{CardID: w.card.ID, DashboardID: w.page.ID}); err != nil {
			t.Fatal(err)
		}
		told = append(told, <-keys)
	}
	if told[0] == "" || told[0] == told[1] || told[0] != told[2] || strings.Contains(told[0], w.owner.ID) {
		t.Errorf("people are %q to the executor", told)
	}
}
