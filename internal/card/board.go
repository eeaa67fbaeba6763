package card

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/karuta-bi/karuta/internal/core"
)

// boardPrefix begins the names of boards in the actor's memory.
const boardPrefix = "card:board:"

// board is what a dashboard's cards need to run, read once a request: two calls
// for all of them, however many there are.
type board struct {
	once     sync.Once
	cards    map[string]*core.Card
	datasets map[string]*core.Dataset
	err      error
}

func (s *Service) board(ctx context.Context, d *core.Dashboard) (*board, error) {
	key := fmt.Sprintf("%s%s:%d", boardPrefix, d.ID, d.Version)
	v, _ := core.ActorFrom(ctx).Memo().LoadOrStore(key, &board{})
	b := v.(*board)
	b.once.Do(func() { b.err = s.readBoard(ctx, d, b) })
	return b, b.err
}

func (s *Service) readBoard(ctx context.Context, d *core.Dashboard, b *board) (err error) {
	cardIDs := make([]string, len(d.Cards))
	for i, p := range d.Cards {
		cardIDs[i] = p.CardID
	}
	if b.cards, err = s.Store.Cards.Many(ctx, cardIDs); err != nil {
		return core.Internal("read cards of dashboard", err)
	}
	var datasetIDs []string
	for _, c := range b.cards {
		datasetIDs = append(datasetIDs, c.DatasetID)
	}
	if b.datasets, err = s.Store.Datasets.Many(ctx, datasetIDs); err != nil {
		return core.Internal("read datasets of dashboard", err)
	}
	return nil
}

// forgetBoards drops the boards that this request has read, after a card changed.
func forgetBoards(ctx context.Context) {
	memo := core.ActorFrom(ctx).Memo()
	memo.Range(func(key, _ any) bool {
		if name, ok := key.(string); ok && strings.HasPrefix(name, boardPrefix) {
			memo.Delete(key)
		}
		return true
	})
}
