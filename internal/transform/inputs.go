package transform

import (
	"context"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
)

// sources opens what a run reads, as the actor sees it: the pinned versions or,
// where there are none, the newest of the inputs. INPUT_DATASET_MISSING and
// INPUT_DATASET_EMPTY tell which dataset is not there or has no rows.
func (s *Service) sources(ctx context.Context, pinned []core.ExecutionInput, inputs []core.TransformInput) ([]client.TransformInput, []core.ExecutionInput, error) {
	if len(pinned) == 0 {
		for _, in := range inputs {
			pinned = append(pinned, core.ExecutionInput{DatasetID: in.DatasetID, Alias: in.Alias})
		}
	}
	opened, read := make([]client.TransformInput, len(pinned)), make([]core.ExecutionInput, len(pinned))
	for i, in := range pinned {
		d, err := s.openInput(ctx, i, in)
		if err != nil {
			return nil, nil, err
		}
		source, err := dataset.Source(ctx, s.Gate, d, nil)
		if err != nil {
			return nil, nil, err
		}
		opened[i] = client.TransformInput{DatasetID: in.DatasetID, Alias: in.Alias, Source: source}
		read[i] = core.ExecutionInput{DatasetID: in.DatasetID, Alias: in.Alias, Version: d.DataVersion, Rows: d.RowCount}
	}
	return opened, read, nil
}

// openInput is a dataset that is read, at the version that is pinned (0: the newest).
func (s *Service) openInput(ctx context.Context, i int, in core.ExecutionInput) (*core.Dataset, error) {
	d, err := s.Gate.RequireDataset(ctx, inputField(i, "datasetId"), in.DatasetID, access.Manage)
	switch core.CodeOf(err) {
	case "":
	case core.CodeNotFound, core.CodeForbidden:
		return nil, inputProblem(core.CodeInputMissing, "", in.DatasetID, "")
	default:
		return nil, err
	}
	if in.Version != 0 && in.Version != d.DataVersion {
		if d, err = s.atVersion(ctx, d, in.Version); err != nil {
			return nil, err
		}
	}
	if d.RowCount == 0 {
		return nil, inputProblem(core.CodeInputEmpty, "", d.ID, d.Name)
	}
	return d, nil
}

// atVersion is the dataset with the data of an earlier version.
func (s *Service) atVersion(ctx context.Context, d *core.Dataset, number int64) (*core.Dataset, error) {
	versions, err := s.Store.Datasets.Versions(ctx, d.ID)
	if err != nil {
		return nil, core.Internal("read dataset versions", err)
	}
	for _, v := range versions {
		if v.Number == number {
			earlier := *d
			earlier.DataVersion, earlier.Columns, earlier.RowCount, earlier.Parts, earlier.Path = v.Number, v.Columns, v.RowCount, v.Parts, v.Path
			return &earlier, nil
		}
	}
	return nil, inputProblem(core.CodeInputMissing, "version_gone", d.ID, d.Name)
}

func inputProblem(code core.Code, reason, datasetID, name string) error {
	return &core.Error{Code: code, Reason: reason, Args: map[string]any{"dataset": datasetID, "name": name}}
}
