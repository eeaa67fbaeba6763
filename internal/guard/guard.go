package guard

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/audit"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/drain"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

const (
	rulesEvery  = 5 * time.Second  // between looks at what others have set
	usageEvery  = 10 * time.Second // between writes of who came near a limit
	roundBudget = 5 * time.Second  // for one look or write
)

// Deps is what a guard stands on.
type Deps struct {
	Store     *store.Store
	Gate      *access.Gate
	Audit     *audit.Log
	Redis     *redis.Client // nil: this process counts for itself; see [OpenRedis]
	Patience  time.Duration // that a request has for Redis to count; 0 is 250 ms
	Log       *slog.Logger
	Metrics   *telemetry.Metrics
	Unlimited bool // count nothing; blocked networks stay blocked
	Now       func() time.Time
}

// Guard counts and refuses. Make one with [New] and end it with Close.
type Guard struct {
	Deps
	counters counters
	rules    atomic.Pointer[rules]
	usage    usage
	exceeded *telemetry.Counter
	stop     []func()
}

// rules are what administrators have set, as this process knows it.
type rules struct {
	limits  map[core.RateClass]*core.RateLimit
	blocked []block
}

type block struct {
	network netip.Prefix
	until   time.Time
}

// New makes a guard and reads what has been set: nothing, where the tables are still
// to be made. The error is the store's.
func New(ctx context.Context, d Deps) (*Guard, error) {
	if d.Now == nil {
		d.Now = store.Now
	}
	g := &Guard{
		Deps: d, counters: newCounters(d),
		exceeded: d.Metrics.Counter("bi_rate_limit_exceeded_total", "Requests that were refused because somebody asked too much."),
	}
	g.rules.Store(&rules{})
	if err := g.refresh(ctx); err != nil && !errors.Is(err, table.ErrNoTable) {
		return nil, err
	}
	background := context.WithoutCancel(ctx)
	g.stop = append(g.stop,
		drain.Every(background, rulesEvery, g.round("limits were not read", g.refresh)),
		drain.Every(background, usageEvery, g.round("the use of limits was not written", g.writeUsage)))
	return g, nil
}

func (g *Guard) round(failure string, do func(context.Context) error) func(context.Context) {
	return func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, roundBudget)
		defer cancel()
		if err := do(ctx); err != nil && ctx.Err() == nil {
			g.Log.WarnContext(ctx, failure, "cause", err)
		}
	}
}

// Close ends the rounds and writes what is not written yet.
func (g *Guard) Close(ctx context.Context) error {
	for _, stop := range g.stop {
		stop()
	}
	return g.writeUsage(ctx)
}

// refresh reads what has been set, by this process or another.
func (g *Guard) refresh(ctx context.Context) error {
	limits, err := g.Store.Limits.Rates(ctx)
	if err != nil {
		return err
	}
	blocks, err := g.Store.Limits.Blocks(ctx)
	if err != nil {
		return err
	}
	fresh := &rules{limits: make(map[core.RateClass]*core.RateLimit, len(limits))}
	for _, l := range limits {
		fresh.limits[l.Class] = l
	}
	for _, b := range blocks {
		if network, err := netip.ParsePrefix(b.Network); err == nil {
			fresh.blocked = append(fresh.blocked, block{network, b.Until})
		}
	}
	g.rules.Store(fresh)
	return nil
}

// Blocked tells whether nothing is answered to the address.
func (g *Guard) Blocked(ip string) bool {
	blocked := g.rules.Load().blocked
	if len(blocked) == 0 {
		return false
	}
	at, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	now := g.Now()
	for _, b := range blocked {
		if b.network.Contains(at) && now.Before(b.until) {
			return true
		}
	}
	return false
}
