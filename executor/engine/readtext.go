package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// readRows gives the first rows as text.
func readRows(ctx context.Context, t task) (*client.RowsReply, error) {
	r, err := openData(ctx, t, t.Rows.data)
	if err != nil {
		return nil, err
	}
	defer r.db.Close()
	reply := &client.RowsReply{Rows: [][]*string{}}
	statement, values := r.sql(r.paths, "count(*)", "")
	if err := r.db.QueryRowContext(ctx, statement, values...).Scan(&reply.TotalRows); err != nil {
		return nil, err
	}
	statement, values = r.sql(r.paths, identifiers(r.columns), fmt.Sprintf(" LIMIT %d", t.Rows.Limit))
	err = r.arrow(ctx, func(batches array.RecordReader) error {
		return eachRow(batches, r.columns, func(row []*string) bool {
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
	return r.sql(r.paths, "DISTINCT "+name, rest, more...)
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
