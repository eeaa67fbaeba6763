package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/karuta-bi/karuta/internal/core"
)

// script is what a server does on one connection; what is said to it comes through
// hear, which gives "" at the end.
type script func(c *end)

// end is a server's end of a socket.
type end struct {
	t  *testing.T
	ws *websocket.Conn
}

func (c *end) say(text string) { _ = c.ws.WriteMessage(websocket.TextMessage, []byte(text)) }

func (c *end) hear() string {
	_, text, err := c.ws.ReadMessage()
	if err != nil {
		return ""
	}
	return string(text)
}

// begun takes the sign-in and the subscription, and gives the latter.
func (c *end) begun() (variables map[string]any) {
	c.hear()
	c.say(`{"type":"connection_ack"}`)
	var m struct {
		Payload struct{ Variables map[string]any }
	}
	if err := json.Unmarshal([]byte(c.hear()), &m); err != nil {
		c.t.Errorf("no subscription: %v", err)
	}
	return m.Payload.Variables
}

func (c *end) step(seq int, status string, events ...int) {
	var all []string
	for _, n := range events {
		all = append(all, fmt.Sprintf(`{"seq":%d,"kind":"LOG","text":"%d"}`, n, n))
	}
	c.say(fmt.Sprintf(`{"id":"1","type":"next","payload":{"data":{"transformExecutionUpdated":{"seq":%d,"executionId":"x","status":%q,"progress":0,"events":[%s]}}}}`, seq, status, strings.Join(all, ",")))
}

func (c *end) closes(code int, reason string) {
	_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(time.Minute))
	c.hear()
}

// played is what a client told that followed a run at a server with scripts, one for
// each connection.
type played struct {
	lines   []string
	notices []NoticeKind
	missed  int64
	last    *RunStep
	err     error
	left    int // scripts that were not played
}

func play(t *testing.T, times times, tokens []string, scripts ...script) (p played) {
	t.Helper()
	var mu sync.Mutex
	upgrader := websocket.Upgrader{Subprotocols: []string{protocol}}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if len(scripts) == 0 {
			http.Error(w, "no more", http.StatusTeapot)
			return
		}
		do := scripts[0]
		scripts = scripts[1:]
		if do == nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = ws.Close() }()
		do(&end{t, ws})
	}))
	defer web.Close()
	s, err := New(Options{URL: web.URL, Told: func(n Notice) { p.notices = append(p.notices, n.Kind) }, Token: func() (string, error) {
		token := tokens[0]
		if len(tokens) > 1 {
			tokens = tokens[1:]
		}
		return token, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.times = times
	s.reached.Store(time.Now().UnixNano())
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	p.last, p.err = s.FollowRun(ctx, "x", func(step *RunStep) {
		s.reached.Store(1) // as if the connection had stood for hours
		p.missed += step.Missed
		for _, ev := range step.Events {
			p.lines = append(p.lines, ev.Text)
		}
	})
	p.left = len(scripts)
	return p
}

var token = []string{"t"}

// patient are the times of tests that are about anything but time.
var patient = times{init: time.Minute, ping: 50 * time.Millisecond, silent: time.Minute, ask: time.Minute, pause: time.Millisecond, pauses: 4 * time.Millisecond, giveUp: time.Minute}

// Whatever ends a connection, what is told goes on where it was, and nothing comes
// twice.
func TestFollowingGoesOn(t *testing.T) {
	first := func(then func(c *end)) script {
		return func(c *end) {
			if after := c.begun()["after"]; after != nil {
				c.t.Errorf("the first asks after %v", after)
			}
			c.step(70, "RUNNING", 1, 2)
			then(c)
		}
	}
	second := func(after any, events ...int) script {
		return func(c *end) {
			if got := c.begun()["after"]; fmt.Sprint(got) != fmt.Sprint(after) {
				c.t.Errorf("asks after %v, want %v", got, after)
			}
			c.step(90, "SUCCEEDED", events...)
			c.say(`{"id":"1","type":"complete"}`)
			c.hear()
		}
	}
	for name, c := range map[string]struct {
		then    func(c *end)
		between []script
		after   any
		events  []int
		lines   string
		notices string
	}{
		"a broken wire":    {func(c *end) { _ = c.ws.UnderlyingConn().Close() }, nil, 70, []int{2, 3}, "1 2 3", "[0 1]"},
		"a drained server": {func(c *end) { c.closes(1012, "Connect anew") }, nil, 70, []int{3}, "1 2 3", "[0 1]"},
		"an overloaded one": {func(c *end) { c.closes(1013, "Try again later") },
			[]script{nil, nil}, 70, []int{3}, "1 2 3", "[0 1]"},
		"too early an end": {func(c *end) { c.say(`{"id":"1","type":"complete"}`); c.hear() }, nil, 70, []int{3}, "1 2 3", "[0 1]"},
		"an outage as an answer": {func(c *end) {
			c.say(`{"id":"1","type":"error","payload":[{"message":"m","extensions":{"code":"SERVICE_UNAVAILABLE"}}]}`)
			c.hear()
		}, nil, 70, []int{3}, "1 2 3", "[0 1]"},
		"a tail that is gone": {func(c *end) {
			c.say(`{"id":"1","type":"next","payload":{"data":null,"errors":[{"message":"m","extensions":{"code":"EVENTS_GONE"}}]}}`)
			c.hear()
		}, nil, nil, []int{1, 2, 3}, "1 2 3", "[2]"},
		"steps that are gone": {func(c *end) {
			c.say(`{"id":"1","type":"error","payload":[{"message":"m","extensions":{"code":"EVENTS_GONE"}}]}`)
			c.hear()
		}, nil, nil, []int{6, 7}, "1 2 6 7", "[2]"},
		"silence": {func(c *end) { c.hear() }, nil, nil, []int{1, 2, 3}, "1 2 3", "[]"},
	} {
		times := patient
		if name == "silence" {
			times.ask = 3 * time.Second
		}
		p := play(t, times, token, append(append([]script{first(c.then)}, c.between...), second(c.after, c.events...))...)
		if p.err != nil || p.left != 0 || p.last.Status != core.StatusSucceeded || strings.Join(p.lines, " ") != c.lines || fmt.Sprint(p.notices) != c.notices {
			t.Errorf("%s: %v, %+v", name, p.err, p)
		}
		if (p.missed == 3) != (name == "steps that are gone") {
			t.Errorf("%s: %d steps were missed", name, p.missed)
		}
	}
}

// Where going on would not help it ends, and says why.
func TestFollowingEnds(t *testing.T) {
	closed := func(code int, reason string) script {
		return func(c *end) { c.hear(); c.closes(code, reason) }
	}
	for name, c := range map[string]struct {
		scripts []script
		want    string
		code    core.Code
	}{
		"refused":           {[]script{closed(4403, "Forbidden")}, "does not let this token in", core.CodeInvalidToken},
		"expired":           {[]script{closed(4403, "token_expired")}, "has run out", core.CodeTokenExpired},
		"revoked":           {[]script{closed(4403, "session_revoked")}, "was ended", core.CodeInvalidToken},
		"a mistake of ours": {[]script{closed(4400, "Invalid message received")}, "4400", core.CodeInternal},
		"somebody else's": {[]script{func(c *end) {
			c.begun()
			c.say(`{"id":"1","type":"error","payload":[{"message":"not found","extensions":{"code":"NOT_FOUND","field":"executionId"}}]}`)
			c.hear()
		}}, "not found", core.CodeNotFound},
		"lost on the way": {[]script{func(c *end) {
			c.begun()
			c.say(`{"id":"1","type":"next","payload":{"data":null,"errors":[{"message":"no more","extensions":{"code":"FORBIDDEN"}}]}}`)
			c.hear()
		}}, "no more", core.CodeForbidden},
		"no acknowledgement": {[]script{func(c *end) { c.hear(); c.hear() }}, "could not be reached", core.CodeInternal},
		"no Karuta":          {nil, "no Karuta", core.CodeInternal},
	} {
		times := patient
		if name == "no acknowledgement" {
			times.init, times.giveUp = 2*time.Second, 0
		}
		p := play(t, times, token, c.scripts...)
		if p.err == nil || !strings.Contains(p.err.Error(), c.want) || core.CodeOf(p.err) != c.code || p.left != 0 {
			t.Errorf("%s: %v (%s)", name, p.err, core.CodeOf(p.err))
		}
	}
	times := patient
	times.pauses, times.giveUp = 100*time.Millisecond, 2*time.Second
	if p := play(t, times, token, make([]script, 1000)...); !errors.Is(p.err, ErrLost) || fmt.Sprint(p.notices) != "[0]" {
		t.Errorf("a server that is away: %v, %v", p.err, p.notices)
	}
}

// A newer token is taken where the old one has run out.
func TestANewTokenIsTaken(t *testing.T) {
	var said []string
	p := play(t, patient, []string{"old", "new"},
		func(c *end) { said = append(said, c.hear()); c.closes(4403, "token_expired") },
		func(c *end) { c.begun(); c.closes(4403, "token_expired") },
	)
	if p.err == nil || len(said) != 1 || !strings.Contains(said[0], "old") || p.left != 0 {
		t.Errorf("%v, %v", p.err, said)
	}
}

// The operations go by their hash where the server knows them, and as a text where it
// does not; pings of the protocol are answered meanwhile.
func TestHowOperationsAreSent(t *testing.T) {
	p := play(t, patient, token, func(c *end) {
		c.hear()
		c.say(`{"type":"ping"}`)
		if got := c.hear(); got != `{"type":"pong"}`+"\n" && got != `{"type":"pong"}` {
			c.t.Errorf("a ping is answered by %s", got)
		}
		c.say(`{"type":"connection_ack"}`)
		if got := c.hear(); !strings.Contains(got, `"documentId":"sha256:`) || strings.Contains(got, "query") {
			c.t.Errorf("asks by %s", got)
		}
		c.say(`{"id":"1","type":"error","payload":[{"message":"m","extensions":{"code":"NOT_FOUND","field":"documentId"}}]}`)
		if got := c.hear(); !strings.Contains(got, `"id":"2"`) || !strings.Contains(got, "subscription KarutaFollowRun") || strings.Contains(got, "documentId") {
			c.t.Errorf("asks again by %s", got)
		}
		c.say(`{"id":"1","type":"next","payload":{"data":null}}`) // of what has ended
		c.say(`{"id":"2","type":"next","payload":{"data":{"transformExecutionUpdated":{"seq":1,"executionId":"x","status":"CANCELLED","progress":0,"events":[]}}}}`)
		c.say(`{"id":"2","type":"complete"}`)
		c.hear()
	})
	if p.err != nil || p.last.Status != core.StatusCancelled {
		t.Errorf("%v, %+v", p.err, p.last)
	}
}

// A run is asked for once more where the answer was lost, with the same key.
func TestARunIsAskedForAgain(t *testing.T) {
	asked := make(chan string, 3)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked <- string(body)
		if len(asked) == 1 {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, `{"data":{"executeTransform":{"execution":{"id":"x","status":"QUEUED"}}}}`)
	}))
	defer web.Close()
	s, err := New(Options{URL: web.URL, Token: func() (string, error) { return "t", nil }})
	if err != nil {
		t.Fatal(err)
	}
	id, _, err := s.StartRun(t.Context(), RunInput{TransformID: "tf", Key: "k"})
	if err != nil || id != "x" || len(asked) != 2 {
		t.Fatalf("%s, %v, asked %d times", id, err, len(asked))
	}
	if first, second := <-asked, <-asked; first != second || !strings.Contains(first, `"idempotencyKey":"k"`) {
		t.Errorf("asked %s, then %s", first, second)
	}
}

func TestAddresses(t *testing.T) {
	for address, good := range map[string]bool{
		"https://karuta.example.com": true, "http://127.0.0.1:8000": true, "http://[::1]:8000": true, "http://localhost:8000": true,
		"https://example.com/karuta": true, "http://karuta.example.com": false, "http://192.0.2.1": false, "karuta.example.com": false,
		"ftp://karuta.example.com": false, "https://u:p@karuta.example.com": false, "https://": false, "https://karuta.example.com?x=1": false,
	} {
		if _, err := New(Options{URL: address}); (err == nil) != good {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := New(Options{URL: "http://192.0.2.1", PlainHTTP: true}); err != nil {
		t.Error(err)
	}
}
