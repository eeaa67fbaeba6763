package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
)

// TestMain lets the test binary be a worker too, under the verb that Karuta uses,
// and an engine that a test can kill.
func TestMain(m *testing.M) {
	verb := ""
	if len(os.Args) > 1 {
		verb = os.Args[1]
	}
	switch verb {
	case workerVerb:
		os.Exit(WorkerMain(context.Background(), os.Args[2:]))
	case confinedVerb:
		os.Exit(confined(os.Args[2]))
	case aloneVerb:
		panic(alone(os.Args[2]))
	}
	os.Exit(m.Run())
}

const (
	source = "uploads/job_1/source.csv"
	target = "datasets/ds_1/data/v000001/"
)

// bench is an engine with a folder of objects.
type bench struct {
	*Engine
	blobs blob.Store
	dir   string // of the engine
}

func newBench(t testing.TB, change func(*Config)) *bench {
	t.Helper()
	root := filepath.Join(t.TempDir(), `it's "札"`)
	blobs, err := blob.OpenFolder(filepath.Join(root, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Self: self, WorkDir: filepath.Join(root, "work"), Blobs: blobs, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	if change != nil {
		change(&cfg)
	}
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		wantNoChildren(t)
	})
	return &bench{e, blobs, cfg.WorkDir}
}

// wantNoChildren sees that no worker of this process is left.
func wantNoChildren(t testing.TB) {
	t.Helper()
	if left := children(t); len(left) > 0 {
		t.Errorf("children are left: %s", left)
	}
}

// children are the process ids of this process's children.
func children(t testing.TB) []string {
	t.Helper()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	var pids []string
	for _, list := range lists {
		text, _ := os.ReadFile(list) // a thread may have ended
		pids = append(pids, strings.Fields(string(text))...)
	}
	return pids
}

func (b *bench) put(t testing.TB, key, text string) {
	t.Helper()
	if _, err := b.blobs.Put(t.Context(), key, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
}

// load imports a text and gives the version as a source.
func (b *bench) load(t testing.TB, text string, options core.CSVOptions) (client.Source, *client.ImportDone) {
	t.Helper()
	b.put(t, source, text)
	done, problem, err := b.Import(t.Context(), client.ImportRequest{JobID: "job_1", SourceKey: source, Target: target, Options: options}, nil)
	if err != nil || problem != nil {
		t.Fatalf("import: %+v, %v", problem, err)
	}
	return sourceOf(done), done
}

func sourceOf(done *client.ImportDone) client.Source {
	return client.Source{DatasetID: "ds_1", Version: 1, Parts: done.Parts, Columns: done.Columns}
}

// content is what an object holds.
func (b *bench) content(t testing.TB, key string) string {
	t.Helper()
	r, _, err := b.blobs.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// keys lists the objects below a prefix.
func (b *bench) keys(t testing.TB, prefix string) []string {
	t.Helper()
	var keys []string
	err := b.blobs.List(context.WithoutCancel(t.Context()), prefix, func(i blob.Info) error {
		keys = append(keys, i.Key)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// batch reads a slice as those who get it do.
func batch(t testing.TB, s *Slice) arrow.RecordBatch {
	t.Helper()
	content := make([]byte, s.Bytes)
	if _, err := s.File.ReadAt(content, 0); err != nil {
		t.Fatal(err)
	}
	r, err := ipc.NewFileReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if r.NumRecords() != 1 {
		t.Fatalf("%d batches", r.NumRecords())
	}
	rec, err := r.RecordBatchAt(0)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// sliceText is a slice's rows as text, "␀" for null.
func sliceText(t testing.TB, s *Slice) [][]string {
	t.Helper()
	rec := batch(t, s)
	if rec.NumRows() != s.Rows {
		t.Errorf("the slice says %d rows and has %d", s.Rows, rec.NumRows())
	}
	var out [][]string
	for i := range int(rec.NumRows()) {
		row := make([]string, rec.NumCols())
		for c := range row {
			row[c] = shown(canonical(rec.Column(c), i))
		}
		out = append(out, row)
	}
	return out
}

func shown(text *string) string {
	if text == nil {
		return "␀"
	}
	return *text
}

func rowsText(rows [][]*string) [][]string {
	var out [][]string
	for _, r := range rows {
		row := make([]string, len(r))
		for i, v := range r {
			row[i] = shown(v)
		}
		out = append(out, row)
	}
	return out
}
