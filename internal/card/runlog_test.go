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

func TestRunsAreLogged(t *testing.T) { // EXE-7
	w := newWorld(t)
	part := core.FilterValue{Column: "地域", Values: []string{"関西"}}
	good := w.mustOnPage(t, w.viewer, part)
	w.mustOnPage(t, w.viewer, part) // from the cache
	w.executor.Card = func(client.CardRequest) client.CardReply {
		return client.CardReply{RowsIn: 7, RunMS: 10_000, WaitMS: 1, Problem: &client.Problem{Code: core.CodeExecution, Reason: "missing_library", Args: map[string]any{"library": "requests"}}}
	}
	if _, err := w.onPage(w.viewer); err == nil {
		t.Fatal("the run went well")
	}
	runs, err := w.s.Runs(w.As(w.owner), w.card.ID, 50)
	if err != nil || len(runs) != 2 {
		t.Fatalf("%+v, %v", runs, err)
	}
	failed, first := runs[0], runs[1]
	if failed.Code != core.CodeExecution || failed.RowsIn != 7 || failed.SnapshotID != "" || failed.Sentence(core.English) == "" ||
		failed.Sentence(core.English) != core.Sentence(core.English, &core.Error{Code: core.CodeExecution, Reason: "missing_library", Args: map[string]any{"library": "requests"}}) {
		t.Errorf("the failed run: %+v %s", failed, failed.Sentence(core.English))
	}
	if first.UserID != w.viewer.ID || first.DashboardID != w.page.ID || len(first.Filters) != 1 || first.Filters[0].Values[0] != "関西" || first.RowsIn != 3 ||
		first.HTMLBytes != int64(len(good.HTML)) || first.SnapshotID != good.SnapshotID || first.Sentence(core.Japanese) != "" {
		t.Errorf("the first run: %+v", first)
	}
	seen := *core.ActorFrom(w.As(w.owner))
	seen.ViewedBy = w.admin.ID
	if _, err := w.s.Execute(core.WithActor(w.As(w.owner), &seen), card.ExecuteInput{CardID: w.card.ID}); err == nil {
		t.Error("the run through somebody's eyes went well")
	}
	if again, _ := w.s.Runs(w.As(w.owner), w.card.ID, 50); len(again) != 2 {
		t.Errorf("a look through the owner's eyes is in the log: %+v", again)
	}
	for _, u := range []*core.User{w.viewer, w.other} {
		if _, err := w.s.Runs(w.As(u), w.card.ID, 50); err == nil {
			t.Errorf("%s reads the log", u.Name)
		}
	}
	for _, n := range []int{0, 101} {
		_, err := w.s.Runs(w.As(w.owner), w.card.ID, n)
		accesstest.Code(t, fmt.Sprint(n), err, core.CodeValidation, "out_of_range")
	}
	if _, err := w.s.Preview(w.As(w.owner), card.PreviewInput{DatasetID: w.data.ID, Code: "x"}); err == nil {
		t.Error("the preview went well")
	}
	if runs, _ := w.s.Runs(w.As(w.admin), w.card.ID, 50); len(runs) != 2 {
		t.Errorf("%d runs after a preview", len(runs))
	}
}

// A run is in the log as soon as it has ended, also while the log is being written
// beside, and stays there when who reads it leaves.
func TestTheLogKnowsARunThatIsBeingWritten(t *testing.T) { // EXE-7
	w := newWorld(t)
	s := w.service(t, card.Config{RunLogEvery: time.Microsecond})
	gone, leave := context.WithCancel(w.As(w.owner))
	leave()
	for n := 1; n <= 20; n++ {
		if _, err := s.Execute(w.As(w.owner), card.ExecuteInput{CardID: w.card.ID}); err != nil {
			t.Fatal(err)
		}
		_, _ = s.Runs(gone, w.card.ID, 1)
		if runs, err := s.Runs(w.As(w.owner), w.card.ID, card.MaxRuns); err != nil || len(runs) != n {
			t.Fatalf("%d runs in the log after %d, %v", len(runs), n, err)
		}
	}
}

// What a service that is closed has not written yet is written then.
func TestClosingKeepsTheLog(t *testing.T) {
	w := newWorld(t)
	s := card.New(card.Deps{Store: w.Store, Gate: w.Gate, Audit: w.Audit, Blobs: w.blobs, Executor: w.executor.Client(), Log: w.Log}, card.Config{Timeout: 1})
	if _, err := s.Execute(w.As(w.owner), card.ExecuteInput{CardID: w.card.ID}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if runs, err := w.Store.Cards.Runs(t.Context(), w.card.ID, 10); err != nil || len(runs) != 1 {
		t.Errorf("%+v, %v", runs, err)
	}
}

func TestDiagnosis(t *testing.T) { // EXE-6, DIA-2
	const ok = core.Code("")
	for _, c := range []struct {
		name  string
		code  string
		reply client.CardReply
		fails core.Code
		want  core.RunCause
	}{
		{"quick", "x", client.CardReply{RunMS: 20, RowsIn: 10}, ok, core.RunCauseNone},
		{"quick over many rows", "x", client.CardReply{RunMS: 900, RowsIn: 1_000_000}, ok, core.RunCauseNone},
		{"slow over few rows", "x", client.CardReply{RunMS: 8000, RowsIn: 1000}, ok, core.RunCauseCode},
		{"slow over many rows", "x", client.CardReply{RunMS: 8000, RowsIn: 1_000_000}, ok, core.RunCauseData},
		{"waits long", "x", client.CardReply{WaitMS: 20_000, RunMS: 9000, RowsIn: 1_000_000}, ok, core.RunCausePlaces},
		{"too slow over few rows", "for row in d: ...", client.CardReply{RunMS: 10_000, RowsIn: 1000}, core.CodeExecutionTimeout, core.RunCauseCode},
		{"too slow over many rows", "x", client.CardReply{RunMS: 10_000, RowsIn: 1_000_000}, core.CodeExecutionTimeout, core.RunCauseData},
		{"endless", "def render(d, f, p):\n    while True: pass", client.CardReply{RunMS: 10_000, RowsIn: 1_000_000}, core.CodeExecutionTimeout, core.RunCauseLoop},
		{"memory", "x", client.CardReply{RowsIn: 1_000_000}, core.CodeMemoryLimit, core.RunCauseMemory},
		{"raises", "x", client.CardReply{RowsIn: 3}, core.CodeExecution, core.RunCauseMistake},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if _, err := w.s.Update(w.As(w.owner), card.Change{ID: w.card.ID, Version: 1, Code: &c.code}); err != nil {
				t.Fatal(err)
			}
			w.executor.Card = func(client.CardRequest) client.CardReply {
				if c.fails != ok {
					c.reply.Problem = &client.Problem{Code: c.fails}
				}
				return c.reply
			}
			_, err := w.onPage(w.owner)
			if core.CodeOf(err) != c.fails {
				t.Fatal(err)
			}
			if e, ok := errors.AsType[*core.Error](err); ok && e.Details["cause"] != c.want {
				t.Errorf("the error says %v", e.Details)
			}
			d, err := w.s.Diagnosis(w.As(w.owner), w.card.ID)
			if err != nil || d.Cause != c.want || d.Runs != 1 || d.RowsIn != c.reply.RowsIn || d.RunMS != c.reply.RunMS || (d.Failures == 1) != (c.fails != ok) {
				t.Errorf("%+v, %v", d, err)
			}
		})
	}
	w := newWorld(t)
	if d, err := w.s.Diagnosis(w.As(w.owner), w.card.ID); err != nil || d.Runs != 0 || d.Cause != core.RunCauseNone || d.Newest != nil {
		t.Errorf("without runs: %+v, %v", d, err)
	}
	_, err := w.s.Diagnosis(w.As(w.other), w.card.ID)
	accesstest.Code(t, "stranger", err, core.CodeNotFound)
}
