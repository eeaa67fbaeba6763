// Package apptest runs a whole Karuta for tests: a real API with embedded
// stores on a free port and a real executor as its child.
package apptest

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/karuta-bi/karuta/executor/engine"
	"github.com/karuta-bi/karuta/internal/app"
	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

// Main is the TestMain of a package that calls [Start]: executors and their
// workers are the test binary again, under the verbs that Karuta uses.
func Main(m *testing.M) {
	if len(os.Args) < 2 || strings.HasPrefix(os.Args[1], "-") {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	switch os.Args[1] {
	case "worker":
		os.Exit(engine.WorkerMain(ctx, os.Args[2:]))
	case "executor":
		os.Exit(executor(ctx))
	}
	panic("no such verb: " + os.Args[1])
}

func executor(ctx context.Context) int {
	c, _, err := config.LoadExecutor(os.Environ())
	if err == nil {
		err = logInto(executorLog(c.DataDir))
	}
	if err == nil {
		err = app.RunInheritedExecutor(ctx, c, telemetry.NewLogger(os.Stderr, telemetry.Options{Level: c.LogLevel}))
	}
	if err != nil {
		slog.Error("executor ended", "cause", err)
		return 1
	}
	return 0
}

// logInto makes a file the standard error of this process and of those that it starts.
func logInto(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		os.Stderr = f
	}
	return err
}

func executorLog(dataDir string) string { return filepath.Join(dataDir, "executor.log") }

// Instance is a Karuta that runs until its test ends.
type Instance struct {
	URL string
	App *app.App // its services, for what a test prepares or looks into

	log  *journal
	stop func()
}

// Stop ends it as a signal ends the program; its test does so at the latest.
func (i *Instance) Stop() { i.stop() }

// Log is what the API has logged so far, in lines of JSON or text.
func (i *Instance) Log() string { return i.log.String() }

// ExecutorLog is what the executor and its workers have written to standard error so far.
func (i *Instance) ExecutorLog(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(executorLog(i.App.Config.DataDir))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// journal keeps what is written to it.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// Start runs a Karuta on an empty data folder and waits until it is ready. The
// environment is ENV=local with the given "NAME=value" lines on top.
func Start(t testing.TB, environ ...string) *Instance {
	t.Helper()
	c, _, err := config.Load(append([]string{
		"ENV=local", "API_HOST=127.0.0.1", "API_PORT=0", "LOG_LEVEL=WARN", "RATE_LIMIT_ENABLED=false",
		"DATA_DIR=" + t.TempDir(), "EXECUTOR_PYTHON=" + python(),
	}, environ...))
	if err != nil {
		t.Fatal(err)
	}
	kept := &journal{}
	log := telemetry.NewLogger(io.MultiWriter(t.Output(), kept), telemetry.Options{Level: c.LogLevel})
	a, err := app.Open(context.Background(), c, log)
	if err != nil {
		t.Fatal(err)
	}
	out, told := io.Pipe()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		err := a.Serve(ctx, app.ServeOptions{Out: told})
		_ = told.CloseWithError(io.EOF)
		ended <- err
	}()
	end := sync.OnceFunc(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the API ended with %v", err)
		}
		if err := a.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	t.Cleanup(end)
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !ok {
		t.Fatalf("not ready: %q, %v", line, err)
	}
	return &Instance{URL: url, App: a, log: kept, stop: end}
}

// Somebody makes an account with the role and signs it in, without the price of
// a password check.
func (i *Instance) Somebody(t testing.TB, role core.Role) (Client, *core.User) {
	t.Helper()
	ctx := core.AsSystem(context.Background(), "test")
	id := core.NewID(core.NounUser)
	u := &core.User{ID: id, Email: id + "@example.com", Name: "花子", Role: role, CreatedAt: store.Now(), UpdatedAt: store.Now()}
	if err := i.App.Store.Users.Create(ctx, u); err != nil {
		t.Fatal(err)
	}
	in, err := i.App.Identity.Mint(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return Client{URL: i.URL, Token: in.Token}, u
}

// NeedsPython skips a test that runs cards where the Python is not built.
func NeedsPython(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(python()); err != nil {
		t.Skip("not run here: bin/python is not built (make build)")
	}
}

// python is the interpreter in bin/ beside go.mod.
func python() string {
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return filepath.Join(dir, "bin", "python", "bin", "python3")
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	return "python3"
}
