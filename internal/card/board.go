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

// beside are the codes and parameters of the cards that read the same data as the
// card, itself among them.
func (b board) beside(c *core.Card) []string {
	var codes []string
	for _, other := range b.cards {
		if other.DatasetID == c.DatasetID && other.IgnoresFilters == c.IgnoresFilters {
			codes = append(codes, other.Code, other.Params)
		}
	}
	return codes
}
