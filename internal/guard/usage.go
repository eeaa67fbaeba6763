package guard

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

const (
	nearPart   = 0.8  // of a limit: from here on it is told who comes near it
	maxTracked = 2000 // subjects that one process tells of in one round
	alarmFrom  = 100  // refusals in a minute of which the log tells who it was (operations runbook §9.1)
	maxNamed   = 5    // of whom so many
)

// usage is who came near a limit since it was last written.
type usage struct {
	mu      sync.Mutex
	tracked map[string]*core.RateUsage
	refused map[string]int // of this minute, by class and subject
	minute  time.Time
}

// note remembers a count that is near its limit. The count that reaches the part,
// and the one that exceeds the limit, stand for their minute, whichever process made them.
func (u *usage) note(c Charge, count int64, limit int, at time.Time) {
	near, over := int64(float64(limit)*nearPart), int64(limit)
	if count < near {
		return
	}
	before := count - int64(c.N)
	u.mu.Lock()
	defer u.mu.Unlock()
	id := string(c.Class) + "#" + c.Subject
	t := u.tracked[id]
	if t == nil {
		if len(u.tracked) >= maxTracked {
			return
		}
		if u.tracked == nil {
			u.tracked = map[string]*core.RateUsage{}
		}
		t = &core.RateUsage{Class: c.Class, Subject: c.Subject}
		u.tracked[id] = t
	}
	t.Last = at
	if int(count) > t.Peak || t.Limit != limit {
		t.Peak, t.Limit = int(count), limit
	}
	if before < near {
		t.Near++
	}
	if before <= over && count > over {
		t.Over++
	}
}

// take gives what is to be written and begins anew.
func (u *usage) take() []core.RateUsage {
	u.mu.Lock()
	defer u.mu.Unlock()
	out := make([]core.RateUsage, 0, len(u.tracked))
	for _, t := range u.tracked {
		out = append(out, *t)
	}
	clear(u.tracked)
	return out
}

// writeUsage adds what this process has seen to what all have. What could not be
// written is lost: it is a report, not a record.
func (g *Guard) writeUsage(ctx context.Context) error {
	for _, u := range g.usage.take() {
		if err := g.Store.Limits.AddUsage(ctx, u); err != nil {
			return err
		}
	}
	return nil
}

// refusal counts one more of a minute and gives who was refused most often, once
// that is enough for an alarm: once a minute.
func (u *usage) refusal(c Charge, now time.Time) (most []string, alarm bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if minute := now.Truncate(window); minute != u.minute {
		u.minute, u.refused = minute, map[string]int{}
	}
	if id := string(c.Class) + " " + c.Subject; len(u.refused) < maxTracked || u.refused[id] > 0 {
		u.refused[id]++
	}
	total := 0
	for id, n := range u.refused {
		total += n
		most = append(most, id)
	}
	if total != alarmFrom {
		return nil, false
	}
	slices.SortFunc(most, func(a, b string) int { return u.refused[b] - u.refused[a] })
	return most[:min(len(most), maxNamed)], true
}

// alarm tells the log of many refusals, and whose they were.
func (g *Guard) alarm(ctx context.Context, c Charge) {
	if most, alarm := g.usage.refusal(c, g.Now()); alarm {
		g.Log.ErrorContext(ctx, "rate_limit_exceeded", "in", "a minute", "refused", alarmFrom, "most", strings.Join(most, ", "))
	}
}

// Window is a span of days that usage is asked for.
type Window string

// The windows, with their days.
const (
	Day  Window = "DAY"
	Week Window = "WEEK"
)

// maxUsage is how many are told.
const maxUsage = 200

// Usage lists who came as near a limit as the part says, the nearest first. For
// administrators.
func (g *Guard) Usage(ctx context.Context, w Window, over float64) ([]core.RateUsage, error) {
	if _, err := g.Gate.RequireAdmin(ctx); err != nil {
		return nil, err
	}
	if !(over >= nearPart && over <= 10) {
		return nil, core.Invalid("over", "out_of_range", "min", nearPart, "max", 10)
	}
	if err := g.writeUsage(ctx); err != nil {
		return nil, err
	}
	days := 1
	if w == Week {
		days = 7
	}
	all, err := g.Store.Limits.Usage(ctx, store.Now(), days)
	all = slices.DeleteFunc(all, func(u core.RateUsage) bool { return u.Share() < over })
	slices.SortFunc(all, func(a, b core.RateUsage) int {
		if a.Share() != b.Share() {
			return map[bool]int{true: -1, false: 1}[a.Share() > b.Share()]
		}
		return strings.Compare(a.Subject, b.Subject)
	})
	return all[:min(len(all), maxUsage)], err
}
