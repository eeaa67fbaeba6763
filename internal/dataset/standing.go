package dataset

import (
	"sync"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// standing is how far an import has come, over all its attempts: it never goes back.
// It is safe for concurrent use.
type standing struct {
	mu       sync.Mutex
	stage    core.ImportStage
	progress float64
	rows     int64
	told     float64            // progress of the last event
	unsaved  []core.ImportEvent // that are not yet written
}

// reach takes in what the executor tells.
func (p *standing) reach(ev client.ImportEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.progress, p.rows = max(p.progress, ev.Progress), max(p.rows, ev.Rows)
	switch {
	case ev.Stage != "" && ev.Stage != p.stage:
		p.stage, p.told = ev.Stage, p.progress
		p.add(core.ImportEvent{Kind: core.ImportEventStage})
	case p.progress >= p.told+progressStep:
		p.told = p.progress
		p.add(core.ImportEvent{Kind: core.ImportEventProgress})
	}
}

// tell adds events that are written with the next sign of life.
func (p *standing) tell(events ...core.ImportEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, ev := range events {
		p.add(ev)
	}
}

func (p *standing) add(ev core.ImportEvent) {
	ev.At, ev.Stage, ev.Progress, ev.Rows = store.Now(), p.stage, p.progress, max(ev.Rows, p.rows)
	p.unsaved = append(p.unsaved, ev)
}

// write makes the job stand so, with what was told meanwhile, and gives how many
// events that were.
func (p *standing) write(j *core.ImportJob) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := j.Progress
	j.Stage, j.Heartbeat = p.stage, store.Now()
	for _, ev := range p.unsaved {
		if ev.Kind != core.ImportEventProgress || ev.Progress > before { // else an earlier attempt came as far
			tell(j, ev)
		}
	}
	j.Progress = max(j.Progress, p.progress)
	return len(p.unsaved)
}

// saved forgets the oldest events, which are written.
func (p *standing) saved(events int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unsaved = p.unsaved[events:]
}
