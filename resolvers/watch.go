package resolvers

import (
	"context"
	"encoding/json"

	"github.com/karuta-bi/karuta/internal/bus"
	"github.com/karuta-bi/karuta/internal/core"
)

// Watch is how a subscription is watched.
type Watch struct {
	Topics []string // of the bus
	After  int64    // the event to continue after, 0: none is known
	Over   bool     // nothing will happen any more: who has missed nothing is told how things stand, and the end

	// Begin is called when somebody begins to watch; end, when they stop. Nil for nothing to do.
	Begin func(ctx context.Context) (end func(), err error)

	// Whole tells that an event without data tells everything, and so does a gap, after
	// which nothing is missing any more.
	Whole bool

	// Stream tells all that there is to tell and returns, for a subscription without
	// a topic.
	Stream func(ctx context.Context, tell func(value any)) error
}

// Moment is one step in the life of a subscription, for which its field runs once:
// first it says how it is watched, afterwards what each event is for who watches.
// So the field's directive asks the gate anew for every event.
type Moment struct {
	Watch *Watch // set by the field where there is no event yet

	Event *bus.Event // what happened; without data it is the beginning, for which the field tells how things stand
	Value any        // instead of an event: what a stream told

	Last bool // set by the field: nothing comes after this
}

type momentKey struct{}

// WithMoment is the context in which a subscription's field runs for the moment.
func WithMoment(ctx context.Context, m *Moment) context.Context {
	return context.WithValue(ctx, momentKey{}, m)
}

func momentOf(ctx context.Context) (*Moment, error) {
	m, ok := ctx.Value(momentKey{}).(*Moment)
	if !ok {
		return nil, core.Internal("resolvers: a subscription outside of its time", nil)
	}
	return m, nil
}

const maxSeq = 1<<53 - 1

// follow is a subscription to a topic: read makes of an event what is told of it,
// nil for nothing, and says whether it is the last.
func follow[T any](ctx context.Context, w Watch, after *int64, read func(bus.Event) (value *T, last bool, err error)) (<-chan *T, error) {
	m, err := momentOf(ctx)
	if err != nil {
		return nil, err
	}
	if m.Event == nil {
		if after != nil {
			w.After = *after
		}
		if w.After < 0 || w.After > maxSeq {
			return nil, core.Invalid("after", "out_of_range", "min", 0, "max", int64(maxSeq))
		}
		m.Watch = &w
		return told[T](nil), nil
	}
	value, last, err := read(*m.Event)
	m.Last = last
	return told(value), err
}

// stream is a subscription that tells what there is and ends.
func stream[T any](ctx context.Context, w Watch) (<-chan *T, error) {
	m, err := momentOf(ctx)
	if err != nil {
		return nil, err
	}
	if m.Value == nil {
		m.Watch = &w
		return told[T](nil), nil
	}
	value, _ := m.Value.(*T)
	return told(value), nil
}

// told is a channel with the value, and empty where there is none.
func told[T any](value *T) <-chan *T {
	c := make(chan *T, 1)
	if value != nil {
		c <- value
	}
	close(c)
	return c
}

// news reads what an event carries.
func news[T any](e bus.Event) (*T, error) {
	value := new(T)
	if err := json.Unmarshal(e.Data, value); err != nil {
		return nil, core.Internal("read event", err)
	}
	return value, nil
}
