package engine

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/duckdb/duckdb-go/v2"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// groupBytes is how much of Parquet is read into one result, which DuckDB holds in
// memory as a whole. Parts belong together up to this size.
const groupBytes = 24 << 20

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

// readSlice writes the selected columns of the rows that match into a sealed file.
func readSlice(ctx context.Context, t task) (*sliceInfo, *os.File, error) {
	r, err := openData(ctx, t, t.Slice.data)
	if err != nil {
		return nil, nil, err
	}
	defer r.db.Close()
	result := newTable(t.Slice.Select)
	defer result.free()
	groups, err := groupsOf(t.Slice.Paths)
	if err != nil {
		return nil, nil, err
	}
	for _, group := range groups {
		statement, values := r.sql(group, identifiers(t.Slice.Select), "")
		if err := r.arrow(ctx, result.add, statement, values); err != nil {
			return nil, nil, err
		}
	}
	batch := result.batch()
	defer batch.Release()
	return sealedBatch(batch)
}

// groupsOf cuts the parts into stretches that are read together.
func groupsOf(paths []string) ([][]string, error) {
	var groups [][]string
	size := int64(groupBytes)
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if size+info.Size() > groupBytes {
			groups, size = append(groups, nil), 0
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], path)
		size += info.Size()
	}
	return groups, nil
}

func sealedBatch(batch arrow.RecordBatch) (_ *sliceInfo, _ *os.File, err error) {
	file, err := memoryFile("slice")
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	w, err := ipc.NewFileWriter(file, ipc.WithSchema(batch.Schema()))
	if err != nil {
		return nil, nil, err
	}
	if err := w.Write(batch); err != nil {
		return nil, nil, err
	}
	if err := w.Close(); err != nil {
		return nil, nil, err
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, nil, err
	}
	return &sliceInfo{Rows: batch.NumRows(), Bytes: size}, file, seal(file)
}

// readRows gives the first rows as text.
func readRows(ctx context.Context, t task) (*client.RowsReply, error) {
	r, err := openData(ctx, t, t.Rows.data)
	if err != nil {
		return nil, err
	}
	defer r.db.Close()
	reply := &client.RowsReply{Rows: [][]*string{}}
	statement, values := r.sql(r.Paths, "count(*)", "")
	if err := r.db.QueryRowContext(ctx, statement, values...).Scan(&reply.TotalRows); err != nil {
		return nil, err
	}
	statement, values = r.sql(r.Paths, identifiers(r.Columns), fmt.Sprintf(" LIMIT %d", t.Rows.Limit))
	err = r.arrow(ctx, func(batches array.RecordReader) error {
		return eachRow(batches, r.Columns, func(row []*string) bool {
			reply.Rows = append(reply.Rows, row)
			return true
		})
	}, statement, values)
	return reply, err
}

// readValues gives distinct values as text. Which of them contain a text is decided
// on the canonical form; for text columns that can be left to DuckDB.
func readValues(ctx context.Context, t task) (*client.ValuesReply, error) {
	r, err := openData(ctx, t, t.Values.data)
	if err != nil {
		return nil, err
	}
	defer r.db.Close()
	v := t.Values
	found := &distinct{limit: v.Limit, contains: v.Contains, reply: client.ValuesReply{Values: []string{}}}
	statement, values := r.distinct(v)
	err = r.arrow(ctx, func(batches array.RecordReader) error {
		return eachRow(batches, []core.Column{v.Column}, found.add)
	}, statement, values)
	return &found.reply, err
}

// distinct selects a column's values once each, a null first.
func (r *reading) distinct(v *valuesTask) (statement string, values []any) {
	name := identifier(v.Column.Name)
	var rest string
	var more []any
	inText := v.Contains != "" && v.Column.Type == core.TypeString
	if inText {
		rest, more = " AND (contains("+name+", ?) OR "+name+" IS NULL)", []any{v.Contains}
	}
	rest += " ORDER BY 1 NULLS FIRST"
	if inText || v.Contains == "" {
		rest += fmt.Sprintf(" LIMIT %d", v.Limit+2) // a null, and one more to know that there are more
	}
	return r.sql(r.Paths, "DISTINCT "+name, rest, more...)
}

// distinct gathers values up to a limit.
type distinct struct {
	limit    int
	contains string
	reply    client.ValuesReply
}

func (d *distinct) add(row []*string) (more bool) {
	switch text := row[0]; {
	case text == nil:
		d.reply.HasNull = true
	case !strings.Contains(*text, d.contains):
	case len(d.reply.Values) == d.limit:
		d.reply.Truncated = true
		return false
	default:
		d.reply.Values = append(d.reply.Values, *text)
	}
	return true
}
