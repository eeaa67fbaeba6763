package door_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/drain"
	"github.com/karuta-bi/karuta/server/door"
)

// quick are limits that a test can wait for, and within which it says what it has to say.
var quick = door.Limits{Head: time.Second, Idle: 200 * time.Millisecond, Bytes: 4 << 10}

// patience is for what must come; a test that passes does not use it up.
const patience = 20 * time.Second

// opened is a server on loopback until the test ends.
func opened(t *testing.T, limits door.Limits, wrap func(net.Listener) net.Listener) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })
	go func() {
		ended <- drain.Serve(ctx, door.Server(hello, limits), wrap(l), time.Second, slog.New(slog.DiscardHandler))
	}()
	t.Cleanup(func() {
		cancel()
		must(t, <-ended)
	})
	return address
}

func same(l net.Listener) net.Listener { return l }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	must(t, c.SetDeadline(time.Now().Add(patience)))
	return c
}

// said is all that the server says until it closes the connection.
func said(t *testing.T, c net.Conn) string {
	t.Helper()
	text, err := io.ReadAll(c)
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		t.Error("the connection stays open")
	}
	return string(text)
}

// Slowloris: who does not say what they want, or says it letter by letter, is cut off.
func TestSlowClients(t *testing.T) {
	address := opened(t, quick, same)
	for name, sends := range map[string]string{
		"nothing":       "",
		"half a line":   "GET / HT",
		"half a head":   "GET / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n",
		"then silence":  "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"the next half": "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHo",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, address)
			_, err := io.WriteString(c, sends)
			must(t, err)
			if got := said(t, c); strings.Contains(sends, "\r\n\r\n") != strings.HasPrefix(got, "HTTP/1.1 200 OK") {
				t.Errorf("%q", got)
			}
		})
	}
	t.Run("letter by letter", func(t *testing.T) {
		t.Parallel()
		c := dial(t, address)
		closed := make(chan struct{})
		go func() { defer close(closed); _, _ = io.Copy(io.Discard, c) }()
		tick := time.NewTicker(quick.Head / 10)
		defer tick.Stop()
		for begun := time.Now(); ; {
			select {
			case <-closed:
				return
			case <-tick.C:
				_, _ = io.WriteString(c, "x")
			}
			if time.Since(begun) > patience {
				t.Fatal("the connection stays open")
			}
		}
	})
}

func TestLongHeads(t *testing.T) {
	c := dial(t, opened(t, quick, same))
	go func() {
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nX-Long: "+strings.Repeat("x", 64<<10)+"\r\n\r\n")
	}()
	if got := said(t, c); !strings.HasPrefix(got, "HTTP/1.1 431 ") {
		t.Errorf("%q", got)
	}
}

// One address holds so many connections and no more; one that ends makes room.
func TestCrowd(t *testing.T) {
	log := &lines{}
	crowded := func(proxies ...netip.Prefix) string {
		return opened(t, door.Standard, func(l net.Listener) net.Listener {
			return door.Limit(l, 3, proxies, slog.New(slog.NewTextHandler(log, nil)))
		})
	}
	address := crowded()
	ask := func(address string) (net.Conn, bool) {
		c := dial(t, address)
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		_, err := http.ReadResponse(bufio.NewReader(c), nil)
		return c, err == nil
	}
	held := make([]net.Conn, 3)
	for i := range held {
		var ok bool
		if held[i], ok = ask(address); !ok {
			t.Fatalf("connection %d", i)
		}
	}
	for range 5 {
		if _, ok := ask(address); ok {
			t.Fatal("a fourth one came in")
		}
	}
	must(t, held[0].Close())
	for begun := time.Now(); ; {
		if _, ok := ask(address); ok {
			break
		}
		if time.Since(begun) > patience {
			t.Fatal("nobody comes in any more")
		}
	}
	if n := log.count("too many connections"); n != 1 {
		t.Errorf("told %d times", n)
	}
	behind := crowded(netip.MustParsePrefix("127.0.0.0/8"))
	for i := range 10 {
		if _, ok := ask(behind); !ok {
			t.Fatalf("a proxy's connection %d", i)
		}
	}
}

// A connection that is counted can still be written without waiting for its reader,
// and be closed on one side: sockets need both.
func TestACountedConnectionIsATCPConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	l = door.Limit(l, 1, nil, slog.New(slog.DiscardHandler))
	defer func() { _ = l.Close() }()
	dial(t, l.Addr().String())
	c, err := l.Accept()
	must(t, err)
	defer func() { _ = c.Close() }()
	if _, ok := c.(syscall.Conn); !ok {
		t.Error("its descriptor cannot be reached")
	}
	if _, ok := c.(interface{ CloseWrite() error }); !ok {
		t.Error("one side alone cannot be closed")
	}
}

// pair writes a certificate for 127.0.0.1 with the serial number.
func pair(t *testing.T, dir string, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	about := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
}

// locked is a server with TLS; its log may be read after until has seen something.
func locked(t *testing.T, dir string, limits door.Limits, log io.Writer) string {
	t.Helper()
	c, err := door.LoadCertificate(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), slog.New(slog.NewTextHandler(log, nil)))
	must(t, err)
	return opened(t, limits, func(l net.Listener) net.Listener { return tls.NewListener(l, c.Config()) })
}

func serial(t *testing.T, address string) int64 {
	t.Helper()
	c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}) // only its number matters here
	must(t, err)
	defer func() { _ = c.Close() }()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	pair(t, dir, 1)
	address := locked(t, dir, door.Standard, io.Discard)
	for _, c := range []struct {
		version uint16
		suites  []uint16
		good    bool
	}{
		{tls.VersionTLS10, nil, false}, {tls.VersionTLS11, nil, false}, {tls.VersionTLS12, nil, true}, {tls.VersionTLS13, nil, true},
		{tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA}, false},
	} {
		conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MinVersion: c.version, MaxVersion: c.version, CipherSuites: c.suites})
		if (err == nil) != c.good {
			t.Errorf("%s, %v: %v", tls.VersionName(c.version), c.suites, err)
		}
		if err == nil {
			_ = conn.Close()
		}
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	answer, err := client.Get("https://" + address)
	must(t, err)
	defer func() { _ = answer.Body.Close() }()
	if answer.Proto != "HTTP/2.0" {
		t.Errorf("speaks %s", answer.Proto)
	}
	c := dial(t, locked(t, dir, quick, io.Discard)) // a handshake that does not go on
	if _, err := c.Write([]byte{22, 3, 1}); err != nil || said(t, c) != "" {
		t.Errorf("%v", err)
	}
}

// A renewed certificate is taken without a start anew, a broken one is not.
func TestRenewal(t *testing.T) {
	dir := t.TempDir()
	pair(t, dir, 1)
	log := &lines{}
	address := locked(t, dir, door.Standard, log)
	if got := serial(t, address); got != 1 {
		t.Fatalf("serial %d", got)
	}
	must(t, os.WriteFile(filepath.Join(dir, "key.pem"), []byte("half a ke"), 0o600))
	for begun := time.Now(); log.count("the earlier one stays") == 0; {
		if got := serial(t, address); got != 1 || time.Since(begun) > patience {
			t.Fatalf("serial %d", got)
		}
	}
	pair(t, dir, 2)
	for begun := time.Now(); serial(t, address) != 2; {
		if time.Since(begun) > patience {
			t.Fatal("the new one is not taken")
		}
	}
}

// What is wrong with the files is said at the start, by the file's name.
func TestFilesThatCannotBeUsed(t *testing.T) {
	one, other := t.TempDir(), t.TempDir()
	pair(t, one, 1)
	pair(t, other, 2)
	empty := filepath.Join(one, "empty.pem")
	must(t, os.WriteFile(empty, nil, 0o600))
	for name, c := range map[string]struct{ cert, key, says string }{
		"no certificate": {filepath.Join(one, "none.pem"), filepath.Join(one, "key.pem"), "none.pem"},
		"no key":         {filepath.Join(one, "cert.pem"), filepath.Join(one, "none.pem"), "none.pem"},
		"empty":          {empty, filepath.Join(one, "key.pem"), "empty.pem"},
		"another's key":  {filepath.Join(one, "cert.pem"), filepath.Join(other, "key.pem"), "does not match"},
		"a folder":       {one, filepath.Join(one, "key.pem"), one},
	} {
		if _, err := door.LoadCertificate(c.cert, c.key, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// lines is a log that a test reads while a server writes it.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(words string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), words)
}
