package engine

import (
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/internal/core"
)

// What is gathered from pieces of any length is the same as arrow's own joining.
func TestGatheredIsWhatWasAdded(t *testing.T) {
	columns := []core.Column{
		{Name: "n", Type: core.TypeInt64}, {Name: "x", Type: core.TypeFloat64}, {Name: "ok", Type: core.TypeBool},
		{Name: "day", Type: core.TypeDate}, {Name: "at", Type: core.TypeDatetime}, {Name: "s", Type: core.TypeString},
	}
	rapid.Check(t, func(t *rapid.T) {
		table := newTable(columns)
		defer table.free()
		want := make([][]arrow.Array, len(columns))
		for range rapid.IntRange(0, 4).Draw(t, "batches") {
			batch := randomBatch(t, table.schema)
			for i, c := range table.columns {
				c.add(batch.Column(i))
				want[i] = append(want[i], batch.Column(i))
			}
			table.rows += batch.NumRows()
		}
		got := table.batch()
		defer got.Release()
		for i := range columns {
			if len(want[i]) == 0 {
				if got.Column(i).Len() != 0 {
					t.Fatal("rows out of nothing")
				}
				continue
			}
			joined, err := array.Concatenate(want[i], memory.DefaultAllocator)
			if err != nil {
				t.Fatal(err)
			}
			if !array.Equal(got.Column(i), joined) {
				t.Fatalf("%s: %s, want %s", columns[i].Name, got.Column(i), joined)
			}
			if err := array.ValidateFull(got.Column(i)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// randomBatch is a batch, or the middle of a longer one.
func randomBatch(t *rapid.T, schema *arrow.Schema) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	rows := rapid.IntRange(0, 20).Draw(t, "rows")
	for i, f := range b.Fields() {
		nulls := rapid.Bool().Draw(t, "nulls")
		for range rows {
			n := rapid.Int64().Draw(t, "value")
			if nulls && n%3 == 0 {
				f.AppendNull()
				continue
			}
			switch f := f.(type) {
			case *array.Int64Builder:
				f.Append(n)
			case *array.Float64Builder:
				f.Append(float64(n) / 7)
			case *array.BooleanBuilder:
				f.Append(n%2 == 0)
			case *array.Date32Builder:
				f.Append(arrow.Date32(n % math.MaxInt32))
			case *array.TimestampBuilder:
				f.Append(arrow.Timestamp(n))
			case *array.LargeStringBuilder:
				f.Append(strings.Repeat("札", int(uint64(n)%4)))
			default:
				t.Fatalf("column %d", i)
			}
		}
	}
	batch := b.NewRecordBatch()
	from := rapid.IntRange(0, rows).Draw(t, "from")
	return batch.NewSlice(int64(from), int64(rapid.IntRange(from, rows).Draw(t, "to")))
}
