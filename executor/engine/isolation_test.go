package engine

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
)

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
