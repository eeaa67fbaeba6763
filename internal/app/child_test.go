package app

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/config"
)

// TestMain lets this test binary stand in for the program: a child runs the
// binary again under another verb.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "play-child":
			playChild(os.Args[2])
		case "play-parent":
			playParent(os.Args[2])
		}
	}
	os.Exit(m.Run())
}

// playChild tells its pid through descriptor 3 and lives on as the mode says.
func playChild(mode string) {
	tell := os.NewFile(3, "tell")
	hello, _ := bufio.NewReader(os.Stdin).ReadString('\n')
	fmt.Fprintf(tell, "%d %s", os.Getpid(), hello)
	switch mode {
	case "obedient":
		end := make(chan os.Signal, 1)
		signal.Notify(end, syscall.SIGTERM)
		<-end
		os.Exit(0)
	case "deaf": // to everything but SIGKILL
		signal.Ignore(syscall.SIGTERM)
		select {}
	case "family": // leaves a process behind that knows nothing of parents
		cmd := exec.Command("/bin/sleep", "600")
		cmd.ExtraFiles = []*os.File{tell}
		if err := cmd.Start(); err != nil {
			os.Exit(3)
		}
		fmt.Fprintf(tell, "%d sleeps\n", cmd.Process.Pid)
		select {}
	}
}

// playParent is an API that keeps one child, for tests that kill the API.
func playParent(mode string) {
	c := &child{
		args: []string{"play-child", mode}, hello: "hello\n", files: []*os.File{os.NewFile(3, "tell")},
		log: slog.New(slog.DiscardHandler), pause: time.Millisecond,
	}
	c.start()
	select {}
}

// told reads the lines that processes write into their end of a pipe. Its end
// means that every process that had the pipe is gone.
type told struct {
	lines *bufio.Reader
	write *os.File
}

func newTold(t *testing.T) *told {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return &told{lines: bufio.NewReader(r), write: w}
}

func (f *told) next(t *testing.T) (pid int, text string) {
	t.Helper()
	line, err := f.lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	number, text, _ := strings.Cut(strings.TrimSpace(line), " ")
	pid, err = strconv.Atoi(number)
	if err != nil {
		t.Fatal(err)
	}
	return pid, text
}

// allGone waits until nobody has the pipe's writing end.
func (f *told) allGone(t *testing.T) {
	t.Helper()
	_ = f.write.Close()
	if rest, err := io.ReadAll(f.lines); err != nil || len(rest) > 0 {
		t.Errorf("still told: %q, %v", rest, err)
	}
}

func keepChild(t *testing.T, mode string) (*child, *told) {
	t.Helper()
	f := newTold(t)
	c := &child{
		args: []string{"play-child", mode}, env: []string{"ONLY=this"}, hello: "the secret\n", files: []*os.File{f.write},
		log: slog.New(slog.DiscardHandler), pause: time.Millisecond,
	}
	c.start()
	return c, f
}

func TestACrashedChildIsStartedAgain(t *testing.T) {
	c, f := keepChild(t, "obedient")
	defer c.close()
	pid, text := f.next(t)
	if text != "the secret" {
		t.Errorf("standard input said %q", text)
	}
	for range 3 {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		again, _ := f.next(t)
		if again == pid {
			t.Fatalf("pid %d twice", pid)
		}
		pid = again
	}
}

func TestACrashedChildLeavesNothingBehind(t *testing.T) {
	c, f := keepChild(t, "family")
	pid, _ := f.next(t)
	f.next(t) // its own child, which would sleep on
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	f.next(t)
	f.next(t)
	c.close()
	f.allGone(t)
}

func TestCloseEndsTheChild(t *testing.T) {
	for _, mode := range []string{"deaf", "family"} {
		c, f := keepChild(t, mode)
		f.next(t)
		if mode == "family" {
			f.next(t)
		}
		c.close()
		f.allGone(t)
	}
}

// The best of some tries counts: a busy machine makes any one of them late.
func TestAnObedientChildIsNotWaitedFor(t *testing.T) {
	best := time.Hour
	for try := 0; try < 20 && best > childGrace; try++ {
		c, f := keepChild(t, "obedient")
		f.next(t)
		began := time.Now()
		c.close()
		f.allGone(t)
		best = min(best, time.Since(began))
	}
	if best > childGrace {
		t.Errorf("an obedient child took %s to end", best)
	}
}

func TestNoChildOutlivesAKilledParent(t *testing.T) {
	for _, mode := range []string{"obedient", "deaf"} {
		f := newTold(t)
		parent := exec.Command(os.Args[0], "play-parent", mode)
		parent.ExtraFiles = []*os.File{f.write}
		if err := parent.Start(); err != nil {
			t.Fatal(err)
		}
		f.next(t)
		if err := parent.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		f.allGone(t)
		_ = parent.Wait()
	}
}

// SEC-2: an executor sees what it needs and no key of the API's.
func TestTheExecutorsEnvironment(t *testing.T) {
	environ := []string{
		"PATH=/bin", "AWS_REGION=r", "DATA_DIR=/data", "JWT_SECRET_KEY=0123456789abcdef0123456789abcdef",
		"EXECUTOR_SECRET=0123456789abcdef0123456789abcdef", "EXECUTOR_TIMEOUT_CARD=9", "S3_SECRET_KEY=s3 key",
		"REDIS_URL=redis://x", "GOOGLE_APPLICATION_CREDENTIALS=x", "SOMETHING=else",
	}
	c, _, err := config.Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	got := executorEnvironment(environ, c)
	for _, line := range []string{"PATH=/bin", "AWS_REGION=r", "DATA_DIR=/data", "EXECUTOR_TIMEOUT_CARD=9", "S3_SECRET_KEY=s3 key", "ENV=local"} {
		if !slices.Contains(got, line) {
			t.Errorf("no %s in %q", line, got)
		}
	}
	for _, name := range []string{"JWT_", "EXECUTOR_SECRET", "REDIS_", "GOOGLE_", "SOMETHING", "DYNAMODB_"} {
		if slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, name) }) {
			t.Errorf("%s in %q", name, got)
		}
	}
	again, warnings, err := config.LoadExecutor(got)
	if err != nil || len(warnings) > 0 || again.ExecutorCardSeconds != 9 || again.S3SecretKey != "s3 key" {
		t.Errorf("the executor reads %+v, %v, %v", again, warnings, err)
	}
}
