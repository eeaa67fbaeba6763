package apq

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	patience   = 250 * time.Millisecond // that a request has for Redis
	pause      = time.Second            // in which Redis is not asked again after it has failed
	lifetime   = 24 * time.Hour         // of what nobody uses
	renewEvery = time.Hour              // between two times that a process tells Redis that it uses a document
)

// keys are the texts by their hashes, with how many bytes they are beside them, and
// when each was used last. Both live in one slot of a cluster.
var keys = []string{"karuta:{documents}", "karuta:{documents}:used"}

// keepScript keeps a text and lets go what nobody has used for too long, and what is
// too much. Where Redis has thrown one of the two keys away it begins anew.
var keepScript = redis.NewScript(`
local hash, text, most, lifetime, entry = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if redis.call('HLEN', KEYS[1]) ~= redis.call('ZCARD', KEYS[2]) + 1 then
	redis.call('DEL', KEYS[1], KEYS[2])
end
local bytes = tonumber(redis.call('HGET', KEYS[1], 'bytes') or 0)
if redis.call('HSETNX', KEYS[1], hash, text) == 1 then
	bytes = bytes + #text + entry
end
redis.call('ZADD', KEYS[2], now, hash)
local oldest = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
while oldest[1] and (bytes > most or tonumber(oldest[2]) < now - lifetime) do
	bytes = bytes - redis.call('HSTRLEN', KEYS[1], oldest[1]) - entry
	redis.call('HDEL', KEYS[1], oldest[1])
	redis.call('ZREM', KEYS[2], oldest[1])
	oldest = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
end
redis.call('HSET', KEYS[1], 'bytes', bytes)
redis.call('PEXPIRE', KEYS[1], lifetime)
redis.call('PEXPIRE', KEYS[2], lifetime)`)

// shared is what the processes behind one Redis keep together. Nil keeps nothing.
type shared struct {
	client *redis.Client
	most   int64
	log    *slog.Logger

	mu    sync.Mutex
	again time.Time // when Redis is asked next, after it has failed
}

// text is the document of the hash, "" where there is none or Redis does not answer.
func (s *shared) text(ctx context.Context, hash string) (text string) {
	s.try(ctx, func(ctx context.Context) (err error) {
		text, err = s.client.HGet(ctx, keys[0], hash).Result()
		return err
	})
	return text
}

// keep tells whether the document is kept, or was, and is used now.
func (s *shared) keep(ctx context.Context, hash, text string) bool {
	return s.try(ctx, func(ctx context.Context) error {
		return keepScript.Run(ctx, s.client, keys, hash, text, s.most, lifetime.Milliseconds(), entryBytes).Err()
	})
}

// try asks Redis, unless it has just failed.
func (s *shared) try(ctx context.Context, ask func(context.Context) error) bool {
	if s == nil || s.pausing() {
		return false
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := ask(limited)
	if err == nil || errors.Is(err, redis.Nil) {
		return true
	}
	if ctx.Err() == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.again = time.Now().Add(pause)
		s.log.WarnContext(ctx, "Redis keeps no documents, this process keeps them for itself", "cause", err)
	}
	return false
}

func (s *shared) pausing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.again)
}
