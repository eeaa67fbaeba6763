package audit

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
)

// beginning is older than every event: the walk over days and months ends here.
var beginning = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	clockSkew  = time.Hour // other tasks' clocks may run ahead by this
	widest     = 32        // spans opened at once
	concurrent = 16        // queries at once
)

// mostWork is how many events one search reads. A query counts as a page of events,
// also where it finds none.
const mostWork = 256 * pageLimit

// errEnough tells that a walk has done as much as it may, and that there may be more.
var errEnough = errors.New("audit: enough was read")

// walk goes through the events of a filter, newest first. It reads spans of
// time, newest first: within a span, partitions (shards of a day, event types
// of a month) are merged. A user's or target's events are one span. Spans are
// opened in growing numbers, so that a log with few events is not read one
// day after the other.
type walk struct {
	repo  *store.Audit
	after position
	query store.AuditQuery // bounds of every partition
	spans spans

	open  []opened
	width int
	at    position // all up to here was looked at
	most  int      // work that may be done, 0 is any
	done  atomic.Int64
}

// opened is a span that is being read.
type opened struct {
	from    time.Time
	streams []*stream
}

func (l *Log) newWalk(f core.AuditFilter, after position, most int) *walk {
	newest := min(after.ms, l.now().Add(clockSkew).UnixMilli())
	if !f.To.IsZero() {
		newest = min(newest, f.To.UnixMilli())
	}
	w := &walk{
		repo: l.repo, after: after, at: after, width: 1, most: most,
		query: store.AuditQuery{From: f.From, To: time.UnixMilli(newest).UTC()},
	}
	oldest := f.From
	if oldest.Before(beginning) {
		oldest = beginning
	}
	switch {
	case f.UserID != "":
		w.query.Index, w.spans = table.LogsByUser, once(f.UserID)
	case f.TargetID != "":
		w.query.Index, w.spans = table.LogsByTarget, once(f.TargetID)
	case len(f.EventTypes) > 0:
		w.query.Index, w.spans = table.LogsByType, months(f.EventTypes, w.query.To, oldest)
	default:
		w.query.Index, w.spans = table.LogsByDay, l.days(w.query.To, oldest)
	}
	return w
}

// next is the next event, nil at the end, errEnough where too much would have to be
// read for it. A walk always comes further than where it began.
func (w *walk) next(ctx context.Context) (*core.AuditEvent, error) {
	for {
		if len(w.open) == 0 {
			if more, err := w.openSpans(ctx); err != nil || !more {
				return nil, err
			}
		}
		if w.tired() && dry(w.open[0].streams) {
			return nil, errEnough
		}
		ev, err := pop(ctx, w.open[0].streams)
		if err != nil {
			return nil, err
		}
		if ev == nil {
			w.at = position{w.open[0].from.UnixMilli() - 1, lastID}
			w.open = w.open[1:]
			continue
		}
		if w.after.before(positionOf(ev)) {
			w.at = positionOf(ev)
			return ev, nil
		}
	}
}

// tired tells whether enough was read for the walk to end where it is.
func (w *walk) tired() bool {
	return w.most > 0 && w.done.Load() >= int64(w.most) && w.at != w.after
}

// openSpans reads the first page of every partition of the next spans.
func (w *walk) openSpans(ctx context.Context) (more bool, err error) {
	next, err := w.spans(ctx, w.width)
	switch {
	case err != nil || len(next) == 0:
		return false, err
	case w.tired():
		return false, errEnough
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrent)
	for _, span := range next {
		o := opened{from: span.from}
		for _, pk := range span.pks {
			q := w.query
			q.PK, q.Limit = pk, pageLimit
			s := &stream{repo: w.repo, query: q, more: true, done: &w.done}
			o.streams = append(o.streams, s)
			group.Go(func() error { return s.fill(ctx) })
		}
		w.open = append(w.open, o)
	}
	w.width = min(2*w.width, widest)
	return true, group.Wait()
}
