package card_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/core"
)

type world struct {
	*accesstest.World
	s                           *card.Service
	blobs                       *accesstest.Blobs
	executor                    *accesstest.Executor
	owner, viewer, other, admin *core.User
	data                        *core.Dataset
	card                        *core.Card
	page                        *core.Dashboard
	gone                        error // of whom an export is resumed for
}

var filters = []core.Filter{
	{ID: core.NewID(core.NounFilter), Type: core.FilterCategory, Column: "地域", Label: "地域", MultiSelect: true},
	{ID: core.NewID(core.NounFilter), Type: core.FilterDateRange, Column: "日付", Label: "日付"},
}

// newWorld has a page of the owner's with one card, shared with the viewer.
func newWorld(t *testing.T) *world {
	w := &world{World: accesstest.New(t), blobs: accesstest.NewBlobs(), executor: accesstest.NewExecutor(t)}
	w.s = w.service(t, card.Config{CacheTTL: time.Hour})
	w.owner, w.viewer, w.other, w.admin = w.User("owner"), w.User("viewer"), w.User("other"), w.Admin("admin")
	w.data = w.Dataset(w.owner, core.Column{Name: "地域", Type: core.TypeString}, core.Column{Name: "日付", Type: core.TypeDate})
	w.card = w.Card(w.owner, w.data)
	w.page = w.Dashboard(w.owner, filters, w.card)
	w.Share(w.page, w.viewer, core.PermissionViewer)
	w.executor.Card = func(r client.CardRequest) client.CardReply {
		return client.CardReply{HTML: fmt.Sprintf("<p>run %d</p>", w.executor.Runs.Load()), UsedColumns: []string{"地域"},
			FilterApplicable: true, RowsIn: 3, Log: "printed"}
	}
	return w
}

func (w *world) service(t *testing.T, cfg card.Config) *card.Service {
	cfg.Timeout, cfg.PageSecret = 10*time.Second, "a page secret"
	s := card.New(card.Deps{
		Store: w.Store, Gate: w.Gate, Audit: w.Audit, Blobs: w.blobs, Executor: w.executor.Client(), Log: w.Log, Resume: w.resume,
	}, cfg)
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (w *world) create(u *core.User) (*core.Card, error) {
	return w.s.Create(w.As(u), card.CreateInput{Name: " 売上 ", DatasetID: w.data.ID, Code: "def render(d, f, p): ...", Params: "{}"})
}

func TestWhoMayDoWhat(t *testing.T) { // CD-1, CD-5, CD-8, FAIL-4
	w := newWorld(t)
	name := "renamed"
	execute := func(dashboardID string) func(u *core.User) error {
		return func(u *core.User) error {
			_, err := w.s.Execute(w.As(u), card.ExecuteInput{CardID: w.card.ID, DashboardID: dashboardID})
			return err
		}
	}
	rows := func(dashboardID string) func(u *core.User) error {
		return func(u *core.User) error {
			_, err := w.s.Rows(w.As(u), card.RowsInput{CardID: w.card.ID, DashboardID: dashboardID, Limit: 1})
			return err
		}
	}
	w.executor.Rows = func(client.RowsRequest) client.RowsReply { return client.RowsReply{} }
	acts := map[string]func(u *core.User) error{
		"create": func(u *core.User) error { _, err := w.create(u); return err },
		"read":   func(u *core.User) error { _, err := w.s.Card(w.As(u), w.card.ID); return err },
		"list":   func(u *core.User) error { _, err := w.s.Cards(w.As(u), core.PageArgs{First: 1}); return err },
		"edit": func(u *core.User) error {
			now, err := w.Store.Cards.Get(t.Context(), w.card.ID)
			if err != nil {
				return err
			}
			_, err = w.s.Update(w.As(u), card.Change{ID: w.card.ID, Version: now.Version, Name: &name})
			return err
		},
		"delete": func(u *core.User) error { return w.s.Delete(w.As(u), w.card.ID) },
		"preview": func(u *core.User) error {
			_, err := w.s.Preview(w.As(u), card.PreviewInput{DatasetID: w.data.ID, Code: "x"})
			return err
		},
		"rows alone":        rows(""),
		"rows on a page":    rows(w.page.ID),
		"execute alone":     execute(""),
		"execute on a page": execute(w.page.ID),
		"execute elsewhere": execute(w.Dashboard(w.viewer, nil).ID),
	}
	const (
		ok, no, hidden, who, bad = core.Code(""), core.CodeForbidden, core.CodeNotFound, core.CodeUnauthorized, core.CodeValidation
	)
	want := map[string][5]core.Code{ // owner viewer other admin nobody
		"create":            {ok, no, hidden, ok, who},
		"read":              {ok, ok, hidden, ok, who},
		"list":              {ok, ok, ok, ok, who},
		"edit":              {ok, no, hidden, no, who},
		"delete":            {bad, no, hidden, bad, who}, // it lies on a page
		"preview":           {ok, no, hidden, ok, who},
		"rows alone":        {ok, no, hidden, ok, who},
		"rows on a page":    {ok, ok, hidden, ok, who},
		"execute alone":     {ok, no, hidden, ok, who},
		"execute on a page": {ok, ok, hidden, ok, who},
		"execute elsewhere": {hidden, hidden, hidden, hidden, who},
	}
	people := [5]*core.User{w.owner, w.viewer, w.other, w.admin, nil}
	for act, do := range acts {
		for i, u := range people {
			accesstest.Code(t, fmt.Sprintf("%s by person %d", act, i), do(u), want[act][i])
		}
	}
}

func TestCreateAndUpdate(t *testing.T) { // CD-1
	w := newWorld(t)
	c, err := w.create(w.owner)
	if err != nil || c.Name != "売上" || c.Kind != core.CardCode || c.Version != 1 || c.Params != "" {
		t.Fatalf("got %+v, %v", c, err)
	}
	code, params := "def render(d, f, p): return ''", `{ "a": 1 }`
	change := card.Change{ID: c.ID, Version: 1, Code: &code, Params: &params}
	after, err := w.s.Update(w.As(w.owner), change)
	if err != nil || after.Code != code || after.Params != `{"a":1}` || after.Name != "売上" || after.Version != 2 {
		t.Fatalf("got %+v, %v", after, err)
	}
	_, err = w.s.Update(w.As(w.owner), change)
	accesstest.Code(t, "old version", err, core.CodeConflict)
	change.Version = 0
	_, err = w.s.Update(w.As(w.owner), change)
	accesstest.Code(t, "no version", err, core.CodeValidation)
	accesstest.Code(t, "delete", w.s.Delete(w.As(w.owner), c.ID), "")
	_, err = w.s.Card(w.As(w.owner), c.ID)
	accesstest.Code(t, "after", err, core.CodeNotFound)
	for _, kind := range []core.EventType{core.EventCardCreated, core.EventCardUpdated, core.EventCardDeleted} {
		if evs := w.Events(kind); len(evs) != 1 || evs[0].TargetID != c.ID || evs[0].UserID != w.owner.ID {
			t.Errorf("%s: audited %+v", kind, evs)
		}
	}
}

func TestOtherDataNeedsOnesOwnRight(t *testing.T) { // SH-6
	w := newWorld(t)
	foreign, own := w.Dataset(w.other), w.Dataset(w.owner)
	free := w.Card(w.owner, w.data)
	move := func(c *core.Card, to *core.Dataset) error {
		_, err := w.s.Update(w.As(w.owner), card.Change{ID: c.ID, Version: c.Version, DatasetID: &to.ID})
		return err
	}
	accesstest.Code(t, "to somebody else's data", move(free, foreign), core.CodeNotFound)
	accesstest.Code(t, "on a page", move(w.card, own), core.CodeValidation, "card_in_use")
	accesstest.Code(t, "to one's own data", move(free, own), "")
	// A card over data that is no longer one's own keeps running where it lies, but cannot be made to show more of it.
	lost := w.Card(w.owner, foreign)
	name, code := "renamed", "def render(d, f, p): return d.to_html()"
	_, err := w.s.Update(w.As(w.owner), card.Change{ID: lost.ID, Version: 1, Name: &name})
	accesstest.Code(t, "another name", err, "")
	_, err = w.s.Update(w.As(w.owner), card.Change{ID: lost.ID, Version: 2, Code: &code})
	accesstest.Code(t, "other code", err, core.CodeNotFound)
	_, err = w.s.Execute(w.As(w.owner), card.ExecuteInput{CardID: lost.ID})
	accesstest.Code(t, "alone", err, core.CodeNotFound)
}

func TestTextCard(t *testing.T) { // CD-1
	w := newWorld(t)
	c, err := w.s.Create(w.As(w.owner), card.CreateInput{Kind: core.CardText, Name: "見出し", Code: `<h1>売上</h1><script>x()</script>`})
	if err != nil || c.Code != "<h1>売上</h1>" {
		t.Fatalf("got %+v, %v", c, err)
	}
	r, err := w.s.Execute(w.As(w.owner), card.ExecuteInput{CardID: c.ID, Filters: []core.FilterValue{{Column: "地域", Values: []string{"x"}}}})
	if err != nil || r.HTML != "<h1>売上</h1>" || len(r.AppliedFilters) != 0 || w.executor.Runs.Load() != 0 {
		t.Fatalf("got %+v, %v", r, err)
	}
	if body := w.read(t, w.s, r); body == "" {
		t.Error("it has no page")
	}
	// What was stored by looser rules is cleaned when it is read.
	if _, err := w.Store.Cards.Edit(t.Context(), c.ID, 0, func(c *core.Card) error { c.Code = "<p onclick=x()>p</p>"; return nil }); err != nil {
		t.Fatal(err)
	}
	if r, err = w.s.Execute(w.As(w.owner), card.ExecuteInput{CardID: c.ID}); err != nil || r.HTML != "<p>p</p>" {
		t.Errorf("got %+v, %v", r, err)
	}
}

func traceback(err error) *core.Traceback {
	e, _ := errors.AsType[*core.Error](err)
	if e == nil {
		return nil
	}
	trace, _ := e.Details["traceback"].(*core.Traceback)
	return trace
}

func TestFailuresAreToldToTheAuthorAlone(t *testing.T) { // CD-8, FAIL-7
	w := newWorld(t)
	w.executor.Card = func(client.CardRequest) client.CardReply {
		return client.CardReply{Log: "secret print", Problem: &client.Problem{Code: core.CodeExecution, Reason: "raised", Args: map[string]any{"detail": "secret arg"},
			Message: "ValueError: 秘密", Traceback: &core.Traceback{Message: "ValueError: 秘密", Frames: []core.TracebackFrame{{Line: 3, Function: "render"}}}}}
	}
	for _, u := range []*core.User{w.owner, w.admin, w.viewer} {
		_, err := w.s.Execute(w.As(u), card.ExecuteInput{CardID: w.card.ID, DashboardID: w.page.ID, UseCache: true})
		accesstest.Code(t, u.Name, err, core.CodeExecution)
		trace := traceback(err)
		if u == w.owner && (trace == nil || trace.Frames[0].Line != 3) {
			t.Errorf("%s is told %+v", u.Name, err)
		}
		if e, ok := errors.AsType[*core.Error](err); u != w.owner && (!ok || e.Details != nil || e.Reason != "" || e.Args["detail"] != nil) {
			t.Errorf("%s is told %+v", u.Name, e)
		}
	}
	if n := w.executor.Runs.Load(); n != 3 {
		t.Errorf("%d runs: a failure was cached", n)
	}
	evs := w.Events(core.EventCardFailed)
	if len(evs) != 3 || evs[0].UserID != w.viewer.ID || evs[0].TargetID != w.card.ID || evs[0].Details["dashboard"] != w.page.ID {
		t.Errorf("audited %+v", evs)
	}
	_, err := w.s.Preview(w.As(w.owner), card.PreviewInput{DatasetID: w.data.ID, Code: "x"})
	if traceback(err) == nil {
		t.Errorf("a preview says %v", err)
	}
}

func TestTimeoutSaysHowLong(t *testing.T) { // EXE-6
	w := newWorld(t)
	w.executor.Card = func(client.CardRequest) client.CardReply {
		return client.CardReply{Problem: &client.Problem{Code: core.CodeExecutionTimeout}}
	}
	_, err := w.s.Execute(w.As(w.viewer), card.ExecuteInput{CardID: w.card.ID, DashboardID: w.page.ID})
	e, ok := errors.AsType[*core.Error](err)
	if !ok || core.Sentence(core.English, e) != "This did not finish within 10 seconds. Narrow the data or ask the author of the card." {
		t.Errorf("got %v", err)
	}
}
