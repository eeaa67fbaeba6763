package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/karuta-bi/karuta/internal/core"
)

// tableWriter writes a table row by row.
type tableWriter interface {
	header(columns []core.Column) error
	row(values []*string) error
	close() error
}

// writeExport writes the file into the worker's folder and gives it away nameless.
func writeExport(ctx context.Context, t task) (*exportInfo, *os.File, error) {
	r, err := openData(ctx, t, t.Export.data)
	if err != nil {
		return nil, nil, err
	}
	defer r.db.Close()
	path := filepath.Join(t.Dir, "export")
	write := r.writeRows
	if t.Export.Format == core.FormatParquet {
		write = r.writeParquet
	}
	rows, err := write(ctx, t.Export, path)
	if err != nil {
		return nil, nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err = errors.Join(err, os.Remove(path)); err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return &exportInfo{Rows: rows, Bytes: info.Size()}, file, nil
}

// writeRows writes a text format, a few parts at a time.
func (r *reading) writeRows(ctx context.Context, x *exportTask, path string) (rows int64, err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	w := newTableWriter(file, x)
	if err := w.header(x.Select); err != nil {
		return 0, err
	}
	groups, err := groupsOf(r.paths)
	if err != nil {
		return 0, err
	}
	for _, group := range groups {
		statement, values := r.sql(group, identifiers(x.Select), "")
		err := r.arrow(ctx, func(batches array.RecordReader) error {
			var failed error
			err := eachRow(batches, x.Select, func(row []*string) bool {
				rows++
				failed = w.row(row)
				return failed == nil
			})
			return errors.Join(err, failed)
		}, statement, values)
		if err != nil {
			return 0, err
		}
	}
	return rows, errors.Join(w.close(), file.Close())
}

func newTableWriter(file *os.File, x *exportTask) tableWriter {
	if x.Format == core.FormatXLSX {
		return newSheetWriter(file)
	}
	return newCSVWriter(file, x.Encoding)
}

// writeParquet lets DuckDB write the file, with the types that the columns have.
func (r *reading) writeParquet(ctx context.Context, x *exportTask, path string) (int64, error) {
	statement, values := r.sql(r.paths, identifiers(x.Select), "")
	result, err := r.db.ExecContext(ctx, fmt.Sprintf("COPY (%s) TO %s (FORMAT parquet, COMPRESSION %s, ROW_GROUP_SIZE %d)",
		statement, literal(path), stored, mostGroupRows), values...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
