package client

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

const secret = "0123456789abcdef0123456789abcdef"

func signed(t *testing.T, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/execute/card?x=1", nil)
	Sign(r, secret, []byte(body))
	return r
}

func TestVerify(t *testing.T) { // EXE-5
	const body = `{"code":"…"}`
	now := time.Now()
	cases := map[string]struct {
		change func(*http.Request) *http.Request
		body   string
		clock  time.Time
		ok     bool
	}{
		"as sent":         {ok: true},
		"at the edge":     {clock: now.Add(ReplayWindow - 2*time.Second), ok: true},
		"other body":      {body: `{"code":"…" }`},
		"other method":    {change: func(r *http.Request) *http.Request { r.Method = http.MethodPut; return r }},
		"other path":      {change: func(r *http.Request) *http.Request { r.URL.Path = "/import"; return r }},
		"other query":     {change: func(r *http.Request) *http.Request { r.URL.RawQuery = "x=2"; return r }},
		"no header":       {change: func(r *http.Request) *http.Request { r.Header.Del(MACHeader); return r }},
		"garbage":         {change: func(r *http.Request) *http.Request { r.Header.Set(MACHeader, "1.2.zz"); return r }},
		"other secret":    {change: func(r *http.Request) *http.Request { Sign(r, secret+"x", []byte(body)); return r }},
		"too old":         {clock: now.Add(ReplayWindow + 2*time.Second)},
		"from the future": {clock: now.Add(-ReplayWindow - 2*time.Second)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			v := NewVerifier(secret)
			if !c.clock.IsZero() {
				v.now = func() time.Time { return c.clock }
			}
			r := signed(t, body)
			if c.change != nil {
				r = c.change(r)
			}
			got := body
			if c.body != "" {
				got = c.body
			}
			if err := v.Verify(r, []byte(got)); (err == nil) != c.ok {
				t.Errorf("Verify = %v, want ok %v", err, c.ok)
			}
		})
	}
}

func TestVerifyRefusesReplay(t *testing.T) { // EXE-5
	v := NewVerifier(secret)
	clock := time.Now()
	v.now = func() time.Time { return clock }
	r := signed(t, "")
	if err := v.Verify(r, nil); err != nil {
		t.Fatal(err)
	}
	for _, later := range []time.Duration{0, time.Minute, ReplayWindow - 2*time.Second} {
		clock = time.Now().Add(later)
		if v.Verify(r, nil) == nil {
			t.Errorf("a replay after %v was accepted", later)
		}
	}
}

func TestNoncesAreForgottenOnlyWhenTooOld(t *testing.T) { // EXE-5
	v := NewVerifier(secret)
	clock := time.Now()
	v.now = func() time.Time { return clock }
	v.firstSeen("early")
	clock = clock.Add(2*ReplayWindow + time.Second)
	if v.firstSeen("early") {
		t.Error("a nonce was forgotten after one turn")
	}
	for range 3 {
		clock = clock.Add(2*ReplayWindow + time.Second)
		v.firstSeen("other")
	}
	if len(v.recent)+len(v.older) > 2 {
		t.Errorf("%d nonces kept", len(v.recent)+len(v.older))
	}
}
