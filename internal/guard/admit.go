package guard

import (
	"context"
	"math"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// Charge is an amount of work of one class.
type Charge struct {
	Class   core.RateClass
	Subject string // id of a dashboard; "" is whoever asks
	N       int
}

// Admit counts the work and refuses it with RATE_LIMIT_EXCEEDED where that is more
// than a minute may have; Details["retryAfter"] are the seconds until the next one
// begins. Refused work counts, too: who does not heed a refusal waits.
func (g *Guard) Admit(ctx context.Context, charges ...Charge) error {
	if g.Unlimited {
		return nil
	}
	for _, c := range charges {
		if c.Subject == "" {
			c.Subject = subjectOf(core.ActorFrom(ctx))
		}
		if c.Subject == "" || c.N < 1 {
			continue
		}
		if err := g.admit(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// cardsOf marks a request that has been counted among the runs of a dashboard's cards.
type cardsOf string

// AdmitCard counts a run of a card, for the dashboard that it is seen on, or for
// who asks where it is seen on none. A request counts once for a dashboard,
// however many of its cards it runs.
func (g *Guard) AdmitCard(ctx context.Context, dashboardID string) error {
	if dashboardID != "" {
		if _, counted := core.ActorFrom(ctx).Memo().LoadOrStore(cardsOf(dashboardID), true); counted {
			return nil
		}
	}
	return g.Admit(ctx, Charge{Class: core.RateCards, Subject: dashboardID, N: 1})
}

// subjectOf is for whom an actor's work is counted: "" is Karuta itself and its
// operator, who are not limited.
func subjectOf(a *core.Actor) string {
	switch {
	case a == nil || a.System != "":
		return ""
	case a.Key != nil:
		return a.Key.ID
	case a.User != nil:
		return a.ActingID()
	}
	return core.ClientOf(a.IP)
}

func (g *Guard) admit(ctx context.Context, c Charge) error {
	limit := g.limit(c.Class).Limit
	count, reset, err := g.counters.add(ctx, string(c.Class)+":"+c.Subject, int64(c.N))
	if err != nil {
		return err
	}
	g.usage.note(c, count, limit, reset)
	if count <= int64(limit) {
		return nil
	}
	g.exceeded.Add(1)
	g.alarm(ctx, c)
	seconds := untilOver(reset, time.Now())
	return &core.Error{Code: core.CodeRateLimit, Details: map[string]any{
		"retryAfter": seconds, "rateClass": c.Class, "limit": limit,
	}}
}

// untilOver is in how many seconds a window is over for certain: the limiter tells its
// end without the part of a second.
func untilOver(reset, now time.Time) int {
	left := reset.Add(time.Second).Sub(now)
	return min(max(1, int(math.Ceil(left.Seconds()))), int(window.Seconds()))
}

// limit is what holds for a class now.
func (g *Guard) limit(class core.RateClass) core.RateLimit {
	var l core.RateLimit
	for _, d := range core.RateClasses {
		if d.Class == class {
			l = core.RateLimit{Class: class, Limit: d.Limit, Default: d.Limit}
		}
	}
	if set := g.rules.Load().limits[class]; set != nil && set.Set(g.Now()) {
		set := *set
		set.Default = l.Default
		return set
	}
	return l
}
