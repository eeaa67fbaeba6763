package engine

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/karuta-bi/karuta/internal/core"
)

// Bounds of a transform's table, as in guest/karuta_guest/table.py.
const (
	maxTableColumns  = 1000
	maxTableName     = 200
	maxTableRows     = 1 << 30
	maxTableBatches  = 1 << 16
	maxTableMetadata = 1000 // entries, which nobody reads
)

// arrowTable is a table that a transform has written.
type arrowTable struct {
	columns []core.Column
	batches []arrow.RecordBatch // on top of the bytes that were decoded
	rows    int64
	bytes   int64 // of the batches' buffers
	most    int64 // that they can have where each byte belongs to one of them
}

// decodeTable reads an Arrow IPC file that people's code may have forged. Its bytes
// must stay and cannot be Go's own where the table is handed to DuckDB. What is not
// plainly a table of the types that datasets have is errBadTable; a forged file can
// also end the process.
func decodeTable(data []byte) (t *arrowTable, err error) {
	defer func() {
		if bug := recover(); bug != nil {
			t, err = nil, fmt.Errorf("%w: %v", errBadTable, bug)
		}
	}()
	if err := checkSchema(data); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadTable, err)
	}
	file, err := ipc.NewMappedFileReader(data, ipc.WithAllocator(noMemory{}))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBadTable, err)
	}
	t = &arrowTable{most: int64(len(data))}
	if t.columns, err = tableColumns(file.Schema()); err != nil {
		return nil, err
	}
	if n := file.NumRecords(); n < 0 || n > maxTableBatches {
		return nil, fmt.Errorf("%w: %d batches", errBadTable, n)
	}
	for i := range file.NumRecords() {
		batch, err := file.RecordBatchAt(i)
		if err == nil {
			err = t.add(batch)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: batch %d: %w", errBadTable, i, err)
		}
	}
	return t, nil
}

// noMemory gives none: a file that was written here can be read where it lies, and
// one that has to be unpacked was not.
type noMemory struct{}

func (noMemory) Allocate(int) []byte           { panic("a table needs memory to be read") }
func (noMemory) Reallocate(int, []byte) []byte { panic("a table needs memory to be read") }
func (noMemory) Free([]byte)                   {}

// tableColumns are the columns of a schema, not nullable until a null is seen.
func tableColumns(schema *arrow.Schema) ([]core.Column, error) {
	fields := schema.Fields()
	if len(fields) == 0 || len(fields) > maxTableColumns {
		return nil, fmt.Errorf("%w: %d columns", errBadTable, len(fields))
	}
	columns, taken := make([]core.Column, len(fields)), map[string]bool{}
	for i, f := range fields {
		at := slices.IndexFunc(tableTypes, func(c core.Column) bool { return arrow.TypeEqual(arrowType(c), f.Type) })
		if at < 0 || !usableName(f.Name) || taken[strings.ToLower(f.Name)] {
			return nil, fmt.Errorf("%w: column %q %s", errBadTable, f.Name, f.Type)
		}
		taken[strings.ToLower(f.Name)] = true
		columns[i] = tableTypes[at]
		columns[i].Name = strings.Clone(f.Name)
	}
	return columns, nil
}

// tableTypes are the types that a table can have.
var tableTypes = []core.Column{
	{Type: core.TypeInt64}, {Type: core.TypeFloat64}, {Type: core.TypeBool}, {Type: core.TypeDate},
	{Type: core.TypeDatetime}, {Type: core.TypeDatetime, Zoned: true}, {Type: core.TypeString},
}

func usableName(name string) bool {
	n := utf8.RuneCountInString(name)
	return n > 0 && n <= maxTableName && utf8.ValidString(name) && strings.TrimSpace(name) == name &&
		!strings.ContainsFunc(name, unicode.IsControl)
}

// add takes in a batch once every byte of it has been looked at, and none of them for two columns.
func (t *arrowTable) add(batch arrow.RecordBatch) error {
	for _, column := range batch.Columns() {
		for _, buffer := range column.Data().Buffers() {
			if buffer != nil {
				t.bytes += int64(buffer.Len())
			}
		}
	}
	if t.bytes > t.most {
		return fmt.Errorf("buffers that overlap")
	}
	if err := array.ValidateRecordFull(batch); err != nil {
		return err
	}
	if t.rows += batch.NumRows(); t.rows > maxTableRows {
		return fmt.Errorf("%d rows", t.rows)
	}
	for i, column := range batch.Columns() {
		if !arrow.TypeEqual(column.DataType(), arrowType(t.columns[i])) || int64(column.Len()) != batch.NumRows() {
			return fmt.Errorf("column %d is another", i)
		}
		if err := checkRange(column); err != nil {
			return err
		}
		t.columns[i].Nullable = t.columns[i].Nullable || column.NullN() > 0
	}
	t.batches = append(t.batches, batch)
	return nil
}

// Dates and times that have a text: the years 1 to 9999.
const (
	firstDay = -719162
	lastDay  = 2932896
	dayTicks = 24 * 60 * 60 * 1_000_000
)

func checkRange(column arrow.Array) error {
	within := true
	switch a := column.(type) {
	case *array.Date32:
		for i, day := range a.Date32Values() {
			within = within && (day >= firstDay && day <= lastDay || a.IsNull(i))
		}
	case *array.Timestamp:
		for i, moment := range a.TimestampValues() {
			within = within && (moment >= firstDay*dayTicks && moment < (lastDay+1)*dayTicks || a.IsNull(i))
		}
	}
	if !within {
		return fmt.Errorf("a time beyond the years 1 to 9999")
	}
	return nil
}

// first is the first rows as text.
func (t *arrowTable) first(most int) [][]*string {
	rows := [][]*string{}
	for _, batch := range t.batches {
		for i := range int(batch.NumRows()) {
			if len(rows) == most {
				return rows
			}
			row := make([]*string, len(t.columns))
			for c := range t.columns {
				row[c] = canonical(batch.Column(c), i)
			}
			rows = append(rows, row)
		}
	}
	return rows
}
