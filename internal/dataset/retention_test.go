package dataset_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/embedded"
)

const day = 24 * time.Hour

// keeping is a service that keeps two versions and what is younger than a month.
func (w *world) keeping() *dataset.Service {
	return w.service(dataset.Config{
		MaxUpload: maxUpload, Buckets: []string{"company-data"}, PlanKeys: []string{"key"}, KeepVersions: 2, KeepFor: 30 * day,
	})
}

func (w *world) numbers(t testing.TB, id string) (numbers []int64) {
	t.Helper()
	versions, err := w.Store.Datasets.Versions(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range versions {
		numbers = append(numbers, v.Number)
	}
	return numbers
}

func TestRetention(t *testing.T) { // DS-16
	w := newWorld(t)
	w.s = w.keeping()
	d := w.fromS3(t, region)
	first := d.Parts[0]
	for range 3 {
		d = w.reimport(t, d).Dataset
	}
	second, err := w.Store.Datasets.VersionAt(t.Context(), d.ID, 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.s.Restore(w.As(w.owner), dataset.RestoreInput{ID: d.ID, Number: 1}); err != nil {
		t.Fatal(err)
	}
	there := func(key string) bool { _, err := w.blobs.Head(t.Context(), key); return err == nil }
	for _, step := range []struct {
		after         time.Duration
		numbers       []int64
		first, second bool
	}{
		{29 * day, []int64{5, 4, 3, 2, 1}, true, true},
		{31 * day, []int64{5, 4}, true, true},
		{31*day + 59*time.Minute, []int64{5, 4}, true, true},
		{31*day + time.Hour, []int64{5, 4}, true, false}, // the fifth still refers to the first
		{400 * day, []int64{5, 4}, true, false},
	} {
		if err := w.s.Retain(t.Context(), store.Now().Add(step.after)); err != nil {
			t.Fatal(err)
		}
		if got := w.numbers(t, d.ID); !slices.Equal(got, step.numbers) || there(first) != step.first || there(second.Parts[0]) != step.second {
			t.Errorf("after %v: versions %v, objects %t, %t", step.after, got, there(first), there(second.Parts[0]))
		}
	}
	_, _, err = w.s.Restore(w.As(w.owner), dataset.RestoreInput{ID: d.ID, Number: 2})
	accesstest.Code(t, "restore what went", err, core.CodeNotFound)
}

func TestOrphansAreSwept(t *testing.T) { // FAIL-5
	w := newWorld(t)
	w.s = w.keeping()
	d := w.fromS3(t, region)
	if err := w.s.Close(t.Context()); err != nil { // the upload is removed after the job has ended
		t.Fatal(err)
	}
	job := w.killed(t, store.Now()) // is open: what it wrote is its own
	for _, key := range []string{d.Path + "whole/beside.json", "datasets/" + d.ID + "/data/v000009-lost/part-0000.parquet", "datasets/" + core.NewID(core.NounDataset) + "/data/v000001/part-0000.parquet"} {
		if _, err := w.blobs.Put(t.Context(), key, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	all := w.blobs.Keys()
	if err := w.s.Retain(t.Context(), store.Now().Add(day-time.Minute)); err != nil || !slices.Equal(w.blobs.Keys(), all) {
		t.Errorf("what is young went, %v", err)
	}
	if err := w.s.Retain(t.Context(), store.Now().Add(day+time.Minute)); err != nil {
		t.Fatal(err)
	}
	want := []string{d.Parts[0], d.Path + "whole/beside.json", "datasets/" + job.DatasetID + "/data/v000001/part-0000.parquet", job.SourceKey}
	slices.Sort(want)
	if got := w.blobs.Keys(); !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
}

var errDead = errors.New("the process is dead")

// mortal is the life of a process: so many writes, then none any more.
type mortal struct{ left atomic.Int64 }

func (m *mortal) write(do func() error) error {
	if m.left.Add(-1) < 0 {
		return errDead
	}
	return do()
}

func (m *mortal) revive() { m.left.Store(1 << 40) }

type mortalEngine struct {
	table.Engine
	*mortal
}

func (e mortalEngine) Write(ctx context.Context, w table.Write) error {
	return e.write(func() error { return e.Engine.Write(ctx, w) })
}

func (e mortalEngine) Transact(ctx context.Context, token string, ws []table.Write) error {
	return e.write(func() error { return e.Engine.Transact(ctx, token, ws) })
}

type mortalBlobs struct {
	*accesstest.Blobs
	*mortal
}

func (b mortalBlobs) Put(ctx context.Context, key string, r io.Reader) (info blob.Info, err error) {
	err = b.write(func() error { info, err = b.Blobs.Put(ctx, key, r); return err })
	return info, err
}

func (b mortalBlobs) Delete(ctx context.Context, key string) error {
	return b.write(func() error { return b.Blobs.Delete(ctx, key) })
}

// history is a company whose process dies between any two writes, and what its
// datasets have to hold.
type history struct {
	*world
	t       *rapid.T
	life    *mortal
	blobs   mortalBlobs
	ids     []string
	rows    map[string]map[int64]string // by dataset and number, what was seen to be published
	clock   time.Duration
	columns [][]core.Column
	serial  int
}

// Whatever is imported, added, replaced, brought back and retired, and wherever
// the process dies: every version that can be read has its objects with the bytes
// that it was published with, the newest is never lost, and nothing else stays.
func TestVersionsNeverLie(t *testing.T) { // DS-7, DS-16, FAIL-5
	steps := 6
	if os.Getenv("KARUTA_LONG") != "" {
		steps = 60
	}
	outer := newWorld(t)
	rapid.Check(t, func(r *rapid.T) {
		h := newHistory(t, r, outer)
		defer h.end()
		h.act("import")
		for range steps {
			h.act(rapid.SampledFrom([]string{"import", "append", "reimport", "change", "restore", "time", "delete", "undelete"}).Draw(r, "act"))
		}
		h.end() // of imports that the last process went on with, too
		h.start()
		h.clock += 40 * day
		h.retain()
		h.clock += 2 * day
		h.retain()
		h.check()
		h.wantNoOrphan()
	})
}

func newHistory(t *testing.T, r *rapid.T, outer *world) *history {
	h := &history{t: r, life: &mortal{}, rows: map[string]map[int64]string{}, columns: [][]core.Column{{region}, {region, amount}, {amount}}}
	h.life.revive()
	dir, err := os.MkdirTemp(t.TempDir(), "")
	h.must(err)
	file, err := embedded.Open(filepath.Join(dir, "karuta.db"))
	h.must(err)
	h.world = &world{World: accesstest.Over(t, mortalEngine{file, h.life}, slog.New(slog.DiscardHandler)), objects: accesstest.NewObjects(), executor: outer.executor}
	h.blobs = mortalBlobs{accesstest.NewBlobs(), h.life}
	h.owner = h.User("owner")
	h.start()
	r.Cleanup(func() { h.must(file.Close()) })
	return h
}

func (h *history) must(err error) {
	if err != nil {
		h.t.Fatal(err)
	}
}

// start begins a process over what the last one left.
func (h *history) start() {
	h.life.revive()
	h.s = dataset.New(dataset.Deps{
		Store: h.Store, Gate: h.Gate, Audit: h.Audit, Blobs: h.blobs, Objects: h.objects, Executor: h.executor.Client(), Log: h.Log,
	}, dataset.Config{MaxUpload: maxUpload, Buckets: []string{"company-data"}, PlanKeys: []string{"key"}, KeepVersions: 2, KeepFor: 30 * day,
		Now: func() time.Time { return store.Now().Add(h.clock) }})
	h.must(h.s.Recover(context.Background()))
	h.settle()
}

// settle waits for the imports that a new process goes on with.
func (h *history) settle() {
	for {
		open, err := h.Store.Jobs.Open(context.Background())
		h.must(err)
		if len(open) == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (h *history) end() { h.must(h.s.Close(context.Background())) }

// act does one thing, in which the process may die, and looks at what is there then.
func (h *history) act(what string) {
	h.executor.Import = h.write(rapid.SampledFrom(h.columns).Draw(h.t, "columns"))
	if rapid.Bool().Draw(h.t, "dies") {
		h.life.left.Store(rapid.Int64Range(0, 20).Draw(h.t, "writes"))
	}
	h.do(what)
	h.end()
	h.start()
	h.check()
}

// write makes the executor write two parts with words of their own.
func (h *history) write(columns []core.Column) func(client.ImportRequest, func(client.ImportEvent)) client.ImportEvent {
	return func(r client.ImportRequest, _ func(client.ImportEvent)) client.ImportEvent {
		done := &client.ImportDone{Columns: columns, RowCount: 2, Bytes: 2}
		for i := range 2 {
			h.serial++
			key := fmt.Sprintf("%spart-%04d.parquet", r.Target, i)
			if _, err := h.blobs.Put(context.Background(), key, strings.NewReader(fmt.Sprintf("[%d]", h.serial))); err != nil {
				return client.ImportEvent{}
			}
			done.Parts = append(done.Parts, key)
		}
		return client.ImportEvent{Done: done}
	}
}

func (h *history) do(what string) {
	ctx := h.As(h.owner)
	id := ""
	if len(h.ids) > 0 {
		id = rapid.SampledFrom(h.ids).Draw(h.t, "dataset")
	}
	switch what {
	case "import":
		h.objects.Fill("company-data", "sales.csv", "x")
		if job, err := h.s.ImportS3(ctx, dataset.S3Input{Bucket: "company-data", Key: "sales.csv", Name: "売上"}); err == nil {
			h.ids = append(h.ids, job.DatasetID)
			h.wait(job)
		}
	case "append":
		if job, err := h.s.Import(ctx, dataset.ImportInput{AppendTo: id, File: strings.NewReader("x")}); err == nil {
			h.wait(job)
		}
	case "reimport":
		_, _ = h.s.Reimport(ctx, dataset.ReimportInput{ID: id})
	case "change":
		if o, err := h.s.Reimport(ctx, dataset.ReimportInput{ID: id}); err == nil && o.Confirmation != nil {
			_, _ = h.s.Reimport(ctx, dataset.ReimportInput{ID: id, Force: true, PlanToken: o.Confirmation.PlanToken})
		}
	case "restore":
		_, _, _ = h.s.Restore(ctx, dataset.RestoreInput{ID: id, Number: rapid.Int64Range(1, 8).Draw(h.t, "number")})
	case "time":
		h.clock += time.Duration(rapid.IntRange(1, 40*24).Draw(h.t, "hours")) * time.Hour
		_ = h.s.Retain(ctx, store.Now().Add(h.clock))
		_ = h.s.Purge(ctx, store.Now().Add(h.clock))
	case "delete":
		if rapid.IntRange(0, 4).Draw(h.t, "really") == 0 {
			_, _ = h.s.Delete(ctx, id)
		}
	case "undelete":
		_, _ = h.s.Undelete(ctx, id)
	}
}

// wait waits for the end of a job or of the process.
func (h *history) wait(job *core.ImportJob) {
	for h.life.left.Load() >= 0 {
		now, err := h.Store.Jobs.Get(context.Background(), job.ID)
		h.must(err)
		if now.Status.Final() {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (h *history) retain() {
	h.must(h.s.Purge(context.Background(), store.Now().Add(h.clock)))
	h.must(h.s.Retain(context.Background(), store.Now().Add(h.clock)))
}

// check reads every version of every dataset, and holds it against what it was.
func (h *history) check() {
	for _, id := range h.ids {
		d := h.kept(id)
		if d == nil {
			continue // never published, or deleted and being removed
		}
		versions, err := h.Store.Datasets.Versions(context.Background(), id)
		h.must(err)
		if len(versions) == 0 || versions[0].Number != d.DataVersion || !slices.Equal(versions[0].Parts, d.Parts) {
			h.t.Fatalf("the newest of %+v is %+v", d, versions)
		}
		if h.rows[id] == nil {
			h.rows[id] = map[int64]string{}
		}
		for n := range h.rows[id] {
			if n > d.DataVersion {
				h.t.Fatalf("version %d of %s is lost, it has %d", n, id, d.DataVersion)
			}
		}
		for _, v := range versions {
			is := h.text(v)
			if was, known := h.rows[id][v.Number]; known && was != is {
				h.t.Fatalf("version %d of %s was %s, is %s", v.Number, id, was, is)
			}
			h.rows[id][v.Number] = is
			if was, known := h.rows[id][v.Restored]; known && was != is {
				h.t.Fatalf("version %d brings back %s as %s", v.Number, was, is)
			}
		}
	}
}

// kept is a dataset that is there, or can be there again; nil where there is none.
func (h *history) kept(id string) *core.Dataset {
	d, err := h.Store.Datasets.Get(context.Background(), id)
	h.must(err)
	gone, err := h.Store.Datasets.Deleted(context.Background(), id)
	h.must(err)
	if d != nil && gone != nil {
		h.t.Fatalf("%s is there and deleted", id)
	}
	if gone != nil && !gone.Purging {
		return &gone.Dataset
	}
	return d
}

func (h *history) text(v *core.DatasetVersion) (text string) {
	for _, key := range v.Parts {
		r, _, err := h.blobs.Get(context.Background(), key)
		if err != nil {
			h.t.Fatalf("version %d of %s: %s: %v", v.Number, v.DatasetID, key, err)
		}
		raw, err := io.ReadAll(r)
		h.must(err)
		text += string(raw)
	}
	return text
}

// wantNoOrphan wants no object that no version names.
func (h *history) wantNoOrphan() {
	named := map[string]bool{}
	for _, id := range h.ids {
		versions, err := h.Store.Datasets.Versions(context.Background(), id)
		h.must(err)
		for _, v := range versions {
			for _, key := range v.Parts {
				named[key] = true
			}
		}
	}
	for _, key := range h.blobs.Keys() {
		if !named[key] {
			h.t.Fatalf("%s stays, named are %v", key, slices.Sorted(maps.Keys(named)))
		}
	}
}
