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
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/karuta-bi/karuta/internal/testkit"
)

// HLT-1: both processes answer in the runbook's bytes; the executor's address
// is free unless it is named.
func TestServeAnswersOnceItIsReady(t *testing.T) {
	address := testkit.FreeAddress(t)
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
	if took := time.Since(began); took > 30*time.Second {
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

// Clients of sockets are told to connect to another process, and it is over soon.
func TestSIGTERMSendsSocketsElsewhere(t *testing.T) {
	p := serve(t, t.TempDir())
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	socket, _, err := dialer.Dial("ws"+strings.TrimPrefix(p.url, "http")+"/graphql/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.Close() }()
	if err := socket.WriteMessage(websocket.TextMessage, []byte(`{"type":"connection_init"}`)); err != nil {
		t.Fatal(err)
	}
	if _, text, err := socket.ReadMessage(); err != nil || string(text) != `{"type":"connection_ack"}` {
		t.Fatalf("%s, %v", text, err)
	}
	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, _, err := socket.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
		t.Errorf("the socket ended with %v", err)
	}
	if err := p.wait(); err != nil || time.Since(began) > 30*time.Second {
		t.Errorf("the end: %v after %v", err, time.Since(began))
	}
}
