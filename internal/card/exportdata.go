package card

import (
	"context"
	"errors"
	"slices"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

// exportable is the data that the actor may take out, narrowed by their choices.
// Only to see it is not enough: FORBIDDEN.export.
func (s *Service) exportable(ctx context.Context, in ExportInput) (*core.Dataset, job, error) {
	d, err := s.Gate.RequireDataset(ctx, "input.id", in.ID, access.View)
	if err != nil {
		return nil, job{}, err
	}
	if in.DashboardID == "" && in.CardID == "" {
		j, err := s.wholeDataset(ctx, in)
		return d, j, exportRefused(err)
	}
	cardID := in.CardID
	if in.DashboardID != "" {
		if cardID, err = s.cardOver(ctx, in); err != nil {
			return nil, job{}, exportRefused(err)
		}
	}
	j, err := s.narrowed(ctx, cardID, in.DashboardID, in.Filters)
	if err == nil && j.card.DatasetID != in.ID {
		err = core.NotFound("input.cardId")
	}
	return d, j, exportRefused(err)
}

// wholeDataset is the dataset by the actor's own right.
func (s *Service) wholeDataset(ctx context.Context, in ExportInput) (job, error) {
	chosen, err := choices(in.Filters, s.cfg.Now())
	if err != nil {
		return job{}, err
	}
	d, err := s.Gate.RequireDataset(ctx, "input.id", in.ID, access.Manage)
	if err != nil {
		return job{}, err
	}
	return s.job(ctx, view{card: &core.Card{DatasetID: in.ID}, dataset: d}, chosen)
}

// cardOver is the card over the dataset that the actor means, on a dashboard that
// they may edit, as well as all that the card was copied over: a copy of their own
// gives nobody more than the original.
func (s *Service) cardOver(ctx context.Context, in ExportInput) (string, error) {
	grant, err := s.Gate.RequireDashboard(ctx, "input.dashboardId", in.DashboardID, access.View)
	if err != nil {
		return "", err
	}
	shown, err := s.Gate.Admitted(ctx, grant.Dashboard)
	if err != nil {
		return "", err
	}
	cardID := in.CardID
	if cardID == "" {
		if cardID, err = s.firstOver(ctx, in.ID, grant.Dashboard, shown); err != nil {
			return "", err
		}
	}
	for _, d := range slices.Concat(shown.Way(cardID), []*core.Dashboard{grant.Dashboard}) {
		if grant.Admin {
			break
		}
		if _, err := s.Gate.RequireDashboard(ctx, "input.dashboardId", d.ID, access.Edit); err != nil {
			return "", err
		}
	}
	return cardID, nil
}

// firstOver is the first card over a dataset that a dashboard shows, one that obeys
// the filters before one that does not.
func (s *Service) firstOver(ctx context.Context, datasetID string, d *core.Dashboard, shown *access.Admission) (string, error) {
	b, err := s.board(ctx, d)
	if err != nil {
		return "", err
	}
	over := slices.DeleteFunc(d.CardIDs(), func(id string) bool {
		c := b.cards[id]
		return c == nil || c.DatasetID != datasetID || !shown.Shows(id)
	})
	if len(over) == 0 {
		return "", core.NotFound("input.dashboardId")
	}
	obeys := func(id string) bool { return !b.cards[id].IgnoresFilters }
	return over[max(0, slices.IndexFunc(over, obeys))], nil
}

// exportRefused says of a refusal that taking data out needs more than seeing it.
func exportRefused(err error) error {
	refused, ok := errors.AsType[*core.Error](err)
	if !ok || refused.Code != core.CodeForbidden || refused.Reason == "not_admitted" {
		return err
	}
	told := *refused
	told.Reason = "export"
	return &told
}
