package transform

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

const (
	maxNextRuns  = 20 // of a transform, asked for at once
	upcomingRuns = 10 // of all transforms, told of a scheduler
)

// SchedulerStatus is how schedules are looked after.
type SchedulerStatus struct {
	Enabled    bool      // in this process
	Leader     string    // the process that looked last, "" where none ever did
	LastTickAt time.Time // when it did
	LagSeconds float64   // how long the longest overdue transform has waited, 0 where nothing is overdue
	NextRuns   []ScheduledRun
}

// ScheduledRun is what a transform is due for.
type ScheduledRun struct {
	TransformID string
	At          time.Time
}

// Status tells how schedules are looked after; for administrators.
func (s *Scheduler) Status(ctx context.Context) (*SchedulerStatus, error) {
	if _, err := s.gate.RequireAdmin(ctx); err != nil {
		return nil, err
	}
	status := &SchedulerStatus{Enabled: s.cfg.Enabled, NextRuns: []ScheduledRun{}}
	lease, err := s.store.Transforms.Scheduler(ctx)
	if err != nil {
		return nil, core.Internal("read the scheduler's lease", err)
	}
	if lease != nil {
		status.Leader, status.LastTickAt = lease.Holder, lease.TickedAt
	}
	for _, shard := range store.DueShards() {
		states, err := s.store.Transforms.Due(ctx, shard, time.Time{}, upcomingRuns)
		if err != nil {
			return nil, core.Internal("read what is due", err)
		}
		for _, state := range states {
			status.NextRuns = append(status.NextRuns, ScheduledRun{state.TransformID, state.NextRunAt})
		}
	}
	slices.SortFunc(status.NextRuns, func(a, b ScheduledRun) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.TransformID, b.TransformID))
	})
	status.NextRuns = status.NextRuns[:min(len(status.NextRuns), upcomingRuns)]
	if len(status.NextRuns) > 0 {
		status.LagSeconds = max(0, s.now().Sub(status.NextRuns[0].At).Seconds())
	}
	return status, nil
}

// Health is the error for which schedules are not looked after in time, nil for none.
func (s *Scheduler) Health(ctx context.Context) error {
	lease, err := s.store.Transforms.Scheduler(ctx)
	switch {
	case err != nil:
		return err
	case lease == nil || s.now().Sub(lease.TickedAt) > 3*s.cfg.Interval:
		return errIdle
	}
	return nil
}

// NextRuns are the coming due times of a transform, at most count; none where its
// schedule is off. The caller has the transform from somewhere that asked the gate.
func NextRuns(t *core.Transform, count int) ([]time.Time, error) {
	if count < 1 || count > maxNextRuns {
		return nil, core.Invalid("count", "out_of_range", "min", 1, "max", maxNextRuns)
	}
	runs := []time.Time{}
	times, err := timesOf(t.Schedule)
	if times == nil || err != nil {
		return runs, err
	}
	for at := times.next(store.Now()); !at.IsZero() && len(runs) < count; at = times.next(at) {
		runs = append(runs, at)
	}
	return runs, nil
}
