package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/executor"
	"github.com/karuta-bi/karuta/executor/engine"
	"github.com/karuta-bi/karuta/executor/supervisor"
	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

// Descriptors that an executor inherits from the API that started it.
const (
	inheritedCalls  = 3
	inheritedHealth = 4
)

// transformsRest is how long the Python of transforms stays without one.
const transformsRest = 10 * time.Minute

// executorGrace is how long an executor that must end lets running calls finish.
const executorGrace = time.Second

// RunExecutor is an executor of its own, which listens on the address until the
// context ends.
func RunExecutor(ctx context.Context, c config.Config, address string, log *slog.Logger) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if c.Relaxed() && !core.IsLoopback(host) {
		return errRelaxedLocal
	}
	secret, err := executorSecret(c)
	if err != nil {
		return err
	}
	calls, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	log.Info("executor listens", "address", calls.Addr().String())
	return runExecutor(ctx, c, executor.Options{Listener: calls, Secret: secret, Log: log, Grace: 10 * time.Second})
}

// RunInheritedExecutor is the executor that an API starts as its child: the
// sockets are inherited, the secret is the first line of standard input, and the
// end of standard input is the end of the API, after which nothing may go on.
func RunInheritedExecutor(ctx context.Context, c config.Config, log *slog.Logger) error {
	in := bufio.NewReader(os.Stdin)
	secret, err := in.ReadString('\n')
	if err != nil {
		return fmt.Errorf("the API ended before it said anything: %w", err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, in)
		os.Exit(0)
	}()
	calls, err := inherited(inheritedCalls, "calls")
	if err != nil {
		return err
	}
	health, err := inherited(inheritedHealth, "health")
	if err != nil {
		return errors.Join(err, calls.Close())
	}
	return runExecutor(ctx, c, executor.Options{
		Listener: calls, Health: health, Secret: strings.TrimSuffix(secret, "\n"), Log: log, Grace: executorGrace,
	})
}

func inherited(descriptor uintptr, name string) (net.Listener, error) {
	f := os.NewFile(descriptor, name)
	defer func() { _ = f.Close() }() // the listener has its own
	return net.FileListener(f)
}

// runExecutor puts the executor together and serves until the context ends.
func runExecutor(ctx context.Context, c config.Config, o executor.Options) (err error) {
	o.Log = telemetry.Named(o.Log, "executor")
	self, err := os.Executable()
	if err != nil {
		return err
	}
	blobs, err := openBlobs(ctx, c, "executor")
	if err != nil {
		return err
	}
	data, err := engine.New(engine.Config{
		Self: self, WorkDir: filepath.Join(c.DataDir, runFolder, "data"), Blobs: blobs, Log: o.Log,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	python, err := supervisor.Start(ctx, supervisor.Config{
		Python: pythonPath(c, self), RunDir: filepath.Join(c.DataDir, runFolder, "python"),
		MaxConcurrent: c.ExecutorCards, Strict: !c.Relaxed(), Log: o.Log, Timeout: c.CardTimeout(),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, python.Close()) }()
	transforms := supervisor.NewOnDemand(supervisor.Config{
		Profile: supervisor.Transforms, Python: pythonPath(c, self), RunDir: filepath.Join(c.DataDir, runFolder, "transforms"),
		MaxConcurrent: c.ExecutorTransforms, Memory: python.Memory(), Strict: !c.Relaxed(), Log: o.Log, Timeout: c.TransformTimeout(),
	}, transformsRest)
	defer func() { err = errors.Join(err, transforms.Close()) }()
	o.Engine, o.Runner, o.Transforms, o.Release = data, python, transforms, version
	return executor.Serve(ctx, o)
}

// pythonPath is EXECUTOR_PYTHON, else the interpreter built beside the program.
func pythonPath(c config.Config, self string) string {
	if c.ExecutorPython != "" {
		return c.ExecutorPython
	}
	return filepath.Join(filepath.Dir(self), "python", "bin", "python3")
}
