package hub

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/internal/bus"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/resolvers"
	"github.com/karuta-bi/karuta/server/socket"
)

const (
	workers    = 8                // groups that run events at the same time
	runTimeout = 30 * time.Second // of one event for one group
	mostQueued = 512              // events that a group may be behind, then it is told of a gap
)

// Operation is a subscription that somebody asks for.
type Operation struct {
	Key  string // the same for all who are told the same of a topic
	Who  string // the same for all whose rights are the same and end together
	Sink socket.Sink

	After int64 // the event to continue after instead of the one that the field names; 0 for none

	// Run runs the subscription's field for the moment, as who asked for it.
	Run func(ctx context.Context, m *resolvers.Moment) Outcome

	// Explain is the list of errors, encoded, that tells of the error.
	Explain func(err error) []byte
}

// Numbered is a sink that passes on the numbers of events, too.
type Numbered interface {
	NextNumbered(seq int64, payload []byte) (ok bool)
}

// Outcome is what came of a run.
type Outcome struct {
	Payload []byte // an execution result, nil for nothing to tell
	Refused []byte // a list of errors: the field gave none but these
	Ended   bool   // whoever asked is not let in any more, of which their connection tells
}

// Hub runs all subscriptions of a process.
type Hub struct {
	bus    bus.Bus
	places chan struct{}

	mu     sync.Mutex
	groups map[string]*group

	life  sync.Mutex // taken last
	ended bool
	work  sync.WaitGroup
}

// New makes a hub over a bus, which must outlive it.
func New(b bus.Bus) *Hub {
	return &Hub{bus: b, places: make(chan struct{}, workers), groups: map[string]*group{}}
}

// Close ends the hub and waits for what is being run. Subscriptions end with their
// contexts, before or after.
func (h *Hub) Close() {
	h.life.Lock()
	h.ended = true
	h.life.Unlock()
	h.work.Wait()
}

// begin does the work on a goroutine of its own; not after the end.
func (h *Hub) begin(work func()) {
	h.life.Lock()
	defer h.life.Unlock()
	if !h.ended {
		h.work.Go(work)
	}
}

// Do does something once there is a place for it, on a goroutine of its own; not
// after the end.
func (h *Hub) Do(work func()) {
	h.begin(func() {
		h.places <- struct{}{}
		defer func() { <-h.places }()
		work()
	})
}

// Count is how many groups there are.
func (h *Hub) Count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.groups)
}

// ErrGone tells a client that what came since the event that it knows is not known
// any more.
func ErrGone() error { return &core.Error{Code: core.CodeEventsGone} }

// Start begins a subscription, which lasts until the context ends or there is
// nothing more to tell. It returns once the subscription stands.
func (h *Hub) Start(ctx context.Context, op Operation) {
	m := &resolvers.Moment{}
	first := op.Run(ctx, m)
	switch {
	case first.Ended:
	case first.Refused != nil:
		op.Sink.Fail(first.Refused)
	case m.Watch == nil: // the field was left out by a directive
		op.Sink.Complete()
	case m.Watch.Stream != nil:
		h.stream(ctx, op, m.Watch)
	default:
		h.watch(ctx, op, m.Watch)
	}
}

// stream tells what a field tells by itself, and ends.
func (h *Hub) stream(ctx context.Context, op Operation, w *resolvers.Watch) {
	err := w.Stream(ctx, func(value any) {
		if out := op.Run(ctx, &resolvers.Moment{Value: value}); out.Payload != nil {
			op.Sink.Next(out.Payload)
		}
	})
	if err != nil && ctx.Err() == nil {
		op.Sink.Next(result(op.Explain(err)))
	}
	op.Sink.Complete()
}

// watch lets the operation join the group of those who are told the same.
func (h *Hub) watch(ctx context.Context, op Operation, w *resolvers.Watch) {
	mem := &member{op: op, leave: func() {}}
	if w.Begin != nil {
		var err error
		if mem.leave, err = w.Begin(ctx); err != nil {
			op.Sink.Fail(op.Explain(core.Internal("begin subscription", err)))
			return
		}
	}
	if op.After != 0 {
		w.After = op.After
	}
	g, err := h.join(mem, w)
	if err != nil {
		mem.leave()
		if errors.Is(err, bus.ErrGone) {
			err = ErrGone()
		}
		op.Sink.Fail(op.Explain(err))
		return
	}
	context.AfterFunc(ctx, func() { g.remove(mem) })
}

// join finds the operation's group, or makes it.
func (h *Hub) join(mem *member, w *resolvers.Watch) (*group, error) {
	key := strings.Join(w.Topics, " ") + "\x00" + mem.op.Key
	h.mu.Lock()
	defer h.mu.Unlock()
	g := h.groups[key]
	if g == nil {
		g = &group{hub: h, key: key, topics: w.Topics, whole: w.Whole}
		g.mu.Lock() // what is told meanwhile waits until it is known since when
		defer g.mu.Unlock()
		if err := g.begin(); err != nil {
			return nil, err
		}
		h.groups[key] = g
		if err := g.add(mem, w); err != nil {
			g.dissolve()
			return nil, err
		}
		return g, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g, g.add(mem, w)
}
