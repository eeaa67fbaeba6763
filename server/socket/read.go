package socket

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/karuta-bi/karuta/server/door"
)

var messages = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxKept is how long a buffer may be that is kept for another message.
const maxKept = 64 << 10

// read reads until the other side is gone.
func (c *conn) read() {
	err := c.readAll()
	if c.gone() {
		return // its last frame is on its way
	}
	if errors.Is(err, websocket.ErrReadLimit) { // gorilla has told so, but not of a length that no number holds
		_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseMessageTooBig, ""), time.Now().Add(c.h.Times.Close))
	}
	if _, closed := errors.AsType[*websocket.CloseError](err); !closed && !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.EOF) {
		c.linger()
	}
	c.cut()
}

func (c *conn) readAll() error {
	for {
		kind, r, err := c.ws.NextReader()
		if err != nil {
			return err
		}
		buffer, held := messages.Get().(*bytes.Buffer), c.h.Room.Hold(c.address)
		if _, err = buffer.ReadFrom(held.Reader(r)); err == nil {
			c.tempo.wait(c.life)
			c.take(kind, buffer.Bytes())
		}
		held.Leave()
		if errors.Is(err, door.ErrFull) {
			c.close(CodeOverload, "Try again later")
			_, err = io.Copy(io.Discard, r) // cut with the rest unread, the client would not read why
		}
		if err != nil {
			return err
		}
		if buffer.Cap() <= maxKept {
			buffer.Reset()
			messages.Put(buffer)
		}
	}
}

// linger lets a client that broke a rule of WebSockets read why it is closed:
// a connection that is cut with something unread on it takes that away.
func (c *conn) linger() {
	if c.failed(c.wire.setPatient(true)) {
		return
	}
	if half, ok := c.wire.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_ = c.wire.SetReadDeadline(time.Now().Add(c.h.Times.Close))
		_, _ = io.Copy(io.Discard, io.LimitReader(c.wire, 64<<20))
	}
}

// gone notes that nothing more will be read; it is true where the goroutine
// that writes will cut the connection.
func (c *conn) gone() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	if c.state != closing {
		c.stop()
		c.queue, c.queued = nil, 0
		return false
	}
	return c.writing
}

// cut ends the connection at once.
func (c *conn) cut() {
	c.end()
	_ = c.wire.Close()
	c.h.remove(c)
}
