package control_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/server/control"
)

var quiet = slog.New(slog.DiscardHandler)

// serve runs the verbs on a data folder until the test ends.
func serve(t *testing.T, dir string, verbs map[string]control.Verb) (stop func() error) {
	t.Helper()
	l, err := control.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- control.Serve(ctx, l, verbs, quiet, 5*time.Second) }()
	stop = func() error { cancel(); return <-ended }
	t.Cleanup(cancel)
	return stop
}

func TestCallCarriesArgumentsFileAndResult(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, map[string]control.Verb{
		"echo": func(ctx context.Context, args json.RawMessage, file io.Reader) (any, error) {
			bytes, err := io.ReadAll(file)
			return []string{core.ActorFrom(ctx).System, strings.TrimSpace(string(args)), string(bytes)}, err
		},
	})
	var got []string
	err := control.Call(t.Context(), dir, "echo", map[string]string{"name": "a\nb"}, strings.NewReader("x,y\n1,2\n"), &got)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"operator", `{"name":"a\nb"}`, "x,y\n1,2\n"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestErrorsKeepTheirCode(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, map[string]control.Verb{
		"refuse": func(context.Context, json.RawMessage, io.Reader) (any, error) {
			return nil, core.Invalid("email", "too_long", "max", 200)
		},
		"break": func(context.Context, json.RawMessage, io.Reader) (any, error) { return nil, errors.New("disk is full") },
	})
	err := control.Call(t.Context(), dir, "refuse", nil, nil, nil)
	e, ok := errors.AsType[*core.Error](err)
	if !ok || e.Code != core.CodeValidation || e.Reason != "too_long" || e.Field != "email" {
		t.Fatalf("got %v", err)
	}
	if s := core.Sentence(core.English, e); !strings.Contains(s, "200") {
		t.Errorf("the sentence lost its numbers: %q", s)
	}
	if err := control.Call(t.Context(), dir, "break", nil, nil, nil); core.CodeOf(err) != core.CodeInternal || !strings.Contains(err.Error(), "disk is full") {
		t.Errorf("got %v", err)
	}
	if err := control.Call(t.Context(), dir, "newer", nil, nil, nil); err == nil || !strings.Contains(err.Error(), "another build") {
		t.Errorf("a verb of a newer build: %v", err)
	}
}

// A long verb tells how far it is, and the end comes after that, be it good or bad.
func TestAVerbTellsWhileItWorks(t *testing.T) {
	dir, heard := t.TempDir(), make(chan string)
	serve(t, dir, map[string]control.Verb{
		"work": func(ctx context.Context, _ json.RawMessage, file io.Reader) (any, error) {
			end, err := io.ReadAll(file)
			for _, word := range []string{"half", "whole"} {
				control.Tell(ctx, word)
				<-heard // the caller has heard it before the verb goes on
			}
			if string(end) == "bad" {
				err = core.Invalid("file", "required")
			}
			return string(end), err
		},
	})
	for _, end := range []string{"good", "bad"} {
		var told []string
		ctx := control.Hear(t.Context(), func(raw json.RawMessage) { told = append(told, string(raw)); heard <- "" })
		var got string
		err := control.Call(ctx, dir, "work", nil, strings.NewReader(end), &got)
		if strings.Join(told, " ") != `"half" "whole"` {
			t.Errorf("%s: heard %v", end, told)
		}
		if end == "good" && (err != nil || got != "good") || end == "bad" && core.CodeOf(err) != core.CodeValidation {
			t.Errorf("%s: got %q, %v", end, got, err)
		}
	}
}

func TestOnlyTheOwnerMayOpenTheSocket(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, nil)
	info, err := os.Stat(filepath.Join(dir, control.SocketName))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Type() != os.ModeSocket || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want a socket with 0600", info.Mode())
	}
}

func TestNothingRunning(t *testing.T) {
	for name, dir := range map[string]string{"no folder": filepath.Join(t.TempDir(), "none"), "empty folder": t.TempDir(), "left behind": leftBehind(t)} {
		if err := control.Call(t.Context(), dir, "x", nil, nil, nil); !errors.Is(err, control.ErrNotRunning) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// leftBehind is a data folder with the socket of a killed process.
func leftBehind(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, control.SocketName), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestASocketLeftBehindIsReplacedALiveOneIsNot(t *testing.T) {
	dir := leftBehind(t)
	stop := serve(t, dir, nil)
	if _, err := control.Listen(dir); !errors.Is(err, control.ErrRunning) {
		t.Errorf("a second one: got %v", err)
	}
	if err := stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left in the folder: %v", left)
	}
}

func TestAPathTooLongForASocketAddressWorks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("d", 200))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	serve(t, dir, map[string]control.Verb{
		"ping": func(context.Context, json.RawMessage, io.Reader) (any, error) { return "pong", nil },
	})
	var got string
	if err := control.Call(t.Context(), dir, "ping", nil, nil, &got); err != nil || got != "pong" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestArgumentsAreBounded(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, map[string]control.Verb{
		"ping": func(context.Context, json.RawMessage, io.Reader) (any, error) { return "pong", nil },
	})
	err := control.Call(t.Context(), dir, "ping", strings.Repeat("x", 2<<20), nil, nil)
	if core.CodeOf(err) != core.CodeValidation {
		t.Errorf("got %v", err)
	}
}
