package audit

import (
	"context"
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

// walk goes through the events of a filter, newest first. It reads spans of
// time, newest first: within a span, partitions (shards of a day, event types
// of a month) are merged. A user's or target's events are one span. Spans are
// opened in growing numbers, so that a log with few events is not read one
// empty day after the other.
type walk struct {
	repo  *store.Audit
	after position
	query store.AuditQuery // bounds of every partition
	spans func(n int) (pks [][]string)

	open  [][]*stream
	width int
}

func newWalk(repo *store.Audit, f core.AuditFilter, after position, now time.Time) *walk {
	newest := min(after.ms, now.Add(clockSkew).UnixMilli())
	if !f.To.IsZero() {
		newest = min(newest, f.To.UnixMilli())
	}
	w := &walk{repo: repo, after: after, width: 1, query: store.AuditQuery{From: f.From, To: time.UnixMilli(newest).UTC()}}
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
		w.query.Index, w.spans = table.LogsByDay, days(w.query.To, oldest)
	}
	return w
}

// next is the next event, nil at the end.
func (w *walk) next(ctx context.Context) (*core.AuditEvent, error) {
	for {
		if len(w.open) == 0 {
			if more, err := w.openSpans(ctx); err != nil || !more {
				return nil, err
			}
		}
		ev, err := pop(ctx, w.open[0])
		if err != nil {
			return nil, err
		}
		if ev == nil {
			w.open = w.open[1:]
			continue
		}
		if w.after.before(positionOf(ev)) {
			return ev, nil
		}
	}
}

// openSpans reads the first page of every partition of the next spans.
func (w *walk) openSpans(ctx context.Context) (more bool, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrent)
	for _, pks := range w.spans(w.width) {
		var span []*stream
		for _, pk := range pks {
			q := w.query
			q.PK, q.Limit = pk, pageLimit
			s := &stream{repo: w.repo, query: q, more: true}
			span = append(span, s)
			group.Go(func() error { return s.fill(ctx) })
		}
		w.open = append(w.open, span)
	}
	w.width = min(2*w.width, widest)
	return len(w.open) > 0, group.Wait()
}

func once(pk string) func(int) [][]string {
	given := false
	return func(int) [][]string {
		if given {
			return nil
		}
		given = true
		return [][]string{{pk}}
	}
}

func days(newest, oldest time.Time) func(int) [][]string {
	day := newest.UTC().Truncate(24 * time.Hour)
	last := oldest.UTC().Truncate(24 * time.Hour)
	return func(n int) (spans [][]string) {
		for ; len(spans) < n && !day.Before(last); day = day.AddDate(0, 0, -1) {
			shards := make([]string, store.AuditShards)
			for i := range shards {
				shards[i] = store.DayShard(day, i)
			}
			spans = append(spans, shards)
		}
		return spans
	}
}

func months(types []core.EventType, newest, oldest time.Time) func(int) [][]string {
	types = distinct(types)
	month, last := monthOf(newest), monthOf(oldest)
	return func(n int) (spans [][]string) {
		for ; len(spans) < n && !month.Before(last); month = month.AddDate(0, -1, 0) {
			pks := make([]string, len(types))
			for i, t := range types {
				pks[i] = store.TypeMonth(t, month)
			}
			spans = append(spans, pks)
		}
		return spans
	}
}

func monthOf(t time.Time) time.Time {
	y, m, _ := t.UTC().Date()
	return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
}

func distinct(types []core.EventType) []core.EventType {
	var out []core.EventType
	seen := map[core.EventType]bool{}
	for _, t := range types {
		if !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}
