package guard

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/ulule/limiter/v3"
	"github.com/ulule/limiter/v3/drivers/store/memory"
	shared "github.com/ulule/limiter/v3/drivers/store/redis"

	"github.com/karuta-bi/karuta/internal/bus"
)

const (
	window     = time.Minute
	keyPrefix  = "karuta:rate"
	redisPause = time.Second // in which Redis is not asked again after it has failed
	// uncounted is a limit that no window reaches: the limiter tells what is left of
	// it, and so how much was counted, also where our own limit is exceeded.
	uncounted = 1 << 40
)

// counters count in windows of a minute, for all processes or for this one.
type counters struct {
	own      limiter.Store
	client   *redis.Client
	patience time.Duration
	log      *slog.Logger

	mu     sync.Mutex
	shared limiter.Store // nil until Redis has answered
	again  time.Time     // when Redis is asked next, after it has failed
}

func newCounters(d Deps) counters {
	own := memory.NewStoreWithOptions(limiter.StoreOptions{Prefix: keyPrefix, CleanUpInterval: window})
	return counters{own: own, client: d.Redis, patience: cmp.Or(d.Patience, 250*time.Millisecond), log: d.Log}
}

// OpenRedis makes the client of a Redis in which requests are counted: one that
// gives up at once, because each process can count for itself.
func OpenRedis(url string) (*redis.Client, error) {
	options, err := bus.RedisOptions(url)
	if err != nil {
		return nil, err
	}
	return redis.NewClient(options), nil
}

// add counts and gives the window's count with its end.
func (c *counters) add(ctx context.Context, key string, n int64) (count int64, reset time.Time, err error) {
	rate := limiter.Rate{Period: window, Limit: uncounted}
	found, err := c.addShared(ctx, key, n, rate)
	if err != nil {
		if ctx.Err() != nil {
			return 0, reset, ctx.Err()
		}
		if found, err = c.own.Increment(ctx, key, n, rate); err != nil {
			return 0, reset, err
		}
	}
	return uncounted - found.Remaining, time.Unix(found.Reset, 0), nil
}

// addShared counts in Redis. The error says that this process must count for itself.
func (c *counters) addShared(ctx context.Context, key string, n int64, rate limiter.Rate) (limiter.Context, error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	store, err := c.connected(ctx)
	if err != nil {
		return limiter.Context{}, err
	}
	found, err := store.Increment(ctx, key, n, rate)
	if err != nil {
		c.failed(err)
	}
	return found, err
}

// errAlone tells that there is no Redis to be asked now.
type errAlone struct{}

func (errAlone) Error() string { return "guard: this process counts for itself" }

func (c *counters) connected(ctx context.Context) (limiter.Store, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client == nil || time.Now().Before(c.again) {
		return nil, errAlone{}
	}
	if c.shared != nil {
		return c.shared, nil
	}
	store, err := shared.NewStoreWithOptions(c.client, limiter.StoreOptions{Prefix: keyPrefix})
	if err != nil {
		c.pause(err)
		return nil, err
	}
	c.shared = store
	return store, nil
}

func (c *counters) failed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pause(err)
}

func (c *counters) pause(err error) {
	c.again = time.Now().Add(redisPause)
	c.log.Warn("Redis does not count, this process counts for itself", "cause", err)
}
