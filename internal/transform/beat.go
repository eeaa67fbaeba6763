package transform

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/drain"
	"github.com/karuta-bi/karuta/internal/store"
)

// beatEvery is how often a run shows life, saves what it told and looks whether
// it is to stop.
const beatEvery = time.Second

// Bounds of what is kept of a run's events.
const (
	maxEvents     = 1000
	maxEventBytes = 64 << 10
	maxEventText  = 1000 // bytes of one line
)

// How soon who watches a run is told what it tells, and how much at once: of the
// text each byte may take six where it is told.
const (
	tellEvery    = 200 * time.Millisecond
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
	status   core.RunStatus // the last that was not the end
	dirty    bool
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
	switch {
	case ev.Kind == core.RunEventProgress:
		j.progress = ev.Progress
	case ev.Kind == core.RunEventStatus && !ev.Status.Final():
		j.status = ev.Status
	}
	j.dirty = true
	j.untold = append(j.untold, ev)
}

// news is what was added since the last call, at most so much that an event of the
// bus holds it; false for nothing.
func (j *journal) news() (core.TransformExecutionUpdate, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var events []core.RunEvent
	bytes := 0
	for len(events) < len(j.untold) && bytes < maxNewsBytes {
		ev := j.untold[len(events)]
		events, bytes = append(events, ev), bytes+6*len(ev.Text)+newsBytes
	}
	j.untold = j.untold[len(events):]
	return core.TransformExecutionUpdate{Status: j.status, Progress: j.progress, Events: events}, len(events) > 0
}

// cut is the text without what is too long of it.
func cut(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxEventText)], "")
}

// unsaved are the events, where some came since the last call, and the progress.
func (j *journal) unsaved() (events []core.RunEvent, progress float64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.dirty {
		events = append(events, j.events...)
	}
	j.dirty = false
	return events, j.progress
}

// tell tells who watches the run what it told since the last time.
func (r *run) tell(ctx context.Context) {
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
	progress := r.save(ctx)
	x, err := r.edit(ctx, func(x *core.Execution) { x.Heartbeat, x.Progress = store.Now(), progress })
	switch {
	case errors.Is(err, errEnded) || err == nil && x == nil:
		r.cancel(errEnded)
	case err == nil && x.CancelledBy != "":
		r.cancel(errCancelled)
	case err != nil && ctx.Err() == nil:
		r.Log.WarnContext(ctx, "transform's sign of life was not saved", "execution", r.x.ID, "error", err)
	}
}

// save writes down what the run told, and gives its progress.
func (r *run) save(ctx context.Context) (progress float64) {
	events, progress := r.journal.unsaved()
	if events == nil {
		return progress
	}
	if err := r.Store.Executions.PutEvents(ctx, r.x.ID, events); err != nil && ctx.Err() == nil {
		r.Log.WarnContext(ctx, "transform's events were not saved", "execution", r.x.ID, "error", err)
	}
	return progress
}
