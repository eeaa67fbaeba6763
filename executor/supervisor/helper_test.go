//go:build linux

package supervisor

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// helperFolder makes the test binary an executor of its own with this folder, so
// that it can be killed.
const helperFolder = "KARUTA_TEST_FOLDER"

// help never returns. It starts a run without an end, prints the zygote's process
// id and waits to be ended.
func help() {
	s, err := Start(context.Background(), Config{
		Python: os.Getenv("EXECUTOR_PYTHON"), RunDir: os.Getenv(helperFolder), Strict: true, MaxConcurrent: 2, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println("not started:", err)
		os.Exit(1)
	}
	if why := s.Refusal(); why != "" {
		fmt.Println("refused:", why)
		os.Exit(1)
	}
	go func() { _, _ = s.Render(context.Background(), Run{Code: forever}) }()
	fmt.Println(s.current.process.Pid)
	select {}
}

// helper starts the test binary as an executor and gives its first line.
func helper(t *testing.T) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = append(os.Environ(), helperFolder+"="+t.TempDir(), "EXECUTOR_PYTHON="+resolved(interpreter(t)))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skip("not run here: ", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSpace(line)
}

// No child outlives the executor, not even after kill -9.
func TestNothingOutlivesAKilledExecutor(t *testing.T) {
	cmd, line := helper(t)
	zygote, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(line)
	}
	eventually(t, "the run has a child", func() bool { return len(childrenOf(t, zygote)) == 1 })
	run := childrenOf(t, zygote)[0]
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	eventually(t, "the zygote ends", func() bool { return !alive(zygote) })
	eventually(t, "the run ends", func() bool { return !alive(run) })
}
