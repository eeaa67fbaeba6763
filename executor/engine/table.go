package engine

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/karuta-bi/karuta/internal/core"
)

// joinedBatches is how many of DuckDB's batches of 2048 rows are copied at once.
const joinedBatches = 16

// table gathers results, column by column. What has been added lies in memory of
// ours, so that DuckDB's can be freed result by result.
type table struct {
	schema *arrow.Schema
	chunks [][]arrow.Array // by column
	rows   int64
}

func newTable(columns []core.Column) *table {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = arrow.Field{Name: c.Name, Type: arrowType(c), Nullable: true}
	}
	return &table{schema: arrow.NewSchema(fields, nil), chunks: make([][]arrow.Array, len(columns))}
}

// arrowType is the type that a column has in a slice.
func arrowType(c core.Column) arrow.DataType {
	switch c.Type {
	case core.TypeInt64:
		return arrow.PrimitiveTypes.Int64
	case core.TypeFloat64:
		return arrow.PrimitiveTypes.Float64
	case core.TypeBool:
		return arrow.FixedWidthTypes.Boolean
	case core.TypeDate:
		return arrow.FixedWidthTypes.Date32
	case core.TypeDatetime:
		if c.Zoned {
			return arrow.FixedWidthTypes.Timestamp_us
		}
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	}
	return arrow.BinaryTypes.LargeString
}

// add takes a whole result in, some batches at a time.
func (t *table) add(batches array.RecordReader) error {
	if err := fits(batches.Schema(), t.schema); err != nil {
		return err
	}
	var pending []arrow.RecordBatch
	defer func() { drop(pending) }()
	for more := true; more; {
		if more = batches.Next(); more {
			batch := batches.RecordBatch()
			batch.Retain()
			pending = append(pending, batch)
		}
		if len(pending) == joinedBatches || !more {
			if err := t.join(pending); err != nil {
				return err
			}
			drop(pending)
			pending = pending[:0]
		}
	}
	return batches.Err()
}

// join copies batches into one chunk of each column.
func (t *table) join(batches []arrow.RecordBatch) error {
	if len(batches) == 0 {
		return nil
	}
	column := make([]arrow.Array, len(batches))
	for i := range t.chunks {
		for n, b := range batches {
			column[n] = b.Column(i)
		}
		chunk, err := array.Concatenate(column, pages{})
		if err != nil {
			return err
		}
		t.chunks[i] = append(t.chunks[i], chunk)
	}
	for _, b := range batches {
		t.rows += b.NumRows()
	}
	return nil
}

func drop(batches []arrow.RecordBatch) {
	for _, b := range batches {
		b.Release()
	}
}

// fits tells whether a result has the columns that were expected: a part that is
// not what its dataset says is found out here.
func fits(got, want *arrow.Schema) error {
	for i, f := range want.Fields() {
		if i >= got.NumFields() || !arrow.TypeEqual(got.Field(i).Type, f.Type) {
			return fmt.Errorf("column %d is not %s in the stored data", i+1, f.Type)
		}
	}
	return nil
}

// batch joins everything to one batch, and frees each column once it is copied.
func (t *table) batch() (arrow.RecordBatch, error) {
	columns := make([]arrow.Array, len(t.chunks))
	defer func() { release(columns) }()
	for i, chunks := range t.chunks {
		var err error
		switch len(chunks) {
		case 0:
			columns[i] = array.MakeArrayOfNull(pages{}, t.schema.Field(i).Type, 0)
		case 1:
			columns[i] = chunks[0]
			columns[i].Retain()
		default:
			columns[i], err = array.Concatenate(chunks, pages{})
		}
		if err != nil {
			return nil, err
		}
		release(chunks)
		t.chunks[i] = nil
	}
	return array.NewRecordBatch(t.schema, columns, t.rows), nil
}

func (t *table) release() {
	for _, chunks := range t.chunks {
		release(chunks)
	}
}

func release(arrays []arrow.Array) {
	for _, a := range arrays {
		if a != nil {
			a.Release()
		}
	}
}
