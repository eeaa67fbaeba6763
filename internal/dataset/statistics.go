package dataset

import (
	"context"
	"errors"
	"slices"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

// Statistics are what was taken of a dataset's newest version when it was written; for
// its owner and admins, since they say what is in columns that others do not see. Of a
// version that has none they are taken now.
func (s *Service) Statistics(ctx context.Context, id string) (*client.Summary, error) {
	d, err := s.Gate.RequireDataset(ctx, "id", id, access.Manage)
	if err != nil {
		return nil, err
	}
	if summary, err := s.summary(ctx, d, 0); err == nil {
		return summary, nil
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if err := s.summarise(ctx, d); err != nil {
		s.noteMissing(ctx, d, err)
		return nil, err
	}
	summary, err := s.readSummary(ctx, laterKey(d), d, 0)
	if err != nil {
		return nil, core.Internal("read summary", err)
	}
	return summary, nil
}

// laterKey is where the summary of a version lies that was not taken when it was
// written: of several imports together, or of old versions.
func laterKey(d *core.Dataset) string { return d.Path + "whole/" + client.SummaryName }

// summary reads the summary of the newest version with its first rows. A missing or
// damaged one is an error.
func (s *Service) summary(ctx context.Context, d *core.Dataset, rows int) (*client.Summary, error) {
	if d.SummaryKey != "" {
		summary, err := s.readSummary(ctx, d.SummaryKey, d, rows)
		if err == nil {
			return summary, nil
		}
		s.Log.WarnContext(ctx, "summary not readable", "dataset", d.ID, "key", d.SummaryKey, "error", err)
	}
	return s.readSummary(ctx, laterKey(d), d, rows)
}

var errOtherData = errors.New("the summary is of other data")

func (s *Service) readSummary(ctx context.Context, key string, d *core.Dataset, rows int) (*client.Summary, error) {
	r, _, err := s.Blobs.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	summary, err := client.ReadSummary(r, rows)
	if err != nil {
		return nil, err
	}
	same := slices.EqualFunc(summary.Columns, d.Columns, func(a client.ColumnSummary, b core.Column) bool {
		return a.Name == b.Name && a.Type == b.Type
	})
	if !same || summary.RowCount != d.RowCount {
		return nil, errOtherData
	}
	return summary, nil
}

// summarise writes the summary of the newest version anew.
func (s *Service) summarise(ctx context.Context, d *core.Dataset) error {
	key := laterKey(d)
	if _, err := s.readSummary(ctx, key, d, 0); err == nil {
		return nil // somebody else was faster
	}
	if err := s.Blobs.Delete(ctx, key); err != nil { // it is damaged, or not there
		return core.Internal("remove summary", err)
	}
	return s.Executor.Summarise(ctx, client.SummaryRequest{Parts: d.Parts, Columns: d.Columns, Key: key})
}

// summariseLater writes the summary beside what people wait for.
func (s *Service) summariseLater(ctx context.Context, d *core.Dataset) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.summing[laterKey(d)] {
		return
	}
	s.summing[laterKey(d)] = true
	ctx = core.Detach(s.life, ctx)
	s.wg.Go(func() {
		if err := s.summarise(ctx, d); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "version not summarised", "dataset", d.ID, "error", err)
		}
		s.mu.Lock()
		delete(s.summing, laterKey(d))
		s.mu.Unlock()
	})
}

// propose gives the columns that were written with the classes that are proposed for
// them, by what the summary says of their values.
func (s *Service) propose(ctx context.Context, done *client.ImportDone) []core.Column {
	d := &core.Dataset{Columns: done.Columns, RowCount: done.RowCount}
	summary, err := s.readSummary(ctx, done.Summary, d, client.SummaryRows)
	if err != nil {
		s.Log.WarnContext(ctx, "classes proposed by names alone", "key", done.Summary, "error", err)
	}
	return Propose(done.Columns, summary)
}
