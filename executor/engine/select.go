package engine

import (
	"context"
	"database/sql"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/duckdb/duckdb-go/v2"
)

// reading is a DuckDB over the parts of one source.
type reading struct {
	*query
	paths []string
	db    *sql.DB
}

func openData(ctx context.Context, t task, d data) (*reading, error) {
	q, err := compile(d.Source)
	if err != nil {
		return nil, err
	}
	db, err := open(ctx, access{dir: t.Dir, paths: d.Paths, memoryMB: t.MemoryMB, threads: t.Threads})
	if err != nil {
		return nil, err
	}
	return &reading{query: q, paths: d.Paths, db: db}, nil
}

// arrow runs a statement and passes the batches of its result on.
func (r *reading) arrow(ctx context.Context, each func(array.RecordReader) error, statement string, values []any) error {
	conn, err := r.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(driverConn any) error {
		a, err := duckdb.NewArrowFromConn(driverConn.(*duckdb.Conn))
		if err != nil {
			return err
		}
		batches, err := a.QueryContext(ctx, statement, values...)
		if err != nil {
			return err
		}
		defer batches.Release()
		return each(batches)
	})
}
