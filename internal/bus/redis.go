package bus

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// How long Redis may take, and how soon it is asked again when it does not answer.
const (
	openWait   = 2 * time.Second
	firstPause = 50 * time.Millisecond
	longPause  = 2 * time.Second
)

// pace is how often a process shows life, which is how long one look for news waits
// for some, too, after how long without a sign it is taken for dead, and for how long
// one call waits.
type pace struct{ beat, dead, call time.Duration }

var standardPace = pace{beat: 2 * time.Second, dead: 10 * time.Second, call: time.Second}

// remote is the bus of all processes behind one Redis: the stream there is the order
// of things, which each process follows.
type remote struct {
	*relay
	client *redis.Client
	logger *slog.Logger
	name   string // of this process
	pace   pace
	lived  time.Time // when it showed life last; of the following goroutine alone

	there atomic.Bool  // Redis answered when it was asked last
	owed  atomic.Bool  // something could not be published, and a gap tells of it
	seen  atomic.Int64 // number of the last entry of the stream that was read
	stop  context.CancelFunc
	end   sync.WaitGroup
}

// OpenRedis opens the bus of all processes that name the same Redis (redis:// or
// rediss://, the number of a database as its path). One that does not answer is
// asked again until Close; meanwhile Publish gives ErrAway.
func OpenRedis(ctx context.Context, url string, log *slog.Logger) (Bus, error) {
	return openRedis(ctx, url, log, standardPace)
}

func openRedis(ctx context.Context, url string, log *slog.Logger, pace pace) (Bus, error) {
	options, err := RedisOptions(url)
	if err != nil {
		return nil, err
	}
	r := &remote{relay: newRelay(math.MaxInt64), logger: log, name: rand.Text(), pace: pace}
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = pace.call, pace.call, pace.call
	options.OnConnect = func(ctx context.Context, c *redis.Conn) error { return r.live(ctx, c, false) }
	r.client = redis.NewClient(options)
	following, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.stop = cancel
	first := make(chan struct{})
	r.end.Go(func() { r.follow(following, sync.OnceFunc(func() { close(first) })) })
	select {
	case <-first:
	case <-time.After(openWait):
	case <-ctx.Done():
	}
	return r, nil
}

func (r *remote) Publish(ctx context.Context, topic string, data []byte) (seq int64, err error) {
	switch {
	case len(data) > MaxData:
		return 0, ErrTooLong
	case r.over():
		return 0, ErrClosed
	case !r.there.Load():
		r.owed.Store(true)
		return 0, ErrAway
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.pace.call)
	defer cancel()
	seq, err = publishScript.Run(ctx, r.client, keys, topic, data, streamLength).Int64()
	if err != nil {
		r.there.Store(false)
		r.owed.Store(true)
		return 0, fmt.Errorf("%w: %w", ErrAway, err)
	}
	return seq, nil
}

func (r *remote) Check() error {
	if !r.there.Load() {
		return ErrAway
	}
	return nil
}

func (r *remote) Close() error {
	r.stop()
	r.goodbye()

	err := r.client.Close() // ends a look that waits
	r.end.Wait()
	r.close()
	if errors.Is(err, redis.ErrClosed) {
		return nil
	}
	return err
}

// follow reads the stream until the context ends. answered is called when it has
// been read for the first time.
func (r *remote) follow(ctx context.Context, answered func()) {
	pause := firstPause
	for ctx.Err() == nil {
		err := r.look(ctx)
		if err == nil {
			if pause = firstPause; !r.there.Swap(true) {
				r.logger.InfoContext(ctx, "events come through Redis")
			}
			answered()
			continue
		}
		if ctx.Err() != nil {
			return
		}
		if r.there.Store(false); pause == firstPause {
			r.logger.WarnContext(ctx, "Redis does not answer; events wait until it does", "cause", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, longPause)
	}
}

// look reads what is new, after a sign of life where it is time for one, or where
// this process owes a gap.
func (r *remote) look(ctx context.Context) error {
	if r.seen.Load() == 0 {
		return r.load(ctx)
	}
	if owed := r.owed.Swap(false); owed || time.Since(r.lived) >= r.pace.beat {
		if err := r.live(ctx, r.client, owed); err != nil {
			r.owed.CompareAndSwap(false, owed)
			return err
		}
		r.lived = time.Now()
	}
	streams, err := r.client.XRead(ctx, &redis.XReadArgs{
		Streams: keys[:1], ID: id(r.seen.Load()), Count: readCount, Block: r.pace.beat,
	}).Result()
	if errors.Is(err, redis.Nil) {
		return nil
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(streams[0].Messages)
	return nil
}

// load reads the whole stream, which is this process's past. Who subscribed before
// is told of a gap.
func (r *remote) load(ctx context.Context) error {
	all, err := r.client.XRange(ctx, keys[0], "-", "+").Result()
	if err != nil {
		return err
	}
	if len(all) == 0 { // connecting wrote to it, but somebody deleted it
		return r.live(ctx, r.client, true)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.floor = read(all[0]).before
	r.seen.Store(r.floor)
	r.put(all)
	r.next, r.missed = r.first+int64(len(r.log)), r.last
	r.stir.Signal()
	return nil
}

// put takes entries of the stream over. Each names the one before it, so nothing is
// missing unnoticed.
func (r *remote) put(messages []redis.XMessage) {
	for _, m := range messages {
		n := read(m)
		if n.topic == "" || n.before != r.seen.Load() {
			r.gap(n.seq)
		} else {
			r.add(n.topic, Event{Seq: n.seq, Data: n.data})
		}
		r.seen.Store(n.seq)
	}
}
