package store

import (
	"context"
	"sync"

	"github.com/karuta-bi/karuta/internal/core"
)

// reads are what a request has read of one table, or is reading just now:
// fields that run side by side and ask for the same ids share one batch.
type reads[T any] struct {
	mu    sync.Mutex
	known map[string]*reading[T]
}

// reading is one noun on its way.
type reading[T any] struct {
	done chan struct{} // closed once the rest is there
	noun *T            // nil where there is none
	err  error
}

// readsKey finds a table's reads in the actor's memory.
type readsKey string

func readsOf[T any](ctx context.Context, table string) *reads[T] {
	v, _ := core.ActorFrom(ctx).Memo().LoadOrStore(readsKey(table), &reads[T]{known: map[string]*reading[T]{}})
	return v.(*reads[T])
}

// once reads nouns by id, each at most once a request. They are shared: who
// changes one changes a copy.
func once[T any](ctx context.Context, table string, ids []string, fetch func(context.Context, []string) (map[string]*T, error)) (map[string]*T, error) {
	r := readsOf[T](ctx, table)
	asked, mine := r.claim(ids)
	if len(mine) > 0 {
		found, err := fetch(ctx, mine)
		r.settle(asked, mine, found, err)
	}
	out := make(map[string]*T, len(asked))
	for id, one := range asked {
		select {
		case <-one.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if one.err != nil {
			return nil, one.err
		}
		if one.noun != nil {
			out[id] = one.noun
		}
	}
	return out, nil
}

// claim gives the readings of the ids, and those ids that the caller must read.
func (r *reads[T]) claim(ids []string) (asked map[string]*reading[T], mine []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked = make(map[string]*reading[T], len(ids))
	for _, id := range ids {
		if r.known[id] == nil {
			r.known[id] = &reading[T]{done: make(chan struct{})}
			mine = append(mine, id)
		}
		asked[id] = r.known[id]
	}
	return asked, mine
}

// settle ends the readings. What failed may be tried again.
func (r *reads[T]) settle(asked map[string]*reading[T], mine []string, found map[string]*T, err error) {
	if err != nil {
		r.forget(mine...)
	}
	for _, id := range mine {
		asked[id].noun, asked[id].err = found[id], err
		close(asked[id].done)
	}
}

func (r *reads[T]) forget(ids ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		delete(r.known, id)
	}
}

// forget makes the request read the noun anew, after it was changed.
func forget[T any](ctx context.Context, table, id string) { readsOf[T](ctx, table).forget(id) }
