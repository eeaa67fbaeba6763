//go:build linux

package supervisor

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// bait is what attacks aim at: listeners on loopback that count who calls, files
// in a temporary folder that everybody may read, and a word that no run may find.
type bait struct {
	dir     string
	tcp     *net.TCPAddr
	udp     *net.UDPAddr
	web     string // an HTTP server that gives credentials away, as clouds have it
	halves  [2]string
	touched atomic.Int64

	data    *os.File
	size    int64
	columns []core.Column
}

func newBait(t *testing.T) *bait {
	t.Helper()
	// in ASCII, so that it looks the same in Python's texts as in bytes
	b := &bait{halves: [2]string{"canary-4f1d", "-9c07-not-for-you"}}
	b.files(t)
	b.listeners(t)
	b.data, b.size, b.columns = sales(t)
	t.Setenv("KARUTA_CANARY", b.canary()) // in our environment and so in our memory
	return b
}

func (b *bait) canary() string { return b.halves[0] + b.halves[1] }

func (b *bait) files(t *testing.T) {
	t.Helper()
	dir, err := os.MkdirTemp("", "karuta-bait-") // t.TempDir is closed to other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	b.dir = dir
	err = os.Chmod(dir, 0o777)
	for _, name := range []string{"secret", ".env", "karuta.db", "objects/part-0.parquet"} {
		path := filepath.Join(dir, name)
		err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(b.canary()), 0o666))
	}
	if err = errors.Join(err, os.WriteFile(filepath.Join(dir, "private"), []byte(b.canary()), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func (b *bait) listeners(t *testing.T) {
	t.Helper()
	for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(b.dir, "docker.sock"), "unix abstract": "@" + filepath.Base(b.dir)} {
		l, err := net.Listen(network[:min(4, len(network))], address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		if tcp, ok := l.Addr().(*net.TCPAddr); ok {
			b.tcp = tcp
		}
		go b.accept(l)
	}
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = udp.Close() })
	b.udp = udp.LocalAddr().(*net.UDPAddr)
	go b.receive(udp)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		b.touched.Add(1)
		_, _ = w.Write([]byte(b.canary()))
	}))
	t.Cleanup(web.Close)
	b.web = web.URL
}

func (b *bait) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		b.touched.Add(1)
		_ = conn.Close()
	}
}

func (b *bait) receive(conn *net.UDPConn) {
	for {
		if _, err := conn.Read(make([]byte, 16)); err != nil {
			return
		}
		b.touched.Add(1)
	}
}

// params tell an attack where its aims are.
func (b *bait) params(t testing.TB) map[string]any {
	return map[string]any{
		"dir": b.dir, "secret": filepath.Join(b.dir, "secret"), "private": filepath.Join(b.dir, "private"), "tcp": b.tcp.Port, "udp": b.udp.Port, "web": b.web,
		"unix": filepath.Join(b.dir, "docker.sock"), "abstract": "\x00" + filepath.Base(b.dir), "canary": b.halves, "calls": calls(t),
	}
}

func (b *bait) render(t *testing.T, s *Supervisor, run Run) *client.CardReply {
	t.Helper()
	with := b.run()
	run.Data, run.DataBytes, run.Columns = with.Data, with.DataBytes, with.Columns
	return renderRun(t, s, run)
}

// run is a run on data that stays open, so that descriptors can be counted.
func (b *bait) run() Run {
	return Run{Data: b.data, DataBytes: b.size, Columns: b.columns, Timeout: time.Minute}
}
