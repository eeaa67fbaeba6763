package drain_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/drain"
)

// running is a server whose one handler says when it began and waits to finish.
type running struct {
	url           string
	began, finish chan struct{}
	stop          context.CancelFunc
	ended         chan error
	log           bytes.Buffer
}

func start(t *testing.T, grace time.Duration) *running {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r := &running{url: "http://" + l.Addr().String(), began: make(chan struct{}), finish: make(chan struct{}), stop: cancel, ended: make(chan error, 1)}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(r.began)
		<-r.finish
		_, _ = io.WriteString(w, "whole")
	})}
	go func() {
		r.ended <- drain.Serve(ctx, srv, l, grace, slog.New(slog.NewTextHandler(&r.log, nil)))
	}()
	return r
}

func (r *running) get() (string, error) {
	resp, err := http.Get(r.url)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func TestRunningRequestsFinish(t *testing.T) {
	r := start(t, time.Minute)
	answer := make(chan string, 1)
	go func() {
		body, err := r.get()
		if err != nil {
			body = err.Error()
		}
		answer <- body
	}()
	<-r.began
	r.stop()
	close(r.finish)
	if got := <-answer; got != "whole" {
		t.Errorf("answer %q", got)
	}
	if err := <-r.ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if _, err := r.get(); err == nil {
		t.Error("still listening")
	}
}

func TestAnEndlessRequestIsCutOffAndLogged(t *testing.T) {
	r := start(t, time.Millisecond)
	defer close(r.finish)
	failed := make(chan error, 1)
	go func() {
		_, err := r.get()
		failed <- err
	}()
	<-r.began
	r.stop()
	if err := <-r.ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if err := <-failed; err == nil {
		t.Error("the request was answered")
	}
	if !strings.Contains(r.log.String(), "cut off") {
		t.Errorf("log: %s", r.log.String())
	}
}

func TestAListenerThatFailsIsAnError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := drain.Serve(t.Context(), &http.Server{}, l, time.Second, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("no error")
	}
}

// However soon the end comes, the address is free once Serve has returned.
func TestTheListenerIsClosedAtTheEnd(t *testing.T) {
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := drain.Serve(ctx, &http.Server{}, l, time.Minute, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			t.Fatalf("the listener was still open: %v", err)
		}
	}
}
