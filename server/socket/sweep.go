package socket

import (
	"context"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/gorilla/websocket"
)

// bytesPerSecond is how slowly a client may read and still be waited for.
const bytesPerSecond = 256 << 10

// clock is what time does to a socket. All is guarded by the socket's mutex.
type clock struct {
	began   time.Time
	until   time.Time // when its life or the client's sign-in is over; zero: never
	code    int       // with which it is closed then
	reason  string
	asked   time.Time // the last ping
	pings   uint64
	waiting bool      // for the last ping's answer
	unread  int       // bytes that were sent since the other side last proved that it reads
	before  int       // of them, those that were sent before the ping
	patient time.Time // until when
	dead    time.Time // when a socket that closes is cut; zero: it does not close
}

// newClock starts at a random place between two pings, so that sockets that came
// together are not pinged together.
func newClock(life time.Duration) clock {
	now := time.Now()
	c := clock{began: now, asked: now.Add(-rand.N(5 * time.Second))}
	if life > 0 {
		c.until, c.code, c.reason = now.Add(life), CodeRestart, reasonRestart
	}
	return c
}

// expires closes the socket with the client's sign-in, which it can renew.
func (k *clock) expires(at time.Time) {
	if !at.IsZero() && (k.until.IsZero() || at.Before(k.until)) {
		k.until, k.code, k.reason = at, CodeForbidden, reasonExpired
	}
}

func (k *clock) close(patience time.Duration) { k.dead = time.Now().Add(patience) }

// sweep looks at all sockets now and then, as long as there are any.
func (h *Handler) sweep() {
	tick := time.NewTicker(h.Times.Sweep)
	defer tick.Stop()
	var all []*conn
	for now := range tick.C {
		all = all[:0]
		h.mu.Lock()
		for c := range h.conns {
			all = append(all, c)
		}
		h.sweeping = len(all) > 0
		h.mu.Unlock()
		if len(all) == 0 {
			return
		}
		for _, c := range all {
			if c.look(now) {
				c.cut()
			}
		}
		clear(all)
	}
}

// look does what is due; it is true where the socket must be cut.
func (c *conn) look(now time.Time) (dead bool) {
	t := c.h.Times
	if since := c.wire.since.Load(); since != 0 && now.UnixNano()-since > int64(t.Write) {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k := &c.clock
	switch {
	case c.state == closing:
		return now.After(k.dead)
	case k.waiting && now.After(k.patient):
		return true
	case c.state == opened && now.Sub(k.began) >= t.Init:
		c.shut(CodeInitTimeout, "Connection initialisation timeout")
	case c.client != nil && ended(c.client.Ended()):
		c.shut(CodeForbidden, reasonRevoked)
	case !k.until.IsZero() && !now.Before(k.until):
		c.shut(k.code, k.reason)
	default:
		c.ping(now)
	}
	return false
}

func ended(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// ping asks for a sign that the other side reads: at length where nothing is
// written, soon where something was. Only the answer with the ping's own number
// counts, for a client may send pongs without ever reading.
func (c *conn) ping(now time.Time) {
	k, t := &c.clock, c.h.Times
	sent := k.unread > 0 && c.ops != nil // the last answer may be read at leisure
	if since := now.Sub(k.asked); k.waiting || since < t.Busy || since < t.Idle && !sent {
		return
	}
	k.pings++
	k.waiting, k.asked, k.before = true, now, k.unread
	k.patient = now.Add(t.Pong + time.Duration(k.unread)*time.Second/bytesPerSecond)
	c.push(frame{kind: websocket.PingMessage, head: strconv.AppendUint(nil, k.pings, 10)})
}

// pong hears the answer to a ping.
func (c *conn) pong(data string) error {
	c.tempo.wait(c.life)
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := &c.clock; k.waiting && data == strconv.FormatUint(k.pings, 10) {
		k.waiting = false
		k.unread -= k.before
	}
	return nil
}

// tempo keeps a client to so many messages a second, with a burst of two
// seconds' worth: who sends more is read more slowly.
type tempo struct {
	perSecond int
	due       time.Time // when the next message is due at that pace
}

func (t *tempo) wait(ctx context.Context) {
	if t.perSecond <= 0 {
		return
	}
	now := time.Now()
	if t.due.Before(now) {
		t.due = now
	}
	t.due = t.due.Add(time.Second / time.Duration(t.perSecond))
	if early := t.due.Sub(now) - 2*time.Second; early > 0 {
		timer := time.NewTimer(early)
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
	}
}
