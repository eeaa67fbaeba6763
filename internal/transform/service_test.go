package transform

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// shop is a service with an executor that answers as the test says, and two people
// with a dataset of the owner's.
type shop struct {
	*accesstest.World
	*Service
	executor     *accesstest.Executor
	blobs        *accesstest.Blobs
	log          *bytes.Buffer
	owner, other *core.User
	boss         *core.User
	data         *core.Dataset
}

func open(t *testing.T) *shop { return openOver(t, accesstest.New(t)) }

func openOver(t *testing.T, world *accesstest.World) *shop {
	t.Helper()
	w := &shop{World: world, executor: accesstest.NewExecutor(t), blobs: accesstest.NewBlobs(), log: &bytes.Buffer{}}
	w.owner, w.other, w.boss = w.User("owner"), w.User("other"), w.Admin("boss")
	w.data = w.Dataset(w.owner, core.Column{Name: "a", Type: core.TypeInt64, Class: core.ClassDirect}, core.Column{Name: "b", Type: core.TypeString})
	w.executor.Transform = succeeds
	w.Service = w.service()
	return w
}

// service is one more process's service over the same store.
func (w *shop) service() *Service {
	s := New(Deps{Store: w.World.Store, Gate: w.World.Gate, Audit: w.World.Audit, Blobs: w.blobs, Executor: w.executor.Client(),
		Log: slog.New(slog.NewJSONHandler(w.log, nil)).With("logger", "transform")}, Config{Timeout: time.Minute, Shared: true, Wait: instantly})
	return s
}

// instantly waits for nothing.
func instantly(time.Duration) <-chan time.Time {
	over := make(chan time.Time)
	close(over)
	return over
}

// succeeds is a run that writes one part with two columns.
func succeeds(req client.TransformRequest, tell func(client.TransformEvent), _ <-chan struct{}) client.TransformEvent {
	tell(client.TransformEvent{Running: &client.TransformRunning{Executor: "1.2"}})
	tell(client.TransformEvent{Progress: &client.TransformProgress{Fraction: 0.5, Text: "半分"}})
	tell(client.TransformEvent{Log: "printed"})
	return client.TransformEvent{Done: &client.TransformDone{
		Columns: []core.Column{{Name: "a", Type: core.TypeInt64}, {Name: "c", Type: core.TypeString}}, RowCount: 2, Bytes: 9,
		Parts: []string{req.Target + "part-0000.parquet"}, Summary: req.Target + "summary.json",
	}}
}

func fails(p client.Problem) func(client.TransformRequest, func(client.TransformEvent), <-chan struct{}) client.TransformEvent {
	return func(client.TransformRequest, func(client.TransformEvent), <-chan struct{}) client.TransformEvent {
		return client.TransformEvent{Problem: &p}
	}
}

func (w *shop) make(t *testing.T, by *core.User, datasets ...string) *core.Transform {
	t.Helper()
	in := CreateInput{Name: "集計", Code: "def transform(inputs, params): ..."}
	for _, id := range datasets {
		in.Inputs = append(in.Inputs, core.TransformInput{DatasetID: id})
	}
	tf, err := w.Create(w.As(by), in)
	must(t, err)
	return tf
}

// ran runs a transform to its end.
func (w *shop) ran(t *testing.T, in ExecuteInput) *core.Execution {
	t.Helper()
	x, err := w.Execute(w.As(w.owner), in)
	must(t, err)
	if x.Status != core.StatusQueued {
		t.Fatalf("asked for, and %s at once", x.Status)
	}
	return w.ended(t, x.ID)
}

func (w *shop) ended(t *testing.T, id string) *core.Execution {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		x, err := w.Execution(w.As(w.owner), id)
		must(t, err)
		if x.Status.Final() && !w.ours(id) {
			return x
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("the run does not end")
	return nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *shop) end(t *testing.T) {
	t.Helper()
	must(t, w.Close(context.Background()))
}

func TestCreate(t *testing.T) {
	w := open(t)
	defer w.end(t)
	foreign := w.Dataset(w.other)
	good := CreateInput{Name: "n", Code: "c", Inputs: []core.TransformInput{{DatasetID: w.data.ID, Alias: "sales"}}}
	for name, c := range map[string]struct {
		change func(*CreateInput)
		code   core.Code
		reason string
	}{
		"good":            {func(*CreateInput) {}, "", ""},
		"no name":         {func(in *CreateInput) { in.Name = " " }, core.CodeValidation, "required"},
		"no code":         {func(in *CreateInput) { in.Code = "\n" }, core.CodeValidation, "required"},
		"no input":        {func(in *CreateInput) { in.Inputs = nil }, core.CodeValidation, "out_of_range"},
		"an input twice":  {func(in *CreateInput) { in.Inputs = append(in.Inputs, in.Inputs[0]) }, core.CodeValidation, "duplicate_item"},
		"foreign input":   {func(in *CreateInput) { in.Inputs = []core.TransformInput{{DatasetID: foreign.ID}} }, core.CodeNotFound, ""},
		"no alias":        {func(in *CreateInput) { in.Inputs = []core.TransformInput{{DatasetID: w.data.ID, Alias: "1a"}} }, core.CodeValidation, "bad_alias"},
		"an id for alias": {func(in *CreateInput) { in.Inputs = []core.TransformInput{{DatasetID: w.data.ID, Alias: "ds_1"}} }, core.CodeValidation, "bad_alias"},
		"no object":       {func(in *CreateInput) { in.Params = "[]" }, core.CodeValidation, "bad_value"},
		"no schedule":     {func(in *CreateInput) { in.Schedule = core.Schedule{Cron: "x"} }, core.CodeValidation, "bad_cron"},
	} {
		in := good
		in.Inputs = append([]core.TransformInput{}, good.Inputs...)
		c.change(&in)
		tf, err := w.Create(w.As(w.owner), in)
		accesstest.Code(t, name, err, c.code, c.reason)
		if err == nil && (tf.OutputName != "n" || tf.OutputID == "" || tf.OwnerID != w.owner.ID || tf.Version != 1) {
			t.Errorf("made %+v", tf)
		}
	}
	_, err := w.Create(w.As(nil), good)
	accesstest.Code(t, "nobody", err, core.CodeUnauthorized)
}

// Who may do what: the owner all, administrators look and delete, strangers nothing.
func TestRights(t *testing.T) {
	w := open(t)
	defer w.end(t)
	tf := w.make(t, w.owner, w.data.ID)
	x := w.ran(t, ExecuteInput{ID: tf.ID})
	ghost := core.NewID(core.NounTransform)
	for _, c := range []struct {
		who                           *core.User
		view, edit, run, cancel, gone core.Code
	}{
		{w.other, core.CodeNotFound, core.CodeNotFound, core.CodeForbidden, core.CodeNotFound, core.CodeNotFound},
		{w.boss, "", core.CodeForbidden, core.CodeForbidden, core.CodeValidation, core.CodeNotFound},
		{w.owner, "", core.CodeConflict, "", core.CodeValidation, core.CodeNotFound},
	} {
		ctx := w.As(c.who)
		_, err := w.Transform(ctx, tf.ID)
		accesstest.Code(t, c.who.Name+" views", err, c.view)
		_, err = w.Execution(ctx, x.ID)
		accesstest.Code(t, c.who.Name+" views a run", err, c.view)
		_, err = w.Service.Events(ctx, x.ID, 0)
		accesstest.Code(t, c.who.Name+" reads events", err, c.view)
		_, err = w.Diagnose(ctx, tf.ID)
		accesstest.Code(t, c.who.Name+" diagnoses", err, c.view)
		_, err = w.Executions(ctx, tf.ID, core.PageArgs{First: 5})
		accesstest.Code(t, c.who.Name+" lists runs", err, c.view)
		_, err = w.Update(ctx, Change{ID: tf.ID, Version: 9})
		accesstest.Code(t, c.who.Name+" edits", err, c.edit)
		_, err = w.Cancel(ctx, x.ID)
		accesstest.Code(t, c.who.Name+" cancels", err, c.cancel)
		again, err := w.Execute(ctx, ExecuteInput{ID: tf.ID})
		accesstest.Code(t, c.who.Name+" runs", err, c.run)
		if err == nil {
			w.ended(t, again.ID)
		}
		_, err = w.Execute(ctx, ExecuteInput{ID: ghost})
		accesstest.Code(t, c.who.Name+" runs nothing", err, c.gone)
	}
	accesstest.Code(t, "a stranger deletes", w.Delete(w.As(w.other), tf.ID), core.CodeNotFound)
	must(t, w.Delete(w.As(w.boss), tf.ID))
}

// No transform comes to read what is made of its own output, over any way.
func TestCircles(t *testing.T) {
	w := open(t)
	defer w.end(t)
	first := w.make(t, w.owner, w.data.ID)
	w.ran(t, ExecuteInput{ID: first.ID})
	second := w.make(t, w.owner, first.OutputID)
	w.ran(t, ExecuteInput{ID: second.ID})
	third := w.make(t, w.owner, second.OutputID, w.data.ID)
	w.ran(t, ExecuteInput{ID: third.ID})
	for _, from := range []*core.Transform{first, second, third} {
		_, err := w.Update(w.As(w.owner), Change{ID: first.ID, Version: 1, Inputs: []core.TransformInput{{DatasetID: w.data.ID}, {DatasetID: from.OutputID}}})
		accesstest.Code(t, "a circle", err, core.CodeValidation, "circle")
		if e, ok := err.(*core.Error); !ok || !strings.Contains(e.Args["path"].(string), " → ") || e.Field != "input.inputs" {
			t.Errorf("says %v", err)
		}
	}
	_, err := w.Update(w.As(w.owner), Change{ID: third.ID, Version: 1, Inputs: []core.TransformInput{{DatasetID: first.OutputID}, {DatasetID: second.OutputID}}})
	must(t, err)
}

func TestUpdateAndSchedule(t *testing.T) {
	w := open(t)
	defer w.end(t)
	tf := w.make(t, w.owner, w.data.ID)
	name := "new"
	after, err := w.Update(w.As(w.owner), Change{ID: tf.ID, Version: 1, Name: &name, Schedule: &core.Schedule{Cron: "0 6 * * *", Enabled: true}})
	must(t, err)
	if after.Name != name || after.Version != 2 || after.Code != tf.Code || after.Schedule.Zone != "Asia/Tokyo" {
		t.Errorf("became %+v", after)
	}
	s, err := w.World.Store.Transforms.State(t.Context(), tf.ID)
	must(t, err)
	if until := s.NextRunAt.Sub(store.Now()); until <= 0 || until > 24*time.Hour || s.NextRunAt.UTC().Hour() != 21 {
		t.Errorf("due at %v", s.NextRunAt)
	}
	_, err = w.Update(w.As(w.owner), Change{ID: tf.ID, Version: 1, Name: &name})
	accesstest.Code(t, "an old version", err, core.CodeConflict)
	for scheduled, want := range map[bool]int{true: 1, false: 0} {
		page, err := w.Transforms(w.As(w.owner), Filter{Scheduled: &scheduled}, false, core.PageArgs{First: 5})
		must(t, err)
		if len(page.Nodes) != want {
			t.Errorf("scheduled %v: %d", scheduled, len(page.Nodes))
		}
	}
	_, err = w.Transforms(w.As(w.other), Filter{}, true, core.PageArgs{First: 5})
	accesstest.Code(t, "everybody's", err, core.CodeForbidden)
}
