package testkit

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

const (
	startTries = 3 // another process may take the free port first
	startWait  = 2 * time.Minute
	poll       = 10 * time.Millisecond

	lowPorts, highPorts = 20_000, 30_000
)

// start runs an installed HTTP server on a free loopback port until the test ends
// and gives its endpoint once it answers.
func start(t testing.TB, tool string, env []string, args func(host, port string) []string) string {
	t.Helper()
	path := installed(t, tool)
	var err error
	for range startTries {
		addr := FreeAddress(t)
		host, port, _ := net.SplitHostPort(addr)
		cmd := exec.Command(path, args(host, port)...)
		cmd.Env = append(os.Environ(), env...)
		cmd.Dir = t.TempDir()
		endpoint := "http://" + addr
		stop, failed := run(t, cmd, func(ctx context.Context) bool { return answers(ctx, endpoint) })
		if err = failed; err == nil {
			t.Cleanup(stop)
			return endpoint
		}
	}
	t.Fatalf("start %s: %v", tool, err)
	return ""
}

// installed is the tool's path; the test is skipped where it is not installed.
func installed(t testing.TB, tool string) string {
	t.Helper()
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			path := filepath.Join(dir, ".tools", "bin", tool)
			if _, err := os.Stat(path); err == nil {
				return path
			}
			break
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	t.Skipf("not run here: %s is not installed; run tools/install.sh", tool)
	return ""
}

// FreeAddress is an address of loopback on which nobody listens. Its port is below
// those that the kernel gives to connections, so none takes it meanwhile.
func FreeAddress(t testing.TB) string {
	t.Helper()
	var err error
	for range 100 {
		l, taken := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(lowPorts+rand.IntN(highPorts-lowPorts))))
		if err = taken; err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal(err)
	return ""
}

// run starts the command and waits until it is ready; stop kills it and waits. It
// fails when the process ends before.
func run(t testing.TB, cmd *exec.Cmd, ready func(context.Context) bool) (stop func(), err error) {
	t.Helper()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = diesWithParent()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	stop = func() {
		_ = cmd.Process.Kill()
		<-ended
	}
	ctx, cancel := context.WithTimeout(t.Context(), startWait)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for !ready(ctx) {
		select {
		case <-ended:
			return nil, fmt.Errorf("it ended: %s", said.String())
		case <-ctx.Done():
			stop()
			return nil, fmt.Errorf("it does not answer: %s", said.String())
		case <-tick.C:
		}
	}
	return stop, nil
}
