package socket_test

import (
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/server/socket"
)

// limits sets limits of a stage.
func limits(set func(*socket.Limits)) func(*socket.Options) {
	return func(o *socket.Options) { set(&o.Limits) }
}

// times sets times of a stage.
func times(set func(*socket.Times)) func(*socket.Options) {
	return func(o *socket.Options) { set(&o.Times) }
}

// expect hears one message after the other, and nothing else.
func (r *raw) expect(t testing.TB, want ...string) {
	t.Helper()
	for _, w := range want {
		got, err := r.hear(hang)
		if err != nil {
			t.Fatalf("waits for %s: %v", w, err)
		}
		if got != w {
			t.Fatalf("got %s, want %s", got, w)
		}
	}
}

// admitted is a client whose connection is acknowledged.
func admitted(t testing.TB, s *stage, payload string) *raw {
	t.Helper()
	r := openRaw(t, s.address())
	r.begin(t, payload)
	r.expect(t, ack)
	return r
}

func (r *raw) begin(t testing.TB, payload string) {
	t.Helper()
	message := hello
	if payload != "" {
		message = `{"type":"connection_init","payload":` + payload + `}`
	}
	if err := r.say(message); err != nil {
		t.Fatal(err)
	}
}

// eventually waits for what must come true.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for range 20_000 {
		if is() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}

func TestTheNumberOfSocketsIsLimited(t *testing.T) {
	for name, c := range map[string]struct {
		limit  func(*socket.Limits)
		status string
	}{
		"of an address":  {func(l *socket.Limits) { l.PerAddress = 3 }, "429"},
		"of the process": {func(l *socket.Limits) { l.Total = 3 }, "503"},
	} {
		t.Run(name, func(t *testing.T) {
			s := play(t, limits(c.limit), times(patience))
			var all []*raw
			for range 3 {
				all = append(all, openRaw(t, s.address()))
			}
			r, err := dialRaw(s.address(), usual())
			if err != nil || r.status != c.status {
				t.Errorf("one too many: %+v, %v", r, err)
			}
			_ = all[0].Close()
			eventually(t, "a place is free", func() bool { return s.Open() == 2 })
			admitted(t, s, "")
		})
	}
}

func TestTheSocketsOfAUserAreLimited(t *testing.T) {
	s := play(t, limits(func(l *socket.Limits) { l.PerUser = 2 }), times(patience))
	first := admitted(t, s, `{"user":"hanako"}`)
	admitted(t, s, `{"user":"hanako"}`)
	third := openRaw(t, s.address())
	third.begin(t, `{"user":"hanako"}`)
	third.expect(t, "close 1013 Too many connections")
	for range 5 {
		admitted(t, s, "") // nobody in particular
	}
	admitted(t, s, `{"user":"taro"}`)
	_ = first.Close()
	_ = third.Close()
	eventually(t, "a place is free", func() bool { return s.Open() == 7 })
	admitted(t, s, `{"user":"hanako"}`)
}

func TestTheOperationsOfASocketAreLimited(t *testing.T) {
	s := play(t, limits(func(l *socket.Limits) { l.Operations = 2 }))
	r := admitted(t, s, "")
	for _, id := range []string{"a", "b"} {
		_ = r.say(subscribe(id, forever))
		r.expect(t, `{"id":"`+id+`","payload":{"data":{"forever":1}},"type":"next"}`)
	}
	_ = r.say(subscribe("c", `{ hello }`))
	r.expect(t, `{"id":"c","payload":"errors","type":"error"}`)
	_ = r.say(`{"type":"complete","id":"a"}`)
	_ = r.say(subscribe("c", `{ hello }`))
	r.expect(t, `{"id":"c","payload":{"data":{"hello":"world"}},"type":"next"}`, `{"id":"c","type":"complete"}`)
}

// Who sends more than agreed is read more slowly, and answered all the same.
func TestAFloodIsReadSlowly(t *testing.T) {
	const perSecond, sent = 200, 600
	for name, frame := range map[string][]byte{
		"messages": masked(true, opText, []byte(`{"type":"ping"}`)), "frames": masked(true, opPing, nil),
	} {
		t.Run(name, func(t *testing.T) {
			s := play(t, limits(func(l *socket.Limits) { l.PerSecond = perSecond }))
			r := admitted(t, s, "")
			began := time.Now()
			if _, err := r.Write([]byte(strings.Repeat(string(frame), sent))); err != nil {
				t.Fatal(err)
			}
			for i := range sent {
				if _, err := r.hear(hang); err != nil {
					t.Fatalf("answer %d: %v", i, err)
				}
			}
			if took := time.Since(began); took < 900*time.Millisecond {
				t.Errorf("%d were answered in %v", sent, took)
			}
		})
	}
}

// What ends a socket from our side, and with which code.
func TestWhatEndsASocket(t *testing.T) {
	for name, c := range map[string]struct {
		payload string
		limit   func(*socket.Limits)
		act     func(*stage)
		want    string
	}{
		"the sign-in expires":    {`{"seconds":0.3}`, func(*socket.Limits) {}, nil, "close 4403 token_expired"},
		"it has expired already": {`{"seconds":-1}`, func(*socket.Limits) {}, nil, "close 4403 token_expired"},
		"the session is revoked": {`{}`, func(*socket.Limits) {}, func(s *stage) { close(s.player().ended) }, "close 4403 session_revoked"},
		"it is too old":          {`{}`, func(l *socket.Limits) { l.Life = 300 * time.Millisecond }, nil, "close 1012 Connect anew"},
		"the first of both ends": {`{"seconds":0.3}`, func(l *socket.Limits) { l.Life = time.Hour }, nil, "close 4403 token_expired"},
	} {
		t.Run(name, func(t *testing.T) {
			s := play(t, limits(c.limit), times(func(w *socket.Times) { w.Sweep = 20 * time.Millisecond }))
			r := openRaw(t, s.address())
			r.begin(t, c.payload)
			got, err := r.hear(hang)
			_ = r.say(subscribe("1", forever))
			if c.act != nil {
				r.expect(t, `{"id":"1","payload":{"data":{"forever":1}},"type":"next"}`)
				c.act(s)
			}
			for err == nil && strings.HasPrefix(got, "{") { // what came before the end
				got, err = r.hear(hang)
			}
			if got != c.want {
				t.Errorf("got %s, %v, want %s", got, err, c.want)
			}
			_, _ = r.Write(masked(true, opClose, closeText(1000, "")))
			eventually(t, "it is gone", func() bool { return s.Open() == 0 })
		})
	}
}

// Which refusals a client should overcome by signing in, and which by waiting.
func TestWhyASocketIsRefused(t *testing.T) {
	s := play(t)
	for code, want := range map[string]string{
		"FORBIDDEN": "close 4403 Forbidden", "UNAUTHORIZED": "close 4403 Forbidden", "INVALID_TOKEN": "close 4403 Forbidden",
		"TOKEN_EXPIRED": "close 4403 Forbidden", "VALIDATION_ERROR": "close 4403 Forbidden",
		"SERVICE_UNAVAILABLE": "close 1013 Try again later", "INTERNAL_ERROR": "close 1013 Try again later", "RATE_LIMIT_EXCEEDED": "close 1013 Try again later",
	} {
		r := openRaw(t, s.address())
		r.begin(t, `{"error":"`+code+`"}`)
		r.expect(t, want)
	}
}

// A client that opens thousands of sockets gets as many as one may have, quick
// answers to all others, and leaves nothing behind.
func TestAClientThatOpensManySockets(t *testing.T) {
	tries, limit := 2000, 100
	if long() {
		tries, limit = 10_000, 1000
	}
	s := play(t, limits(func(l *socket.Limits) { l.PerAddress = limit }), times(patience))
	open, refused := 0, 0
	var kept []net.Conn
	for range tries {
		r, err := dialRaw(s.address(), usual())
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasPrefix(r.status, "101"):
			open++
			kept = append(kept, r)
		case r.status == "429":
			refused++
			_ = r.Close()
		}
	}
	if open != limit || refused != tries-limit {
		t.Errorf("%d opened, %d refused", open, refused)
	}
	for _, c := range kept {
		_ = c.Close()
	}
	eventually(t, "all are gone", func() bool { return s.Open() == 0 })
}

// Who has a network of IPv6 has more addresses than there are sockets.
func TestANetworkIsOneClient(t *testing.T) {
	of := func(ip string) string {
		return socket.CountedFor(httptest.NewRequest("GET", "/", nil).WithContext(core.WithActor(t.Context(), &core.Actor{IP: ip})))
	}
	if of("2001:db8::1") != of("2001:db8::2:3") || of("2001:db8::1") == of("2001:db8:0:1::1") || of("192.0.2.1") == of("192.0.2.2") {
		t.Error("addresses are not counted by client")
	}
}
