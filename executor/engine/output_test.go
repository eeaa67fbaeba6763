package engine

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

const outputTarget = "datasets/ds_2/data/v000001/"

// resultFields are one column of each type.
var resultFields = []arrow.Field{
	{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true}, {Name: "f", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "b", Type: arrow.FixedWidthTypes.Boolean, Nullable: true}, {Name: "d", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
	{Name: "t", Type: &arrow.TimestampType{Unit: arrow.Microsecond}, Nullable: true},
	{Name: "z", Type: arrow.FixedWidthTypes.Timestamp_us, Nullable: true}, {Name: "札", Type: arrow.BinaryTypes.LargeString, Nullable: true},
}

// result is a table of so many rows as the guest writes it; every third text is null.
func result(t testing.TB, batches, rows int, options ...ipc.Option) []byte {
	t.Helper()
	schema := arrow.NewSchema(resultFields, nil)
	var out bytes.Buffer
	w, err := ipc.NewFileWriter(&out, append(options, ipc.WithSchema(schema))...)
	if err != nil {
		t.Fatal(err)
	}
	for n := range batches {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for i := range rows {
			i += n * rows
			b.Field(0).(*array.Int64Builder).Append(int64(i))
			b.Field(1).(*array.Float64Builder).Append(float64(i) / 2)
			b.Field(2).(*array.BooleanBuilder).Append(i%2 == 0)
			b.Field(3).(*array.Date32Builder).Append(arrow.Date32(i % 20000))
			b.Field(4).(*array.TimestampBuilder).Append(arrow.Timestamp(i))
			b.Field(5).(*array.TimestampBuilder).Append(arrow.Timestamp(i))
			if text := b.Field(6).(*array.LargeStringBuilder); i%3 == 2 {
				text.AppendNull()
			} else {
				text.Append("値" + string(rune('a'+i%26)))
			}
		}
		batch := b.NewRecordBatch()
		if err := w.Write(batch); err != nil {
			t.Fatal(err)
		}
		batch.Release()
		b.Release()
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// resultFile is a memory file as the supervisor gives it: longer than what is in it.
func resultFile(t testing.TB, content []byte) *os.File {
	t.Helper()
	file, err := memoryFile("result")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	if _, err := file.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := file.Truncate(int64(len(content)) + 1<<20); err != nil {
		t.Fatal(err)
	}
	return file
}

func (b *bench) write(t testing.TB, content []byte, to string) (*client.TransformDone, *client.Problem) {
	t.Helper()
	done, problem, err := b.Write(t.Context(), Output{RunID: "run", File: resultFile(t, content), Bytes: int64(len(content)), Target: to, Rows: 2})
	if err != nil {
		t.Fatal(err)
	}
	return done, problem
}

// What a transform gave is there as it was: its rows in order, its types, and
// nullable where there are nulls.
func TestWriteKeepsATable(t *testing.T) {
	b := newBench(t, nil)
	for _, c := range []struct{ batches, rows int }{{0, 0}, {1, 0}, {3, 1000}} {
		to := fmt.Sprintf("datasets/ds_2/data/v%d%d/", c.batches, c.rows)
		done, problem := b.write(t, result(t, c.batches, c.rows), to)
		if problem != nil {
			t.Fatalf("%+v", *problem)
		}
		want := []core.Column{{Name: "n", Type: core.TypeInt64}, {Name: "f", Type: core.TypeFloat64}, {Name: "b", Type: core.TypeBool},
			{Name: "d", Type: core.TypeDate}, {Name: "t", Type: core.TypeDatetime}, {Name: "z", Type: core.TypeDatetime, Zoned: true},
			{Name: "札", Type: core.TypeString, Nullable: c.rows > 0}}
		if !slices.Equal(done.Columns, want) || done.RowCount != int64(c.batches*c.rows) || len(done.Parts) != 1 || done.Bytes == 0 {
			t.Errorf("%+v: %+v", c, done)
		}
		if summary := b.summary(t, done.Summary); summary.RowCount != done.RowCount || len(summary.Columns) != len(want) {
			t.Errorf("summary: %+v", summary)
		}
		rows, err := b.Rows(t.Context(), client.RowsRequest{Source: client.Source{Parts: done.Parts, Columns: done.Columns}, Limit: 5000})
		if err != nil {
			t.Fatal(err)
		}
		trial, problem := b.write(t, result(t, c.batches, c.rows), "")
		if problem != nil || len(trial.Parts) != 0 || trial.Summary != "" || len(trial.Rows) != min(2, c.batches*c.rows) {
			t.Errorf("a trial: %+v %+v", trial, problem)
		}
		for i, row := range rows.Rows {
			for column, text := range row {
				if i < len(trial.Rows) && (text == nil) != (trial.Rows[i][column] == nil) || i < len(trial.Rows) && text != nil && *text != *trial.Rows[i][column] {
					t.Errorf("row %d column %d differs in the trial", i, column)
				}
			}
			if i >= 2 && i%3 == 2 && row[6] != nil {
				t.Errorf("row %d: %s", i, *row[6])
			}
		}
		if len(rows.Rows) != c.batches*c.rows || c.rows > 0 && *rows.Rows[2999][0] != "2999" {
			t.Errorf("%+v: %d rows", c, len(rows.Rows))
		}
	}
}

// Large tables become several parts, in order.
func TestWriteCutsParts(t *testing.T) {
	table := &arrowTable{rows: 40}
	for range 4 {
		b := array.NewInt64Builder(memory.DefaultAllocator)
		b.AppendValues(make([]int64, 10), nil)
		table.batches = append(table.batches, array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}}, nil), []arrow.Array{b.NewArray()}, 10))
	}
	var sizes []int
	for _, part := range table.parts(2 * tablePartBytes) {
		sizes = append(sizes, len(part))
	}
	if !slices.Equal(sizes, []int{2, 2}) {
		t.Errorf("%v", sizes)
	}
}

// A table that fails to be stored leaves nothing, and a target that is there is
// left alone.
func TestWriteLeavesNothingBehind(t *testing.T) {
	b := newBench(t, nil)
	b.put(t, outputTarget+"part-0000.parquet", "other")
	content := result(t, 1, 10)
	_, _, err := b.Write(t.Context(), Output{File: resultFile(t, content), Bytes: int64(len(content)), Target: outputTarget})
	if err == nil {
		t.Error("it was overwritten")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := b.Write(ctx, Output{File: resultFile(t, content), Bytes: int64(len(content)), Target: "datasets/ds_3/"}); err == nil {
		t.Error("it went on without a caller")
	}
	if keys := b.keys(t, "datasets/"); len(keys) != 1 {
		t.Errorf("%s", keys)
	}
}
