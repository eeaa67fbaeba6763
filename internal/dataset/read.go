package dataset

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

// Limits of what can be asked of a dataset.
const (
	DefaultPreview = 100
	MaxPreview     = 1000
	MaxValues      = 500
	maxSearch      = 200
)

// readTimeout bounds a call to the executor that only reads.
const readTimeout = 30 * time.Second

// Source refers the executor to what the actor sees of the newest version of a
// dataset, narrowed by the filter (nil: all of it). It is the only way to make a
// source, so that nobody can forget whose eyes it is for. The dataset is one
// that the store gave, which the actor may read.
func Source(ctx context.Context, g *access.Gate, d *core.Dataset, where *core.Predicate) (client.Source, error) {
	sight, err := g.Sight(ctx, d)
	if err != nil {
		return client.Source{}, err
	}
	return client.Source{DatasetID: d.ID, Version: d.DataVersion, Parts: d.Parts, Columns: d.Columns, Where: where, Sight: sight}, nil
}

// Preview is the first rows of a dataset as text; nil is null.
type Preview struct {
	Columns   []core.Column
	Rows      [][]*string
	TotalRows int64
}

// Preview reads the first rows (1..[MaxPreview], 0 is [DefaultPreview]); for
// the owner and admins.
func (s *Service) Preview(ctx context.Context, id string, limit int) (*Preview, error) {
	d, err := s.Gate.RequireDataset(ctx, "id", id, access.Manage)
	if err != nil {
		return nil, err
	}
	if limit == 0 {
		limit = DefaultPreview
	}
	return s.firstRows(ctx, d, limit)
}

// SeenRows reads the first rows (1..[MaxPreview]) of a dataset as the actor sees
// them, for an administrator or the dataset's owner who looks through the
// actor's eyes; NOT_FOUND where the actor may not read the dataset.
func (s *Service) SeenRows(ctx context.Context, id string, limit int) (*Preview, error) {
	if core.ActorFrom(ctx).ViewedBy == "" {
		return nil, core.Forbidden("")
	}
	if _, err := s.Gate.RequireDataset(ctx, "id", id, access.View); err != nil {
		return nil, err
	}
	d, err := s.existing(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.firstRows(ctx, d, limit)
}

func (s *Service) firstRows(ctx context.Context, d *core.Dataset, limit int) (*Preview, error) {
	if limit < 1 || limit > MaxPreview {
		return nil, core.Invalid("limit", "out_of_range", "min", 1, "max", MaxPreview)
	}
	source, err := Source(ctx, s.Gate, d, nil)
	if err != nil {
		return nil, err
	}
	if source.Sight == nil {
		if p := s.keptRows(ctx, d, limit); p != nil {
			return p, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	reply, err := s.Executor.Rows(ctx, client.RowsRequest{Source: source, Limit: limit})
	if err != nil {
		s.noteMissing(ctx, d, err)
		return nil, err
	}
	return &Preview{Columns: source.Seen(), Rows: reply.Rows, TotalRows: reply.TotalRows}, nil
}

// keptRows are the first rows as the summary has them, for who sees all of the dataset;
// nil where it has too few. A version without a summary gets one meanwhile.
func (s *Service) keptRows(ctx context.Context, d *core.Dataset, limit int) *Preview {
	summary, err := s.summary(ctx, d, limit)
	if err != nil {
		s.summariseLater(ctx, d)
		return nil
	}
	if int64(len(summary.First)) < min(int64(limit), d.RowCount) {
		return nil // they are long
	}
	return &Preview{Columns: d.Columns, Rows: summary.First, TotalRows: summary.RowCount}
}

// ValuesInput asks for a column's distinct values. With a DashboardID, its
// viewers may ask for the columns that its filters choose from; without one it
// is for the dataset's owner and admins.
type ValuesInput struct {
	DatasetID   string
	DashboardID string
	Column      string
	Search      string // only values that contain this text
	Limit       int    // 1..[MaxValues], 0 is all of these
}

// Values are distinct values of a column, sorted by the column's own order.
type Values struct {
	Values    []string
	HasNull   bool
	Truncated bool // there are more than the limit
}

// ColumnValues reads a column's distinct values.
func (s *Service) ColumnValues(ctx context.Context, in ValuesInput) (*Values, error) {
	if in.Limit == 0 {
		in.Limit = MaxValues
	}
	if in.Limit < 1 || in.Limit > MaxValues {
		return nil, core.Invalid("limit", "out_of_range", "min", 1, "max", MaxValues)
	}
	if err := core.CheckText("search", in.Search, maxSearch); err != nil {
		return nil, err
	}
	d, err := s.openValues(ctx, in)
	if err != nil {
		return nil, err
	}
	source, err := Source(ctx, s.Gate, d, nil)
	if err != nil {
		return nil, err
	}
	column, ok := core.ColumnNamed(source.Seen(), in.Column)
	if !ok {
		return nil, core.UnknownColumn("column", in.Column)
	}
	if source.Sight == nil { // the rows of a sight are chosen by other columns too
		source.Columns = []core.Column{column}
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	reply, err := s.Executor.Values(ctx, client.ValuesRequest{Source: source, Column: in.Column, Prefix: in.Search, Limit: in.Limit})
	if err != nil {
		s.noteMissing(ctx, d, err)
		return nil, err
	}
	return &Values{Values: reply.Values, HasNull: reply.HasNull, Truncated: reply.Truncated}, nil
}

// openValues opens the dataset for its values: by one's own right, or through a
// dashboard that shows a card over it and has a filter which chooses from the column.
func (s *Service) openValues(ctx context.Context, in ValuesInput) (*core.Dataset, error) {
	if in.DashboardID == "" {
		return s.Gate.RequireDataset(ctx, "id", in.DatasetID, access.Manage)
	}
	grant, err := s.Gate.RequireDashboard(ctx, "dashboardId", in.DashboardID, access.View)
	if err != nil {
		return nil, err
	}
	if err := core.CheckID("id", in.DatasetID, core.NounDataset); err != nil {
		return nil, err
	}
	if !choosesFrom(grant.Dashboard.Filters, in.Column) {
		return nil, core.UnknownColumn("column", in.Column)
	}
	cards, err := s.Store.Cards.ManyOnce(ctx, grant.Dashboard.CardIDs())
	if err != nil {
		return nil, core.Internal("read cards", err)
	}
	shown, err := s.Gate.Admitted(ctx, grant.Dashboard)
	if err != nil {
		return nil, err
	}
	for _, c := range cards {
		if c.DatasetID == in.DatasetID && shown.Shows(c.ID) && choosesFrom(shown.Filters(c.ID), in.Column) {
			return s.existing(ctx, in.DatasetID)
		}
	}
	return nil, core.NotFound("id")
}

func (s *Service) existing(ctx context.Context, id string) (*core.Dataset, error) {
	d, err := s.Store.Datasets.Get(ctx, id)
	if err != nil {
		return nil, core.Internal("read dataset", err)
	}
	if d == nil {
		return nil, core.NotFound("id")
	}
	return d, nil
}
