package engine

import (
	"context"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// Rows gives the first rows of a source as text in canonical form: integers in decimal,
// floats with the fewest digits that read back the same, true and false, dates as
// YYYY-MM-DD, datetimes as "YYYY-MM-DD HH:MM:SS[.ffffff]", and datetimes with a
// zone in UTC as "YYYY-MM-DDTHH:MM:SS[.ffffff]Z".
func (e *Engine) Rows(ctx context.Context, req client.RowsRequest) (*client.RowsReply, error) {
	q, err := compile(req.Source)
	if err != nil {
		return nil, err
	}
	columns, err := chosen(q.columns, nil)
	if err == nil && req.Limit < 0 {
		err = core.Invalid("limit", "bad_value")
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := e.bound(ctx)
	defer cancel()
	last, _, err := e.query(ctx, req.Source, func(t *task, d data) { t.Rows = &rowsTask{d, req.Limit} })
	if err != nil {
		return nil, err
	}
	last.Rows.Columns = columns
	return last.Rows, nil
}

// Values gives the distinct values of a column in the column's own order, as text like Rows.
func (e *Engine) Values(ctx context.Context, req client.ValuesRequest) (*client.ValuesReply, error) {
	q, err := compile(req.Source)
	if err != nil {
		return nil, err
	}
	column, err := columnNamed(q.columns, "column", req.Column)
	if err == nil && req.Limit < 0 {
		err = core.Invalid("limit", "bad_value")
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := e.bound(ctx)
	defer cancel()
	last, _, err := e.query(ctx, req.Source, func(t *task, d data) {
		t.Values = &valuesTask{data: d, Column: column, Contains: req.Prefix, Limit: req.Limit}
	})
	return last.Values, err
}
