package engine

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/karuta-bi/karuta/internal/core"
)

// table gathers the results of several statements. What was added lies in memory
// of ours, so that DuckDB's is free before the next result.
type table struct {
	schema  *arrow.Schema
	columns []*gathered
	rows    int64
}

func newTable(columns []core.Column) *table {
	t := &table{schema: schemaOf(columns)}
	for _, f := range t.schema.Fields() {
		t.columns = append(t.columns, newGathered(f.Type))
	}
	return t
}

func schemaOf(columns []core.Column) *arrow.Schema {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = arrow.Field{Name: c.Name, Type: arrowType(c), Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
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

// add takes a whole result in.
func (t *table) add(batches array.RecordReader) error {
	if err := fits(batches.Schema(), t.schema); err != nil {
		return err
	}
	for batches.Next() {
		batch := batches.RecordBatch()
		for i, c := range t.columns {
			c.add(batch.Column(i))
		}
		t.rows += batch.NumRows()
	}
	return batches.Err()
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

// batch is all that was added, as one batch that lives until free.
func (t *table) batch() arrow.RecordBatch {
	columns := make([]arrow.Array, len(t.columns))
	for i, c := range t.columns {
		columns[i] = c.array()
		defer columns[i].Release()
	}
	return array.NewRecordBatch(t.schema, columns, t.rows)
}

func (t *table) free() {
	for _, c := range t.columns {
		c.free()
	}
}
