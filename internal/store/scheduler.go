package store

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// schedulerKey is the note of who looks after the schedules. It only saves the
// others the work: what is decided is decided by [Executions.Claim].
var schedulerKey = table.Key{Table: table.Transforms, PK: "SCHEDULER", SK: metadata}

// Scheduler reads who looked at the schedules last; nil where nobody ever did.
func (r *Transforms) Scheduler(ctx context.Context) (*core.SchedulerLease, error) {
	it, err := r.e.Get(ctx, schedulerKey)
	if err != nil || it == nil {
		return nil, err
	}
	return &core.SchedulerLease{Holder: it.Str("holder"), TickedAt: getTime(it, "ticked_at"), Version: it.Int("version")}, nil
}

// Lead notes that the holder looks at the schedules at the time, over the note
// that was read (nil: none); false where somebody else was first.
func (r *Transforms) Lead(ctx context.Context, was *core.SchedulerLease, holder string, at time.Time) (bool, error) {
	it, cond := table.Item{"holder": holder, "version": int64(1)}, table.IfAbsent()
	if was != nil {
		it["version"], cond = was.Version+1, table.IfVersion(was.Version)
	}
	putTime(it, "ticked_at", at)
	err := r.e.Write(ctx, table.Put(schedulerKey, it, cond))
	if table.ConditionFailed(err) != nil {
		return false, nil
	}
	return err == nil, err
}
