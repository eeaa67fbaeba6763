package store

import (
	"context"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/table"
)

// Marks tell which partitions of LogsByDay have events, so that no search asks the
// empty ones. They lie in the same table, so that whoever restores it gets events and
// marks of one moment, and in a partition of the same index, each at the start of its day.
const (
	marks      = "days" // that partition; also the id of the item that says that no mark is missing
	markPrefix = "day#" // of a mark's id, before the partition
)

// marksRead is how many marks are read at once.
const marksRead = 100 * AuditShards

// AuditDay is a day that has events, and the partitions of LogsByDay that have them.
type AuditDay struct {
	Day    time.Time // its start, UTC
	Shards []string
}

// Mark tells that the partition of a moment's day has events, or is about to. A process
// writes it once.
func (r *Audit) Mark(ctx context.Context, at time.Time, shard int) error {
	pk := DayShard(at, shard)
	if _, done := r.marked.Load(pk); done {
		return nil
	}
	it := table.Item{"dayShard": marks, "timestamp": at.Truncate(24 * time.Hour).UnixMilli()}
	if err := r.e.Write(ctx, table.Put(auditKey(markPrefix+pk), it, table.Always())); err != nil {
		return err
	}
	r.marked.Store(pk, true)
	return nil
}

// Days are marked days, newest first, with the two between which they lie; more tells
// whether to go on before the last of them. What was marked a moment ago may be missing.
func (r *Audit) Days(ctx context.Context, oldest, newest time.Time) (days []AuditDay, more bool, err error) {
	from, to := oldest.UnixMilli(), newest.UnixMilli()
	page, err := readPage(ctx, r.e, table.Query{
		Table: table.AuditLogs, Index: table.LogsByDay, PK: marks, FromN: &from, ToN: &to, Desc: true, Limit: marksRead,
	})
	if err != nil {
		return nil, false, err
	}
	for _, it := range page.Items {
		day := time.UnixMilli(it.Int("timestamp")).UTC()
		if n := len(days); n == 0 || !days[n-1].Day.Equal(day) {
			days = append(days, AuditDay{Day: day})
		}
		last := &days[len(days)-1]
		last.Shards = append(last.Shards, strings.TrimPrefix(it.Str("logId"), markPrefix))
	}
	if page.Last == nil {
		return days, false, nil
	}
	return days[:len(days)-1], true, nil // the last one may go on
}

// Surveyed tells whether all partitions with events are marked, those too that were
// written before there were marks.
func (r *Audit) Surveyed(ctx context.Context) (bool, error) {
	if r.surveyed.Load() {
		return true, nil
	}
	it, err := r.e.Get(ctx, auditKey(marks))
	if err != nil || it == nil {
		return false, err
	}
	r.surveyed.Store(true)
	return true, nil
}

// SetSurveyed says that no mark is missing.
func (r *Audit) SetSurveyed(ctx context.Context) error {
	err := r.e.Write(ctx, table.Put(auditKey(marks), table.Item{"timestamp": Now().UnixMilli()}, table.Always()))
	if err == nil {
		r.surveyed.Store(true)
	}
	return err
}
