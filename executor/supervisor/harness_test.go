//go:build linux

package supervisor

import (
	"bytes"
	"cmp"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// interpreter is the prepared Python; without one the tests that run cards are skipped.
func interpreter(t testing.TB) string {
	t.Helper()
	python := cmp.Or(os.Getenv("EXECUTOR_PYTHON"), filepath.Join("..", "..", "bin", "python", "bin", "python3.11"))
	if _, err := os.Stat(python); err != nil {
		t.Skip("not run here: there is no prepared Python; tools/python/install.sh bin/python makes it")
	}
	return python
}

func config(t testing.TB) Config {
	return Config{
		Python: interpreter(t), Strict: true, MaxConcurrent: 2, MemoryMB: 1024,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
}

// begin starts a supervisor of the test's own.
func begin(t testing.TB, cfg Config, set layers) *Supervisor {
	t.Helper()
	s, err := start(t.Context(), cfg, set)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

const every = ^layers(0)

// shared is one strict supervisor for all tests that leave it as they found it.
func shared(t *testing.T) *Supervisor {
	t.Helper()
	cfg := config(t)
	sharedOnce.Do(func() {
		cfg.Log = slog.New(slog.DiscardHandler)
		sharedSupervisor, sharedError = start(t.Context(), cfg, profileLayers())
	})
	if sharedError != nil {
		t.Fatal(sharedError)
	}
	if why := sharedSupervisor.Refusal(); why != "" {
		t.Fatal("Python is refused: ", why)
	}
	return sharedSupervisor
}

var (
	sharedOnce       sync.Once
	sharedSupervisor *Supervisor
	sharedError      error
)

func TestMain(m *testing.M) {
	if err := takeProfile(); err != nil {
		fmt.Println("not in this profile:", err)
		os.Exit(1)
	}
	if os.Getenv(helperFolder) != "" {
		help()
	}
	code := m.Run()
	for _, s := range []*Supervisor{sharedSupervisor, transformsSupervisor} {
		if s == nil {
			continue
		}
		if err := s.Close(); err != nil {
			code = 1
		}
	}
	os.Exit(code)
}

// render runs code on the sales table and fails the test on the supervisor's own errors.
func render(t testing.TB, s *Supervisor, code string) *client.CardReply {
	t.Helper()
	return renderRun(t, s, Run{Code: code, Timeout: time.Minute})
}

func renderRun(t testing.TB, s *Supervisor, run Run) *client.CardReply {
	t.Helper()
	run.ID = t.Name()
	if run.Data == nil {
		run.Data, run.DataBytes, run.Columns = sales(t)
	}
	reply, err := s.Render(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// wantGood runs a good card: whatever came before must not have left a trace.
func wantGood(t testing.TB, s *Supervisor) {
	t.Helper()
	wantGoodOn(t, s, Run{Timeout: time.Minute})
}

// wantGoodOn is wantGood with the data and the time of a run.
func wantGoodOn(t testing.TB, s *Supervisor, run Run) {
	t.Helper()
	run.Code = "def render(dataset, filters, params):\n    return dataset.groupby('region')['amount'].sum().to_frame().to_html()"
	reply := renderRun(t, s, run)
	if reply.Problem != nil || !strings.Contains(reply.HTML, "東京") || !strings.Contains(reply.HTML, "30.5") {
		t.Fatalf("a good card afterwards: %+v %s", reply.Problem, reply.HTML)
	}
}

// sales is a table of four rows as the engine hands it over: one batch, sealed.
func sales(t testing.TB) (*os.File, int64, []core.Column) {
	t.Helper()
	record, columns := salesRecord()
	defer record.Release()
	file, size := sealedArrow(t, record)
	return file, size, columns
}

func salesRecord() (arrow.RecordBatch, []core.Column) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "region", Type: arrow.BinaryTypes.LargeString, Nullable: true},
		{Name: "amount", Type: arrow.PrimitiveTypes.Float64},
		{Name: "count", Type: arrow.PrimitiveTypes.Int64},
		{Name: "paid", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "day", Type: arrow.FixedWidthTypes.Date32},
		{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Microsecond}},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	b.Field(0).(*array.LargeStringBuilder).AppendValues([]string{"東京", "大阪", "東京", ""}, []bool{true, true, true, false})
	b.Field(1).(*array.Float64Builder).AppendValues([]float64{10.5, 5, 20, 1}, nil)
	b.Field(2).(*array.Int64Builder).AppendValues([]int64{1, 2, 3, 4}, nil)
	b.Field(3).(*array.BooleanBuilder).AppendValues([]bool{true, false, true, true}, nil)
	b.Field(4).(*array.Date32Builder).AppendValues([]arrow.Date32{19000, 19001, 19031, 19062}, nil)
	b.Field(5).(*array.TimestampBuilder).AppendValues([]arrow.Timestamp{1e15, 2e15, 1e15 + 3600e6, 1e15 + 7200e6}, nil)
	return b.NewRecordBatch(), []core.Column{
		{Name: "region", Type: core.TypeString, Nullable: true}, {Name: "amount", Type: core.TypeFloat64},
		{Name: "count", Type: core.TypeInt64}, {Name: "paid", Type: core.TypeBool},
		{Name: "day", Type: core.TypeDate}, {Name: "at", Type: core.TypeDatetime},
	}
}

func sealedArrow(t testing.TB, record arrow.RecordBatch) (*os.File, int64) {
	t.Helper()
	var out bytes.Buffer
	w, err := ipc.NewFileWriter(&out, ipc.WithSchema(record.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(record); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := sealed("data", out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file, int64(out.Len())
}
