package dashboard

import (
	"cmp"
	"context"
	"slices"

	"github.com/karuta-bi/karuta/internal/core"
)

// Exposure is what a share would show to whom it is for, before it is made.
type Exposure struct {
	Datasets []ExposedDataset // behind the cards that would be shown, by name
	Hidden   []string         // ids of copied cards that would not be shown, in the order of the layout
	People   int              // whom it reaches
	Paths    []core.AccessPath
}

// ExposedDataset is a dataset that a share would show results of.
type ExposedDataset struct {
	ReferencedDataset
	Classified []core.Column // those that hold personal or confidential data
}

// ShareExposure tells what a share of a dashboard would expose; for who may make
// it, FORBIDDEN.owner_only for everybody else.
func (s *Service) ShareExposure(ctx context.Context, dashboardID string, to core.Target) (*Exposure, error) {
	grant, err := s.gate.RequireShareManagement(ctx, "dashboardId", dashboardID)
	if err != nil {
		return nil, err
	}
	d := grant.Dashboard
	if err := s.requireTarget(ctx, ShareInput{TargetType: to.Type, TargetID: to.ID}, d.OwnerID); err != nil {
		return nil, err
	}
	reach, err := s.gate.ReachOf(ctx, d, to)
	if err != nil {
		return nil, err
	}
	ex := &Exposure{Hidden: []string{}, People: reach.People, Paths: reach.Paths}
	var shown []string
	for _, id := range d.CardIDs() {
		if reach.Shown.Shows(id) {
			shown = append(shown, id)
		} else {
			ex.Hidden = append(ex.Hidden, id)
		}
	}
	ex.Datasets, err = s.exposed(ctx, shown)
	return ex, err
}

// exposed are the datasets behind the cards, with their classified columns.
func (s *Service) exposed(ctx context.Context, cardIDs []string) ([]ExposedDataset, error) {
	cards, err := s.store.Cards.ManyOnce(ctx, cardIDs)
	if err != nil {
		return nil, core.Internal("read cards of dashboard", err)
	}
	uses, ids := map[string]int{}, []string{}
	for _, c := range cards {
		if uses[c.DatasetID]++; c.DatasetID != "" {
			ids = append(ids, c.DatasetID)
		}
	}
	datasets, err := s.store.Datasets.ManyOnce(ctx, ids)
	if err != nil {
		return nil, core.Internal("read datasets of dashboard", err)
	}
	exposed := make([]ExposedDataset, 0, len(datasets))
	for _, d := range datasets {
		exposed = append(exposed, ExposedDataset{
			ReferencedDataset: ReferencedDataset{ID: d.ID, Name: d.Name, RowCount: d.RowCount, UsedByCards: uses[d.ID], OwnerID: d.OwnerID},
			Classified:        slices.DeleteFunc(slices.Clone(d.Columns), func(c core.Column) bool { return c.Holds() == core.ClassNone }),
		})
	}
	slices.SortFunc(exposed, func(a, b ExposedDataset) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return exposed, nil
}
