package access

import (
	"cmp"
	"slices"
	"time"
)

// Span is a stretch of time: from its beginning on, up to its end and without it.
type Span struct{ From, To time.Time }

// forever is the end of what goes on.
var forever = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Open tells whether it goes on without an end.
func (s Span) Open() bool { return s.To.Equal(forever) }

// spans are stretches in order of time that neither overlap nor touch.
type spans []Span

func (ss spans) at(t time.Time) bool {
	return slices.ContainsFunc(ss, func(s Span) bool { return !t.Before(s.From) && t.Before(s.To) })
}

// overlap is when both are.
func overlap(a, b spans) (out spans) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		from, to := later(a[i].From, b[j].From), earlier(a[i].To, b[j].To)
		if from.Before(to) {
			out = append(out, Span{from, to})
		}
		if a[i].To.Before(b[j].To) {
			i++
		} else {
			j++
		}
	}
	return out
}

// union is when one of them or several are.
func union(all ...spans) (out spans) {
	joined := slices.Concat(all...)
	slices.SortFunc(joined, func(a, b Span) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) })
	for _, s := range joined {
		if last := len(out) - 1; last >= 0 && !s.From.After(out[last].To) {
			out[last].To = later(out[last].To, s.To)
		} else {
			out = append(out, s)
		}
	}
	return out
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// switched makes spans of what is switched on and off, in order of time.
type switched struct {
	past  spans
	since time.Time // zero: it is off
}

func (s *switched) on(at time.Time) {
	if s.since.IsZero() {
		s.since = at
	}
}

func (s *switched) off(at time.Time) {
	if !s.since.IsZero() && s.since.Before(at) {
		s.past = union(s.past, spans{{s.since, at}})
	}
	s.since = time.Time{}
}

func (s *switched) set(on bool, at time.Time) {
	if on {
		s.on(at)
	} else {
		s.off(at)
	}
}

// spans is when it was on, and is.
func (s *switched) spans() spans {
	if s == nil || s.since.IsZero() {
		return s.done()
	}
	return union(s.past, spans{{s.since, forever}})
}

func (s *switched) done() spans {
	if s == nil {
		return nil
	}
	return s.past
}

// switches are switches by id.
type switches map[string]*switched

func (m switches) of(id string) *switched {
	if m[id] == nil {
		m[id] = &switched{}
	}
	return m[id]
}

// only switches one on and every other one off.
func (m switches) only(id string, at time.Time) {
	for other, s := range m {
		if other != id {
			s.off(at)
		}
	}
	if id != "" {
		m.of(id).on(at)
	}
}
