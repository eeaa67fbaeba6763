package bus

import (
	"math"
	"slices"
	"sync"
	"time"
)

// relay keeps the tails of this process and delivers to its subscribers. Both
// engines put events into it, in order.
type relay struct {
	mu     sync.Mutex
	stir   *sync.Cond // something to deliver, or the end
	closed bool
	ended  chan struct{}

	topics map[string]*topic
	log    []entry // oldest first
	first  int64   // place of log[0] among all that ever was
	next   int64   // place of what is delivered next
	bytes  int
	last   int64 // number of the newest event
	floor  int64 // nobody can resume from before
	missed int64 // events up to this number were dropped before they were delivered; 0 for none
	fresh  []*Subscription
}

// topic is what is kept of one topic. One without tail and subscribers is forgotten.
type topic struct {
	tail  []Event
	floor int64
	subs  []*Subscription // never changed, only replaced
}

// entry is an event on its way, or a gap of all topics where topic is "".
type entry struct {
	topic string
	event Event
}

// newRelay has no past: nobody can resume from before the given number.
func newRelay(floor int64) *relay {
	r := &relay{topics: map[string]*topic{}, floor: floor, last: floor, ended: make(chan struct{})}
	if floor == math.MaxInt64 { // nothing is known yet
		r.last = 0
	}
	r.stir = sync.NewCond(&r.mu)
	go r.run()
	return r
}

// add makes the event the newest of the topic. The caller holds the lock.
func (r *relay) add(name string, e Event) {
	t := r.at(name)
	if t.tail = append(t.tail, e); len(t.tail) > keptTopic {
		t.floor, t.tail = t.tail[0].Seq, t.tail[1:]
	}
	r.push(entry{name, e})
}

// gap ends all tails at the number, which is a new one, and tells all subscribers. The
// caller holds the lock.
func (r *relay) gap(seq int64) {
	for name, t := range r.topics {
		if t.tail = nil; len(t.subs) == 0 {
			delete(r.topics, name)
		}
	}
	r.floor = seq
	r.push(entry{"", Event{Seq: seq, Gap: true}})
}

func (r *relay) push(e entry) {
	r.log, r.bytes, r.last = append(r.log, e), r.bytes+len(e.event.Data), e.event.Seq
	for len(r.log) > keptEvents || r.bytes > keptBytes {
		r.drop()
	}
	r.stir.Signal()
}

// drop forgets the oldest event.
func (r *relay) drop() {
	e := r.log[0]
	r.log[0] = entry{}
	r.log, r.bytes, r.first = r.log[1:], r.bytes-len(e.event.Data), r.first+1
	r.floor = max(r.floor, e.event.Seq)
	if r.next < r.first {
		r.next, r.missed = r.first, e.event.Seq
	}
	t := r.topics[e.topic]
	if t == nil || len(t.tail) == 0 || t.tail[0].Seq != e.event.Seq {
		return
	}
	if t.tail = t.tail[1:]; len(t.tail) == 0 && len(t.subs) == 0 {
		delete(r.topics, e.topic)
	}
}

func (r *relay) at(name string) *topic {
	t := r.topics[name]
	if t == nil {
		t = &topic{}
		r.topics[name] = t
	}
	return t
}

// fromTomorrow is how far ahead a number may be of what this process has seen: it
// may lag behind the process that gave it out, and clocks differ.
const fromTomorrow = time.Minute

// Subscribe is told of at [Bus].
func (r *relay) Subscribe(name string, after int64, deliver func(Event)) (*Subscription, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, ErrClosed
	}
	s := &Subscription{relay: r, topic: name, deliver: deliver, From: after}
	if after == 0 {
		s.From = r.last
	} else {
		var err error
		if s.backlog, err = r.tail(name, after, math.MaxInt64); err != nil {
			return nil, err
		}
	}
	if s.passed = s.From; len(s.backlog) > 0 {
		s.passed = s.backlog[len(s.backlog)-1].Seq
		r.fresh = append(r.fresh, s)
		r.stir.Signal()
	}
	t := r.at(name)
	t.subs = append(slices.Clip(t.subs), s)
	return s, nil
}

// Tail is told of at [Bus].
func (r *relay) Tail(name string, after, upTo int64) ([]Event, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tail(name, after, upTo)
}

func (r *relay) tail(name string, after, upTo int64) ([]Event, error) {
	floor, tail := r.floor, []Event(nil)
	if t := r.topics[name]; t != nil {
		floor, tail = max(floor, t.floor), t.tail
	}
	if after < floor || after > max(r.last, now()+fromTomorrow.Microseconds()) {
		return nil, ErrGone
	}
	return slices.Clone(tail[place(tail, after):max(place(tail, upTo), place(tail, after))]), nil
}

// place is where in the tail the events begin whose number is greater.
func place(tail []Event, seq int64) int {
	at, _ := slices.BinarySearchFunc(tail, seq, func(e Event, seq int64) int {
		if e.Seq <= seq {
			return -1
		}
		return 1
	})
	return at
}

func (r *relay) leave(s *Subscription) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.left.Swap(true) {
		return
	}
	t := r.topics[s.topic]
	at := slices.Index(t.subs, s)
	if t.subs = slices.Concat(t.subs[:at], t.subs[at+1:]); len(t.subs) == 0 && len(t.tail) == 0 {
		delete(r.topics, s.topic)
	}
}

func (r *relay) close() {
	r.mu.Lock()
	r.closed = true
	r.stir.Signal()
	r.mu.Unlock()
	<-r.ended
}

func (r *relay) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// now is the number of an event that happens now.
func now() int64 { return time.Now().UnixMicro() }
