package main

import (
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/testkit"
)

const sharedSecret = "0123456789abcdef0123456789abcdef"

// An executor of its own serves an API that is told of it, which then starts none.
func TestASeparateExecutor(t *testing.T) {
	address := testkit.FreeAddress(t)
	cmd := exec.Command(os.Args[0], "executor", "--listen", address, "--data-dir", t.TempDir())
	cmd.Env = append(environment(), "EXECUTOR_SECRET="+sharedSecret)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	until(t, func() bool {
		_, err := client.New("http://"+address, sharedSecret).Health(t.Context(), false)
		return err == nil
	})
	p := serveIn(t, t.TempDir(), []string{"EXECUTOR_ENDPOINT=http://" + address, "EXECUTOR_SECRET=" + sharedSecret})
	if _, body := get(t, p.url+"/api/ready"); !strings.Contains(body, `"name":"executor","status":"OK"`) {
		t.Errorf("ready: %s", body)
	}
	if children := descendants(t, p.cmd.Process.Pid); len(children) > 0 {
		t.Errorf("the API has children: %v", children)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the executor ended with %v", err)
	}
	until(t, func() bool { // the API lives on without it
		status, body := get(t, p.url+"/api/ready")
		return status == 200 && strings.Contains(body, `"status":"DEGRADED"`)
	})
}

// Where the kernel does not tell a child of its parent's end, standard input does.
func TestAnInheritedExecutorEndsWithItsStandardInput(t *testing.T) {
	cmd := exec.Command(os.Args[0], "executor", "--inherited", "--data-dir", t.TempDir())
	cmd.Env = environment()
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		cmd.ExtraFiles = append(cmd.ExtraFiles, f)
		defer func() { _, _ = l.Close(), f.Close() }()
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if _, err := io.WriteString(in, sharedSecret+"\n"); err != nil {
		t.Fatal(err)
	}
	health, err := net.FileListener(cmd.ExtraFiles[1])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = health.Close() }()
	if status, body := get(t, "http://"+health.Addr().String()+"/health"); status != 200 || body != `{"status":"ok"}` {
		t.Errorf("%d %s", status, body)
	}
	below := descendants(t, cmd.Process.Pid)
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	for _, l := range below {
		l.gone(t)
	}
}
