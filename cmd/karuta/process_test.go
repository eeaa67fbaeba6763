package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
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
const patience = 60 * time.Second

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
func serve(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	return serveIn(t, dir, nil, args...)
}

// serveIn is serve with more in the environment.
func serveIn(t *testing.T, dir string, environ []string, args ...string) *process {
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
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "EXECUTOR_PYTHON=" + python}
}

// live is a process that can be waited for without being its parent.
type live struct {
	pid  int
	name string
	fd   int
}

// descendants are all processes below this one.
func descendants(t *testing.T, pid int) (found []live) {
	t.Helper()
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, path := range tasks {
		children, _ := os.ReadFile(path)
		for _, field := range strings.Fields(string(children)) {
			child, _ := strconv.Atoi(field)
			fd, err := unix.PidfdOpen(child, 0)
			if err != nil {
				continue // ended meanwhile
			}
			t.Cleanup(func() { _ = unix.Close(fd) })
			cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", child))
			found = append(found, live{child, string(bytes.ReplaceAll(cmdline, []byte{0}, []byte{' '})), fd})
			found = append(found, descendants(t, child)...)
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

// HLT-1: both processes answer in the runbook's bytes; the executor's address
// is free unless it is named.
func TestServeAnswersOnceItIsReady(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	p := serve(t, t.TempDir(), "--executor-listen", address)
	for _, url := range []string{p.url + "/api/health", "http://" + address + "/health"} {
		if status, body := get(t, url); status != 200 || body != `{"status":"ok"}` {
			t.Errorf("%s: %d %q", url, status, body)
		}
	}
	if status, body := get(t, p.url+"/api/ready"); status != 200 {
		t.Errorf("ready was said, but %d %s", status, body)
	}
	info, err := os.Stat(filepath.Join(p.dir, "control.sock"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("control socket: %v, %v", info, err)
	}
}

func TestSIGTERMFinishesWhatIsUnderWay(t *testing.T) {
	p := serve(t, t.TempDir())
	children := descendants(t, p.cmd.Process.Pid)
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	const body = `{"query":"{ serverInfo { env } }"}`
	fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: karuta\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(body))
	answer := bufio.NewReader(conn)
	if line, err := answer.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("%q, %v", line, err)
	}
	// The handler now waits for the body.
	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { // nobody listens any more: the end has begun
		second, err := net.Dial("tcp", conn.RemoteAddr().String())
		if err == nil {
			_ = second.Close()
		}
		return err != nil
	})
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	if _, err := answer.ReadString('\n'); err != nil { // the empty line after 100 Continue
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(answer, nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the request under way: %+v, %v", resp, err)
	}
	if got, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(got), `"env":"local"`) {
		t.Errorf("%s, %v", got, err)
	}
	if err := p.wait(); err != nil {
		t.Errorf("exit: %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
	for _, l := range children {
		l.gone(t)
	}
	for _, name := range []string{"control.sock", "executor.sock"} {
		if _, err := os.Stat(filepath.Join(p.dir, name)); err == nil {
			t.Errorf("%s is left", name)
		}
	}
}

func TestNothingOutlivesAKilledServer(t *testing.T) {
	p := serve(t, t.TempDir())
	children := descendants(t, p.cmd.Process.Pid)
	if len(children) == 0 {
		t.Fatal("no children, so this test looks at nothing")
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, l := range children {
		l.gone(t)
	}
	_ = p.wait()
	// The folder is as usable as before, what the killed one left included.
	again := serve(t, p.dir)
	if status, _ := get(t, again.url+"/api/ready"); status != 200 {
		t.Errorf("after the kill: %d", status)
	}
}

func TestACrashedExecutorIsStartedAgain(t *testing.T) {
	p := serve(t, t.TempDir())
	crashed := p.executor(t, 0)
	below := descendants(t, crashed.pid)
	if err := syscall.Kill(crashed.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	crashed.gone(t)
	for _, l := range below {
		l.gone(t)
	}
	p.executor(t, crashed.pid)
	until(t, func() bool {
		status, body := get(t, p.url+"/api/ready")
		return status == 200 && !strings.Contains(body, `"DOWN"`)
	})
	if !strings.Contains(p.log.String(), "started again") {
		t.Error("the log says nothing of it")
	}
}

// ENV-13: a bad configuration ends at once, with the name and exit code 2.
func TestServeRefusesABadConfiguration(t *testing.T) {
	cmd := exec.Command(os.Args[0], "serve", "--data-dir", t.TempDir())
	cmd.Env = append(environment(), "ENV=production", "JWT_SECRET_KEY=short")
	out, err := cmd.CombinedOutput()
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 2 || !bytes.Contains(out, []byte("JWT_SECRET_KEY")) {
		t.Errorf("%v: %s", err, out)
	}
	if bytes.Contains(out, []byte("short\n")) {
		t.Error("the secret was printed")
	}
}

func TestTheDemoIsForLoopbackAlone(t *testing.T) {
	cmd := exec.Command(os.Args[0], "serve", "--demo", "--listen", "0.0.0.0:0", "--data-dir", t.TempDir())
	cmd.Env = environment()
	if out, err := cmd.CombinedOutput(); err == nil || !bytes.Contains(out, []byte("loopback")) {
		t.Errorf("%v: %s", err, out)
	}
}
