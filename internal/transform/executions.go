package transform

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

const (
	// silentAfter is how long a run may give no sign of life.
	silentAfter = time.Minute
	// lookAgain is how long who would give a run up waits for one all the same, because
	// the clock of the process that works on it may be behind by more than silentAfter.
	// While a run is written down as ended it shows none.
	lookAgain = endTimeout + 5*beatEvery
)

// DefaultExecutions is how many runs a page has where nothing is said.
const DefaultExecutions = 20

// MostCounted is up to how many runs of a transform are counted.
const MostCounted = 10_000

// Execution is one run; for the owner of its transform and admins. NOT_FOUND
// otherwise.
func (s *Service) Execution(ctx context.Context, id string) (*core.Execution, error) {
	return s.open(ctx, "id", id, access.View)
}

// open is a run of a transform that the actor has the right to. Runs of a
// transform that is gone are nobody's.
func (s *Service) open(ctx context.Context, field, id string, want access.Right) (*core.Execution, error) {
	if _, err := s.Gate.RequireSignedIn(ctx); err != nil {
		return nil, err
	}
	if err := core.CheckID(field, id, core.NounExecution); err != nil {
		return nil, err
	}
	transformID, _ := core.ExecutionTransform(id)
	if _, err := s.Gate.RequireTransform(ctx, field, transformID, want); err != nil {
		return nil, err
	}
	x, err := s.Store.Executions.Get(ctx, id)
	if err != nil {
		return nil, core.Internal("read run", err)
	}
	if x == nil {
		return nil, core.NotFound(field)
	}
	return x, nil
}

// Executions lists the runs of a transform, and the due times that had none,
// newest first; for its owner and admins.
func (s *Service) Executions(ctx context.Context, transformID string, page core.PageArgs) (core.Page[*core.Execution], error) {
	if _, err := s.Gate.RequireTransform(ctx, "id", transformID, access.View); err != nil {
		return core.Page[*core.Execution]{}, err
	}
	return s.Store.Executions.Of(ctx, transformID, page)
}

// CountExecutions is how many runs are kept of a transform, at most
// [MostCounted]; for its owner and admins.
func (s *Service) CountExecutions(ctx context.Context, transformID string) (int, error) {
	if _, err := s.Gate.RequireTransform(ctx, "id", transformID, access.View); err != nil {
		return 0, err
	}
	return s.Store.Executions.Count(ctx, transformID, MostCounted)
}

// Events are what a run told after the number, as far as it is kept; for the
// owner of its transform and admins.
func (s *Service) Events(ctx context.Context, executionID string, after int64) ([]core.RunEvent, error) {
	if err := core.CheckSeq("after", after); err != nil {
		return nil, err
	}
	if _, err := s.open(ctx, "id", executionID, access.View); err != nil {
		return nil, err
	}
	return s.Store.Executions.Events(ctx, executionID, after)
}

// Cancel stops a run; for the owner of its transform and admins. The process that
// works on it stops within some seconds. VALIDATION_ERROR.run_ended when it has
// ended.
func (s *Service) Cancel(ctx context.Context, id string) (*core.Execution, error) {
	if _, err := s.open(ctx, "input.id", id, access.Manage); err != nil {
		return nil, err
	}
	x, err := s.Store.Executions.Edit(ctx, id, func(x *core.Execution) error {
		if x.Status.Final() {
			return core.Invalid("input.id", "run_ended")
		}
		x.CancelledBy = core.ActorFrom(ctx).ActingID()
		return nil
	})
	if err != nil {
		return nil, err
	}
	if x == nil {
		return nil, core.NotFound("input.id")
	}
	s.mu.Lock()
	stop := s.runs[id]
	s.mu.Unlock()
	if stop != nil {
		stop(errCancelled)
	}
	return x, nil
}

// Recover gives up the runs that an earlier process left unfinished and sweeps
// what they wrote. Call it at start, before the first run, and again now and then:
// then, and where other processes share the store, runs that show life are left
// alone.
func (s *Service) Recover(ctx context.Context) error {
	ctx = core.AsSystem(ctx, "transform")
	since := s.deadSince()
	open, err := s.Store.Executions.Open(ctx, since)
	if err != nil {
		return core.Internal("read open runs", err)
	}
	open = slices.DeleteFunc(open, func(x *core.Execution) bool { return s.ours(x.ID) })
	if !since.IsZero() && len(open) > 0 {
		if err := s.wait(ctx); err != nil {
			return err
		}
	}
	for _, x := range open {
		seen := x.Heartbeat
		if since.IsZero() {
			seen = since
		}
		_, failed := s.giveUp(ctx, x, seen)
		err = errors.Join(err, failed)
	}
	return err
}

// wait gives a run that seems to be silent the time to show life.
func (s *Service) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.cfg.Wait(lookAgain):
		return nil
	}
}

// deadSince is since when a run that nobody works on was silent; zero where all
// are an earlier process's: once, where no other process runs any.
func (s *Service) deadSince() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.begun && !s.cfg.Shared
	s.begun = true
	if first {
		return time.Time{}
	}
	return store.Now().Add(-silentAfter)
}

func (s *Service) ours(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runs[id] != nil
}

// giveUp ends a run that nobody works on any more; false where it shows another sign of
// life than the one that was seen, which is asked again in the moment in which it ends.
// The zero time is for runs that cannot be alive.
func (s *Service) giveUp(ctx context.Context, x *core.Execution, seen time.Time) (bool, error) {
	_, err := s.end(ctx, x.ID, interrupted(), seen)
	switch {
	case errors.Is(err, errAlive):
		return false, nil
	case err != nil && !errors.Is(err, errEnded):
		return false, err
	}
	s.sweep(ctx, x)
	return true, nil
}

// giveUpSilent ends a run that fell silent; false where it shows life.
func (s *Service) giveUpSilent(ctx context.Context, id string) (bool, error) {
	since := store.Now().Add(-silentAfter)
	x, err := s.Store.Executions.Get(ctx, id)
	if err != nil || x == nil || s.ours(id) || x.Heartbeat.After(since) {
		return false, err
	}
	if err := s.wait(ctx); err != nil {
		return false, err
	}
	return s.giveUp(ctx, x, x.Heartbeat)
}
