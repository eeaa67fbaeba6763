package store_test

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/store/storetest"
	"github.com/karuta-bi/karuta/internal/table"
)

func runsKeepAllTheyAreGiven(t *testing.T, st *world) {
	ctx, tf := t.Context(), st.transform(t, core.NewID(core.NounUser))
	now := store.Now()
	x := &core.Execution{
		ID: core.NewExecutionID(tf.ID), TransformID: tf.ID, Status: core.StatusQueued, Trigger: core.TriggerSchedule, DueAt: now.Add(-time.Minute), DueUntil: now,
		RequestedBy: core.NewID(core.NounUser), Params: `{"a":1}`, CodeHash: "sha", OutputID: tf.OutputID, Attempt: 1, CreatedAt: now,
		Inputs: []core.ExecutionInput{{DatasetID: core.NewID(core.NounDataset), Alias: "a", Version: 3, Rows: 1 << 40}},
	}
	err := st.Executions.Start(ctx, x)
	must(t, err)
	if got, err := st.Executions.Get(ctx, x.ID); err != nil || !reflect.DeepEqual(got, x) {
		t.Errorf("read %+v, %v, wrote %+v", got, err, x)
	}
	ended, err := st.Executions.Finish(ctx, x.ID, nil, func(x *core.Execution) error {
		x.Status, x.Progress, x.Attempt, x.Executor, x.CancelledBy = core.StatusFailed, 0.5, 3, "1.2", "user_x"
		x.StartedAt, x.FinishedAt, x.Reason, x.OutputVer, x.OutputRows = now, now.Add(1234*time.Millisecond), "r", 7, 9
		x.Problem = &core.RunProblem{Code: core.CodeExecution, Reason: "r", Args: map[string]any{"name": "x"}, Traceback: &core.Traceback{}}
		return nil
	})
	must(t, err)
	many, err := st.Executions.Many(ctx, []string{x.ID, core.NewExecutionID(tf.ID), "exec_x", tf.ID})
	if err != nil || len(many) != 1 || !reflect.DeepEqual(many[x.ID], ended) {
		t.Errorf("read %+v, %v, wrote %+v", many[x.ID], err, ended)
	}
	it, err := st.Engine().Get(ctx, table.Key{Table: table.Executions, PK: "TRANSFORM#" + tf.ID, SK: "EXECUTION#" + x.ID[len(x.ID)-32:]})
	if err != nil || it.Str("status") != "failed" || it.Str("triggered_by") != "schedule" || it.Int("duration_ms") != 1234 ||
		it.Int("output_row_count") != 9 || it.Int("ttl") != now.Add(90*24*time.Hour).Unix() {
		t.Errorf("the item is %v, %v", it, err)
	}
	for _, events := range [][]core.RunEvent{
		{{Seq: 1, At: now, Kind: core.RunEventStatus, Status: core.StatusRunning}},
		{{Seq: 5, At: now, Kind: core.RunEventProgress, Progress: 0.5, Text: "半分"}, {Seq: 6, At: now, Kind: core.RunEventLog, Text: "x"}},
	} {
		must(t, st.Executions.PutEvents(ctx, x.ID, events))
		if got, err := st.Executions.Events(ctx, x.ID, 0); err != nil || !reflect.DeepEqual(got, events) {
			t.Errorf("events are %+v, %v", got, err)
		}
	}
	for after, want := range map[int64]int{4: 2, 5: 1, 6: 0} {
		if got, err := st.Executions.Events(ctx, x.ID, after); err != nil || len(got) != want {
			t.Errorf("%d events after %d, %v", len(got), after, err)
		}
	}
}

// aTransformHasOneRunAtATime: of many that start it one does, and the others
// hear of that one; a transform that runs is not deleted.
func aTransformHasOneRunAtATime(t *testing.T, st *world) {
	ctx, l := t.Context(), storetest.NewLedger(st.Engine())
	w := &world{Store: store.New(l), calls: st.calls}
	tf := w.transform(t, core.NewID(core.NounUser))
	var mu sync.Mutex
	var won []string
	var crowd sync.WaitGroup
	for range 8 {
		crowd.Go(func() {
			x := run(tf.ID)
			err := w.Executions.Start(ctx, x)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, x.ID)
			} else if e, ok := err.(*core.Error); !ok || e.Reason != "already_running" || e.Details["executionId"] == "" {
				t.Error(err)
			}
		})
	}
	crowd.Wait()
	open, err := w.Executions.Open(ctx, time.Time{})
	if err != nil || len(won) != 1 || len(open) != 1 || open[0].ID != won[0] {
		t.Fatalf("won by %v, open are %v, %v", won, open, err)
	}
	wantCode(t, w.Transforms.Delete(ctx, tf), core.CodeConflict)
	l.Items(t).Check(t)
	silent, err := w.Executions.Open(ctx, open[0].Heartbeat.Add(-time.Millisecond))
	if err != nil || len(silent) != 0 {
		t.Errorf("silent are %v, %v", silent, err)
	}
	if silent, err = w.Executions.Open(ctx, open[0].Heartbeat); err != nil || len(silent) != 1 {
		t.Errorf("silent are %v, %v", silent, err)
	}
	_, err = w.Executions.Finish(ctx, won[0], nil, succeed(tf))
	must(t, err)
	if open, err := w.Executions.Open(ctx, time.Time{}); err != nil || len(open) != 0 {
		t.Errorf("open are %v, %v", open, err)
	}
	err = w.Executions.Start(ctx, run(core.NewID(core.NounTransform)))
	wantCode(t, err, core.CodeNotFound)
	must(t, w.Transforms.Delete(ctx, tf))
}

// aDueTimeIsDecidedOnce: by one of many schedulers, whole, and never again.
func aDueTimeIsDecidedOnce(t *testing.T, st *world) {
	ctx, l := t.Context(), storetest.NewLedger(st.Engine())
	w := &world{Store: store.New(l), calls: st.calls}
	tf, now := w.transform(t, core.NewID(core.NounUser)), store.Now()
	scheduled := func(due time.Time, status core.RunStatus) *core.Execution {
		x := run(tf.ID)
		x.Trigger, x.DueAt, x.Status = core.TriggerSchedule, due, status
		return x
	}
	_, err := w.Transforms.EditState(ctx, tf.ID, func(s *core.TransformState) error { s.NextRunAt = now.Add(-time.Minute); return nil })
	must(t, err)
	state, err := w.Transforms.State(ctx, tf.ID)
	must(t, err)
	results := make(chan error, 8)
	for range cap(results) {
		go func() {
			results <- w.Executions.Claim(ctx, state, now.Add(time.Minute),
				scheduled(now.Add(-time.Minute), core.StatusSkipped), scheduled(now, core.StatusQueued))
		}()
	}
	won := 0
	for range cap(results) {
		if err := <-results; err == nil {
			won++
		} else {
			wantCode(t, err, core.CodeConflict)
		}
	}
	page, err := w.Executions.Of(ctx, tf.ID, core.PageArgs{First: 10})
	must(t, err)
	if won != 1 || len(page.Nodes) != 2 {
		t.Fatalf("decided %d times, with %d runs", won, len(page.Nodes))
	}
	state, err = w.Transforms.State(ctx, tf.ID)
	if err != nil || !state.NextRunAt.Equal(now.Add(time.Minute)) || state.RunningID != page.Nodes[0].ID {
		t.Errorf("the state is %+v, %v", state, err)
	}
	for due, want := range map[time.Time]string{now: page.Nodes[0].ID, now.Add(-time.Minute): page.Nodes[1].ID, now.Add(time.Minute): ""} {
		if by, err := w.Executions.Decided(ctx, tf.ID, due); err != nil || by != want {
			t.Errorf("%v was decided by %q, %v", due, by, err)
		}
	}
	again := w.Executions.Claim(ctx, state, now.Add(time.Hour), scheduled(now, core.StatusSkipped))
	wantCode(t, again, core.CodeConflict)
	wantCode(t, w.Executions.Claim(ctx, state, now.Add(time.Hour), scheduled(now.Add(time.Minute), core.StatusQueued)), core.CodeConflict)
	must(t, w.Executions.Claim(ctx, state, now.Add(time.Hour), scheduled(now.Add(time.Minute), core.StatusSkipped)))
	l.Items(t).Check(t)
}

// aRunEndsWithWhatItWroteOrNotAtAll: over a dataset that was edited meanwhile, a
// run that was ended meanwhile, and a state that was written meanwhile.
func aRunEndsWithWhatItWroteOrNotAtAll(t *testing.T, st *world) {
	ctx, l := t.Context(), storetest.NewLedger(st.Engine())
	w, e := &world{Store: store.New(l), calls: st.calls}, &meanwhile{Engine: l}
	slow := store.New(e)
	tf := w.transform(t, core.NewID(core.NounUser))
	d := w.wrote(t, tf)
	second := func(runID string) *store.Output {
		out := output(tf, runID)
		*out.Dataset = *d
		out.Dataset.DataVersion, out.Version.Number = 2, 2
		return out
	}
	x := run(tf.ID)
	err := w.Executions.Start(ctx, x)
	must(t, err)
	out := second(x.ID)
	e.do = func() {
		d, err = w.Datasets.Edit(ctx, d.ID, 0, func(d *core.Dataset) error { d.Name = "new"; return nil })
		must(t, err)
	}
	_, err = slow.Executions.Finish(ctx, x.ID, out, succeed(tf))
	wantCode(t, err, core.CodeConflict)
	if got, err := w.Executions.Get(ctx, x.ID); err != nil || got.Status.Final() {
		t.Errorf("ended without its version: %+v, %v", got, err)
	}
	l.Items(t).Check(t)
	e.do = func() {
		_, err := w.Transforms.EditState(ctx, tf.ID, func(s *core.TransformState) error { s.NextRunAt = store.Now(); return nil })
		must(t, err)
	}
	ended, err := slow.Executions.Finish(ctx, x.ID, second(x.ID), func(x *core.Execution) error { x.OutputVer = 2; return succeed(tf)(x) })
	must(t, err)
	if ended.Version != 2 {
		t.Errorf("ended as %+v", ended)
	}
	if s, err := w.Transforms.State(ctx, tf.ID); err != nil || s.RunningID != "" || s.NextRunAt.IsZero() {
		t.Errorf("the state is %+v, %v", s, err)
	}
	late := run(tf.ID)
	err = w.Executions.Start(ctx, late)
	must(t, err)
	e.do = func() {
		_, err := w.Executions.Finish(ctx, late.ID, nil, func(x *core.Execution) error { x.Status = core.StatusFailed; return nil })
		must(t, err)
	}
	third := second(late.ID)
	third.Dataset.Version, third.Version.Number = 3, 3
	if _, err = slow.Executions.Finish(ctx, late.ID, third, succeed(tf)); err == nil {
		t.Error("a run that was given up has published")
	}
	versions, err := w.Datasets.Versions(ctx, d.ID)
	if err != nil || len(versions) != 2 || versions[0].RunID != x.ID || versions[0].Summary != "s" {
		t.Errorf("versions are %+v, %v", versions, err)
	}
	if got, err := w.Datasets.Get(ctx, d.ID); err != nil || got.TransformID != tf.ID || got.SummaryKey != "s" || got.DataVersion != 2 {
		t.Errorf("the output is %+v, %v", got, err)
	}
	l.Items(t).Check(t)
}

func runsRunNewestFirst(t *testing.T, st *world) {
	ctx, tf, other := t.Context(), st.transform(t, core.NewID(core.NounUser)), st.transform(t, core.NewID(core.NounUser))
	var ids []string
	for range 5 {
		x := run(tf.ID)
		err := st.Executions.Start(ctx, x)
		must(t, err)
		must(t, st.Executions.PutEvents(ctx, x.ID, nil))
		_, err = st.Executions.Finish(ctx, x.ID, nil, succeed(tf))
		must(t, err)
		ids = append(ids, x.ID)
	}
	got := walk(t, func(p core.PageArgs) (core.Page[*core.Execution], error) {
		st.calls.Take()
		defer st.wantCalls(t, "Query transform_executions")
		return st.Executions.Of(ctx, tf.ID, p)
	}, func(x *core.Execution) string { return x.ID })
	wantIDs(t, "runs", got, newestFirst(ids...))
	_, err := st.Executions.Of(ctx, other.ID, core.PageArgs{First: 2, After: ids[0]})
	wantCode(t, err, core.CodeValidation)
	for limit, want := range map[int]int{0: 5, 3: 3} {
		if n, err := st.Executions.Count(ctx, tf.ID, limit); err != nil || n != want {
			t.Errorf("%d runs of %d, %v", n, want, err)
		}
	}
}
