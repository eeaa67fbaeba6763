package card

import (
	"context"

	"github.com/karuta-bi/karuta/internal/core"
)

// board is what a dashboard's cards need to run.
type board struct {
	cards    map[string]*core.Card
	datasets map[string]*core.Dataset
}

// board reads all cards of a dashboard whichever is asked for, so that the
// request reads them once: two calls, however many cards there are.
func (s *Service) board(ctx context.Context, d *core.Dashboard) (b board, err error) {
	if b.cards, err = s.Store.Cards.ManyOnce(ctx, d.CardIDs()); err != nil {
		return b, core.Internal("read cards of dashboard", err)
	}
	var datasetIDs []string
	for _, c := range b.cards {
		if c.DatasetID != "" {
			datasetIDs = append(datasetIDs, c.DatasetID)
		}
	}
	if b.datasets, err = s.Store.Datasets.ManyOnce(ctx, datasetIDs); err != nil {
		return b, core.Internal("read datasets of dashboard", err)
	}
	return b, nil
}
