package transform

import (
	"context"
	"errors"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// agent is the name under which scheduled runs stand in the audit log.
const agent = "scheduler"

const (
	// missedAlone is how many missed times get a line each; more share one.
	missedAlone = 20
	// leastLate is how long after its time a run is not late in any case.
	leastLate = 2 * time.Minute
)

var (
	errFull = errors.New("too many transforms run in this process")
	errIdle = errors.New("nobody has looked at the schedules for three intervals")
)

// decide decides the due times of a transform that have come: each gets its run,
// or the reason why it has none, in the same transaction as the next due time. Where
// another process was first there is nothing left to do.
func (s *Scheduler) decide(ctx context.Context, transformID string) error {
	state, err := s.store.Transforms.State(ctx, transformID)
	if err != nil || state == nil || state.NextRunAt.IsZero() || state.NextRunAt.After(s.now()) {
		return err
	}
	t, err := s.store.Transforms.Get(ctx, transformID)
	if err != nil || t == nil {
		return err
	}
	owner, err := s.store.Users.Get(ctx, t.OwnerID)
	if err != nil {
		return err
	}
	leave, free := s.runner.Reserve()
	if !free {
		return errFull
	}
	ctx = core.WithActor(ctx, &core.Actor{User: owner, Agent: agent, Locale: core.Japanese})
	run, err := s.claim(ctx, t, state)
	if run == nil {
		leave()
		return err
	}
	s.runner.Begin(ctx, t, run, leave)
	return nil
}

// claim writes down what becomes of the due times, and gives the run where there
// is one now.
func (s *Scheduler) claim(ctx context.Context, t *core.Transform, state *core.TransformState) (run *core.Execution, err error) {
	times, err := timesOf(t.Schedule)
	if err != nil {
		return nil, err
	}
	first, err := s.undecided(ctx, t, times, state.NextRunAt)
	if err != nil {
		return nil, err
	}
	now := s.now()
	b := times.backlog(first, now)
	rows := missedRows(t, b, now)
	if !b.newest.IsZero() {
		x, err := s.newest(ctx, t, state, b.newest)
		if err != nil {
			return nil, err
		}
		rows = append(rows, x)
		if x.Reason == "" {
			run = x
		}
	}
	err = s.store.Executions.Claim(ctx, state, b.next, rows...)
	switch {
	case core.CodeOf(err) == core.CodeConflict:
		return nil, nil
	case err != nil:
		return nil, err
	}
	s.tell(ctx, rows)
	return run, nil
}

// undecided is the first due time, from the one on, that nobody has decided; zero
// for none. A clock that is ahead decides early, and a schedule that is then
// switched on by a clock that is behind asks for the same time again.
func (s *Scheduler) undecided(ctx context.Context, t *core.Transform, times *timetable, due time.Time) (time.Time, error) {
	for {
		by, err := s.store.Executions.Decided(ctx, t.ID, due)
		switch {
		case err != nil || by == "":
			return due, err
		case times == nil:
			return time.Time{}, nil
		}
		if due = times.next(due); due.After(s.now()) {
			return due, nil
		}
	}
}

// newest is the run of the newest due time, or what stands for it with the reason
// why it has none.
func (s *Scheduler) newest(ctx context.Context, t *core.Transform, state *core.TransformState, due time.Time) (*core.Execution, error) {
	now := s.now()
	owner := core.ActorFrom(ctx).User
	var reason core.SkipReason
	switch {
	case !t.Schedule.Enabled:
		reason = core.SkipSwitchedOff
	case t.Schedule.CatchUp == core.CatchUpSkip && now.Sub(due) > max(leastLate, 2*s.cfg.Interval):
		reason = core.SkipMissed
	case state.RunningID != "":
		reason = core.SkipStillRunning
	case owner == nil || !owner.Active():
		reason = core.SkipOwnerInactive
	}
	if reason != "" {
		return skippedRow(t, due, reason, now), nil
	}
	x, err := s.runner.Draft(ctx, t)
	if reason = refusals[core.CodeOf(err)]; reason != "" {
		return skippedRow(t, due, reason, now), nil
	}
	if err != nil {
		return nil, err
	}
	x.Trigger, x.DueAt = core.TriggerSchedule, due
	return x, nil
}

// refusals are the reasons for which a transform that is due cannot run.
var refusals = map[core.Code]core.SkipReason{
	core.CodeInputMissing: core.SkipInputMissing,
	core.CodeNotFound:     core.SkipInputMissing,
	core.CodeForbidden:    core.SkipInputMissing,
	core.CodeInputEmpty:   core.SkipInputEmpty,
}

// missedRows are the due times before the newest, which nothing ran.
func missedRows(t *core.Transform, b backlog, now time.Time) (rows []*core.Execution) {
	for _, due := range b.missed {
		rows = append(rows, skippedRow(t, due, core.SkipMissed, now))
	}
	if !b.until.IsZero() {
		rows[0].DueUntil = b.until
	}
	return rows
}

// skippedRow is a due time without a run.
func skippedRow(t *core.Transform, due time.Time, reason core.SkipReason, now time.Time) *core.Execution {
	return &core.Execution{
		ID: core.NewExecutionID(t.ID), TransformID: t.ID, Status: core.StatusSkipped, Trigger: core.TriggerSchedule, DueAt: due,
		RequestedBy: t.OwnerID, OutputID: t.OutputID, Reason: reason, CreatedAt: now, FinishedAt: now,
	}
}

// tell logs what was decided.
func (s *Scheduler) tell(ctx context.Context, rows []*core.Execution) {
	for _, x := range rows {
		if x.Reason != "" {
			s.log.InfoContext(ctx, "scheduler skipped a transform", "transform", x.TransformID, "due", x.DueAt, "reason", x.Reason, "execution", x.ID)
			continue
		}
		s.log.InfoContext(ctx, "scheduler runs a transform", "transform", x.TransformID, "due", x.DueAt, "execution", x.ID)
	}
}
