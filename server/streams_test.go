package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/identity"
	"github.com/karuta-bi/karuta/server"
)

func (h *house) streams() int { return h.handler.(*server.Handler).Streams() }

// gone waits until no stream and no group is left, at most so long.
func (h *house) gone(within time.Duration) {
	h.t.Helper()
	for end := time.Now().Add(within); h.streams()+h.groups() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("%d streams and %d groups are left", h.streams(), h.groups())
		}
	}
}

// reading opens a stream over a connection of its own, and reads nothing of it.
func (h *house) reading(token, document string) net.Conn {
	h.t.Helper()
	web := httptest.NewServer(h.handler)
	h.t.Cleanup(web.Close)
	body, err := json.Marshal(map[string]any{"query": document})
	must(h.t, err)
	c, err := net.Dial("tcp", web.Listener.Addr().String())
	must(h.t, err)
	h.t.Cleanup(func() { _ = c.Close() })
	must(h.t, c.(*net.TCPConn).SetReadBuffer(4<<10))
	_, err = fmt.Fprintf(c, "POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s",
		token, len(body), body)
	must(h.t, err)
	for end := time.Now().Add(20 * time.Second); h.groups() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatal("nobody is told anything")
		}
	}
	return c
}

// Who does not read is cut off, and who publishes never waits for them.
func TestAReaderOfAStreamWhoDoesNotReadIsCutOff(t *testing.T) {
	h := newHouse(t)
	owner, token := h.person()
	job := h.job(owner)
	before := runtime.NumGoroutine()
	h.reading(token, fmt.Sprintf(`subscription { importProgress(jobId: %q) { seq events { text } } }`, job))
	news, err := json.Marshal(core.ImportProgress{Status: core.StatusRunning, Events: []core.ImportEvent{{Kind: core.ImportEventNote, Note: core.NoteColumnsDropped, Args: map[string]any{"columns": strings.Repeat("x", 15<<10)}}}})
	must(t, err)
	began, longest := time.Now(), time.Duration(0)
	for h.streams() > 0 && time.Since(began) < 2*time.Minute {
		at := time.Now()
		_, err := h.events.Publish(t.Context(), core.ImportTopic(job), news)
		must(t, err)
		longest = max(longest, time.Since(at))
		time.Sleep(time.Millisecond)
	}
	took := time.Since(began)
	h.gone(20 * time.Second)
	// 10 seconds, and what a busy machine takes to fill what the network holds
	if took > time.Minute || longest > 5*time.Second {
		t.Errorf("it was cut off after %s, and the longest that a publisher waited is %s", took, longest)
	}
	for end := time.Now().Add(20 * time.Second); runtime.NumGoroutine() > before+4; time.Sleep(5 * time.Millisecond) { // the web server's own
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

// A stream ends with the sign-in, and when the process ends.
func TestAStreamEndsWithTheSignInAndTheProcess(t *testing.T) {
	h := newHouse(t)
	owner, token := h.person()
	short := identity.New(identity.Deps{Store: h.store, Audit: h.Audit, Gate: h.Gate, Keys: identity.Keys{Current: identity.NewKey(secret)}, Lifetime: 5 * time.Second})
	in, err := short.Mint(core.AsSystem(context.Background(), "test"), owner.ID)
	must(t, err)
	began := time.Now()
	all := h.reading(in.Token, `subscription { serviceNotice { kind } }`)
	_, err = io.Copy(io.Discard, all)
	if took := time.Since(began); err != nil || took < 500*time.Millisecond || took > time.Minute {
		t.Errorf("it ends after %s with %v", took, err)
	}
	h.gone(20 * time.Second)
	all = h.reading(token, `subscription { serviceNotice { kind } }`)
	h.handler.(*server.Handler).Drain()
	h.gone(20 * time.Second)
	resp, err := http.ReadResponse(bufio.NewReader(all), nil)
	must(t, err)
	if text, err := io.ReadAll(resp.Body); err != nil || strings.Contains(string(text), "event: complete") {
		t.Errorf("it ends with %q, %v; a browser would not come back", text, err)
	}
}
