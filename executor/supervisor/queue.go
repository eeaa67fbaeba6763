package supervisor

import (
	"context"
	"sync/atomic"

	"github.com/karuta-bi/karuta/internal/core"
)

// queue hands out slots, first come first served, and bounds how many wait. A
// slot's number chooses the user that its run belongs to.
type queue struct {
	slots   chan int
	waiting atomic.Int64
	limit   int64
}

func newQueue(slots, limit int) *queue {
	q := &queue{slots: make(chan int, slots), limit: int64(limit)}
	for n := range slots {
		q.slots <- n
	}
	return q
}

// enter waits for a slot. It answers SERVICE_UNAVAILABLE.busy when too many
// wait already, and the context's error when that ends first.
func (q *queue) enter(ctx context.Context) (int, error) {
	select {
	case slot := <-q.slots:
		return slot, nil
	default:
	}
	defer q.waiting.Add(-1)
	if q.waiting.Add(1) > q.limit {
		return 0, &core.Error{Code: core.CodeUnavailable, Reason: "busy"}
	}
	select {
	case slot := <-q.slots:
		return slot, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (q *queue) leave(slot int) { q.slots <- slot }

func (q *queue) running() int { return cap(q.slots) - len(q.slots) }

func (q *queue) queued() int { return int(q.waiting.Load()) }
