package dataset_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
	"github.com/karuta-bi/karuta/internal/store"
)

// eventsText says events in short, one a line.
func eventsText(events []core.ImportEvent) string {
	var b strings.Builder
	for _, ev := range events {
		fmt.Fprintf(&b, "%d %s %s %s %.2f %s\n", ev.Seq, ev.Kind, ev.Status, ev.Stage, ev.Progress, ev.Note)
	}
	return b.String()
}

// listener hears the events of imports as they are handed on.
type listener struct {
	mu    sync.Mutex
	heard []core.ImportEvent
}

func (l *listener) hear(_ context.Context, _ *core.ImportJob, ev core.ImportEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = append(l.heard, ev)
}

// listening is a service whose events are heard.
func (w *world) listening(t *testing.T, cfg dataset.Config) (*dataset.Service, *listener) {
	l := &listener{}
	s := dataset.New(dataset.Deps{
		Store: w.Store, Gate: w.Gate, Audit: w.Audit, Blobs: w.blobs, Objects: w.objects, Executor: w.executor.Client(), Log: w.Log, Told: l.hear,
	}, cfg)
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s, l
}

func TestAnImportTellsWhatItDoes(t *testing.T) { // DS-1, DS-16
	w := newWorld(t)
	s, l := w.listening(t, dataset.Config{MaxUpload: maxUpload})
	w.executor.Import = func(_ client.ImportRequest, tell func(client.ImportEvent)) client.ImportEvent {
		for i := range 100 { // one event for each step, not for each thing that is told
			tell(client.ImportEvent{Stage: core.StageReading, Progress: float64(i) / 1000})
		}
		tell(client.ImportEvent{Stage: core.StageWriting, Progress: .5, Rows: 3})
		return client.ImportEvent{Progress: 1, Done: &client.ImportDone{Columns: []core.Column{region}, RowCount: 3, Encoding: "cp932", Delimiter: "\t", Renamed: []string{" → column_2"}}}
	}
	in := csv("売上")
	in.Options = core.CSVOptions{SkipRows: 2, DropColumns: []string{"給与"}}
	job, err := s.Import(w.As(w.owner), in)
	if err != nil {
		t.Fatal(err)
	}
	end := w.ended(t, job)
	want := `1 STATUS QUEUED RECEIVING 0.00 
2 STATUS RUNNING RECEIVING 0.00 
3 STAGE RUNNING READING 0.00 
4 PROGRESS RUNNING READING 0.05 
5 STAGE RUNNING WRITING 0.50 
6 NOTE RUNNING WRITING 0.50 format_found
7 NOTE RUNNING WRITING 0.50 lines_skipped
8 NOTE RUNNING WRITING 0.50 columns_renamed
9 NOTE RUNNING WRITING 0.50 columns_dropped
10 STATUS SUCCEEDED WRITING 1.00 
`
	if got := eventsText(end.Events); got != want {
		t.Errorf("told\n%swant\n%s", got, want)
	}
	if err := s.Close(t.Context()); err != nil { // the last one is handed on after it is written
		t.Fatal(err)
	}
	if got := eventsText(l.heard); got != want {
		t.Errorf("heard\n%swant\n%s", got, want)
	}
	if ev := end.Events[5]; ev.Sentence(core.English) != "Read with the encoding cp932 and TAB between the values. If that is wrong, name them and import again." || ev.Rows != 3 {
		t.Errorf("%q of %d rows", ev.Sentence(core.English), ev.Rows)
	}
	if rest, err := s.ImportEvents(end, 9); err != nil || len(rest) != 1 || rest[0].Seq != 10 {
		t.Errorf("after 9: %+v, %v", rest, err)
	}
	_, err = s.ImportEvents(end, -1)
	accesstest.Code(t, "after -1", err, core.CodeValidation)
}

// An import that goes on in another process counts its events on, and tells no
// progress again that was reached before.
func TestEventsGoOnWithTheImport(t *testing.T) { // FAIL-5
	w := newWorld(t)
	w.importing(t, region)
	job := w.killed(t, store.Now())
	_, err := w.Store.Jobs.Edit(t.Context(), job.ID, func(j *core.ImportJob) error {
		j.Attempt, j.Progress, j.Stage = 1, .7, core.StageWriting
		for i := range int64(100) {
			j.Events = append(j.Events, core.ImportEvent{Seq: i + 1, At: store.Now(), Kind: core.ImportEventProgress, Status: core.StatusRunning})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	end := w.ended(t, job)
	if end.Status != core.StatusSucceeded || len(end.Events) != 100 {
		t.Fatalf("ended as %s with %d events", end.Status, len(end.Events))
	}
	want := `101 STATUS QUEUED WRITING 0.70 
102 STATUS RUNNING WRITING 0.70 tried_again
103 STATUS SUCCEEDED RECEIVING 1.00 
`
	if got := eventsText(end.Events[97:]); got != want {
		t.Errorf("told\n%swant\n%s", got, want)
	}
}

func TestTheLastEventSaysWhy(t *testing.T) { // DS-1
	w := newWorld(t)
	fail := func(name string, p *client.Problem) core.ImportEvent {
		w.executor.Import = func(client.ImportRequest, func(client.ImportEvent)) client.ImportEvent {
			return client.ImportEvent{Problem: p}
		}
		job, err := w.s.Import(w.As(w.owner), csv(name))
		if err != nil {
			t.Fatal(err)
		}
		events := w.ended(t, job).Events
		return events[len(events)-1]
	}
	ev := fail("売上", &client.Problem{Code: core.CodeCSVParse, Reason: "too_many_fields", Line: 3})
	if ev.Kind != core.ImportEventStatus || ev.Status != core.StatusFailed || ev.Problem.Line != 3 || ev.Sentence(core.Japanese) == "" {
		t.Errorf("a bad file: %+v", ev)
	}
	w.dropping(t, region, salary)
	events := w.blocked(t, csv("社員")).Events
	if ev := events[len(events)-1]; ev.Status != core.StatusSucceeded || ev.Note != core.NoteBlocked || !strings.Contains(ev.Sentence(core.Japanese), "給与") {
		t.Errorf("a blocked import: %+v", ev)
	}
}

// What was told is written with the signs of life, so a busy import costs no more
// writes than an idle one.
func TestEventsCostNoWrites(t *testing.T) {
	w := newWorld(t)
	s, l := w.listening(t, dataset.Config{MaxUpload: maxUpload})
	w.executor.Import = func(r client.ImportRequest, tell func(client.ImportEvent)) client.ImportEvent {
		for step := range 100 {
			tell(client.ImportEvent{Stage: core.StageReading, Progress: float64(step) / 100})
			time.Sleep(15 * time.Millisecond)
		}
		return client.ImportEvent{Progress: 1, Done: &client.ImportDone{Columns: []core.Column{region}, RowCount: 3}}
	}
	began := time.Now()
	job, err := s.Import(w.As(w.owner), csv("売上"))
	if err != nil {
		t.Fatal(err)
	}
	end, seconds := w.ended(t, job), int64(time.Since(began)/time.Second)
	if end.Version > 5+seconds || len(end.Events) < 15 { // made, begun, each second, the last, published
		t.Errorf("written %d times with %d events in %d seconds", end.Version, len(end.Events), seconds)
	}
	if text := eventsText(end.Events); strings.Count(text, "STAGE") != 1 {
		t.Errorf("told twice:\n%s", text)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if eventsText(l.heard) != eventsText(end.Events) {
		t.Errorf("heard\n%swritten\n%s", eventsText(l.heard), eventsText(end.Events))
	}
}
