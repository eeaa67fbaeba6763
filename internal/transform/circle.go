package transform

import (
	"context"
	"slices"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
)

// maxUpstream is how many transforms are followed to where a transform's data
// comes from.
const maxUpstream = 1000

// checkCircle refuses inputs that are made, over any number of transforms, of the
// transform's own output: VALIDATION_ERROR.circle with the names on the way.
func (s *Service) checkCircle(ctx context.Context, t *core.Transform) error {
	came := map[string]step{} // how each dataset was come upon
	queue := []string{}
	for _, in := range t.Inputs {
		came[in.DatasetID] = step{}
		queue = append(queue, in.DatasetID)
	}
	for seen := 0; len(queue) > 0; seen++ {
		if seen > maxUpstream {
			return core.Invalid("input.inputs", "too_long_chain", "max", maxUpstream)
		}
		id := queue[0]
		queue = queue[1:]
		if id == t.OutputID {
			return core.Invalid("input.inputs", "circle", "path", path(came, t, id))
		}
		writer, err := s.writerOf(ctx, id)
		if err != nil {
			return err
		}
		if writer == nil {
			continue
		}
		for _, in := range writer.Inputs {
			if _, known := came[in.DatasetID]; !known {
				came[in.DatasetID] = step{to: id, by: writer.Name}
				queue = append(queue, in.DatasetID)
			}
		}
	}
	return nil
}

// step is what a dataset is turned into on the way to a transform's inputs, and by
// which transform; empty for an input itself.
type step struct{ to, by string }

// path names the transforms from the output, which was come upon, to the transform.
func path(came map[string]step, t *core.Transform, id string) string {
	names := []string{t.Name}
	for at := came[id]; at.to != ""; at = came[at.to] {
		names = append(names, at.by)
	}
	return strings.Join(append(slices.Clone(names), t.Name), " → ")
}

// writerOf is the transform that writes a dataset, nil for none.
func (s *Service) writerOf(ctx context.Context, datasetID string) (*core.Transform, error) {
	d, err := s.Store.Datasets.Get(ctx, datasetID)
	if err != nil || d == nil || d.TransformID == "" {
		return nil, err
	}
	return s.Store.Transforms.Get(ctx, d.TransformID)
}
