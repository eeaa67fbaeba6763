package transform

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// TR-3, TR-5, DS-17: a run is answered at once, tells what it does, and leaves a
// version of one dataset that keeps what was said of its columns.
func TestRun(t *testing.T) {
	w := open(t)
	defer w.end(t)
	tf := w.make(t, w.owner, w.data.ID)
	params := `{"n": 1}`
	x := w.ran(t, ExecuteInput{ID: tf.ID, Params: &params})
	if x.Status != core.StatusSucceeded || x.OutputVer != 1 || x.OutputRows != 2 || x.Executor != "1.2" || x.Progress != 1 || x.Attempt != 1 ||
		x.Params != `{"n":1}` || x.RequestedBy != w.owner.ID || x.StartedAt.IsZero() || len(x.Inputs) != 1 || x.Inputs[0].Version != 1 || x.Inputs[0].Rows != 3 {
		t.Fatalf("ended as %+v, %+v", x, x.Problem)
	}
	events, err := w.Service.Events(w.As(w.owner), x.ID, 0)
	must(t, err)
	var told []string
	for i, ev := range events {
		told = append(told, string(ev.Kind)+" "+string(ev.Status)+ev.Text)
		if ev.Seq != int64(i+1) {
			t.Errorf("event %d has the number %d", i, ev.Seq)
		}
	}
	if want := []string{"STATUS QUEUED", "STATUS RUNNING", "PROGRESS 半分", "LOG printed", "STATUS SUCCEEDED"}; !slices.Equal(told, want) {
		t.Errorf("told %q", told)
	}
	d, err := w.World.Store.Datasets.Get(t.Context(), tf.OutputID)
	must(t, err)
	if d.SourceType != "transform" || d.TransformID != tf.ID || d.OwnerID != w.owner.ID || d.Name != tf.OutputName || d.DataVersion != 1 ||
		d.Columns[0].Class != core.ClassDirect || d.Columns[1].Class != "" || !strings.HasPrefix(d.Parts[0], d.Path) || d.SummaryKey == "" {
		t.Errorf("the output is %+v", d)
	}
	d, err = w.World.Store.Datasets.Edit(t.Context(), d.ID, 0, func(d *core.Dataset) error {
		d.Name, d.Columns[1].Class, d.Columns[1].Description = "named", core.ClassConfidential, "said"
		return nil
	})
	must(t, err)
	second := w.ran(t, ExecuteInput{ID: tf.ID})
	after, err := w.World.Store.Datasets.Get(t.Context(), tf.OutputID)
	must(t, err)
	if second.OutputVer != 2 || after.Name != "named" || after.DataVersion != 2 || after.Path == d.Path || after.Columns[1].Class != core.ClassConfidential || after.Columns[1].Description != "said" {
		t.Errorf("the second run leaves %+v", after)
	}
	page, err := w.Executions(w.As(w.owner), tf.ID, core.PageArgs{First: 1})
	must(t, err)
	if n, err := w.CountExecutions(w.As(w.owner), tf.ID); err != nil || n != 2 || page.Nodes[0].ID != second.ID || !page.HasNext {
		t.Errorf("%d runs, the newest %+v, %v", n, page.Nodes[0], err)
	}
	if len(w.World.Events(core.EventTransformExecuted)) != 2 || !strings.Contains(w.log.String(), "transform succeeded") {
		t.Error("the runs are not written down")
	}
}

// TR-7..9: what is wrong with code and data is told by its code, never tried
// again, and leaves nothing.
func TestFailures(t *testing.T) {
	w := open(t)
	defer w.end(t)
	tf := w.make(t, w.owner, w.data.ID)
	trace := &core.Traceback{Message: "ValueError: x", Frames: []core.TracebackFrame{{Line: 3, Text: "raise"}}}
	for name, c := range map[string]struct {
		problem client.Problem
		status  core.RunStatus
		want    core.RunProblem
	}{
		"raises":      {client.Problem{Code: core.CodeExecution, Traceback: trace}, core.StatusFailed, core.RunProblem{Code: core.CodeExecution, Reason: "raised", Traceback: trace}},
		"no function": {client.Problem{Code: core.CodeFunctionMissing}, core.StatusFailed, core.RunProblem{Code: core.CodeFunctionMissing}},
		"no frame":    {client.Problem{Code: core.CodeReturnType}, core.StatusFailed, core.RunProblem{Code: core.CodeReturnType}},
		"too long":    {client.Problem{Code: core.CodeExecutionTimeout}, core.StatusTimedOut, core.RunProblem{Code: core.CodeExecutionTimeout, Reason: "transform"}},
		"too large":   {client.Problem{Code: core.CodeMemoryLimit}, core.StatusFailed, core.RunProblem{Code: core.CodeMemoryLimit, Reason: "transform"}},
		"file gone":   {client.Problem{Code: core.CodeSourceNotFound}, core.StatusFailed, core.RunProblem{Code: core.CodeInputMissing, Reason: "file_gone"}},
	} {
		w.log.Reset()
		w.executor.Transform = fails(c.problem)
		x := w.ran(t, ExecuteInput{ID: tf.ID})
		if x.Status != c.status || x.Attempt != 1 || x.Problem.Code != c.want.Code || x.Problem.Reason != c.want.Reason || (x.Problem.Traceback == nil) != (c.want.Traceback == nil) {
			t.Errorf("%s: ended as %+v, %+v", name, x, x.Problem)
		}
		// the runbook greps for these
		if log := w.log.String(); !strings.Contains(log, `"logger":"transform"`) || !strings.Contains(log, "transform failed") ||
			strings.Contains(log, "DatasetFileNotFoundError") != (name == "file gone") {
			t.Errorf("%s: the log says %s", name, log)
		}
	}
	if d, err := w.World.Store.Datasets.Get(t.Context(), tf.OutputID); d != nil || err != nil {
		t.Errorf("a failed run left %+v, %v", d, err)
	}
	if n := len(w.World.Events(core.EventTransformFailed)); n != 6 {
		t.Errorf("%d failures in the audit log", n)
	}
}

// TR-7: an input that is gone, no longer the owner's or empty is told at once,
// before the executor is asked.
func TestInputs(t *testing.T) {
	w := open(t)
	defer w.end(t)
	w.executor.Transform = func(client.TransformRequest, func(client.TransformEvent), <-chan struct{}) client.TransformEvent {
		t.Error("the executor was asked")
		return client.TransformEvent{}
	}
	tf := w.make(t, w.owner, w.data.ID)
	edit := func(change func(*core.Dataset)) {
		_, err := w.World.Store.Datasets.Edit(t.Context(), w.data.ID, 0, func(d *core.Dataset) error { change(d); return nil })
		must(t, err)
	}
	edit(func(d *core.Dataset) { d.RowCount = 0 })
	_, err := w.Execute(w.As(w.owner), ExecuteInput{ID: tf.ID})
	accesstest.Code(t, "empty", err, core.CodeInputEmpty)
	edit(func(d *core.Dataset) { d.RowCount, d.OwnerID = 3, w.other.ID })
	_, err = w.Execute(w.As(w.owner), ExecuteInput{ID: tf.ID})
	accesstest.Code(t, "somebody else's", err, core.CodeInputMissing)
	d, err := w.Diagnose(w.As(w.owner), tf.ID)
	must(t, err)
	if d.Inputs[0].Exists || !slices.Contains(d.Advice, core.AdviceInputMissing) {
		t.Errorf("the diagnosis is %+v", d)
	}
}

// Where the executor is lost the run is tried again, three times in all, each time
// in a folder of its own; what was written and not published is swept.
func TestLostExecutor(t *testing.T) {
	w := open(t)
	defer w.end(t)
	tf := w.make(t, w.owner, w.data.ID)
	var mu sync.Mutex // an aborted request tells nobody that it has ended
	var targets []string
	w.executor.Transform = func(req client.TransformRequest, tell func(client.TransformEvent), gone <-chan struct{}) client.TransformEvent {
		mu.Lock()
		defer mu.Unlock()
		targets = append(targets, req.Target)
		_, err := w.blobs.Put(t.Context(), req.Target+"part-0000.parquet", strings.NewReader("x"))
		must(t, err)
		if len(targets) == 2 {
			return succeeds(req, tell, gone)
		}
		panic(http.ErrAbortHandler)
	}
	x := w.ran(t, ExecuteInput{ID: tf.ID})
	if x.Status != core.StatusSucceeded || x.Attempt != 2 || len(targets) != 2 || targets[0] == targets[1] {
		t.Fatalf("ended as %+v, %+v after %q", x, x.Problem, targets)
	}
	for range 2 {
		targets = append(targets, "")
	}
	x = w.ran(t, ExecuteInput{ID: tf.ID})
	if x.Status != core.StatusFailed || x.Attempt != 3 || x.Problem.Reason != "executor_lost" {
		t.Errorf("ended as %+v, %+v", x, x.Problem)
	}
	for _, key := range w.blobs.Keys() {
		if strings.Contains(key, own(x)) {
			t.Errorf("%s was not swept", key)
		}
	}
}

// stuck is a run that goes on until its caller goes away.
func (w *shop) stuck() (running, gone chan struct{}) {
	running, gone = make(chan struct{}, 9), make(chan struct{}, 9)
	w.executor.Transform = func(_ client.TransformRequest, tell func(client.TransformEvent), left <-chan struct{}) client.TransformEvent {
		tell(client.TransformEvent{Running: &client.TransformRunning{}})
		running <- struct{}{}
		<-left
		gone <- struct{}{}
		return client.TransformEvent{}
	}
	return running, gone
}

// TR-12: anybody's process cancels a run; the one that works on it stops.
func TestCancel(t *testing.T) {
	w := open(t)
	defer w.end(t)
	tf := w.make(t, w.owner, w.data.ID)
	running, gone := w.stuck()
	elsewhere := w.service()
	for _, by := range []*Service{w.Service, elsewhere} {
		x, err := w.Execute(w.As(w.owner), ExecuteInput{ID: tf.ID})
		must(t, err)
		<-running
		_, err = w.Execute(w.As(w.owner), ExecuteInput{ID: tf.ID})
		accesstest.Code(t, "a second run", err, core.CodeConflict, "already_running")
		if e, ok := err.(*core.Error); !ok || e.Details["executionId"] != x.ID {
			t.Errorf("says %v", err)
		}
		accesstest.Code(t, "deleted", w.Delete(w.As(w.owner), tf.ID), core.CodeConflict, "already_running")
		_, err = by.Cancel(w.As(w.boss), x.ID)
		must(t, err)
		<-gone
		ended := w.ended(t, x.ID)
		if ended.Status != core.StatusCancelled || ended.CancelledBy != w.boss.ID || ended.Problem.Reason != "cancelled" {
			t.Errorf("ended as %+v, %+v", ended, ended.Problem)
		}
		_, err = by.Cancel(w.As(w.boss), x.ID)
		accesstest.Code(t, "cancelled again", err, core.CodeValidation, "run_ended")
	}
}

// A run whose service ends, or whose process is gone, is never left running.
func TestInterruptedRuns(t *testing.T) {
	w := open(t)
	tf := w.make(t, w.owner, w.data.ID)
	running, gone := w.stuck()
	x, err := w.Execute(w.As(w.owner), ExecuteInput{ID: tf.ID})
	must(t, err)
	<-running
	w.end(t)
	<-gone
	if x = w.ended(t, x.ID); x.Status != core.StatusFailed || x.Problem.Reason != "run_interrupted" {
		t.Errorf("ended as %+v, %+v", x, x.Problem)
	}
	if _, err = w.Execute(w.As(w.owner), ExecuteInput{ID: tf.ID}); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("a closed service answers %v", err)
	}
	w.Service = w.service()
	defer w.end(t)
	lost := func(age time.Duration) *core.Execution {
		x, err := w.draft(w.As(w.owner), tf, nil)
		must(t, err)
		x.CreatedAt = store.Now().Add(-age)
		err = w.World.Store.Executions.Start(t.Context(), x)
		must(t, err)
		_, err = w.blobs.Put(t.Context(), "datasets/"+tf.OutputID+"/data/v000001-"+own(x)+".1/part-0000.parquet", strings.NewReader("x"))
		must(t, err)
		return x
	}
	alive := lost(0)
	must(t, w.Recover(t.Context()))
	if got, err := w.Execution(w.As(w.owner), alive.ID); err != nil || got.Status.Final() {
		t.Errorf("a run that shows life became %+v, %v", got, err)
	}
	_, err = w.World.Store.Executions.Edit(t.Context(), alive.ID, func(x *core.Execution) error { x.Heartbeat = store.Now().Add(-2 * time.Minute); return nil })
	must(t, err)
	must(t, w.Recover(t.Context()))
	if got := w.ended(t, alive.ID); got.Problem.Reason != "run_interrupted" || len(w.blobs.Keys()) != 0 {
		t.Errorf("a silent run became %+v, and %v stay", got.Problem, w.blobs.Keys())
	}
	// who runs the transform again need not wait for that
	silent := lost(2 * time.Minute)
	w.executor.Transform = succeeds
	if x := w.ran(t, ExecuteInput{ID: tf.ID}); x.Status != core.StatusSucceeded {
		t.Errorf("ended as %+v", x)
	}
	if got := w.ended(t, silent.ID); got.Status != core.StatusFailed {
		t.Errorf("a silent run became %+v", got)
	}
}

// The first look at a store that nobody else uses gives up whatever is open.
func TestRecoverAtStart(t *testing.T) {
	w := open(t)
	defer w.end(t)
	tf := w.make(t, w.owner, w.data.ID)
	x, err := w.draft(w.As(w.owner), tf, nil)
	must(t, err)
	err = w.World.Store.Executions.Start(t.Context(), x)
	must(t, err)
	w.cfg.Shared = false
	must(t, w.Recover(t.Context()))
	if got := w.ended(t, x.ID); got.Problem.Reason != "run_interrupted" {
		t.Errorf("became %+v", got)
	}
	again, err := w.draft(w.As(w.owner), tf, nil)
	must(t, err)
	err = w.World.Store.Executions.Start(t.Context(), again)
	must(t, err)
	must(t, w.Recover(t.Context()))
	if got, err := w.Execution(w.As(w.owner), again.ID); err != nil || got.Status.Final() {
		t.Errorf("a run of this process became %+v, %v", got, err)
	}
}

// An earlier run's versions are read again.
func TestAskedAgain(t *testing.T) {
	w := open(t)
	defer w.end(t)
	tf := w.make(t, w.owner, w.data.ID)
	x := w.ran(t, ExecuteInput{ID: tf.ID})
	first := *w.data
	_, err := w.World.Store.Datasets.Edit(t.Context(), w.data.ID, 0, func(d *core.Dataset) error {
		d.DataVersion, d.Parts = 2, []string{"datasets/other"}
		return nil
	})
	must(t, err)
	var read []client.TransformInput
	w.executor.Transform = func(req client.TransformRequest, tell func(client.TransformEvent), gone <-chan struct{}) client.TransformEvent {
		read = req.Inputs
		return succeeds(req, tell, gone)
	}
	// rows of the world's first version are not written down, so it counts as empty
	_, err = w.Execute(w.As(w.owner), ExecuteInput{ID: tf.ID, SameInputsAs: x.ID})
	accesstest.Code(t, "an empty version", err, core.CodeInputEmpty)
	w.ran(t, ExecuteInput{ID: tf.ID})
	if read[0].Source.Version != 2 || slices.Equal(read[0].Source.Parts, first.Parts) {
		t.Errorf("read %+v", read[0].Source)
	}
	_, err = w.Execute(w.As(w.owner), ExecuteInput{ID: tf.ID, SameInputsAs: core.NewExecutionID(tf.ID)})
	accesstest.Code(t, "no such run", err, core.CodeNotFound)
}

// TR-12: a trial gives rows and keeps nothing; what the code does wrong carries
// the traceback and what it printed.
func TestPreview(t *testing.T) {
	w := open(t)
	defer w.end(t)
	in := PreviewInput{Inputs: []core.TransformInput{{DatasetID: w.data.ID}}, Code: "c", LimitRows: 7}
	value := "1"
	w.executor.Transform = func(req client.TransformRequest, tell func(client.TransformEvent), _ <-chan struct{}) client.TransformEvent {
		if req.Target != "" || req.SampleRows != 7 {
			t.Errorf("asked for %+v", req)
		}
		tell(client.TransformEvent{Log: "line"})
		return client.TransformEvent{Done: &client.TransformDone{Columns: []core.Column{{Name: "a"}}, RowCount: 1, Rows: [][]*string{{&value}}}}
	}
	p, err := w.Preview(w.As(w.owner), in)
	must(t, err)
	if p.RowCount != 1 || *p.Rows[0][0] != "1" || p.Log != "line\n" {
		t.Errorf("gave %+v", p)
	}
	w.executor.Transform = fails(client.Problem{Code: core.CodeExecution, Traceback: &core.Traceback{Message: "m"}})
	_, err = w.Preview(w.As(w.owner), in)
	if e, ok := err.(*core.Error); !ok || e.Code != core.CodeExecution || e.Details["traceback"] == nil {
		t.Errorf("fails with %v", err)
	}
	_, err = w.Preview(w.As(w.other), in)
	accesstest.Code(t, "a stranger", err, core.CodeNotFound)
	in.LimitRows = 1001
	_, err = w.Preview(w.As(w.owner), in)
	accesstest.Code(t, "too many rows", err, core.CodeValidation, "out_of_range")
}

// The newest events are kept, by number and by size.
func TestJournalIsBounded(t *testing.T) {
	j := &journal{}
	for range maxEvents + 5 {
		j.add(core.RunEvent{Kind: core.RunEventLog, Text: strings.Repeat("x", 100)})
	}
	events := j.unsaved()
	size := 0
	for _, ev := range events {
		size += len(ev.Text)
	}
	if last := events[len(events)-1].Seq; last != maxEvents+5 || size > maxEventBytes || size < maxEventBytes-100 {
		t.Errorf("%d events of %d bytes, the last %d", len(events), size, last)
	}
	if _, some := j.news(); some {
		t.Error("what is not written down is told")
	}
	j.save(events[len(events)-1].Seq)
	if again := j.unsaved(); again != nil {
		t.Error("nothing came, and events are unsaved")
	}
	j.add(core.RunEvent{Text: strings.Repeat("あ", 1000)})
	events = j.unsaved()
	if text := events[len(events)-1].Text; len(text) > maxEventText || len(text) < maxEventText-3 || strings.ContainsRune(text, '\ufffd') {
		t.Errorf("a long line is kept as %d bytes", len(text))
	}
}

// TR-3: whoever comes in the middle of a run finds all that was told before.
func TestToldIsKept(t *testing.T) {
	w := open(t)
	defer w.end(t)
	said := make(chan struct{}, 100)
	var told, final int64
	w.Service.Tell = func(_ context.Context, topic string, value any) {
		news := value.(core.TransformExecutionUpdate)
		for _, ev := range news.Events {
			told = max(told, ev.Seq)
			if ev.Status.Final() {
				final = ev.Seq
			}
		}
		kept, err := w.World.Store.Executions.Events(t.Context(), strings.TrimPrefix(topic, core.ExecutionTopic("")), 0)
		if err != nil || len(kept) == 0 || kept[0].Seq != 1 || kept[len(kept)-1].Seq < told {
			t.Errorf("%d events were told, %d are kept: %v", told, len(kept), err)
		}
		said <- struct{}{}
	}
	w.executor.Transform = func(req client.TransformRequest, tell func(client.TransformEvent), gone <-chan struct{}) client.TransformEvent {
		for range 5 {
			for range 20 {
				tell(client.TransformEvent{Log: "line"})
			}
			<-said
		}
		return succeeds(req, tell, gone)
	}
	x := w.ran(t, ExecuteInput{ID: w.make(t, w.owner, w.data.ID).ID})
	events, err := w.Service.Events(w.As(w.owner), x.ID, 0)
	must(t, err)
	if x.Status != core.StatusSucceeded || len(events) != 105 || told != 105 || final != 105 {
		t.Errorf("%s after %d events, %d told, the last of them %d", x.Status, len(events), told, final)
	}
}

// TR-6: who waits is told where they stand, and it is kept; the turn ends it.
func TestRunWaitsForItsTurn(t *testing.T) {
	w := open(t)
	defer w.end(t)
	w.executor.Transform = func(req client.TransformRequest, tell func(client.TransformEvent), gone <-chan struct{}) client.TransformEvent {
		tell(client.TransformEvent{Queued: &client.Place{Position: 2, WaitSeconds: 1.5}})
		tell(client.TransformEvent{Queued: &client.Place{Position: 1, WaitSeconds: 0.7}})
		return succeeds(req, tell, gone)
	}
	x := w.ran(t, ExecuteInput{ID: w.make(t, w.owner, w.data.ID).ID})
	events, err := w.Service.Events(w.As(w.owner), x.ID, 0)
	must(t, err)
	if x.Status != core.StatusSucceeded || len(events) != 7 {
		t.Fatalf("%s: %+v", x.Status, events)
	}
	for i, want := range []client.Place{{}, {Position: 2, WaitSeconds: 1.5}, {Position: 1, WaitSeconds: 0.7}} {
		if ev := events[i]; ev.Status != core.StatusQueued || (client.Place{Position: ev.Position, WaitSeconds: ev.WaitSeconds}) != want {
			t.Errorf("event %d is %+v, want %+v", i, ev, want)
		}
	}
	if ev := events[3]; ev.Status != core.StatusRunning || ev.Position != 0 {
		t.Errorf("its turn is %+v", ev)
	}
}
