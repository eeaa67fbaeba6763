package transform

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// dueAtOnce bounds what one look takes from a shard; the rest waits for the next.
const dueAtOnce = 1000

// Runner does the runs that a scheduler claims, each in a place that was reserved
// for it.
type Runner interface {
	// Reserve keeps a place for a run until leave is called; false where there is none.
	Reserve() (leave func(), ok bool)
	// Draft is the run that the transform would have now for the actor of the
	// context, its owner, and is written by nobody yet. INPUT_DATASET_MISSING,
	// INPUT_DATASET_EMPTY or NOT_FOUND where it would have none.
	Draft(ctx context.Context, t *core.Transform) (*core.Execution, error)
	// Begin does a run that is written by now beside the caller, for the actor of
	// the context, which may end before the run. It calls leave at the end.
	Begin(ctx context.Context, t *core.Transform, x *core.Execution, leave func())
	// Recover ends the runs that were silent for too long, of any process.
	Recover(ctx context.Context) error
}

// SchedulerConfig says how a scheduler works.
type SchedulerConfig struct {
	Enabled  bool
	Interval time.Duration // between two looks at what is due
	Holder   string        // what this process is called beside the others
}

// Scheduler runs transforms when their schedules say so. There may be one in every
// process: each due time is decided once, by the transaction that writes its run or
// the reason why there is none. Who looks is settled by a lease only to save the
// others the work.
type Scheduler struct {
	store  *store.Store
	gate   *access.Gate
	runner Runner
	log    *slog.Logger
	cfg    SchedulerConfig
	now    func() time.Time
}

// NewScheduler makes a scheduler; [Scheduler.Run] is its work.
func NewScheduler(st *store.Store, gate *access.Gate, r Runner, log *slog.Logger, cfg SchedulerConfig) *Scheduler {
	return &Scheduler{store: st, gate: gate, runner: r, log: log, cfg: cfg, now: store.Now}
}

// Run looks at what is due, at once and then at whole multiples of the interval,
// until the context ends. It does nothing where the scheduler is not enabled.
func (s *Scheduler) Run(ctx context.Context) {
	if !s.cfg.Enabled {
		s.log.InfoContext(ctx, "scheduler is off")
		return
	}
	s.log.InfoContext(ctx, "scheduler started", "interval", s.cfg.Interval, "holder", s.cfg.Holder)
	defer s.log.InfoContext(ctx, "scheduler ended")
	ctx = core.AsSystem(ctx, agent)
	for {
		if err := s.tick(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "scheduler could not look at everything that is due", "cause", err)
		}
		now := s.now()
		select {
		case <-ctx.Done():
			return
		case <-time.After(now.Truncate(s.cfg.Interval).Add(s.cfg.Interval).Sub(now)):
		}
	}
}

// tick looks once at everything, where it is this process's turn.
func (s *Scheduler) tick(ctx context.Context) error {
	leads, err := s.lead(ctx)
	if err != nil || !leads {
		return err
	}
	return s.look(ctx)
}

// look decides everything that is due, after it let go of what dead runs had.
func (s *Scheduler) look(ctx context.Context) error {
	problems := []error{s.runner.Recover(ctx)}
	for _, shard := range store.DueShards() {
		due, err := s.store.Transforms.Due(ctx, shard, s.now(), dueAtOnce)
		problems = append(problems, err)
		for _, state := range due {
			err := s.decide(ctx, state.TransformID)
			if errors.Is(err, errFull) {
				s.log.WarnContext(ctx, "scheduler waits: too many transforms run in this process")
				return errors.Join(problems...)
			}
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// lead tells whether it is this process's turn to look. Another one keeps the turn
// while it looked within the interval; its clock may go a little wrong, and where
// it goes altogether wrong its word does not count.
func (s *Scheduler) lead(ctx context.Context) (bool, error) {
	was, err := s.store.Transforms.Scheduler(ctx)
	if err != nil {
		return false, core.Internal("read the scheduler's lease", err)
	}
	now := s.now()
	if was != nil && was.Holder != s.cfg.Holder {
		if age := now.Sub(was.TickedAt); age.Abs() < s.cfg.Interval*9/10 {
			return false, nil
		}
	}
	leads, err := s.store.Transforms.Lead(ctx, was, s.cfg.Holder, now)
	if err == nil && leads && (was == nil || was.Holder != s.cfg.Holder) {
		s.log.InfoContext(ctx, "scheduler looks after the schedules", "holder", s.cfg.Holder)
	}
	return leads, err
}
