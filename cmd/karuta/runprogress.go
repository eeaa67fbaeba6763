package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/remote"
)

// runProgress shows how far a run of a transform has come: what it prints, and where
// it stands, in the bar on a terminal, else as a line for each step.
type runProgress struct {
	bar
	lang  core.Locale
	began time.Time
	last  core.RunEvent // with the status, the progress and the words that came last
}

func newRunProgress(sh *shell) *runProgress {
	p := &runProgress{bar: bar{out: sh.err, width: terminal(sh.err)}, lang: language(sh.environ), began: time.Now(), last: core.RunEvent{Status: core.StatusQueued}}
	p.whole, p.text = func() float64 { return p.last.Progress }, p.words
	return p
}

// hear takes in what the run tells.
func (p *runProgress) hear(step *remote.RunStep) {
	for _, ev := range step.Events {
		switch ev.Kind {
		case core.RunEventLog:
			p.say("  " + plain(ev.Text))
		case core.RunEventStatus:
			p.move(ev, func(last *core.RunEvent) {
				last.Status, last.Position, last.WaitSeconds = ev.Status, ev.Position, ev.WaitSeconds
			})
		case core.RunEventProgress:
			p.move(ev, func(last *core.RunEvent) { last.Progress, last.Text = ev.Progress, plain(ev.Text) })
		}
	}
	if step.Status != p.last.Status { // whoever ended it could not tell any more, or its beginning is kept no longer
		p.move(core.RunEvent{}, func(last *core.RunEvent) { last.Status, last.Position = step.Status, 0 })
	}
}

// move changes where the run stands.
func (p *runProgress) move(ev core.RunEvent, change func(*core.RunEvent)) {
	p.mu.Lock()
	change(&p.last)
	if p.began.After(ev.At) && !ev.At.IsZero() { // it goes on since before anybody watched
		p.began = ev.At
	}
	text := p.text()
	p.mu.Unlock()
	if p.width == nil {
		p.say(text)
	}
}

// words are percent, status, time and what the code says of it.
func (p *runProgress) words() string {
	parts := []string{
		fmt.Sprintf("%3d %%", int(p.last.Progress*100)), runWords[p.lang][p.last.Status] + p.place(),
		clock(time.Since(p.began)),
	}
	if p.last.Text != "" {
		parts = append(parts, p.last.Text)
	}
	return strings.Join(parts, "  ")
}

// place is where a run that waits stands in the queue, and for how long it will.
func (p *runProgress) place() string {
	if p.last.Position == 0 {
		return ""
	}
	return fmt.Sprintf(placeWords[p.lang], p.last.Position, clock(time.Duration(p.last.WaitSeconds*float64(time.Second))))
}

// clock is a time in minutes and seconds.
func clock(d time.Duration) string {
	seconds := int(d.Round(time.Second).Seconds())
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

var placeWords = map[core.Locale]string{core.English: ", number %d in the queue, about %s", core.Japanese: "（%d番目、約%s）"}

var runWords = map[core.Locale]map[core.RunStatus]string{
	core.English: {
		core.StatusQueued: "queued", core.StatusRunning: "running", core.StatusSucceeded: "succeeded", core.StatusFailed: "failed",
		core.StatusCancelled: "cancelled", core.StatusTimedOut: "timed out", core.StatusSkipped: "skipped",
	},
	core.Japanese: {
		core.StatusQueued: "待機中", core.StatusRunning: "実行中", core.StatusSucceeded: "成功", core.StatusFailed: "失敗",
		core.StatusCancelled: "中止", core.StatusTimedOut: "時間切れ", core.StatusSkipped: "見送り",
	},
}
