package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
)

// killChildren kills the workers of this process and nothing else.
func killChildren(t testing.TB) { signalChildren(t, syscall.SIGKILL) }

func signalChildren(t testing.TB, s syscall.Signal) {
	t.Helper()
	for _, pid := range children(t) {
		n, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(n, s); err != nil && err != syscall.ESRCH {
			t.Fatal(err)
		}
	}
}

// until waits for something that happens in another goroutine or process.
func until(t testing.TB, what string, happened func() bool) {
	t.Helper()
	end := time.Now().Add(20 * time.Second)
	for !happened() {
		if time.Now().After(end) {
			t.Fatal("it did not happen: ", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func (b *bench) idle() int {
	b.pool.mu.Lock()
	defer b.pool.mu.Unlock()
	return len(b.pool.idle)
}

func TestAWorkerThatDiedIdleIsReplaced(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a\n1\n", core.CSVOptions{})
	b.rows(t, src)
	first := children(t)
	killChildren(t)
	until(t, "the worker is gone", func() bool { return len(children(t)) == 0 })
	b.rows(t, src)
	if second := children(t); len(first) != 1 || len(second) != 1 || first[0] == second[0] {
		t.Errorf("workers %s, then %s", first, second)
	}
}

// The end of an idle worker may be noticed only when it is asked.
func TestAWorkerThatCannotBeAskedIsReplaced(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a\n1\n", core.CSVOptions{})
	b.rows(t, src)
	b.pool.idle[0].channel.close()
	b.rows(t, src)
}

func TestAWorkerIsUsedAgain(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a\n1\n", core.CSVOptions{})
	b.rows(t, src)
	first := children(t)
	b.rows(t, src)
	if second := children(t); !slices.Equal(first, second) {
		t.Errorf("workers %s, then %s", first, second)
	}
}

func TestAWorkerKilledInTheMiddleOfAQuery(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a\n1\n", core.CSVOptions{})
	b.rows(t, src)
	signalChildren(t, syscall.SIGSTOP)
	failed := make(chan error, 1)
	go func() {
		_, err := b.Rows(t.Context(), client.RowsRequest{Source: src, Limit: 1})
		failed <- err
	}()
	until(t, "the worker is asked", func() bool { return b.idle() == 0 })
	killChildren(t)
	if err := <-failed; core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("got %v", err)
	}
	b.rows(t, src)
}

// A worker that does not listen is ended with the caller's patience.
func TestAQueryEndsWithItsCaller(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a\n1\n", core.CSVOptions{})
	b.rows(t, src)
	signalChildren(t, syscall.SIGSTOP)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := b.Rows(ctx, client.RowsRequest{Source: src, Limit: 1}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if left := children(t); len(left) > 0 {
		t.Errorf("the worker lives on: %s", left)
	}
	b.rows(t, src)
}

func TestQueriesWaitForTheirTurn(t *testing.T) {
	b := newBench(t, func(c *Config) { c.QueryWorkers = 1 })
	src, _ := b.load(t, "a\n1\n", core.CSVOptions{})
	b.rows(t, src)
	signalChildren(t, syscall.SIGSTOP)
	first := make(chan error, 1)
	go func() {
		_, err := b.Rows(t.Context(), client.RowsRequest{Source: src, Limit: 1})
		first <- err
	}()
	until(t, "the worker is asked", func() bool { return b.idle() == 0 })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := b.Rows(ctx, client.RowsRequest{Source: src, Limit: 1}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if n := len(children(t)); n != 1 {
		t.Errorf("%d workers", n)
	}
	signalChildren(t, syscall.SIGCONT)
	if err := <-first; err != nil {
		t.Error(err)
	}
}

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a\n1\n", core.CSVOptions{})
	open, err := b.Slice(t.Context(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	signalChildren(t, syscall.SIGSTOP)
	failed := make(chan error, 2)
	go func() {
		_, err := b.Rows(t.Context(), client.RowsRequest{Source: src, Limit: 1})
		failed <- err
	}()
	until(t, "the worker is asked", func() bool { return b.idle() == 0 })
	b.put(t, source, numbered(severalParts, strconv.Itoa))
	begun := make(chan struct{})
	go func() {
		req := request(core.CSVOptions{})
		req.Target = "datasets/ds_2/data/v000001/"
		_, _, err := b.Import(t.Context(), req, func(float64) {
			select {
			case begun <- struct{}{}:
				<-b.life.Done()
			default:
			}
		})
		failed <- err
	}()
	<-begun
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	wantNoChildren(t)
	for range 2 {
		if err := <-failed; core.CodeOf(err) != core.CodeUnavailable {
			t.Errorf("got %v", err)
		}
	}
	if left := b.keys(t, "datasets/ds_2/"); len(left) > 0 {
		t.Errorf("left: %s", left)
	}
	if got := sliceText(t, open); !reflect.DeepEqual(got, [][]string{{"1"}}) {
		t.Errorf("the open slice: %q", got)
	}
	if err := open.Close(); err != nil {
		t.Error(err)
	}
	if _, err := b.Slice(t.Context(), src, nil); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("after the end: %v", err)
	}
	if _, _, err := b.Import(t.Context(), request(core.CSVOptions{}), nil); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("after the end: %v", err)
	}
}

func TestAWorkerInheritsNothing(t *testing.T) {
	t.Setenv("EXECUTOR_SECRET", "not for workers")
	b := newBench(t, nil)
	src, _ := b.load(t, "a\n1\n", core.CSVOptions{})
	b.rows(t, src)
	pid := children(t)[0]
	environ, err := os.ReadFile("/proc/" + pid + "/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.Trim(string(environ), "\x00"), "\x00") {
		if name, _, _ := strings.Cut(line, "="); !slices.Contains([]string{"LANG", "TZ", "HOME"}, name) {
			t.Errorf("environment: %s", name)
		}
	}
	descriptors, err := filepath.Glob("/proc/" + pid + "/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	sockets := 0
	for _, d := range descriptors {
		target, _ := os.Readlink(d)
		switch {
		case strings.HasPrefix(target, "socket:"):
			sockets++
		case target == "/dev/null", strings.HasPrefix(target, "anon_inode:"), strings.HasPrefix(target, "pipe:"),
			strings.HasPrefix(target, "/sys/fs/cgroup/"): // its runtime's own
		default:
			t.Errorf("descriptor %s is %s", filepath.Base(d), target)
		}
	}
	if sockets != 1 {
		t.Errorf("%d sockets", sockets)
	}
	limits, err := os.ReadFile("/proc/" + pid + "/limits")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(limits)) {
		if strings.HasPrefix(line, "Max address space") && strings.Contains(line, "unlimited") {
			t.Error("memory is not limited")
		}
	}
}

// aloneVerb makes the test binary an engine with one idle worker, whose process id
// it says.
const aloneVerb = "engine-alone"

// Neither a worker that listens nor one that cannot outlives a killed engine.
func TestAWorkerEndsWithItsEngine(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		cmd := exec.Command(os.Args[0], aloneVerb, t.TempDir())
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said, err := bufio.NewReader(out).ReadString('\n')
		pid, numberErr := strconv.Atoi(strings.TrimSpace(said))
		if err == nil && numberErr == nil && stopped {
			err = syscall.Kill(pid, syscall.SIGSTOP)
		}
		killErr := cmd.Process.Kill()
		_ = cmd.Wait()
		if err := errors.Join(err, numberErr, killErr); err != nil {
			t.Fatal(err)
		}
		defer func() { // what a failed test would leave
			if t.Failed() {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}()
		until(t, "the worker is gone", func() bool {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			return err != nil || strings.Contains(string(status), "State:\tZ")
		})
	}
}

func alone(dir string) error {
	blobs, err := blob.OpenFolder(filepath.Join(dir, "blobs"))
	if err != nil {
		return err
	}
	e, err := New(Config{Self: os.Args[0], WorkDir: filepath.Join(dir, "work"), Blobs: blobs})
	if err != nil {
		return err
	}
	w, err := e.startWorker()
	if err != nil {
		return err
	}
	if _, err := os.Stdout.WriteString(strconv.Itoa(w.process.Pid) + "\n"); err != nil {
		return err
	}
	select {} // until it is killed
}

func TestAWorkerEndsWithItsChannel(t *testing.T) {
	ours, theirs, err := newChannel()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], workerVerb)
	cmd.ExtraFiles = []*os.File{theirs}
	err = cmd.Start()
	_ = theirs.Close()
	if err != nil {
		t.Fatal(err)
	}
	ours.close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestAWorkerWithoutAnEngineRefuses(t *testing.T) {
	out, err := exec.Command(os.Args[0], workerVerb).CombinedOutput()
	if e, ok := errors.AsType[*exec.ExitError](err); !ok || e.ExitCode() != 2 {
		t.Errorf("%v: %s", err, out)
	}
}

func TestTheWorkFolderIsEmptiedFirst(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "work")
	if err := os.MkdirAll(filepath.Join(dir, "worker-000001", "spill"), 0o700); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, func(c *Config) { c.WorkDir = dir })
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("%v, %v", files, err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if _, err := New(Config{WorkDir: filepath.Join(t.TempDir(), "a[b]")}); err == nil {
		t.Error("DuckDB would read the folder's name as a pattern")
	}
}

// Whatever SQL a DuckDB of ours were given, it reaches the files it is opened for.
func TestDuckDBIsLockedIn(t *testing.T) {
	outside := t.TempDir()
	for _, name := range []string{"secret.csv", "given.csv"} {
		if err := os.WriteFile(filepath.Join(outside, name), []byte("a\n1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	db, err := open(t.Context(), access{dir: dir, paths: []string{filepath.Join(outside, "given.csv")}, memoryMB: 256, threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		"SELECT * FROM read_csv('" + outside + "/secret.csv')",
		"SELECT * FROM read_text('/etc/passwd')",
		"SELECT * FROM read_csv('" + dir + "/../secret.csv')",
		"SELECT * FROM glob('/etc/*')",
		"SELECT * FROM read_csv('http://127.0.0.1:1/a.csv')",
		"COPY (SELECT 1) TO '" + outside + "/out.csv'",
		"ATTACH '" + outside + "/out.db'",
		"SET enable_external_access = true",
		"SET memory_limit = '10GB'",
		"SET allowed_directories = ['/']",
		"INSTALL httpfs", "LOAD httpfs",
	} {
		if _, err := db.Exec(statement); err == nil {
			t.Errorf("allowed: %s", statement)
		}
	}
	if _, err := db.Exec("SELECT * FROM read_csv('" + outside + "/given.csv')"); err != nil {
		t.Errorf("refused: %v", err)
	}
}
