package socket_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/server/socket"
)

// Whatever bytes come after the handshake, the socket answers in frames of the
// protocol, ends when its client does, and leaves nothing behind.
func FuzzFrames(f *testing.F) {
	s := play(f)
	for _, text := range []string{hello, subscribe("1", three), subscribe("1", forever), `{"type":"ping","payload":{}}`, `{"type":"complete","id":"1"}`} {
		f.Add(masked(true, opText, []byte(text)))
		f.Add(append(masked(true, opText, []byte(hello)), masked(true, opText, []byte(text))...))
	}
	f.Add(append(masked(false, opText, []byte("{")), masked(true, opMore, []byte("}"))...))
	f.Add(append(masked(true, opPing, []byte("x")), masked(true, opClose, closeText(1000, "bye"))...))
	f.Add([]byte{0x81, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4})
	f.Add([]byte{0xC1, 0x80, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, sent []byte) {
		r := openRaw(t, s.address())
		_, _ = r.Write(sent)
		_ = r.Conn.(*net.TCPConn).CloseWrite()
		for {
			line, err := r.hear(hang)
			if strings.HasPrefix(line, "not JSON") {
				t.Fatal(line)
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal("the socket does not end")
			}
			if err != nil && !errors.Is(err, io.EOF) && strings.Contains(err.Error(), "no frame") {
				t.Fatal(err)
			}
			if err != nil {
				return
			}
		}
	})
}

// A message that is taken for one of the protocol is one, and says the same when
// it is written anew.
func FuzzMessages(f *testing.F) {
	for _, r := range rules {
		f.Add([]byte(r.name))
	}
	for _, text := range []string{
		hello, subscribe("1", three), subscribeWith("1", payload{"query": "{ a }", "variables": payload{"n": 1.5}, "operationName": "A", "extensions": payload{}}),
		`{"type":"complete","id":"1"}`, `{"type":"error","id":"1","payload":[{"message":"x"}]}`, `{"type":"next","id":"1","payload":{}}`,
		`{"type":"subscribe","id":"é","payload":{"documentId":"x"}}`, `{"type":"pong","payload":null}`, `[`, `{"type":{}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		again, ok := socket.Again(text)
		if !ok {
			return
		}
		if twice, ok := socket.Again(again); !ok || string(twice) != string(again) {
			t.Errorf("%q is read as %q and then as %q", text, again, twice)
		}
	})
}
