package card

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// MaxRows is how many of the rows under a card can be read.
const MaxRows = 1000

// rowsTimeout bounds the reading of rows.
const rowsTimeout = 30 * time.Second

// RowsInput asks for the rows under a card, as narrowed as the card's result.
type RowsInput struct {
	CardID      string
	DashboardID string // the page it is seen on; "" is for the card's owner and admins
	Filters     []core.FilterValue
	Limit       int // 1..MaxRows
}

// Rows are the first rows under a card as text; nil is null.
type Rows struct {
	Columns   []core.Column
	Rows      [][]*string
	TotalRows int64 // that the filters leave
}

// ReturnedRows is the number of rows given here.
func (r *Rows) ReturnedRows() int { return len(r.Rows) }

// Truncated tells that there are more.
func (r *Rows) Truncated() bool { return int64(len(r.Rows)) < r.TotalRows }

// Rows reads the data under a card for whoever may see its result; nil for a
// text card.
func (s *Service) Rows(ctx context.Context, in RowsInput) (*Rows, error) {
	if in.Limit < 1 || in.Limit > MaxRows {
		return nil, core.Invalid("input.limit", "out_of_range", "min", 1, "max", MaxRows)
	}
	j, err := s.narrowed(ctx, in.CardID, in.DashboardID, in.Filters)
	if err != nil || j.card.Kind == core.CardText {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, rowsTimeout)
	defer cancel()
	reply, err := s.Executor.Rows(ctx, client.RowsRequest{Source: j.source, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return &Rows{Columns: j.source.Seen(), Rows: reply.Rows, TotalRows: reply.TotalRows}, nil
}
