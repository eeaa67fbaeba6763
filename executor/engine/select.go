package engine

import (
	"context"
	"database/sql"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/duckdb/duckdb-go/v2"
)

// reading is a DuckDB over the parts of one source.
type reading struct {
	data
	db     *sql.DB
	where  string
	values []any
}

func openData(ctx context.Context, t task, d data) (*reading, error) {
	where, values, err := condition(d.Where, d.Columns)
	if err != nil {
		return nil, err
	}
	db, err := open(ctx, access{dir: t.Dir, paths: d.Paths, memoryMB: t.MemoryMB, threads: t.Threads})
	if err != nil {
		return nil, err
	}
	return &reading{data: d, db: db, where: where, values: values}, nil
}

// sql is a statement over some of the parts, in their order: what is selected,
// then what follows the filter, with values of its own.
func (r *reading) sql(paths []string, selected, rest string, more ...any) (statement string, values []any) {
	statement = "SELECT " + selected + " FROM read_parquet(?, hive_partitioning = false) WHERE " + r.where + rest
	return statement, slices.Concat([]any{paths}, r.values, more)
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
