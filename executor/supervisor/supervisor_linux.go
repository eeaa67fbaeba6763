package supervisor

import (
	"cmp"
	"context"
	"errors"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

const (
	transformNice  = 10 // cards come first, people wait for them
	transformCores = 2  // that a transform may use by threads
)

// Supervisor owns the zygote and every run.
type Supervisor struct {
	cfg     Config
	cut     []string // settings that ask for more than there is
	own     bool     // RunDir was made here
	libs    string   // digest of the versions of Python and its libraries
	queue   *queue
	guest   *os.File
	program *os.File
	rooms   *rooms // of transforms; nil where none can be made
	layers  layers // that every child must enter
	runs    atomic.Uint64
	report  []client.Layer
	refusal string

	stop    context.CancelFunc
	closing <-chan struct{}
	ended   sync.WaitGroup

	mu      sync.Mutex
	current *zygote
	changed chan struct{} // closed and replaced when current is
}

// Render runs a card and waits for its end. What the code did wrong is in the
// reply's Problem: EXECUTION_ERROR with a traceback, EXECUTION_TIMEOUT or
// MEMORY_LIMIT. An error is the supervisor's own failure: SERVICE_UNAVAILABLE
// where Python is refused, the queue is full ("busy") or the zygote died during
// the run ("executor_lost"), ErrAbsent, or the context's error.
func (s *Supervisor) Render(ctx context.Context, run Run) (*client.CardReply, error) {
	if s.refusal != "" {
		return nil, s.refused()
	}
	return s.render(ctx, run)
}

func (s *Supervisor) refused() error {
	return &core.Error{Code: core.CodeUnavailable, Reason: "python_refused", Cause: errors.New(s.refusal)}
}

func (s *Supervisor) render(ctx context.Context, run Run) (*client.CardReply, error) {
	w := s.cardWork(run)
	asked := time.Now()
	seat, err := s.queue.enter(ctx, turn{user: run.User, need: w.input + w.memoryMB*mebibyte})
	if err != nil {
		return nil, err
	}
	defer s.queue.leave(seat)
	s.warnRelaxed(ctx, run.ID)
	end, err := s.execute(ctx, w, seat.slot, s.layers)
	if err != nil {
		return nil, lost(err)
	}
	reply, err := end.reply(run, w.bounds, prefixOf(s.cfg.Python))
	if errors.Is(err, ErrAbsent) {
		return nil, err
	}
	if err != nil {
		s.cfg.Log.Error("run refused by its own sandbox", "run", run.ID, "error", err)
		return nil, &core.Error{Code: core.CodeUnavailable, Reason: "python_refused", Cause: err}
	}
	reply.WaitMS, reply.Libraries = milliseconds(seat.since.Sub(asked)), s.libs
	return reply, nil
}

func (s *Supervisor) warnRelaxed(ctx context.Context, run string) {
	if !s.cfg.Strict {
		s.cfg.Log.WarnContext(ctx, relaxedWarning, "run", run)
	}
}

// lost is the error for those who asked for a run.
func lost(err error) error {
	if errors.Is(err, errGone) {
		return &core.Error{Code: core.CodeUnavailable, Reason: "executor_lost", Cause: err}
	}
	return err
}

// bounds are what a run asks for, within the configuration's.
func (s *Supervisor) bounds(timeout time.Duration, memoryMB int64) bounds {
	return bounds{
		timeout:   cmp.Or(timeout, s.cfg.Timeout),
		memoryMB:  min(cmp.Or(memoryMB, s.cfg.MemoryMB), s.cfg.MemoryMB),
		diskMB:    s.cfg.DiskMB,
		diskFiles: s.cfg.DiskFiles,
	}
}

// execute runs on the current zygote, on the next one where it was just replaced.
func (s *Supervisor) execute(ctx context.Context, w work, slot int, set layers) (ending, error) {
	for {
		z, err := s.zygote(ctx)
		if err != nil {
			return ending{}, err
		}
		end, err := execute(ctx, z, s.rooms, w, s.job(w, slot, set))
		if !errors.Is(err, errRetired) {
			return end, err
		}
	}
}

// job is what the zygote is told of a run.
func (s *Supervisor) job(w work, slot int, set layers) job {
	j := job{
		Run: s.runs.Add(1), Kind: w.kind, User: uint32(s.cfg.Profile.firstUser() + slot), Layers: set,
		Memory: w.memoryMB * mebibyte, Input: w.input,
		CPU: int64(math.Ceil(w.timeout.Seconds())) + 1, Alarm: alarm(w.timeout).Milliseconds(),
	}
	if s.cfg.Profile == Transforms {
		j.Nice, j.CPU = transformNice, transformCores*j.CPU
		j.Table, j.File = maxTable, max(maxTable, w.diskMB*mebibyte)
	}
	return j
}

// alarm is when a card is asked where it is: a little before it is killed, so
// that its author learns in which line it spent its time.
func alarm(timeout time.Duration) time.Duration {
	return timeout - min(timeout/10, 250*time.Millisecond)
}

// Memory is what the runs share.
func (s *Supervisor) Memory() *Memory { return s.cfg.Memory }

// Isolation lists the layers of the sandbox and whether each was seen to hold.
func (s *Supervisor) Isolation() []client.Layer { return s.report }

// Refusal says why Python is refused, "" when it runs.
func (s *Supervisor) Refusal() string { return s.refusal }

// Relaxed tells that Python runs whichever layers hold.
func (s *Supervisor) Relaxed() bool { return !s.cfg.Strict }

// Limits are what runs get on this machine.
func (s *Supervisor) Limits() client.Limits {
	return client.Limits{Slots: s.cfg.MaxConcurrent, MemoryMB: s.cfg.MemoryMB, ContainerMB: s.cfg.Memory.total / mebibyte, Cut: s.cut}
}

// Running is the number of runs that have a process.
func (s *Supervisor) Running() int { return s.queue.running() }

// Queued is the number of runs that wait for their turn.
func (s *Supervisor) Queued() int { return s.queue.queued() }

// Close ends all runs and the zygote and waits for them.
func (s *Supervisor) Close() error {
	if s.stop != nil {
		s.stop()
	}
	s.ended.Wait()
	s.queue.memory.close()
	var errs []error
	for _, file := range []*os.File{s.guest, s.program} {
		if file != nil {
			errs = append(errs, file.Close())
		}
	}
	if s.rooms != nil {
		errs = append(errs, s.rooms.close())
	}
	if s.own {
		errs = append(errs, os.RemoveAll(s.cfg.RunDir))
	}
	return errors.Join(errs...)
}
