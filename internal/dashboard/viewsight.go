package dashboard

import (
	"context"
	"maps"
	"slices"

	"github.com/karuta-bi/karuta/internal/core"
)

// withhold takes out of the views of others what they choose of columns that the
// actor does not see as they are: a shared view must not tell values that the
// data hides or masks. A view that loses something is Partial.
func (s *Service) withhold(ctx context.Context, d *core.Dashboard, views ...*core.FilterView) error {
	theirs := slices.DeleteFunc(slices.Clone(views), func(v *core.FilterView) bool {
		return v == nil || v.OwnerID == core.ActorFrom(ctx).UserID() || len(v.Filters) == 0
	})
	if len(theirs) == 0 {
		return nil
	}
	plain, err := s.plainColumns(ctx, d)
	if err != nil {
		return err
	}
	for _, v := range theirs {
		kept := slices.DeleteFunc(slices.Clone(v.Filters), func(f core.FilterValue) bool { return !plain[f.Column] })
		v.Filters, v.Partial = kept, len(kept) < len(v.Filters)
	}
	return nil
}

// plainColumns are the columns whose values the actor sees as they are in every
// dataset below the dashboard's cards that has them.
func (s *Service) plainColumns(ctx context.Context, d *core.Dashboard) (map[string]bool, error) {
	open, err := s.openDatasets(ctx, d)
	if err != nil {
		return nil, err
	}
	datasets, err := s.store.Datasets.ManyOnce(ctx, slices.Collect(maps.Keys(open)))
	if err != nil {
		return nil, core.Internal("read datasets of dashboard", err)
	}
	plain := map[string]bool{}
	for id, data := range datasets {
		sight, err := s.gate.Sight(ctx, data)
		if err != nil {
			return nil, err
		}
		for _, c := range data.Columns {
			before, known := plain[c.Name]
			plain[c.Name] = (before || !known) && open[id] && sight.Shows(c.Name)
		}
	}
	return plain, nil
}

// openDatasets are the datasets below the dashboard's cards, and whether the
// actor is shown a card over them.
func (s *Service) openDatasets(ctx context.Context, d *core.Dashboard) (map[string]bool, error) {
	cards, err := s.store.Cards.ManyOnce(ctx, d.CardIDs())
	if err != nil {
		return nil, core.Internal("read cards of dashboard", err)
	}
	shown, err := s.gate.Admitted(ctx, d)
	if err != nil {
		return nil, err
	}
	open := map[string]bool{}
	for _, c := range cards {
		if c.Kind == core.CardCode {
			open[c.DatasetID] = open[c.DatasetID] || shown.Shows(c.ID)
		}
	}
	return open, nil
}
