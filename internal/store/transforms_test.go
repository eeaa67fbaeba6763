package store_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/store/storetest"
)

func transformsKeepAllTheyAreGiven(t *testing.T, st *world) {
	owner := core.NewID(core.NounUser)
	a, b := st.dataset(t, owner, "a"), st.dataset(t, owner, "b")
	x := &core.Transform{
		ID: core.NewID(core.NounTransform), Name: "月次", Description: "two\nlines", Code: "def transform(inputs, params): ...", Params: `{"a":1}`,
		Inputs:   []core.TransformInput{{DatasetID: a.ID, Alias: "sales"}, {DatasetID: b.ID}},
		OutputID: core.NewID(core.NounDataset), OutputName: "集計", OwnerID: owner, CreatedAt: store.Now(),
		Schedule: core.Schedule{Cron: "0 6 * * *", Zone: "Asia/Tokyo", Enabled: true, CatchUp: core.CatchUpSkip},
	}
	next := store.Now().Add(time.Hour)
	st.calls.Take()
	must(t, st.Transforms.Create(t.Context(), x, next))
	st.wantCalls(t, "BatchGet datasets", "Transact datasets,transforms")
	got, err := st.Transforms.Get(t.Context(), x.ID)
	if err != nil || !reflect.DeepEqual(got, x) {
		t.Errorf("read %+v, %v, wrote %+v", got, err, x)
	}
	state, err := st.Transforms.State(t.Context(), x.ID)
	if err != nil || *state != (core.TransformState{TransformID: x.ID, NextRunAt: next, Version: 1}) {
		t.Errorf("the state is %+v, %v", state, err)
	}
	st.calls.Take()
	many, err := st.Transforms.Many(t.Context(), []string{x.ID, core.NewID(core.NounTransform)})
	if err != nil || len(many) != 1 || !reflect.DeepEqual(many[x.ID], x) {
		t.Errorf("many: %v, %v", many, err)
	}
	states, err := st.Transforms.States(t.Context(), []string{x.ID, core.NewID(core.NounTransform)})
	if err != nil || len(states) != 1 || !reflect.DeepEqual(states[x.ID], state) {
		t.Errorf("states: %v, %v", states, err)
	}
	st.wantCalls(t, "BatchGet transforms", "BatchGet transforms")
	lost := &core.Transform{ID: core.NewID(core.NounTransform), Inputs: []core.TransformInput{{DatasetID: a.ID}, {DatasetID: core.NewID(core.NounDataset)}}}
	err = st.Transforms.Create(t.Context(), lost, time.Time{})
	if e, ok := err.(*core.Error); !ok || e.Code != core.CodeNotFound || e.Field != "input.inputs.1.datasetId" {
		t.Errorf("an input that is gone: %v", err)
	}
}

func transformListsRunNewestFirst(t *testing.T, st *world) {
	owner, other := core.NewID(core.NounUser), core.NewID(core.NounUser)
	d := st.dataset(t, owner, "d")
	var mine, all, on []string
	for i := range 7 {
		x := st.transform(t, owner, d.ID)
		if i%3 == 0 {
			_, err := st.Transforms.Edit(t.Context(), x.ID, 0, func(x *core.Transform) (time.Time, error) {
				x.Schedule.Enabled = true
				return store.Now(), nil
			})
			must(t, err)
			on = append(on, x.ID)
		}
		mine = append(mine, x.ID)
	}
	all = append(mine, st.transform(t, other, d.ID).ID)
	list := func(index string, page func(core.PageArgs) (core.Page[*core.Transform], error)) []string {
		return walk(t, func(p core.PageArgs) (core.Page[*core.Transform], error) {
			st.calls.Take()
			defer func() {
				for _, c := range st.calls.Take() {
					if c.Index != index || c.Items > p.First+1 {
						t.Errorf("asked for %+v", c)
					}
				}
			}()
			return page(p)
		}, func(x *core.Transform) string { return x.ID })
	}
	scheduled := func(x *core.Transform) bool { return x.Schedule.Enabled }
	for what, keep := range map[string]func(*core.Transform) bool{"all": nil, "scheduled": scheduled} {
		want := map[string][]string{"all": mine, "scheduled": on}[what]
		wantIDs(t, what+" by owner", list("TransformsByOwner", func(p core.PageArgs) (core.Page[*core.Transform], error) {
			return st.Transforms.ByOwner(t.Context(), owner, keep, p)
		}), newestFirst(want...))
	}
	wantIDs(t, "of everybody", list("TransformsList", func(p core.PageArgs) (core.Page[*core.Transform], error) {
		return st.Transforms.List(t.Context(), nil, p)
	}), newestFirst(all...))
	_, err := st.Transforms.List(t.Context(), nil, core.PageArgs{First: 2, After: d.ID})
	wantCode(t, err, core.CodeValidation)
	st.calls.Take()
	readers, err := st.Transforms.ByInput(t.Context(), d.ID, 0)
	must(t, err)
	wantIDs(t, "by input", readers, newestFirst(all...))
	st.wantCalls(t, "Query transforms/TransformsByInput")
}

func rename(x *core.Transform) (time.Time, error) { x.Name = "new"; return time.Time{}, nil }

func transformsAreEditedAndDeletedAtTheirVersion(t *testing.T, st *world) {
	ctx, owner, other := asked(t, "user_boss"), core.NewID(core.NounUser), st.user(t, "o@example.com")
	a, b := st.dataset(t, owner, "a"), st.dataset(t, owner, "b")
	x := st.transform(t, owner, a.ID)
	edited, err := st.Transforms.Edit(ctx, x.ID, 1, rename)
	if err != nil || edited.Version != 2 || edited.Name != "new" {
		t.Fatalf("edited to %+v, %v", edited, err)
	}
	_, err = st.Transforms.Edit(ctx, x.ID, 1, rename)
	wantCode(t, err, core.CodeConflict)
	edited, err = st.Transforms.Edit(ctx, x.ID, 2, func(x *core.Transform) (time.Time, error) {
		x.Inputs = []core.TransformInput{{DatasetID: b.ID}}
		return time.Time{}, nil
	})
	must(t, err)
	for id, want := range map[string]int{a.ID: 0, b.ID: 1} {
		if readers, err := st.Transforms.ByInput(ctx, id, 0); err != nil || len(readers) != want {
			t.Errorf("%d read %s, %v", len(readers), id, err)
		}
	}
	tick()
	given, err := st.Transforms.Transfer(ctx, store.Handover{ID: x.ID, FromID: owner, ToID: other.ID, Want: edited.Version, Notice: core.Notice{UserID: other.ID}})
	must(t, err)
	wantCode(t, st.Transforms.Delete(ctx, x), core.CodeConflict)
	tick()
	must(t, st.Transforms.Delete(ctx, given))
	wantCode(t, st.Transforms.Delete(ctx, given), core.CodeNotFound)
	if none, err := st.Transforms.Edit(ctx, x.ID, 0, rename); none != nil || err != nil {
		t.Errorf("a deleted transform was edited: %v, %v", none, err)
	}
	if state, err := st.Transforms.State(ctx, x.ID); state != nil || err != nil {
		t.Errorf("a deleted transform has the state %+v, %v", state, err)
	}
	st.wantHistory(t, x.ID, "created by  with "+owner, "owner by user_boss with "+other.ID, "deleted by user_boss")
	ids, err := st.Rights.EverOwned(ctx, other.ID)
	must(t, err)
	wantIDs(t, "ever owned", ids, []string{x.ID})
	must(t, st.Datasets.Delete(ctx, b, store.Now()))
}

// whatTransformsReadAndWriteStays: over indexes that have heard of nothing, too.
func whatTransformsReadAndWriteStays(t *testing.T, st *world) {
	ctx, owner := t.Context(), core.NewID(core.NounUser)
	in := st.dataset(t, owner, "in")
	x := st.transform(t, owner, in.ID)
	out := st.wrote(t, x)
	late := store.New(lagging{st.Engine()})
	for what, d := range map[string]*core.Dataset{"in_use": in, "written_by_transform": out} {
		for _, repo := range []*store.Datasets{st.Datasets, late.Datasets} {
			err := repo.Delete(ctx, d, store.Now())
			if e, ok := err.(*core.Error); !ok || e.Reason != what {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	must(t, st.Transforms.Delete(ctx, x))
	must(t, st.Datasets.Delete(ctx, out, store.Now()))
	must(t, late.Datasets.Delete(ctx, in, store.Now()))
}

// inputsRace: a dataset is not deleted while a transform comes to read it, and of
// two changes that close a circle only together one sees the other.
func inputsRace(t *testing.T, st *world) {
	ctx, l := t.Context(), storetest.NewLedger(st.Engine())
	quick, e := &world{Store: store.New(l), calls: st.calls}, &meanwhile{Engine: l}
	slow, owner := store.New(e), quick.user(t, "o@example.com").ID
	d := quick.dataset(t, owner, "d")
	x, y := quick.transform(t, owner), quick.transform(t, owner)
	reads := func(datasetID string) func(*core.Transform) (time.Time, error) {
		return func(t *core.Transform) (time.Time, error) {
			t.Inputs = []core.TransformInput{{DatasetID: datasetID}}
			return time.Time{}, nil
		}
	}
	e.do = func() { _, err := quick.Transforms.Edit(ctx, x.ID, 0, reads(d.ID)); must(t, err) }
	wantCode(t, slow.Datasets.Delete(ctx, d, store.Now()), core.CodeValidation)
	gone := quick.dataset(t, owner, "gone")
	e.do = func() { must(t, quick.Datasets.Delete(ctx, gone, store.Now())) }
	_, err := slow.Transforms.Edit(ctx, y.ID, 0, reads(gone.ID))
	wantCode(t, err, core.CodeNotFound)
	xOut, yOut := quick.wrote(t, x), quick.wrote(t, y)
	circle := func(st *store.Store, id string, own, other *core.Dataset, otherID string) error {
		_, err := st.Transforms.Edit(ctx, id, 0, func(x *core.Transform) (time.Time, error) {
			upstream, err := st.Transforms.Get(ctx, otherID)
			if err == nil && len(upstream.Inputs) > 0 && upstream.Inputs[0].DatasetID == own.ID {
				err = core.Invalid("input.inputs", "circle")
			}
			x.Inputs = []core.TransformInput{{DatasetID: other.ID}}
			return time.Time{}, err
		})
		return err
	}
	e.do = func() { must(t, circle(quick.Store, x.ID, xOut, yOut, y.ID)) }
	wantCode(t, circle(slow, y.ID, yOut, xOut, x.ID), core.CodeValidation)
	l.Items(t).Check(t)
}

// aScheduleMakesATransformDue: in its shard, from when it is on until it is off,
// whatever else is edited meanwhile.
func aScheduleMakesATransformDue(t *testing.T, st *world) {
	ctx, x, now := t.Context(), st.transform(t, core.NewID(core.NounUser)), store.Now()
	due := func(until time.Time) (ids []string) {
		for _, shard := range store.DueShards() {
			states, err := st.Transforms.Due(ctx, shard, until, 10)
			must(t, err)
			for _, s := range states {
				ids = append(ids, s.TransformID)
			}
		}
		return ids
	}
	set := func(s core.Schedule, next time.Time) {
		_, err := st.Transforms.Edit(ctx, x.ID, 0, func(x *core.Transform) (time.Time, error) { x.Schedule = s; return next, nil })
		must(t, err)
	}
	wantIDs(t, "without a schedule", due(time.Time{}), nil)
	set(core.Schedule{Cron: "* * * * *", Enabled: true}, now)
	st.calls.Take()
	wantIDs(t, "when it is time", due(now), []string{x.ID})
	if calls := st.calls.Take(); len(calls) != len(store.DueShards()) {
		t.Errorf("%d calls", len(calls))
	}
	wantIDs(t, "before", due(now.Add(-time.Millisecond)), nil)
	_, err := st.Transforms.Edit(ctx, x.ID, 0, rename)
	must(t, err)
	wantIDs(t, "renamed", due(now), []string{x.ID})
	_, err = st.Transforms.EditState(ctx, x.ID, func(s *core.TransformState) error { s.NextRunAt = now.Add(time.Hour); return nil })
	must(t, err)
	wantIDs(t, "later", due(now), nil)
	wantIDs(t, "at any time", due(time.Time{}), []string{x.ID})
	set(core.Schedule{Cron: "* * * * *"}, time.Time{})
	wantIDs(t, "off", due(time.Time{}), nil)
	e := &meanwhile{Engine: st.Engine()}
	e.do = func() {
		_, err := st.Transforms.EditState(ctx, x.ID, func(s *core.TransformState) error { s.RunningID = "x"; return nil })
		must(t, err)
	}
	_, err = store.New(e).Transforms.Edit(ctx, x.ID, 0, func(x *core.Transform) (time.Time, error) {
		x.Schedule.Enabled = true
		return now, nil
	})
	must(t, err)
	if s, err := st.Transforms.State(ctx, x.ID); err != nil || s.RunningID != "x" || !s.NextRunAt.Equal(now) {
		t.Errorf("the state is %+v, %v", s, err)
	}
}

// oneLooksAfterTheSchedulesAtATime: of many that take the turn one gets it.
func oneLooksAfterTheSchedulesAtATime(t *testing.T, st *world) {
	ctx, now := t.Context(), store.Now()
	if none, err := st.Transforms.Scheduler(ctx); none != nil || err != nil {
		t.Fatalf("before anybody looked: %+v, %v", none, err)
	}
	for turn := range 3 {
		was, err := st.Transforms.Scheduler(ctx)
		must(t, err)
		got := make(chan string, 8)
		for i := range cap(got) {
			holder := string(rune('a' + i))
			go func() {
				leads, err := st.Transforms.Lead(ctx, was, holder, now)
				if err != nil {
					t.Error(err)
				}
				if !leads {
					holder = ""
				}
				got <- holder
			}()
		}
		leader := ""
		for range cap(got) {
			leader += <-got
		}
		lease, err := st.Transforms.Scheduler(ctx)
		if want := (core.SchedulerLease{Holder: leader, TickedAt: now, Version: int64(turn + 1)}); err != nil || *lease != want {
			t.Errorf("the lease is %+v, %v, led by %q", lease, err, leader)
		}
	}
}

// aDueTimeThatHasComeStays: whatever becomes of the schedule before it is decided.
func aDueTimeThatHasComeStays(t *testing.T, st *world) {
	ctx, x := t.Context(), st.transform(t, core.NewID(core.NounUser))
	came, later := store.Now().Add(-time.Minute), store.Now().Add(time.Hour)
	for i, c := range []struct{ was, set, want time.Time }{
		{came, later, came}, {came, time.Time{}, came}, {later, time.Time{}, time.Time{}}, {time.Time{}, later, later},
	} {
		_, err := st.Transforms.EditState(ctx, x.ID, func(s *core.TransformState) error { s.NextRunAt = c.was; return nil })
		must(t, err)
		_, err = st.Transforms.Edit(ctx, x.ID, 0, func(x *core.Transform) (time.Time, error) { x.Schedule.Enabled = i%2 == 0; return c.set, nil })
		must(t, err)
		if s, err := st.Transforms.State(ctx, x.ID); err != nil || !s.NextRunAt.Equal(c.want) {
			t.Errorf("%d: the state is %+v, %v", i, s, err)
		}
	}
}

// wrote is the output of a transform after a run.
func (w *world) wrote(t *testing.T, x *core.Transform) *core.Dataset {
	t.Helper()
	err := w.Executions.Start(t.Context(), run(x.ID))
	must(t, err)
	s, err := w.Transforms.State(t.Context(), x.ID)
	must(t, err)
	out := output(x, s.RunningID)
	_, err = w.Executions.Finish(t.Context(), s.RunningID, out, succeed(x))
	must(t, err)
	return out.Dataset
}

// output is the first version of a transform's output.
func output(x *core.Transform, runID string) *store.Output {
	d := &core.Dataset{ID: x.OutputID, Name: x.OutputName, OwnerID: x.OwnerID, TransformID: x.ID, SourceType: core.SourceTransform,
		DataVersion: 1, SummaryKey: "s", CreatedAt: store.Now(), Columns: []core.Column{}}
	v := &core.DatasetVersion{DatasetID: d.ID, Number: 1, RunID: runID, Summary: "s", CreatedAt: store.Now(), Columns: []core.Column{}}
	return &store.Output{Dataset: d, Version: v}
}

func succeed(of *core.Transform) func(*core.Execution) error {
	return func(x *core.Execution) error {
		if x.Status.Final() {
			return context.Canceled
		}
		x.Status, x.FinishedAt, x.OutputID, x.OutputVer = core.StatusSucceeded, store.Now(), of.OutputID, max(x.OutputVer, 1)
		return nil
	}
}
