package transform

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/drain"
	"github.com/karuta-bi/karuta/internal/store"
)

// beatEvery is how often a run shows life and looks whether it is to stop.
const beatEvery = time.Second

// Bounds of what is kept of a run's events.
const (
	maxEvents     = 1000
	maxEventBytes = 64 << 10
	maxEventText  = 1000 // bytes of one line
	maxUntold     = 20_000
)

// How soon what a run tells is written down and told to who watches it, and how much
// is told at once: of the text each byte may take six where it is told.
const (
	tellEvery    = 200 * time.Millisecond
	tellAtLast   = time.Second // where much is kept, of which all is written each time
	maxNewsBytes = 9 << 10
	newsBytes    = 150 // of an event beside its text
)

// journal keeps the newest events of a run. It is safe for concurrent use.
type journal struct {
	mu       sync.Mutex
	seq      int64
	events   []core.RunEvent
	bytes    int
	progress float64
	status   core.RunStatus // the last that was told and not the end
	saved    int64          // number of the last event that is written down
	savedAt  time.Time
	untold   []core.RunEvent
}

func (j *journal) add(ev core.RunEvent) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	ev.Seq, ev.At, ev.Text = j.seq, store.Now(), cut(ev.Text)
	j.events = append(j.events, ev)
	j.bytes += len(ev.Text)
	for len(j.events) > maxEvents || j.bytes > maxEventBytes {
		j.bytes -= len(j.events[0].Text)
		j.events = j.events[1:]
	}
	if ev.Kind == core.RunEventProgress {
		j.progress = ev.Progress
	}
	j.untold = append(j.untold, ev)
	j.untold = j.untold[max(0, len(j.untold)-maxUntold):]
}

// news is what was written down since the last call, at most so much that an event of
// the bus holds it; false for nothing.
func (j *journal) news() (core.TransformExecutionUpdate, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var events []core.RunEvent
	bytes := 0
	for len(events) < len(j.untold) && bytes < maxNewsBytes {
		ev := j.untold[len(events)]
		if ev.Seq > j.saved {
			break
		}
		if ev.Kind == core.RunEventStatus && !ev.Status.Final() {
			j.status = ev.Status
		}
		events, bytes = append(events, ev), bytes+6*len(ev.Text)+newsBytes
	}
	j.untold = j.untold[len(events):]
	return core.TransformExecutionUpdate{Status: j.status, Progress: j.progress, Events: events}, len(events) > 0
}

// cut is the text without what is too long of it.
func cut(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxEventText)], "")
}

// due tells that it is time to write down what was added: the more is kept, the
// later.
func (j *journal) due() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	kept := time.Duration(j.bytes + newsBytes*len(j.events))
	return time.Since(j.savedAt) >= min(kept*tellAtLast/maxEventBytes, tellAtLast)
}

// unsaved are the events that are kept, where some of them are not written down.
func (j *journal) unsaved() []core.RunEvent {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.seq == j.saved {
		return nil
	}
	return slices.Clone(j.events)
}

// save notes that everything up to the number is written down.
func (j *journal) save(number int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.saved, j.savedAt = number, time.Now()
}

func (j *journal) done() (progress float64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.progress
}

// tellWhenDue is tell, where enough came or it is long ago.
func (r *run) tellWhenDue(ctx context.Context) {
	if r.journal.due() {
		r.tell(ctx)
	}
}

// tell writes down what the run told since the last time and then tells who watches
// it, so that whoever comes in between finds it.
func (r *run) tell(ctx context.Context) {
	r.save(ctx)
	for news, some := r.journal.news(); some; news, some = r.journal.news() {
		r.Tell.Say(ctx, core.ExecutionTopic(r.x.ID), news)
	}
}

// ended tells who watches a run how it ended.
func (s *Service) ended(ctx context.Context, x *core.Execution) {
	s.Tell.Say(ctx, core.ExecutionTopic(x.ID), core.TransformExecutionUpdate{Status: x.Status, Progress: x.Progress})
}

// beat keeps the run's record alive until stop is called, and stops the run when
// somebody cancelled it or gave it up.
func (r *run) beat(ctx context.Context) (stop func()) {
	return drain.Every(ctx, beatEvery, r.showLife)
}

func (r *run) showLife(ctx context.Context) {
	x, err := r.edit(ctx, func(x *core.Execution) { x.Heartbeat, x.Progress = store.Now(), r.journal.done() })
	switch {
	case errors.Is(err, errEnded) || err == nil && x == nil:
		r.cancel(errEnded)
	case err == nil && x.CancelledBy != "":
		r.cancel(errCancelled)
	case err != nil && ctx.Err() == nil:
		r.Log.WarnContext(ctx, "transform's sign of life was not saved", "execution", r.x.ID, "error", err)
	}
}

// save writes down what the run told.
func (r *run) save(ctx context.Context) {
	events := r.journal.unsaved()
	if events == nil {
		return
	}
	err := r.Store.Executions.PutEvents(ctx, r.x.ID, events)
	if err == nil {
		r.journal.save(events[len(events)-1].Seq)
	} else if ctx.Err() == nil {
		r.Log.WarnContext(ctx, "transform's events were not saved", "execution", r.x.ID, "error", err)
	}
}
