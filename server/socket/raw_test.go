package socket_test

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The opcodes of frames (RFC 6455 §5.2).
const (
	opMore   = 0
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

// hang is how long a test waits for what must come; one that passes does not use it
// up.
const hang = time.Minute

// raw is a client that sends what it likes, also what no client may.
type raw struct {
	net.Conn
	in     *bufio.Reader
	status string // of the handshake: its code and the subprotocol
	silent bool   // answers no pings
}

// handshake is an upgrade request; what is empty is left out.
type handshake struct {
	method, path, upgrade, version, key, protocol string
}

func usual() handshake {
	return handshake{"GET", "/", "websocket", "13", "dGhlIHNhbXBsZSBub25jZQ==", "graphql-transport-ws"}
}

// dialRaw sends the handshake to the address.
func dialRaw(address string, h handshake) (*raw, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", h.method, h.path, address)
	if h.upgrade != "" {
		fmt.Fprintf(&b, "Connection: Upgrade\r\nUpgrade: %s\r\n", h.upgrade)
	}
	for _, line := range [][2]string{{"Version", h.version}, {"Key", h.key}, {"Protocol", h.protocol}} {
		if line[1] != "" {
			fmt.Fprintf(&b, "Sec-WebSocket-%s: %s\r\n", line[0], line[1])
		}
	}
	b.WriteString("\r\n")
	if _, err := io.WriteString(conn, b.String()); err != nil {
		return nil, err
	}
	r := &raw{Conn: conn, in: bufio.NewReaderSize(conn, 512)}
	answer, err := http.ReadResponse(r.in, &http.Request{Method: h.method})
	if err != nil {
		return nil, err
	}
	r.status = strings.TrimSpace(strconv.Itoa(answer.StatusCode) + " " + answer.Header.Get("Sec-WebSocket-Protocol"))
	return r, nil
}

// openRaw is a raw client behind the handshake.
func openRaw(t testing.TB, address string) *raw {
	t.Helper()
	r, err := dialRaw(address, usual())
	if err != nil || !strings.HasPrefix(r.status, "101") {
		t.Fatalf("handshake: %+v, %v", r, err)
	}
	t.Cleanup(func() { _ = r.Close() })
	if err := r.Conn.(*net.TCPConn).SetReadBuffer(narrowBytes); err != nil {
		t.Fatal(err)
	}
	return r
}

// masked is a frame as a client sends it, with a fixed mask.
func masked(fin bool, op int, payload []byte) []byte {
	frame := header(fin, op, len(payload), true)
	mask := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	frame = append(frame, mask[:]...)
	for i, b := range payload {
		frame = append(frame, b^mask[i%4])
	}
	return frame
}

func header(fin bool, op, length int, mask bool) []byte {
	first, bit := byte(op), byte(0)
	if fin {
		first |= 0x80
	}
	if mask {
		bit = 0x80
	}
	switch {
	case length < 126:
		return []byte{first, bit | byte(length)}
	case length < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{first, bit | 126}, uint16(length))
	}
	return binary.BigEndian.AppendUint64([]byte{first, bit | 127}, uint64(length))
}

// say sends a text message.
func (r *raw) say(text string) error {
	_, err := r.Write(masked(true, opText, []byte(text)))
	return err
}

// frame reads one frame.
func (r *raw) frame() (fin bool, op int, payload []byte, err error) {
	var first [2]byte
	if _, err := io.ReadFull(r.in, first[:]); err != nil {
		return false, 0, nil, err
	}
	length := uint64(first[1] & 0x7f)
	switch length {
	case 126:
		var more [2]byte
		_, err = io.ReadFull(r.in, more[:])
		length = uint64(binary.BigEndian.Uint16(more[:]))
	case 127:
		var more [8]byte
		_, err = io.ReadFull(r.in, more[:])
		length = binary.BigEndian.Uint64(more[:])
	}
	if err != nil || first[1]&0x80 != 0 || length > 64<<20 {
		return false, 0, nil, errors.Join(err, errors.New("no frame of a server"))
	}
	payload = make([]byte, length)
	_, err = io.ReadFull(r.in, payload)
	return first[0]&0x80 != 0, int(first[0] & 0x0f), payload, err
}

// hear reads one message or control frame and tells it in one line: a message as
// JSON with its members in order, and of errors only that there are some, for
// every server has words of its own.
func (r *raw) hear(within time.Duration) (string, error) {
	_ = r.SetReadDeadline(time.Now().Add(within))
	var text []byte
	for {
		fin, op, payload, err := r.frame()
		if err != nil {
			return "", err
		}
		switch op {
		case opClose:
			if len(payload) < 2 {
				return "close", nil
			}
			code := binary.BigEndian.Uint16(payload)
			if code == 1002 { // gorilla says which rule of frames was broken, others do not
				payload = payload[:2]
			}
			return strings.TrimSpace(fmt.Sprintf("close %d %s", code, payload[2:])), nil
		case opPing:
			if !r.silent {
				_, _ = r.Write(masked(true, opPong, payload))
			}
			continue
		case opPong:
			return "pong " + string(payload), nil
		}
		if text = append(text, payload...); fin {
			return canonical(text), nil
		}
	}
}

// canonical is a message with sorted members, spaces left out and errors hidden.
func canonical(text []byte) string {
	var message map[string]any
	if json.Unmarshal(text, &message) != nil {
		return "not JSON: " + string(text)
	}
	if message["type"] == "error" {
		message["payload"] = "errors"
	}
	if payload, ok := message["payload"].(map[string]any); ok && payload["errors"] != nil {
		payload["errors"] = "errors"
		if payload["data"] == nil {
			delete(payload, "data")
		}
	}
	out, err := json.Marshal(message)
	if err != nil {
		return err.Error()
	}
	return string(out)
}

// all hears until it is quiet for so long or the connection is at its end.
func (r *raw) all(quiet time.Duration) (heard []string) {
	for {
		line, err := r.hear(quiet)
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			return heard
		}
		if err != nil {
			return append(heard, "end")
		}
		if heard = append(heard, line); strings.HasPrefix(line, "close") {
			// A client answers a close frame, and then the server ends the connection.
			_, _ = r.Write(masked(true, opClose, closeText(1000, "")))
			return slices.Concat(heard, r.all(quiet))
		}
	}
}

func closeText(code int, reason string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...)
}
