package testkit

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// RedisServer is a Redis that a test may kill and start again where it was.
type RedisServer struct {
	URL string

	path, address, folder string
	keeps                 bool
	stop                  func()
	process               *os.Process
}

// Redis starts a Redis. One that keeps has what it was told after it was killed, the
// other comes back empty. It ends with the test.
func Redis(t testing.TB, keeps bool) *RedisServer {
	t.Helper()
	r := &RedisServer{path: installed(t, "redis-server"), folder: t.TempDir(), keeps: keeps}
	var err error
	for range startTries {
		r.address = FreeAddress(t)
		if err = r.start(t); err == nil {
			r.URL = "redis://" + r.address
			t.Cleanup(func() { r.stop() })
			return r
		}
	}
	t.Fatalf("start redis-server: %v", err)
	return nil
}

// Kill ends it without a word, as kill -9 does.
func (r *RedisServer) Kill() { r.stop() }

// Restart starts it again on the same port.
func (r *RedisServer) Restart(t testing.TB) {
	t.Helper()
	if err := r.start(t); err != nil {
		t.Fatalf("start redis-server again: %v", err)
	}
}

// Pause lets it answer nobody, as a network does that swallows everything.
func (r *RedisServer) Pause(t testing.TB) { r.signal(t, syscall.SIGSTOP) }

// Resume lets it answer again, also to what it was asked meanwhile.
func (r *RedisServer) Resume(t testing.TB) { r.signal(t, syscall.SIGCONT) }

func (r *RedisServer) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := r.process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// Ask sends one line and gives the first line of the answer.
func (r *RedisServer) Ask(t testing.TB, line string) string {
	t.Helper()
	said, err := r.ask(t.Context(), line)
	if err != nil {
		t.Fatal(err)
	}
	return said
}

func (r *RedisServer) ask(ctx context.Context, line string) (string, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.address)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if _, err := io.WriteString(c, line+"\r\n"); err != nil {
		return "", err
	}
	said, err := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSpace(said), err
}

func (r *RedisServer) start(t testing.TB) error {
	host, port, _ := net.SplitHostPort(r.address)
	args := []string{"--bind", host, "--port", port, "--dir", r.folder, "--save", ""}
	if r.keeps {
		args = append(args, "--appendonly", "yes", "--appendfsync", "always")
	}
	cmd := exec.Command(r.path, args...)
	stop, err := run(t, cmd, r.answers)
	if err == nil {
		r.stop, r.process = stop, cmd.Process
	}
	return err
}

// answers tells whether Redis has read all that it keeps.
func (r *RedisServer) answers(ctx context.Context) bool {
	said, err := r.ask(ctx, "PING")
	return err == nil && said == "+PONG"
}
