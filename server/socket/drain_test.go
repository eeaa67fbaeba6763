package socket_test

import (
	"context"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/server/socket"
)

// drain drains and tells how long it took.
func (s *stage) drain(within, over time.Duration) time.Duration {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	began := time.Now()
	s.Drain(ctx, over)
	return time.Since(began)
}

// All are told to connect anew, one after the other over the time, and nobody
// can come in any more.
func TestDrainIsSpread(t *testing.T) {
	const sockets, over = 80, 4 * time.Second
	s := play(t)
	closed := make(chan time.Time, sockets)
	for range sockets {
		r := admitted(t, s, "")
		_ = r.say(subscribe("1", forever))
		r.expect(t, `{"id":"1","payload":{"data":{"forever":1}},"type":"next"}`)
		go func() {
			if got, err := r.hear(hang); err != nil || got != "close 1012 Connect anew" {
				t.Errorf("got %s, %v", got, err)
			}
			closed <- time.Now()
			_, _ = r.Write(masked(true, opClose, closeText(1012, "")))
		}()
	}
	began := time.Now()
	took := s.drain(hang, over)
	if s.Open() != 0 || took >= hang {
		t.Errorf("%d are open after %v", s.Open(), took)
	}
	first, last, early := time.Duration(0), time.Duration(0), 0
	for range sockets {
		at := (<-closed).Sub(began)
		last = max(last, at)
		if first == 0 || at < first {
			first = at
		}
		if at < over/2 {
			early++
		}
	}
	if last-first < over/2 || early < sockets/5 {
		t.Errorf("they were closed from %v to %v, %d in the first half", first, last, early)
	}
	if r, err := dialRaw(s.address(), usual()); err != nil || r.status != "503" {
		t.Errorf("another one: %+v, %v", r, err)
	}
}

// What ends by itself is let finish, for clients would ask for it again; what is
// asked for meanwhile goes to another process.
func TestDrainLetsFinish(t *testing.T) {
	c, catch := caught()
	s := play(t, catch)
	r, asks := admitted(t, s, ""), admitted(t, s, "")
	_ = r.say(subscribe("1", `{ slow }`))
	sink := <-c.sinks
	_ = asks.say(subscribe("1", `{ slow }`))
	<-c.sinks
	ended := make(chan time.Duration)
	go func() { ended <- s.drain(hang, hang) }()
	eventually(t, "both shall go", func() bool { return socket.Leaving(s.Handler) == 2 })
	_ = asks.say(subscribe("2", `{ hello }`))
	asks.expect(t, "close 1012 Connect anew")
	sink.Next([]byte(`{"data":1}`))
	sink.Complete()
	r.expect(t, `{"id":"1","payload":{"data":1},"type":"next"}`, `{"id":"1","type":"complete"}`, "close 1012 Connect anew")
	for _, gone := range []*raw{r, asks} {
		_, _ = gone.Write(masked(true, opClose, closeText(1012, "")))
	}
	if took := <-ended; took >= hang {
		t.Errorf("it took %v", took)
	}
}

// Neither what never ends nor a client that says nothing holds the end up.
func TestDrainEnds(t *testing.T) {
	c, catch := caught()
	s := play(t, catch, times(func(w *socket.Times) { w.Close = 300 * time.Millisecond }))
	r := admitted(t, s, "")
	_ = r.say(subscribe("1", `{ slow }`))
	<-c.sinks // nobody will ever answer
	if took := s.drain(hang, 200*time.Millisecond); took >= hang || s.Open() != 0 {
		t.Errorf("it took %v, %d are open", took, s.Open())
	}
	r.expect(t, "close 1012 Connect anew")

	s = play(t, times(func(w *socket.Times) { w.Close = time.Hour }))
	admitted(t, s, "")
	if took := s.drain(500*time.Millisecond, 100*time.Millisecond); took >= hang || s.Open() != 0 {
		t.Errorf("it took %v, %d are open", took, s.Open())
	}
	if took := s.drain(hang, hang); took >= hang {
		t.Errorf("an empty house took %v", took)
	}
}
