package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// executor serves the handler as the executor would: only signed requests pass.
func executor(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	v := NewVerifier(secret)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := v.Verify(r, body); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		h(w, r)
	}))
	t.Cleanup(srv.Close)
	return New(srv.URL, secret)
}

func TestRender(t *testing.T) { // EXE-5
	c := executor(t, func(w http.ResponseWriter, r *http.Request) {
		var req CardRequest
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil || r.URL.Path != "/execute/card" {
			http.Error(w, "bad", http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(CardReply{HTML: "<b>" + req.Code + "</b>", RowsIn: req.Source.Version})
	})
	reply, err := c.Render(t.Context(), CardRequest{Code: "日本語", Source: Source{Version: 7}})
	if err != nil || reply.HTML != "<b>日本語</b>" || reply.RowsIn != 7 {
		t.Fatalf("Render = %+v, %v", reply, err)
	}
}

func TestUserFailuresAreNotTriedAgain(t *testing.T) { // EXE-8
	var runs atomic.Int32
	c := executor(t, func(w http.ResponseWriter, _ *http.Request) {
		runs.Add(1)
		_ = json.NewEncoder(w).Encode(CardReply{Problem: &Problem{Code: core.CodeExecutionTimeout}})
	})
	reply, err := c.Render(t.Context(), CardRequest{})
	if err != nil || reply.Problem == nil || reply.Problem.Code != core.CodeExecutionTimeout {
		t.Fatalf("Render = %+v, %v", reply, err)
	}
	if n := runs.Load(); n != 1 {
		t.Errorf("the card ran %d times", n)
	}
}

func TestExecutorFailures(t *testing.T) { // EXE-8, FAIL-6
	cut := func(w http.ResponseWriter) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			conn.Close()
		}
	}
	cases := map[string]struct {
		answer func(w http.ResponseWriter)
		code   core.Code
		reason string
	}{
		"full": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }, core.CodeUnavailable, ""},
		"full, no place": {func(w http.ResponseWriter) {
			w.Header().Set(ReasonHeader, "busy")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, core.CodeUnavailable, ""},
		"broken":            {func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) }, core.CodeInternal, ""},
		"no answer":         {cut, core.CodeExecution, "executor_lost"},
		"half of an answer": {func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"html":"`); cutAfterFlush(w) }, core.CodeExecution, "executor_lost"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			exec := executor(t, func(w http.ResponseWriter, _ *http.Request) { calls.Add(1); c.answer(w) })
			_, err := exec.Render(t.Context(), CardRequest{})
			e, ok := errors.AsType[*core.Error](err)
			if !ok || e.Code != c.code || e.Reason != c.reason {
				t.Errorf("Render = %v, want %s.%s", err, c.code, c.reason)
			}
			if n := calls.Load(); n != 1 {
				t.Errorf("%d calls reached the executor", n)
			}
		})
	}
}

func cutAfterFlush(w http.ResponseWriter) {
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func TestWrongSecretIsRefused(t *testing.T) { // EXE-5
	c := executor(t, func(http.ResponseWriter, *http.Request) { t.Error("an unsigned call passed") })
	c.secret = "another"
	if _, err := c.Health(t.Context(), true); core.CodeOf(err) != core.CodeInternal {
		t.Errorf("Health = %v", err)
	}
}

func TestUnreachableIsTriedAgain(t *testing.T) { // EXE-8, FAIL-6
	socket := filepath.Join(t.TempDir(), "executor.sock")
	c := New("unix://"+socket, secret)
	began := time.Now()
	if _, err := c.Render(t.Context(), CardRequest{}); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("Render = %v", err)
	}
	if took := time.Since(began); took < firstPause*5 {
		t.Errorf("gave up after %v, before the third try", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Render(ctx, CardRequest{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Render of a cancelled context = %v", err)
	}
}

func TestReachedOnALaterTry(t *testing.T) { // EXE-8
	socket := filepath.Join(t.TempDir(), "executor.sock")
	c := New("unix://"+socket, secret)
	transport := c.http.Transport.(*http.Transport)
	dial, dials := transport.DialContext, 0
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials++; dials == 2 {
			serve(t, socket)
		}
		return dial(ctx, network, addr)
	}
	if h, err := c.Health(t.Context(), false); err != nil || h.Status != "ok" {
		t.Errorf("Health = %+v, %v after %d dials", h, err, dials)
	}
}

func serve(t *testing.T, socket string) {
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Error(err)
		return
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"status":"ok"}`)
	})}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { srv.Close() })
}

func TestImport(t *testing.T) { // DS-1
	lines := func(evs ...ImportEvent) *Client {
		return executor(t, func(w http.ResponseWriter, _ *http.Request) {
			for _, ev := range evs {
				_ = json.NewEncoder(w).Encode(ev)
				_ = http.NewResponseController(w).Flush()
			}
		})
	}
	var seen []float64
	note := func(ev ImportEvent) { seen = append(seen, ev.Progress) }
	done, problem, err := lines(ImportEvent{Progress: .25}, ImportEvent{Progress: .5}, ImportEvent{Progress: 1, Done: &ImportDone{RowCount: 3}}).
		Import(t.Context(), ImportRequest{}, note)
	if err != nil || problem != nil || done == nil || done.RowCount != 3 || len(seen) != 2 {
		t.Errorf("Import = %+v, %+v, %v after %v", done, problem, err, seen)
	}
	_, problem, err = lines(ImportEvent{Problem: &Problem{Code: core.CodeCSVParse, Line: 4}}).Import(t.Context(), ImportRequest{}, note)
	if err != nil || problem == nil || problem.Line != 4 {
		t.Errorf("Import of a bad file = %+v, %v", problem, err)
	}
	_, _, err = lines(ImportEvent{Progress: .25}).Import(t.Context(), ImportRequest{}, note)
	if core.CodeOf(err) != core.CodeExecution {
		t.Errorf("Import that was cut off = %v", err)
	}
}
