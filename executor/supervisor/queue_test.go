package supervisor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// modelTurn is one that waits, as the model sees it.
type modelTurn struct {
	name, user string
	waiter     *waiter
	need       int64
}

// queueModel is the queue written down the slow and plain way: everybody who
// waits, in the order of arrival, and for each user the rounds that they had.
type queueModel struct {
	waiting []modelTurn
	running []seat
	had     map[string]int // next round of each user
	round   int
}

// next is who is served first: the user that is due in the earliest round.
func (m *queueModel) next() int {
	best, seen := -1, map[string]bool{}
	for i, t := range m.waiting {
		if !seen[t.user] && (best < 0 || m.had[t.user] < m.had[m.waiting[best].user]) {
			best = i
		}
		seen[t.user] = true
	}
	return best
}

func (m *queueModel) serve(i int) modelTurn {
	t := m.waiting[i]
	m.waiting = slices.Delete(m.waiting, i, i+1)
	m.round = max(m.round, m.had[t.user])
	m.had[t.user]++
	return t
}

// order is in which order all that wait would be served.
func (m *queueModel) order() (names []string) {
	c := queueModel{waiting: slices.Clone(m.waiting), had: map[string]int{}, round: m.round}
	for user, round := range m.had {
		c.had[user] = round
	}
	for len(c.waiting) > 0 {
		names = append(names, c.serve(c.next()).name)
	}
	return names
}

// settle gives out what is free and compares with what the queue gave.
func (m *queueModel) settle(t *rapid.T, q *queue, room func(int64) bool) {
	for len(m.running) < q.slots {
		i := m.next()
		if i < 0 || !room(m.waiting[i].need) {
			break
		}
		due := m.serve(i)
		select {
		case s := <-due.waiter.seat:
			m.running = append(m.running, s)
		default:
			t.Fatalf("%s has no slot, though it is their turn", due.name)
		}
	}
	for _, w := range m.waiting {
		if len(w.waiter.seat) > 0 {
			t.Fatalf("%s has a slot before their turn", w.name)
		}
	}
}

func (m *queueModel) check(t *rapid.T, q *queue) {
	if q.running() != len(m.running) || q.queued() != len(m.waiting) {
		t.Fatalf("%d running, %d waiting; want %d and %d", q.running(), q.queued(), len(m.running), len(m.waiting))
	}
	slots := map[int]bool{}
	for _, s := range m.running {
		if slots[s.slot] || s.slot < 0 || s.slot >= q.slots {
			t.Fatalf("slot %d is given twice", s.slot)
		}
		slots[s.slot] = true
	}
	order := m.order()
	for _, w := range m.waiting {
		q.mu.Lock()
		place, waits := q.place(w.waiter)
		q.mu.Unlock()
		if want := slices.Index(order, w.name) + 1; !waits || place.Position != want {
			t.Fatalf("%s is told place %d, want %d of %v", w.name, place.Position, want, order)
		}
	}
}

// EXE-1, TR-6: slots go round among users, each in their own order; nobody is
// passed over, nothing is lost, and both bounds hold.
func TestQueueAgainstItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots, limit := rapid.IntRange(1, 4).Draw(t, "slots"), rapid.IntRange(1, 12).Draw(t, "limit")
		total := rapid.Int64Range(5, 30).Draw(t, "memory")
		q := newQueue(slots, limit, NewMemory(total), 0)
		m := &queueModel{had: map[string]int{}}
		room := func(need int64) bool {
			used := need
			for _, s := range m.running {
				used += s.need
			}
			return used <= total || used == need
		}
		arrivals := 0
		t.Repeat(map[string]func(*rapid.T){
			"join": func(t *rapid.T) {
				user := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "user")
				arrivals++
				turn := modelTurn{name: fmt.Sprint(user, arrivals), user: user, need: rapid.Int64Range(1, 10).Draw(t, "need")}
				m.had[user] = max(m.had[user], m.round)
				m.waiting = append(m.waiting, turn)
				order := m.order()
				own := 0
				for _, w := range m.waiting {
					if w.user == user {
						own++
					}
				}
				free := len(m.running) < slots && order[0] == turn.name && room(turn.need)
				full := !free && (len(m.waiting) > limit || own > (limit+1)/2)
				w, err := q.join(turnOf(turn))
				if full {
					m.waiting = m.waiting[:len(m.waiting)-1]
					e, ok := errors.AsType[*core.Error](err)
					if !ok || e.Reason != "busy" || e.Details["position"] != slices.Index(order, turn.name)+1 {
						t.Fatalf("full: %v %+v, order %v", err, e, order)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				m.waiting[len(m.waiting)-1].waiter = w
				m.settle(t, q, room)
			},
			"leave": func(t *rapid.T) {
				if len(m.running) == 0 {
					t.Skip("nobody runs")
				}
				i := rapid.IntRange(0, len(m.running)-1).Draw(t, "who")
				q.leave(m.running[i])
				m.running = slices.Delete(m.running, i, i+1)
				m.settle(t, q, room)
			},
			"abandon": func(t *rapid.T) {
				if len(m.waiting) == 0 {
					t.Skip("nobody waits")
				}
				i := rapid.IntRange(0, len(m.waiting)-1).Draw(t, "who")
				q.abandon(m.waiting[i].waiter)
				m.waiting = slices.Delete(m.waiting, i, i+1)
				m.settle(t, q, room)
			},
			"": func(t *rapid.T) { m.check(t, q) },
		})
	})
}

func turnOf(t modelTurn) turn { return turn{user: t.user, need: t.need} }

// One user's 200 waiting cards delay another's by no more than what runs already.
func TestALongLineDelaysNobodyElse(t *testing.T) {
	q := newQueue(2, 1000, nil, 0)
	var running []seat
	var line []*waiter
	for range 202 {
		w := mustJoin(t, q, "busy")
		if len(w.seat) > 0 {
			running = append(running, <-w.seat)
		} else {
			line = append(line, w)
		}
	}
	other := mustJoin(t, q, "other")
	q.leave(running[0])
	if len(other.seat) != 1 || len(line) != 200 {
		t.Fatalf("the other waits behind %d of one user", len(line))
	}
	q.leave(<-other.seat)
	if len(line[0].seat) != 1 {
		t.Error("a user's own runs do not come in their order")
	}
}

func mustJoin(t *testing.T, q *queue, user string) *waiter {
	t.Helper()
	w, err := q.join(turn{user: user})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Nobody has a slot that another has, none is lost, and who gives up leaves at once.
func TestQueueUnderLoad(t *testing.T) {
	memory := NewMemory(10)
	queues := []*queue{newQueue(3, 10_000, memory, 2), newQueue(2, 10_000, memory, 2)}
	var taken [2][3]atomic.Bool
	var group sync.WaitGroup
	for worker := range 24 {
		group.Go(func() {
			for i := range 200 {
				n := (worker + i) % 2
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(worker*i%7)*100*time.Microsecond)
				if i%3 > 0 {
					ctx = t.Context()
				}
				s, err := queues[n].enter(ctx, turn{user: fmt.Sprint(worker % 5), need: int64(i % 12), told: func(client.Place) {}})
				if err == nil {
					if taken[n][s.slot].Swap(true) {
						t.Errorf("slot %d has two owners", s.slot)
					}
					taken[n][s.slot].Store(false)
					queues[n].leave(s)
				} else if !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
				cancel()
			}
		})
	}
	group.Wait()
	for _, q := range queues {
		if len(q.free) != q.slots || q.queued() != 0 || q.memory.used != 0 || len(memory.waiting) != 0 {
			t.Errorf("left over: %d free of %d, %d waiting, %d bytes", len(q.free), q.slots, q.queued(), q.memory.used)
		}
	}
}

// Who waits and wants to know hears each time they move up.
func TestPlaceIsTold(t *testing.T) {
	q := newQueue(1, 10, nil, 0)
	first := mustJoin(t, q, "a")
	second := mustJoin(t, q, "b")
	places := make(chan client.Place, 10)
	done := make(chan seat)
	go func() {
		s, _ := q.enter(t.Context(), turn{user: "c", told: func(p client.Place) { places <- p }})
		done <- s
	}()
	if p := <-places; p.Position != 2 || p.WaitSeconds <= 0 {
		t.Errorf("%+v", p)
	}
	q.leave(<-first.seat)
	if p := <-places; p.Position != 1 {
		t.Errorf("%+v", p)
	}
	q.leave(<-second.seat)
	q.leave(<-done)
}

// A run waits for room; what is kept for one supervisor is never taken by another.
func TestMemoryIsShared(t *testing.T) {
	m := NewMemory(10)
	cards, transforms := m.share(4, func() {}), m.share(0, func() {})
	if !cards.take(1) || transforms.take(7) || !transforms.take(6) || !cards.take(3) || cards.take(1) {
		t.Error("the part that is kept for cards")
	}
	transforms.give(6)
	if !cards.take(1) {
		t.Error("cards may take what nobody uses")
	}
	if transforms.take(6) || cards.take(1) {
		t.Error("who waits for room goes before others")
	}
	cards.give(5)
	if !transforms.take(6) {
		t.Error("no room")
	}
	transforms.give(6)
	cards.forgo()
	if !transforms.take(11) || !cards.take(4) {
		t.Error("a run larger than the memory never has its turn, or leaves nothing of what is kept")
	}
}
