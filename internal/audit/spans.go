package audit

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
)

// spans gives the next spans of time, newest first and at most so many; none at the end.
type spans func(ctx context.Context, n int) ([]span, error)

// span is some time from a moment on, with the partitions that have its events.
type span struct {
	from time.Time
	pks  []string
}

func once(pk string) spans {
	given := false
	return func(context.Context, int) ([]span, error) {
		if given {
			return nil, nil
		}
		given = true
		return []span{{pks: []string{pk}}}, nil
	}
}

// days are those with events. The newest two are asked in any case: their marks may be
// on the way.
func (l *Log) days(newest, oldest time.Time) spans {
	day, last := dayOf(newest), dayOf(oldest)
	sure := dayOf(l.now()).AddDate(0, 0, -1)
	marked, more := []store.AuditDay(nil), true
	return func(ctx context.Context, n int) (found []span, err error) {
		for len(found) < n && !day.Before(last) {
			next := store.AuditDay{Day: day, Shards: shards(day)}
			if day.Before(sure) {
				if len(marked) == 0 && more {
					marked, more, err = l.markedDays(ctx, last, day)
				}
				if err != nil || len(marked) == 0 {
					return found, err
				}
				next, marked = marked[0], marked[1:]
			}
			found = append(found, span{next.Day, next.Shards})
			day = next.Day.AddDate(0, 0, -1)
		}
		return found, nil
	}
}

func (l *Log) markedDays(ctx context.Context, oldest, newest time.Time) ([]store.AuditDay, bool, error) {
	if err := l.survey(ctx); err != nil {
		return nil, false, err
	}
	return l.repo.Days(ctx, oldest, newest)
}

// survey marks the days of events that were written before days were marked. It is done
// once in the life of a log.
func (l *Log) survey(ctx context.Context) error {
	l.surveying.Lock()
	defer l.surveying.Unlock()
	if done, err := l.repo.Surveyed(ctx); err != nil || done {
		return err
	}
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(concurrent)
	for day := beginning; !day.After(l.now()); day = day.AddDate(0, 0, 1) {
		for i, pk := range shards(day) {
			group.Go(func() error {
				events, _, err := l.repo.Query(within, store.AuditQuery{Index: table.LogsByDay, PK: pk, Limit: 1})
				if err != nil || len(events) == 0 {
					return err
				}
				return l.repo.Mark(within, day, i)
			})
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return l.repo.SetSurveyed(ctx)
}

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

func shards(day time.Time) []string {
	pks := make([]string, store.AuditShards)
	for i := range pks {
		pks[i] = store.DayShard(day, i)
	}
	return pks
}

func months(types []core.EventType, newest, oldest time.Time) spans {
	types = distinct(types)
	month, last := monthOf(newest), monthOf(oldest)
	return func(_ context.Context, n int) (found []span, _ error) {
		for ; len(found) < n && !month.Before(last); month = month.AddDate(0, -1, 0) {
			pks := make([]string, len(types))
			for i, t := range types {
				pks[i] = store.TypeMonth(t, month)
			}
			found = append(found, span{month, pks})
		}
		return found, nil
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
