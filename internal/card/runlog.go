package card

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

// Bounds of the run log.
const (
	DefaultRuns = 50
	MaxRuns     = 100

	runLogEvery  = 2 * time.Second
	runLogRoom   = 10_000 // runs that may wait to be written; more are dropped
	runLogValues = 20     // of each filter
)

// runLog keeps the runs of cards, written many at a time so that no run waits
// for its line.
type runLog struct {
	writing sync.Mutex // held until what was taken is written, so that a reader misses none of it

	mu      sync.Mutex
	waiting []*core.CardRun
	dropped int
}

func (l *runLog) add(r *core.CardRun) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) >= runLogRoom {
		l.dropped++
		return
	}
	l.waiting = append(l.waiting, r)
}

func (l *runLog) take() (runs []*core.CardRun, dropped int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	runs, dropped = l.waiting, l.dropped
	l.waiting, l.dropped = nil, 0
	return runs, dropped
}

// keepRunLog writes the log now and then until the service is closed, and what
// is left then.
func (s *Service) keepRunLog() {
	tick := time.NewTicker(s.cfg.RunLogEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.life.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(s.life), runLogEvery)
			defer cancel()
			s.writeRunLog(end)
			return
		case <-tick.C:
			s.writeRunLog(s.life)
		}
	}
}

func (s *Service) writeRunLog(ctx context.Context) {
	s.log.writing.Lock()
	defer s.log.writing.Unlock()
	runs, dropped := s.log.take()
	if err := s.Store.Cards.KeepRuns(ctx, runs); err != nil {
		dropped += len(runs)
		s.Log.WarnContext(ctx, "runs of cards could not be logged", "cause", err)
	}
	if dropped > 0 {
		s.Log.WarnContext(ctx, "runs of cards are missing in their logs", "runs", dropped)
	}
}

// logRun adds a run of a saved card to its log, whether it failed or not. Who
// looks through somebody's eyes leaves no trace.
func (s *Service) logRun(ctx context.Context, j job, at time.Time, reply *client.CardReply, snapshotID string) {
	actor := core.ActorFrom(ctx)
	if j.card.ID == "" || actor.ViewedBy != "" {
		return
	}
	run := figuresOf(reply)
	run.ID, run.CardID, run.At, run.UserID, run.DashboardID = core.NewID("run"), j.card.ID, at, actor.UserID(), j.dashboardID
	run.Filters, run.DatasetID, run.DatasetVersion = shortened(j.values), j.source.DatasetID, j.source.Version
	run.CodeHash, run.SnapshotID = codeHash(j.card), snapshotID
	if p := reply.Problem; p != nil {
		run.Args = map[string]any{"seconds": s.cfg.Timeout.Seconds()}
		maps.Copy(run.Args, p.Args)
	}
	s.log.add(run)
}

// figuresOf is what was measured of a run, and how it ended.
func figuresOf(reply *client.CardReply) *core.CardRun {
	run := &core.CardRun{
		RowsIn: reply.RowsIn, WaitMS: reply.WaitMS, ReadMS: reply.ReadMS, RunMS: reply.RunMS, HTMLBytes: int64(len(reply.HTML)),
	}
	if p := reply.Problem; p != nil {
		run.Code, run.Reason = p.Code, p.Reason
	}
	return run
}

// shortened are the values with the first few of each filter.
func shortened(values []core.FilterValue) []core.FilterValue {
	values = slices.Clone(values)
	for i := range values {
		values[i].Values = values[i].Values[:min(len(values[i].Values), runLogValues)]
	}
	return values
}

// Runs are the newest runs of a card that were not taken from the cache (1 to
// [MaxRuns]), newest first; for its owner and admins.
func (s *Service) Runs(ctx context.Context, cardID string, last int) ([]core.CardRun, error) {
	if last < 1 || last > MaxRuns {
		return nil, core.Invalid("last", "out_of_range", "min", 1, "max", MaxRuns)
	}
	if _, err := s.Gate.RequireCard(ctx, "id", cardID, access.Manage); err != nil {
		return nil, err
	}
	return s.runs(ctx, cardID, last)
}

// runs are the newest lines of the log, those that wait to be written too. They
// are written also where who asks for them leaves.
func (s *Service) runs(ctx context.Context, cardID string, last int) ([]core.CardRun, error) {
	s.writeRunLog(core.Detach(s.life, ctx))
	runs, err := s.Store.Cards.Runs(ctx, cardID, last)
	if err != nil {
		return nil, core.Internal("read runs of card", err)
	}
	list := make([]core.CardRun, len(runs))
	for i, r := range runs {
		list[i] = *r
	}
	return list, nil
}
