package bus

// run delivers until the end. It is the one goroutine that calls subscribers, so
// each of them sees its events in order.
func (r *relay) run() {
	defer close(r.ended)
	for {
		e, to, more := r.take()
		if !more {
			return
		}
		for _, s := range to {
			s.give(e)
		}
	}
}

// take waits for what is to be delivered next and to whom. Who has just come gets
// the tail first: whatever is newer is still in the log.
func (r *relay) take() (e Event, to []*Subscription, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.closed && len(r.fresh) == 0 && r.missed == 0 && r.next == r.first+int64(len(r.log)) {
		r.stir.Wait()
	}
	switch {
	case r.closed:
		return e, nil, false
	case len(r.fresh) > 0:
		to, r.fresh = r.fresh, nil
		return e, to, true
	case r.missed > 0:
		e, r.missed = Event{Seq: r.missed, Gap: true}, 0
		return e, r.all(), true
	}
	next := r.log[r.next-r.first]
	r.next++
	if next.topic == "" {
		return next.event, r.all(), true
	}
	if t := r.topics[next.topic]; t != nil {
		to = t.subs
	}
	return next.event, to, true
}

// all are the subscribers of every topic.
func (r *relay) all() (all []*Subscription) {
	for _, t := range r.topics {
		all = append(all, t.subs...)
	}
	return all
}

// give delivers the subscription's backlog, and the event where it is news.
func (s *Subscription) give(e Event) {
	backlog := s.backlog
	s.backlog = nil
	for _, old := range backlog {
		s.tell(old)
	}
	if e.Seq > s.passed {
		s.passed = e.Seq
		s.tell(e)
	}
}

func (s *Subscription) tell(e Event) {
	if !s.left.Load() {
		s.deliver(e)
	}
}
