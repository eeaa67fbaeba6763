package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/duckdb/duckdb-go/v2"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/executor/engine/csv"
)

// tablePartBytes is how much Arrow data makes one part.
const tablePartBytes = 128 << 20

// writeTable reads a transform's table and keeps it as Parquet parts in the
// worker's folder with their summary, or gives its first rows.
func writeTable(ctx context.Context, t task, file *os.File, tell func(event) error) (*loaded, *client.RowsReply, *os.File, error) {
	content, err := mapFile(file, t.Table.Bytes)
	if err != nil {
		return nil, nil, nil, err
	}
	table, err := decodeTable(content)
	if err != nil {
		return nil, nil, nil, &csv.Fault{Problem: *badTable}
	}
	done := &loaded{Columns: table.columns, Rows: table.rows}
	if !t.Table.Keep {
		return done, &client.RowsReply{Rows: table.first(t.Table.Rows)}, nil, nil
	}
	paths, err := table.write(ctx, t, tell)
	if err != nil {
		return nil, nil, nil, err
	}
	t.Summary = &summaryTask{data{Source: client.Source{Columns: table.columns}, Paths: paths}}
	summary, err := readSummary(ctx, t)
	if err != nil {
		done.Unsummed = err.Error()
	}
	return done, nil, summary, nil
}

// write makes the parts and gives their paths.
func (t *arrowTable) write(ctx context.Context, job task, tell func(event) error) (paths []string, err error) {
	db, err := open(ctx, access{dir: job.Dir, memoryMB: job.MemoryMB, threads: job.Threads})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	group := groupRows(t.bytes, t.rows)
	for i, batches := range t.parts(t.bytes) {
		path := filepath.Join(job.Dir, fmt.Sprintf("part-%04d.parquet", i))
		if err := t.copyPart(ctx, db, batches, path, group); err != nil {
			return nil, err
		}
		if err := tellPart(tell, i, path); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// parts cuts the batches into stretches of about the same size; there is one at least.
func (t *arrowTable) parts(bytes int64) [][]arrow.RecordBatch {
	each := max(1, tablePartBytes/max(1, bytes/max(1, t.rows))) // rows
	parts := [][]arrow.RecordBatch{nil}
	var rows int64
	for _, batch := range t.batches {
		if rows >= each {
			parts, rows = append(parts, nil), 0
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], batch)
		rows += batch.NumRows()
	}
	return parts
}

// copyPart lets DuckDB read the batches where they lie and write them.
func (t *arrowTable) copyPart(ctx context.Context, db *sql.DB, batches []arrow.RecordBatch, path string, group int64) error {
	schema := schemaOf(t.columns) // the file's own may say more, which is nobody's business
	plain := make([]arrow.RecordBatch, len(batches))
	for i, batch := range batches {
		plain[i] = array.NewRecordBatch(schema, batch.Columns(), batch.NumRows())
	}
	reader, err := array.NewRecordReader(schema, plain)
	if err != nil {
		return err
	}
	defer reader.Release()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	var release func()
	err = conn.Raw(func(driverConn any) error {
		a, err := duckdb.NewArrowFromConn(driverConn.(*duckdb.Conn))
		if err != nil {
			return err
		}
		release, err = a.RegisterView(reader, "result")
		return err
	})
	if err != nil {
		return err
	}
	defer release()
	var rows int64
	for _, batch := range batches {
		rows += batch.NumRows()
	}
	query := "SELECT " + identifiers(t.columns) + " FROM result"
	err = copyRows(ctx, conn, query, path, stored, group, rows)
	_, dropped := conn.ExecContext(ctx, "DROP VIEW result")
	return errors.Join(err, dropped)
}
