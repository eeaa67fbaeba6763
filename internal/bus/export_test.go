package bus

import (
	"context"
	"log/slog"
	"time"
)

// OpenRedisAt is OpenRedis for who has another patience with silent processes, and much
// with Redis: a test's machine may be busy.
func OpenRedisAt(ctx context.Context, url string, beat, dead time.Duration) (Bus, error) {
	return openRedis(ctx, url, slog.New(slog.DiscardHandler), pace{beat, dead, 10 * time.Second})
}

// Kill ends a bus of Redis as kill -9 ends its process.
func Kill(b Bus) {
	r := b.(*remote)
	r.stop()
	_ = r.client.Close()
	r.end.Wait()
	r.close()
}

// Owe is a bus of Redis that could not publish something.
func Owe(b Bus) { b.(*remote).owed.Store(true) }
