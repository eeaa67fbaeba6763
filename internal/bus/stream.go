package bus

import (
	"context"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// The stream of all events; what is known of it: "last", the number of its newest
// entry, and "run", the run of Redis that it is from; and when each process showed
// life last. All live in one slot of a cluster. None ends by itself, so Redis throws
// none away under pressure unless it is told to throw away anything.
var keys = []string{"karuta:{events}", "karuta:{events}:state", "karuta:{events}:alive"}

const (
	streamLength = keptEvents
	readCount    = 256
)

// publishScript adds an event. Numbers grow even where the clock does not. An entry has its
// topic, its data, and the number of the entry before it.
var publishScript = redis.NewScript(`
local t = redis.call('TIME')
local last = redis.call('HGET', KEYS[2], 'last') or '0'
local seq = string.format('%.0f', math.max(t[1] * 1000000 + t[2], last + 1))
redis.call('HSET', KEYS[2], 'last', seq)
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], seq, 't', ARGV[1], 'd', ARGV[2], 'p', last)
return seq`)

// lifeScript notes that the process lives, and adds a gap where the story cannot be
// told whole: Redis has been started anew and may have forgotten what it said last,
// somebody has seen numbers that it does not know, something could not be published,
// or a process went silent without a goodbye. What that one did last it may not have
// published. Whoever notices first tells it, and all others need not.
var lifeScript = redis.NewScript(`
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local last = redis.call('HGET', KEYS[2], 'last') or '0'
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZADD', KEYS[3], now, ARGV[4])
local silent = redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - ARGV[5])
if redis.call('HGET', KEYS[2], 'run') == run and last - ARGV[1] >= 0 and ARGV[2] == '0' and silent == 0 then
	return
end
local seq = string.format('%.0f', math.max(t[1] * 1000000 + t[2], last + 1, ARGV[1] + 1))
redis.call('HSET', KEYS[2], 'last', seq, 'run', run)
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], seq, 't', '', 'p', last)`)

// live shows life, and tells of a gap where that is owed or due. It runs on every
// new connection before anything else does: nothing is published to a Redis that has
// been started anew before the gap stands there.
func (r *remote) live(ctx context.Context, c redis.Scripter, owed bool) error {
	forced := "0"
	if owed {
		forced = "1"
	}
	err := lifeScript.Run(ctx, c, keys, r.seen.Load(), forced, streamLength, r.name, r.pace.dead.Milliseconds()).Err()
	if err == redis.Nil {
		return nil
	}
	return err
}

// goodbye tells that this process ends with nothing left to tell.
func (r *remote) goodbye() {
	if r.owed.Load() || !r.there.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.pace.call)
	defer cancel()
	_ = r.client.ZRem(ctx, keys[2], r.name).Err() // then others tell of a gap
}

// news is an entry of the stream.
type news struct {
	seq, before int64
	topic       string // "" for a gap
	data        []byte
}

func read(m redis.XMessage) (n news) {
	number, _, _ := strings.Cut(m.ID, "-")
	n.seq, _ = strconv.ParseInt(number, 10, 64) // Redis wrote it
	text := func(name string) string { s, _ := m.Values[name].(string); return s }
	n.before, _ = strconv.ParseInt(text("p"), 10, 64)
	n.topic, n.data = text("t"), []byte(text("d"))
	return n
}

func id(seq int64) string { return strconv.FormatInt(seq, 10) }
