// Package loaders batches what the fields of one operation read: fields ask for
// one noun each, a loader waits a millisecond, and one call fetches them all.
//
// Every batch goes through the access gate, so that a nested field, node or
// nodes never returns what its asker may not see; a noun that does not exist
// and one that may not be seen are both nil. A set of loaders lives as long as
// one operation (for subscriptions: one event) and remembers what it has read.
package loaders

import (
	"context"
	"errors"
	"time"

	"github.com/vikstrous/dataloadgen"

	"github.com/karuta-bi/karuta/internal/core"
)

const (
	wait     = time.Millisecond
	capacity = 100 // as many keys as one batch read of the store takes
)

// Fetch reads nouns by id as the actor of the context may see them.
type Fetch[T any] func(ctx context.Context, ids []string) (map[string]*T, error)

// Sources are where the loaders read from.
type Sources struct {
	Users      Fetch[core.User]
	Groups     Fetch[core.Group]
	Datasets   Fetch[core.Dataset]
	Cards      Fetch[core.Card]
	Dashboards Fetch[core.Dashboard]
	Transforms Fetch[core.Transform]
	Links      Fetch[core.IssuerLink] // by the person's id
}

// Loaders are the loaders of one operation.
type Loaders struct {
	Users      Loader[core.User]
	Groups     Loader[core.Group]
	Datasets   Loader[core.Dataset]
	Cards      Loader[core.Card]
	Dashboards Loader[core.Dashboard]
	Transforms Loader[core.Transform]
	Links      Loader[core.IssuerLink]
}

// New makes a fresh set. What is known of the actor is not read again.
func New(ctx context.Context, from *Sources) *Loaders {
	l := &Loaders{
		Users:      newLoader(from.Users),
		Groups:     newLoader(from.Groups),
		Datasets:   newLoader(from.Datasets),
		Cards:      newLoader(from.Cards),
		Dashboards: newLoader(from.Dashboards),
		Transforms: newLoader(from.Transforms),
		Links:      newLoader(from.Links),
	}
	actor := core.ActorFrom(ctx)
	if u := actor.User; u != nil && actor.Is(u.ID) {
		l.Users.inner.Prime(u.ID, u)
	}
	return l
}

// Loader reads one kind of noun.
type Loader[T any] struct {
	inner *dataloadgen.Loader[string, *T]
}

func newLoader[T any](fetch Fetch[T]) Loader[T] {
	return Loader[T]{dataloadgen.NewMappedLoader(fetch,
		dataloadgen.WithWait(wait), dataloadgen.WithBatchCapacity(capacity))}
}

// Load gives the noun with the id; nil for "" and for what may not be seen.
func (l Loader[T]) Load(ctx context.Context, id string) (*T, error) {
	return l.Later(ctx, id)()
}

// Later asks for the noun now and gives it when the returned function is called.
func (l Loader[T]) Later(ctx context.Context, id string) func() (*T, error) {
	if id == "" {
		return func() (*T, error) { return nil, nil }
	}
	thunk := l.inner.LoadThunk(ctx, id)
	return func() (*T, error) {
		noun, err := thunk()
		if errors.Is(err, dataloadgen.ErrNotFound) {
			return nil, nil
		}
		return noun, err
	}
}

// All gives the nouns with the ids that may be seen, in the order of the ids.
func (l Loader[T]) All(ctx context.Context, ids []string) ([]T, error) {
	later := make([]func() (*T, error), len(ids))
	for i, id := range ids {
		later[i] = l.Later(ctx, id)
	}
	nouns := make([]T, 0, len(ids))
	for _, get := range later {
		noun, err := get()
		if err != nil {
			return nil, err
		}
		if noun != nil {
			nouns = append(nouns, *noun)
		}
	}
	return nouns, nil
}

type key struct{}

// With puts the loaders into the context of an operation.
func With(ctx context.Context, l *Loaders) context.Context { return context.WithValue(ctx, key{}, l) }

// For gives the loaders of the operation that the context belongs to.
func For(ctx context.Context) *Loaders {
	l, ok := ctx.Value(key{}).(*Loaders)
	if !ok {
		panic("loaders: the context belongs to no operation")
	}
	return l
}
