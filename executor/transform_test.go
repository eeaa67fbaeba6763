package executor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/executor/engine"
	"github.com/karuta-bi/karuta/executor/supervisor"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
)

// TestMain lets the test binary be the engine's worker too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		os.Exit(engine.WorkerMain(context.Background(), os.Args[2:]))
	}
	os.Exit(m.Run())
}

// whole is an executor with its own data and Python.
type whole struct {
	*running
	blobs blob.Store
}

func startWhole(t testing.TB, slots int) *whole {
	t.Helper()
	python, dir := preparedPython(t), t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w := &whole{}
	if w.blobs, err = blob.OpenFolder(filepath.Join(dir, "blobs")); err != nil {
		t.Fatal(err)
	}
	data, err := engine.New(engine.Config{Self: self, WorkDir: filepath.Join(dir, "data"), Blobs: w.blobs})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	cards, err := supervisor.Start(t.Context(), supervisor.Config{Python: python, Strict: true, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if why := cards.Refusal(); why != "" {
		t.Fatal("Python is refused: ", why)
	}
	transforms := supervisor.NewOnDemand(supervisor.Config{Profile: supervisor.Transforms, Python: python, Strict: true, MaxConcurrent: slots, Log: log}, time.Minute)
	w.running = startWith(t, Options{Engine: data, Runner: cards, Transforms: transforms, Release: "1.2.3"})
	t.Cleanup(func() {
		w.stop()
		<-w.ended
		if err := errors.Join(cards.Close(), transforms.Close(), data.Close()); err != nil {
			t.Error(err)
		}
	})
	return w
}

// load imports a CSV and gives it as a source.
func (w *whole) load(t testing.TB, text string, version int) client.Source {
	t.Helper()
	target := fmt.Sprintf("datasets/ds_1/data/v%06d/", version)
	if _, err := w.blobs.Put(t.Context(), "uploads/job_1/source.csv", strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	done, problem, err := w.client.Import(t.Context(), client.ImportRequest{JobID: "job_1", SourceKey: "uploads/job_1/source.csv", Target: target}, func(client.ImportEvent) {})
	if err != nil || problem != nil {
		t.Fatalf("import: %+v %v", problem, err)
	}
	return client.Source{DatasetID: "ds_1", Version: 1, Parts: done.Parts, Columns: done.Columns}
}

func quiet(client.TransformEvent) {}

func TestTransform(t *testing.T) {
	w := startWhole(t, 2)
	t.Run("from its call to its version", func(t *testing.T) { transformWhole(t, w) })
	t.Run("beside cards", func(t *testing.T) { transformsBesideCards(t, w) })
}

// A transform from its call to the version that it wrote, and the ways to fail.
func transformWhole(t *testing.T, w *whole) {
	src := w.load(t, "店,売上\n東京,10\n大阪,5\n東京,20\n", 1)
	request := func(code, to string) client.TransformRequest {
		return client.TransformRequest{RunID: "run_1", User: "u", Code: code, Target: to, SampleRows: 2, TimeoutSeconds: 20,
			Inputs: []client.TransformInput{{DatasetID: "ds_1", Alias: "sales", Source: src}}}
	}
	sum := "import karuta\ndef transform(inputs, params):\n    karuta.progress(0.5)\n    print('hello')\n    return inputs['sales'].groupby('店').sum()"
	var events []client.TransformEvent
	done, problem, err := w.client.Transform(t.Context(), request(sum, "datasets/ds_2/data/v000001/"), func(ev client.TransformEvent) { events = append(events, ev) })
	if err != nil || problem != nil {
		t.Fatalf("%+v %v", problem, err)
	}
	if done.RowCount != 2 || len(done.Parts) != 1 || done.Bytes == 0 || done.RunMS <= 0 || done.ReadMS <= 0 || done.WriteMS <= 0 {
		t.Errorf("%+v", done)
	}
	if len(events) < 3 || events[0].Running == nil || events[0].Running.RowsIn[0] != 3 || events[0].Running.Executor != "1.2.3" {
		t.Errorf("%+v", events)
	}
	rows, err := w.client.Rows(t.Context(), client.RowsRequest{Source: client.Source{Parts: done.Parts, Columns: done.Columns}, Limit: 9})
	if err != nil || len(rows.Rows) != 2 || *rows.Rows[1][0] != "東京" || *rows.Rows[1][1] != "30" {
		t.Errorf("%+v %v", rows, err)
	}

	trial, problem, err := w.client.Transform(t.Context(), request(sum, ""), quiet)
	if err != nil || problem != nil || trial.RowCount != 2 || *trial.Rows[1][1] != "10" || len(trial.Parts) != 0 || trial.Columns[1].Name != "売上" {
		t.Errorf("a trial: %+v %+v %v", trial, problem, err)
	}

	if _, problem, err := w.client.Transform(t.Context(), request("result = 1", ""), quiet); err != nil || problem == nil || problem.Code != core.CodeReturnType {
		t.Errorf("no table: %+v %v", problem, err)
	}
	lost := request(sum, "datasets/ds_3/")
	lost.Inputs[0].Source.Parts = []string{"datasets/ds_1/gone"}
	if _, problem, err := w.client.Transform(t.Context(), lost, quiet); err != nil || problem == nil || problem.Code != core.CodeSourceNotFound {
		t.Errorf("no data: %+v %v", problem, err)
	}
	forged := request("import os\nos.write(4, b'ARROW1' * 99)\nrecord = b'{\"kind\":\"table\",\"size\":594}'\nos.write(3, len(record).to_bytes(4, 'little') + record)\nos._exit(0)", "datasets/ds_3/")
	if _, problem, err := w.client.Transform(t.Context(), forged, quiet); err != nil || problem == nil || problem.Reason != "bad_answer" {
		t.Errorf("a forged table: %+v %v", problem, err)
	}
}

// With every place of transforms taken, a card answers, and the place of a
// transform whose caller leaves is free at once.
func transformsBesideCards(t *testing.T, w *whole) {
	ctx, leave := context.WithCancel(t.Context())
	began, ended := make(chan struct{}), make(chan error)
	for n := range 2 {
		go func() {
			_, _, err := w.client.Transform(ctx, client.TransformRequest{RunID: fmt.Sprint(n), Code: "import karuta\nkaruta.progress(0.1)\nwhile True: pass", TimeoutSeconds: 60}, func(ev client.TransformEvent) {
				if ev.Progress != nil {
					began <- struct{}{}
				}
			})
			ended <- err
		}()
	}
	<-began
	<-began
	h, err := w.client.Health(t.Context(), true)
	if err != nil || h.Transforms == nil || h.Transforms.Running != 2 || len(h.Transforms.Isolation) == 0 || h.Running != 0 {
		t.Errorf("health: %+v %v", h, err)
	}
	waiting := make(chan client.TransformEvent, 100)
	third, leaveThird := context.WithCancel(t.Context())
	go func() {
		_, _, err := w.client.Transform(third, client.TransformRequest{RunID: "third", Code: "result = 1", TimeoutSeconds: 9}, func(ev client.TransformEvent) { waiting <- ev })
		ended <- err
	}()
	if ev := <-waiting; ev.Queued == nil || ev.Queued.Position != 1 {
		t.Errorf("the third one: %+v", ev)
	}
	leaveThird()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the third one left: %v", err)
	}
	src := w.load(t, "a\n1\n", 2)
	reply, err := w.client.Render(t.Context(), client.CardRequest{Code: "def render(dataset, filters, params): return str(len(dataset))", Source: src, TimeoutSeconds: 10})
	if err != nil || reply.HTML != "1" {
		t.Errorf("a card meanwhile: %+v %v", reply, err)
	}
	leave()
	for range 2 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("left: %v", err)
		}
	}
	done, problem, err := w.client.Transform(t.Context(), client.TransformRequest{Code: "import pandas as pd\nresult = pd.DataFrame({'a': [1]})", TimeoutSeconds: 10}, quiet)
	if err != nil || problem != nil || done.RowCount != 1 {
		t.Errorf("the next one: %+v %+v %v", done, problem, err)
	}
}

// BenchmarkTransform takes a table of a million rows and ten columns in and out,
// with no work of its own.
func BenchmarkTransform(b *testing.B) {
	w := startWhole(b, 1)
	var text strings.Builder
	text.WriteString("id,shop,day,a,b,c,d,e,paid,note\n")
	for i := range 1_000_000 {
		fmt.Fprintf(&text, "%d,shop %d,2024-01-%02d,%d.5,%d,%d,%d.25,%d,%t,note %d\n", i, i%1000, i%28+1, i%977, i%31, i*7, i%83, i%5, i%2 == 0, i%5000)
	}
	src := w.load(b, text.String(), 1)
	n := 0
	var read, run, write float64
	sample(b, 5, func() error {
		n++
		done, problem, err := w.client.Transform(b.Context(), client.TransformRequest{
			Code: "def transform(inputs, params): return inputs['ds_1']", Target: fmt.Sprintf("datasets/ds_2/data/v%06d/", n), TimeoutSeconds: 60,
			Inputs: []client.TransformInput{{DatasetID: "ds_1", Source: src}},
		}, quiet)
		if problem != nil || err != nil || done.RowCount != 1_000_000 {
			b.Fatalf("%+v %+v %v", done, problem, err)
		}
		read, run, write = read+done.ReadMS, run+done.RunMS, write+done.WriteMS
		return nil
	})
	b.ReportMetric(read/float64(n), "read-ms")
	b.ReportMetric(run/float64(n), "run-ms")
	b.ReportMetric(write/float64(n), "write-ms")
}
