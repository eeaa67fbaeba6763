package audit

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// Events are read from a partition so many at a time: pageLimit first and then twice
// as many each time, for whoever comes back passes many over.
const (
	pageLimit = 100
	mostLimit = 1000
)

var errNoProgress = errors.New("audit: an empty page that is not the last")

// stream is one partition's events in the order of [position.before]. An index
// orders by time alone, so events of the same millisecond are put in order
// here: those at the end of a page are held until the next page shows that
// there are no more of them.
type stream struct {
	repo  *store.Audit
	query store.AuditQuery
	ready []*core.AuditEvent
	held  []*core.AuditEvent
	more  bool
	done  *atomic.Int64 // work of the whole walk, see [mostWork]
}

// fill reads on until there is something ready or nothing left.
func (s *stream) fill(ctx context.Context) error {
	for len(s.ready) == 0 && s.more {
		events, more, err := s.repo.Query(ctx, s.query)
		if err != nil {
			return err
		}
		if more && len(events) == 0 {
			return errNoProgress
		}
		s.done.Add(int64(max(pageLimit, len(events))))
		if s.more = more; more {
			s.query.After, s.query.Limit = events[len(events)-1], min(2*s.query.Limit, mostLimit)
		}
		s.settle(append(s.held, events...))
	}
	return nil
}

func (s *stream) settle(events []*core.AuditEvent) {
	end := len(events)
	if s.more && end > 0 {
		last := events[end-1].At
		end = slices.IndexFunc(events, func(ev *core.AuditEvent) bool { return ev.At.Equal(last) })
	}
	s.ready, s.held = events[:end:end], events[end:]
	slices.SortFunc(s.ready, func(a, b *core.AuditEvent) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID))
	})
}

// dry tells whether one of the streams has to be read before the newest event is known.
func dry(streams []*stream) bool {
	return slices.ContainsFunc(streams, func(s *stream) bool { return len(s.ready) == 0 && s.more })
}

// pop takes the newest event of all streams, nil when they are empty.
func pop(ctx context.Context, streams []*stream) (*core.AuditEvent, error) {
	var newest *stream
	for _, s := range streams {
		if err := s.fill(ctx); err != nil {
			return nil, err
		}
		if len(s.ready) > 0 && (newest == nil || positionOf(s.ready[0]).before(positionOf(newest.ready[0]))) {
			newest = s
		}
	}
	if newest == nil {
		return nil, nil
	}
	ev := newest.ready[0]
	newest.ready = newest.ready[1:]
	return ev, nil
}
