package hub

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/karuta-bi/karuta/internal/bus"
	"github.com/karuta-bi/karuta/resolvers"
)

// group is all who are told the same of a topic. The hub's lock is taken before its.
type group struct {
	hub    *Hub
	key    string
	topics []string
	whole  bool // a gap is told as how things stand
	subs   []*bus.Subscription

	mu      sync.Mutex
	at      int64 // number of the last event that came
	queue   []job
	behind  int // events in the queue that are for all
	working bool
	members []*member
}

// member is one who watches.
type member struct {
	op     Operation
	leave  func()
	passed int64 // events up to this one are told to it alone, or not at all
	once   sync.Once
	gone   bool // it is told nothing more
}

// job is an event to be run, for one member alone where that is set.
type job struct {
	event bus.Event
	only  *member
}

// begin watches the topics from now on. What is read of the world afterwards is at
// least as new as what came of any of them before.
func (g *group) begin() error {
	for _, topic := range g.topics {
		sub, err := g.hub.bus.Subscribe(topic, 0, g.take)
		if err != nil {
			g.dissolve()
			return err
		}
		g.subs, g.at = append(g.subs, sub), max(g.at, sub.From)
	}
	return nil
}

// missed are the events of all topics after the one number, in order.
func (g *group) missed(after int64) (all []bus.Event, err error) {
	for _, topic := range g.topics {
		some, err := g.hub.bus.Tail(topic, after, g.at)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b bus.Event) int { return cmp.Compare(a.Seq, b.Seq) })
	return all, nil
}

// add lets the member watch from now on, after the beginning or what it missed. The
// caller holds both locks.
func (g *group) add(mem *member, w *resolvers.Watch) error {
	missed := []bus.Event{{Seq: g.at}}
	if w.After != 0 {
		var err error
		if missed, err = g.missed(w.After); err != nil {
			return err
		}
		if w.Over && len(missed) == 0 { // the end itself was cut off
			missed = []bus.Event{{Seq: max(g.at, w.After+1)}}
		}
	}
	mem.passed = max(g.at, w.After) // it may come from a process that was further
	g.members = append(g.members, mem)
	for _, e := range missed {
		g.push(job{e, mem})
	}
	return nil
}

// take is what the bus calls.
func (g *group) take(e bus.Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if e.Seq <= g.at {
		return
	}
	g.at = e.Seq
	if g.behind >= mostQueued {
		g.queue, g.behind, e = nil, 0, bus.Event{Seq: e.Seq, Gap: true}
		for _, mem := range g.members { // what one was to be told alone is lost, too
			mem.passed = 0
		}
	}
	g.push(job{event: e})
}

func (g *group) push(j job) {
	g.queue = append(g.queue, j)
	if j.only == nil {
		g.behind++
	}
	if !g.working {
		g.working = true
		g.hub.Do(g.run)
	}
}

// run runs what is queued.
func (g *group) run() {
	for {
		j, to, more := g.next()
		if !more {
			return
		}
		g.tell(j.event, to)
	}
}

// next is what is to be run next, and for whom.
func (g *group) next() (j job, to []*member, more bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.queue) == 0 {
		g.queue, g.working = nil, false
		return j, nil, false
	}
	j, g.queue = g.queue[0], g.queue[1:]
	if j.only != nil {
		return j, []*member{j.only}, true
	}
	g.behind--
	for _, mem := range g.members {
		if mem.passed < j.event.Seq {
			to = append(to, mem)
		}
	}
	return j, to, true
}

// tell runs the event once for all who are told it. Everybody's right is asked for:
// where the field refuses one, it is run as the next.
func (g *group) tell(e bus.Event, to []*member) {
	if e.Gap && !g.whole {
		for _, mem := range to {
			g.end(mem, result(mem.op.Explain(ErrGone())))
		}
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), runTimeout)
	defer cancel()
	var result *resolvers.Moment
	var payload []byte
	outcomes := map[string]Outcome{} // by who
	for _, mem := range to {
		if g.left(mem) {
			continue
		}
		out, asked := outcomes[mem.op.Who]
		if !asked {
			m := &resolvers.Moment{}
			if result == nil {
				m.Event = &e
			}
			out = mem.op.Run(ctx, m)
			if out.Refused == nil && !out.Ended && result == nil {
				result, payload = m, out.Payload
			}
			outcomes[mem.op.Who] = out
		}
		if out.Ended {
			g.remove(mem)
			continue
		}
		g.deliver(mem, out.Refused, payload, result)
	}
}

// deliver hands the result on to one member.
func (g *group) deliver(mem *member, refused, payload []byte, m *resolvers.Moment) {
	switch {
	case refused != nil:
		g.end(mem, result(refused))
	case m.Last:
		mem.pass(m.Event.Seq, payload)
		g.end(mem, nil)
	case !mem.pass(m.Event.Seq, payload):
		g.remove(mem)
	}
}

// pass hands a result to the sink; false where nobody reads any more.
func (mem *member) pass(seq int64, payload []byte) bool {
	if payload == nil {
		return true
	}
	if sink, ok := mem.op.Sink.(Numbered); ok {
		return sink.NextNumbered(seq, payload)
	}
	return mem.op.Sink.Next(payload)
}

// result is an execution result of errors alone.
func result(problems []byte) []byte {
	return slices.Concat([]byte(`{"data":null,"errors":`), problems, []byte(`}`))
}

// end tells a member the last.
func (g *group) end(mem *member, payload []byte) {
	g.remove(mem)
	if payload != nil {
		mem.op.Sink.Next(payload)
	}
	mem.op.Sink.Complete()
}

func (g *group) left(mem *member) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return mem.gone
}

// remove takes a member out, and the group where it was the last.
func (g *group) remove(mem *member) {
	mem.once.Do(func() {
		g.hub.mu.Lock()
		g.mu.Lock()
		mem.gone = true
		if at := slices.Index(g.members, mem); at >= 0 {
			g.members = slices.Delete(g.members, at, at+1)
		}
		if len(g.members) == 0 {
			g.dissolve()
		}
		g.mu.Unlock()
		g.hub.mu.Unlock()
		mem.leave()
	})
}

// dissolve ends the group. The caller holds both locks.
func (g *group) dissolve() {
	for _, sub := range g.subs {
		sub.Close()
	}
	if g.hub.groups[g.key] == g {
		delete(g.hub.groups, g.key)
	}
}
