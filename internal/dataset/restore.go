package dataset

import (
	"context"
	"strconv"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

// RestoreInput brings an earlier version of a dataset's data back.
type RestoreInput struct {
	ID      string
	Number  int64
	Version *int64 // of the dataset, as last read; nil for any
}

// Restore makes a new version with the objects of an earlier one; for the owner
// and admins. What is said of columns, their classes above all, stays what it was
// said last. NOT_FOUND where there is no such version any more,
// VALIDATION_ERROR.newest_already, CONFLICT when the dataset was changed since.
func (s *Service) Restore(ctx context.Context, in RestoreInput) (*core.Dataset, *core.DatasetVersion, error) {
	if _, err := s.Gate.RequireDataset(ctx, "input.id", in.ID, access.Manage); err != nil {
		return nil, nil, err
	}
	if in.Version != nil && *in.Version < 1 {
		return nil, nil, core.Invalid("input.version", "bad_value")
	}
	if in.Number < 1 {
		return nil, nil, core.Invalid("input.number", "bad_value")
	}
	if err := s.Audit.Ready(); err != nil {
		return nil, nil, err
	}
	for try := 1; ; try++ {
		d, v, err := s.restore(ctx, in)
		if core.CodeOf(err) == core.CodeConflict && in.Version == nil && try < publishTries {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		return d, v, s.Audit.RecordStrict(ctx, event(core.EventDatasetRestored, d.ID, map[string]string{
			"restored": strconv.FormatInt(v.Restored, 10), "version": strconv.FormatInt(v.Number, 10),
		}))
	}
}

func (s *Service) restore(ctx context.Context, in RestoreInput) (*core.Dataset, *core.DatasetVersion, error) {
	d, err := s.existing(ctx, in.ID)
	if err != nil {
		return nil, nil, err
	}
	if in.Version != nil && *in.Version != d.Version {
		return nil, nil, core.Conflict(*in.Version, d.Version)
	}
	if in.Number == d.DataVersion {
		return nil, nil, core.Invalid("input.number", "newest_already")
	}
	old, err := s.Store.Datasets.VersionAt(ctx, d.ID, in.Number)
	if err != nil {
		return nil, nil, core.Internal("read dataset version", err)
	}
	if old == nil {
		return nil, nil, core.NotFound("input.number")
	}
	columns, err := s.described(ctx, d, old.Columns)
	if err != nil {
		return nil, nil, err
	}
	by := core.ActorFrom(ctx).UserID()
	warn, err := s.warnings(ctx, d, columns, by)
	if err != nil {
		return nil, nil, err
	}
	v := bringBack(d, old, columns, by)
	err = s.Store.Datasets.Restore(ctx, d, v, warn[:min(len(warn), toldAtOnce)]...)
	if err == nil {
		s.tellRest(ctx, warn)
		s.overtaken(ctx, d.ID)
	}
	return d, v, err
}

// bringBack makes the dataset what it was in an earlier version and gives the new
// version that says so.
func bringBack(d *core.Dataset, old *core.DatasetVersion, columns []core.Column, by string) *core.DatasetVersion {
	d.Columns, d.RowCount, d.Bytes = columns, old.RowCount, old.Bytes
	d.Path, d.Parts, d.SummaryKey = old.Path, old.Parts, old.Summary
	renewed(d, by)
	v := *old
	v.Number, v.Restored, v.Columns = d.DataVersion, old.Number, columns
	v.Kind, v.JobID, v.RunID = "", "", ""
	v.CreatedAt, v.CreatedBy = d.LastImportAt, by
	return &v
}

// described are columns with what was last said of them: by the dataset as it is,
// else by its newest version that has the column. So a column that went and comes
// back is as confidential as it was.
func (s *Service) described(ctx context.Context, d *core.Dataset, columns []core.Column) ([]core.Column, error) {
	versions, err := s.Store.Datasets.Versions(ctx, d.ID)
	if err != nil {
		return nil, core.Internal("read dataset versions", err)
	}
	known := [][]core.Column{d.Columns}
	for _, v := range versions {
		known = append(known, v.Columns)
	}
	return describedAs(columns, known...), nil
}
