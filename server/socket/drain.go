package socket

import (
	"context"
	"maps"
	"slices"
	"time"
)

// Drain closes all sockets with 1012, upon which clients connect to another
// process, evenly over the time, or sooner where there are few, so that they do
// not all come there at once. Operations that end by themselves are let finish for
// as long again. It returns when all sockets are gone, or cuts them when the
// context ends.
func (h *Handler) Drain(ctx context.Context, over time.Duration) {
	h.mu.Lock()
	h.draining = true
	all := slices.Collect(maps.Keys(h.conns))
	h.mu.Unlock()
	if len(all) == 0 {
		return
	}
	h.closeOver(ctx, all, min(over, time.Duration(len(all))*drainPause))
	grace := time.NewTimer(over)
	defer grace.Stop()
	select {
	case <-h.empty.Done():
		return
	case <-grace.C:
	case <-ctx.Done():
	}
	for _, c := range all {
		c.close(CodeRestart, reasonRestart)
	}
	select {
	case <-h.empty.Done():
	case <-ctx.Done():
		for _, c := range all {
			c.cut()
		}
	}
}

const (
	drainTick  = 20 * time.Millisecond // how often a part of the sockets is closed
	drainPause = 50 * time.Millisecond // between two sockets where there are few
)

func (h *Handler) closeOver(ctx context.Context, all []*conn, over time.Duration) {
	began, tick := time.Now(), time.NewTicker(drainTick)
	defer tick.Stop()
	for next := 0; next < len(all); {
		due := len(all)
		if passed := time.Since(began); passed < over {
			due = int(int64(len(all)) * int64(passed) / int64(over))
		}
		for ; next < due; next++ {
			all[next].restart()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// restart asks the client to connect to another process, as soon as no operation
// is under way that would end by itself: clients ask again for what was cut off,
// and nothing shall be done twice.
func (c *conn) restart() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaving = true
	c.leave()
}

// leave closes a socket that may go, with the mutex held.
func (c *conn) leave() {
	if !c.leaving {
		return
	}
	for _, op := range c.ops {
		if !op.streams {
			return
		}
	}
	c.shut(CodeRestart, reasonRestart)
}
