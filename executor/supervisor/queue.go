package supervisor

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
)

// firstGuess is how long a run is taken to last before any has ended.
const firstGuess = time.Second

// queue hands out slots, evenly among the users who wait: each in turn gets one,
// and a user's own runs come in their order. Somebody who comes new is due in the
// round that is under way, so that another's long line delays them by no more
// than the runs that are already there. A slot's number chooses the user of the
// operating system that its run belongs to.
type queue struct {
	slots   int
	limit   int // runs that may wait
	perUser int // of one user
	memory  *share

	mu       sync.Mutex
	free     []int
	lanes    map[string]*lane
	waiting  int
	round    uint64 // in which the last slot was given
	arrivals uint64
	lasted   time.Duration // of a run, a mean in which the latest count most
}

// lane is one user's runs that wait.
type lane struct {
	next    uint64 // round in which the first of them is due
	waiters []*waiter
}

// turn is what is asked of the queue.
type turn struct {
	user string
	need int64              // bytes of memory that the run may take
	told func(client.Place) // hears where it stands for as long as it waits; may be nil
	sure bool               // is never refused, however many wait
}

type waiter struct {
	turn
	lane    *lane
	arrived uint64
	seat    chan seat
	moved   chan struct{}
}

// seat is a slot that somebody has; it is given back by leave.
type seat struct {
	slot  int
	need  int64
	since time.Time
}

// newQueue makes a queue for so many runs at once and so many that wait, of
// which one user may be half. It has a part of the memory, a nil one is endless,
// and is sure of so many bytes of it.
func newQueue(slots, limit int, m *Memory, sure int64) *queue {
	q := &queue{slots: slots, limit: limit, perUser: (limit + 1) / 2, lanes: map[string]*lane{}, lasted: firstGuess}
	for n := range slots {
		q.free = append(q.free, n)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.memory = m.share(sure, q.wake)
	return q
}

// enter waits for a slot. It answers SERVICE_UNAVAILABLE.busy when too many
// wait already, with the place one would have had, and the context's error when
// that ends first.
func (q *queue) enter(ctx context.Context, t turn) (seat, error) {
	w, err := q.join(t)
	if err != nil {
		return seat{}, err
	}
	for {
		select {
		case s := <-w.seat:
			return s, nil
		case <-w.moved:
			q.tell(w)
		case <-ctx.Done():
			q.abandon(w)
			return seat{}, ctx.Err()
		}
	}
}

// join takes the last place in the user's lane.
func (q *queue) join(t turn) (*waiter, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	own, ok := q.lanes[t.user]
	if !ok {
		own = &lane{}
		q.lanes[t.user] = own
	}
	own.next = max(own.next, q.round)
	q.arrivals++
	w := &waiter{turn: t, lane: own, arrived: q.arrivals, seat: make(chan seat, 1), moved: make(chan struct{}, 1)}
	own.waiters = append(own.waiters, w)
	q.waiting++
	q.dispatch()
	if place, waits := q.place(w); waits && !t.sure && (q.waiting > q.limit || len(own.waiters) > q.perUser) {
		q.remove(w)
		q.forget()
		q.dispatch()
		return nil, client.Busy(place)
	}
	return w, nil
}

// dispatch gives free slots to those whose turn it is. One that needs more
// memory than there is holds up those behind it, or it would never have its turn.
func (q *queue) dispatch() {
	for len(q.free) > 0 {
		w := q.first()
		if w == nil {
			q.memory.forgo()
			break
		}
		if !q.memory.take(w.need) {
			break
		}
		q.give(w)
	}
	for _, l := range q.lanes {
		for _, w := range l.waiters {
			w.move()
		}
	}
}

// first is whose turn it is; nil when nobody waits.
func (q *queue) first() (first *waiter) {
	for _, l := range q.lanes {
		if len(l.waiters) > 0 && (first == nil || before(l.next, l.waiters[0], first.lane.next, first)) {
			first = l.waiters[0]
		}
	}
	return first
}

// before tells which of two is served first, by the rounds in which they are due.
func before(round uint64, w *waiter, other uint64, v *waiter) bool {
	return cmp.Or(cmp.Compare(round, other), cmp.Compare(w.arrived, v.arrived)) < 0
}

func (q *queue) give(w *waiter) {
	q.remove(w)
	w.seat <- seat{slot: q.free[0], need: w.need, since: time.Now()}
	q.free = q.free[1:]
	if w.lane.next > q.round {
		q.round = w.lane.next
		q.forget()
	}
	w.lane.next++
	q.lanes[w.user] = w.lane
}

// forget drops the users about whom nothing needs to be remembered: they have
// nothing waiting, and are not ahead of the round.
func (q *queue) forget() {
	for user, l := range q.lanes {
		if len(l.waiters) == 0 && l.next <= q.round {
			delete(q.lanes, user)
		}
	}
}

func (q *queue) remove(w *waiter) {
	w.lane.waiters = slices.DeleteFunc(w.lane.waiters, func(v *waiter) bool { return v == w })
	q.waiting--
}

// abandon gives up a place, or the slot that came in the same moment.
func (q *queue) abandon(w *waiter) {
	q.mu.Lock()
	if slices.Contains(w.lane.waiters, w) {
		q.remove(w)
		q.dispatch()
		q.mu.Unlock()
		q.memory.wakeOthers()
		return
	}
	q.mu.Unlock()
	q.leave(<-w.seat)
}

// leave gives a slot back.
func (q *queue) leave(s seat) {
	q.mu.Lock()
	q.free = append(q.free, s.slot)
	q.lasted += (time.Since(s.since) - q.lasted) / 8
	q.memory.give(s.need)
	q.dispatch()
	q.mu.Unlock()
	q.memory.wakeOthers()
}

// wake looks again, after memory became free.
func (q *queue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dispatch()
}

// place is where somebody stands; false for one who does not wait. Every lane
// goes on by one in each round.
func (q *queue) place(w *waiter) (client.Place, bool) {
	index := slices.Index(w.lane.waiters, w)
	if index < 0 {
		return client.Place{}, false
	}
	position, due := index+1, w.lane.next+uint64(index)
	for _, l := range q.lanes {
		if l != w.lane {
			position += sort.Search(len(l.waiters), func(i int) bool { return !before(l.next+uint64(i), l.waiters[i], due, w) })
		}
	}
	wait := q.lasted.Seconds() * float64(position) / float64(q.slots)
	return client.Place{Position: position, WaitSeconds: math.Round(wait*10) / 10}, true
}

// move lets somebody who wants to know look at their place again.
func (w *waiter) move() {
	if w.told != nil {
		select {
		case w.moved <- struct{}{}:
		default:
		}
	}
}

func (q *queue) tell(w *waiter) {
	q.mu.Lock()
	place, waits := q.place(w)
	q.mu.Unlock()
	if waits {
		w.told(place)
	}
}

func (q *queue) running() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.slots - len(q.free)
}

func (q *queue) queued() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting
}
