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
	"syscall"
	"testing"
)

// helperTask makes the test binary an executor of its own, so that it can be
// killed, or run as another user.
const (
	helperTask   = "KARUTA_TEST_HELPER"
	helperFolder = "KARUTA_TEST_FOLDER"
)

// help never returns. Each task prints one line and then waits to be ended.
func help(task string) {
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
	switch task {
	case "endless":
		go func() { _, _ = s.Render(context.Background(), Run{Code: forever}) }()
		fmt.Println(s.current.process.Pid)
		select {}
	case "cards":
		verdict := "good"
		for _, card := range goodCards {
			if problem := helperCard(s, card.code); problem != "" {
				verdict = "failed " + card.name + " " + problem
			}
		}
		if err := s.Close(); err != nil {
			verdict = err.Error()
		}
		fmt.Println(verdict)
		os.Exit(0)
	}
}

func helperCard(s *Supervisor, code string) string {
	t := &testing.T{}
	data, size, columns := sales(t)
	reply, err := s.Render(context.Background(), Run{Code: code, Data: data, DataBytes: size, Columns: columns})
	if err != nil {
		return err.Error()
	}
	if reply.Problem != nil {
		return fmt.Sprintf("%+v %s", *reply.Problem, reply.Log)
	}
	return ""
}

// helper starts the test binary with a task and gives its first line.
func helper(t *testing.T, task string, attributes *syscall.SysProcAttr) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	folder := "" // of its own making
	if attributes == nil {
		folder = t.TempDir()
	}
	cmd.Env = append(os.Environ(), helperTask+"="+task, helperFolder+"="+folder, "EXECUTOR_PYTHON="+resolved(interpreter(t)))
	cmd.Dir, cmd.SysProcAttr = os.TempDir(), attributes
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
	cmd, line := helper(t, "endless", nil)
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

// As a plain user Landlock holds the files, and everything that people write works.
func TestPlainUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not run here: the other tests are those of a plain user already")
	}
	python := resolved(interpreter(t))
	user := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 60999, Gid: 60999, NoSetGroups: false}}
	probe := exec.CommandContext(t.Context(), python, "-I", "-S", "-c", "")
	probe.SysProcAttr, probe.Dir, probe.Env = user, "/", []string{"LD_LIBRARY_PATH=" + prefixOf(python) + "/lib"}
	if err := probe.Run(); err != nil {
		t.Skip("not run here: another user cannot reach the prepared Python: ", err)
	}
	cmd, line := helper(t, "cards", user)
	_ = cmd.Wait()
	if line != "good" {
		t.Error(line)
	}
}
