package transform

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// Who gives a run up looks at its sign of life again in the moment in which it ends.
func TestWhatShowsLifeIsNotGivenUp(t *testing.T) {
	w := open(t)
	defer w.end(t)
	tf := w.make(t, w.owner, w.data.ID)
	x, err := w.Draft(w.As(w.owner), tf)
	must(t, err)
	err = w.World.Store.Executions.Start(t.Context(), x)
	must(t, err)
	if gaveUp, err := w.giveUp(t.Context(), x, x.Heartbeat.Add(-time.Millisecond)); gaveUp || err != nil {
		t.Errorf("a run that lives was given up: %v, %v", gaveUp, err)
	}
	if gaveUp, err := w.giveUp(t.Context(), x, x.Heartbeat); !gaveUp || err != nil {
		t.Errorf("a silent run was not given up: %v, %v", gaveUp, err)
	}
}

// The clock of a process that works on a run may be far behind: what shows life there is
// neither given up nor begun a second time.
func TestARunBehindTheClockIsNotGivenUp(t *testing.T) {
	w := open(t)
	defer w.end(t)
	tf := w.make(t, w.owner, w.data.ID)
	x, err := w.Draft(w.As(w.owner), tf)
	must(t, err)
	x.CreatedAt = x.CreatedAt.Add(-5 * time.Minute)
	must(t, w.World.Store.Executions.Start(t.Context(), x))
	w.cfg.Wait = func(d time.Duration) <-chan time.Time {
		_, err := w.World.Store.Executions.Edit(t.Context(), x.ID, func(x *core.Execution) error { x.Heartbeat = x.Heartbeat.Add(d); return nil })
		must(t, err)
		return instantly(d)
	}
	must(t, w.Recover(t.Context()))
	_, err = w.Execute(w.As(w.owner), ExecuteInput{ID: tf.ID})
	if core.CodeOf(err) != core.CodeConflict {
		t.Errorf("it may run beside itself: %v", err)
	}
	if now, err := w.Execution(w.As(w.owner), x.ID); err != nil || now.Status.Final() {
		t.Errorf("it became %+v, %v", now, err)
	}
}

// What a run has published is not swept, whoever believes that it failed.
func TestWhatIsPublishedStays(t *testing.T) {
	w := open(t)
	defer w.end(t)
	w.executor.Transform = func(req client.TransformRequest, tell func(client.TransformEvent), gone <-chan struct{}) client.TransformEvent {
		if _, err := w.blobs.Put(t.Context(), req.Target+"part-0000.parquet", strings.NewReader("rows")); err != nil {
			t.Error(err)
		}
		return succeeds(req, tell, gone)
	}
	tf := w.make(t, w.owner, w.data.ID)
	x := w.ran(t, ExecuteInput{ID: tf.ID})
	if _, err := w.giveUp(t.Context(), x, time.Time{}); err != nil {
		t.Error(err)
	}
	(&run{Service: w.Service, t: tf, x: x, journal: &journal{}}).fail(t.Context(), &core.RunProblem{Code: core.CodeInternal})
	d, err := w.World.Store.Datasets.Get(t.Context(), tf.OutputID)
	must(t, err)
	if !slices.Contains(w.blobs.Keys(), d.Parts[0]) {
		t.Errorf("%s is gone, left are %v", d.Parts[0], w.blobs.Keys())
	}
}
