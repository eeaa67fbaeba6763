package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain makes the test binary the program: with a verb instead of test flags
// it runs as karuta does, and so do the processes that it starts in turn.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		main()
	}
	os.Exit(m.Run())
}

// patience bounds every wait, so that a broken program fails the test instead
// of hanging it.
const patience = 3 * time.Minute

// process is a running "karuta serve".
type process struct {
	cmd  *exec.Cmd
	dir  string
	url  string
	out  *bufio.Reader
	log  *safeBuffer
	once sync.Once
	err  error
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// serve starts a Karuta on the data folder and waits for its ready line.
func serve(t testing.TB, dir string, args ...string) *process {
	t.Helper()
	return serveIn(t, dir, nil, args...)
}

// serveIn is serve with more in the environment.
func serveIn(t testing.TB, dir string, environ []string, args ...string) *process {
	t.Helper()
	p := &process{dir: dir, log: &safeBuffer{}}
	p.cmd = exec.Command(os.Args[0], append([]string{"serve", "--data-dir", dir, "--listen", "127.0.0.1:0"}, args...)...)
	p.cmd.Env, p.cmd.Stderr = append(environment(), environ...), p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.wait()
		if t.Failed() {
			t.Logf("log of the server:\n%s", p.log)
		}
	})
	p.out = bufio.NewReader(out)
	watch := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer watch.Stop()
	line, err := p.out.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ready http://127.0.0.1:") {
		t.Fatalf("first line %q, %v\n%s", line, err, p.log)
	}
	p.url = strings.TrimSpace(strings.TrimPrefix(line, "ready "))
	return p
}

func (p *process) wait() error {
	p.once.Do(func() { p.err = p.cmd.Wait() })
	return p.err
}

// environment is what the machine gives any process, and nothing of Karuta's
// but the Python beside the repository.
func environment() []string {
	python, _ := filepath.Abs("../../bin/python/bin/python3")
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "EXECUTOR_PYTHON=" + python, "RATE_LIMIT_ENABLED=false"}
}

// live is a process that can be waited for without being its parent.
type live struct {
	pid  int
	name string
	kind target // "" for what is none of them
	fd   int
}

// descendants are all processes below this one.
func descendants(t testing.TB, pid int) []live {
	t.Helper()
	found := below(pid, "")
	for _, l := range found {
		t.Cleanup(func() { _ = unix.Close(l.fd) })
	}
	return found
}

// below is descendants, of a process of the given kind, for who closes the descriptors.
func below(pid int, kind target) (found []live) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, path := range tasks {
		children, _ := os.ReadFile(path)
		for _, field := range strings.Fields(string(children)) {
			child, _ := strconv.Atoi(field)
			fd, err := unix.PidfdOpen(child, 0)
			if err != nil {
				continue // ended meanwhile
			}
			cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", child))
			name := string(bytes.ReplaceAll(cmdline, []byte{0}, []byte{' '}))
			l := live{child, name, kindOf(name, kind), fd}
			found = append(append(found, l), below(child, l.kind)...)
		}
	}
	return found
}

// gone waits until the process has ended.
func (l live) gone(t *testing.T) {
	t.Helper()
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN}}, int(patience/time.Millisecond))
	for err == syscall.EINTR {
		n, err = unix.Poll([]unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN}}, int(patience/time.Millisecond))
	}
	if n != 1 || err != nil {
		t.Errorf("pid %d (%s) is still there: %v", l.pid, l.name, err)
	}
}

// executor waits for the server's executor, another one than the given pid's.
func (p *process) executor(t *testing.T, not int) (found live) {
	t.Helper()
	until(t, func() bool {
		all := descendants(t, p.cmd.Process.Pid)
		i := slices.IndexFunc(all, func(l live) bool { return strings.Contains(l.name, "executor --inherited") })
		if i >= 0 {
			found = all[i]
		}
		return i >= 0 && found.pid != not
	})
	return found
}

// until looks again and again whether something has happened.
func until(t *testing.T, happened func() bool) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(patience); !happened(); <-look.C {
		if time.Now().After(end) {
			t.Fatal("it never happened")
		}
	}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}
