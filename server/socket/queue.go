package socket

import (
	"errors"
	"sync"

	"github.com/gorilla/websocket"
)

// frame is a message that waits to be written.
type frame struct {
	kind int // as gorilla numbers them
	head []byte
	body []byte // payload of an operation's message, which a brace closes; nil in all others
}

func (f frame) size() int { return len(f.head) + len(f.body) }

var closingBrace = []byte{'}'}

// queues keeps the room of queues that have been written.
var queues = sync.Pool{New: func() any { q := make([]frame, 0, 16); return &q }}

// send puts a frame into the queue.
func (c *conn) send(f frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.push(f)
}

// push is send, with the mutex held; it tells whether the frame will be written.
// A socket whose reader does not keep up is closed, so that nobody ever waits
// for it.
func (c *conn) push(f frame) bool {
	if c.state == closing {
		return false
	}
	if l := c.h.Limits; len(c.queue) > 0 && f.kind != websocket.CloseMessage &&
		(over(len(c.queue), l.Queue) || over(c.queued+f.size(), l.QueueBytes)) {
		c.queue, c.queued = nil, 0
		c.shut(CodeOverload, "Too slow")
		return false
	}
	if c.queue == nil {
		c.queue = *queues.Get().(*[]frame)
	}
	c.queue = append(c.queue, f)
	c.queued += f.size()
	c.clock.unread += f.size()
	if !c.writing {
		c.writing = true
		c.h.writers.add(c)
	}
	return true
}

// batch takes what waits. When nothing does, the writing is over, and so may be
// the socket.
func (c *conn) batch() []frame {
	c.mu.Lock()
	batch := c.queue
	c.queue, c.queued = nil, 0
	c.writing = len(batch) > 0
	over := c.over && !c.writing
	c.mu.Unlock()
	if over {
		c.cut()
	}
	return batch
}

// write writes what waits. Where the reader does not take it at once, a goroutine
// of the socket's own goes on.
func (c *conn) write() {
	for batch := c.batch(); len(batch) > 0; batch = c.batch() {
		if n := c.writeSome(batch); c.wire.behind() {
			go c.catchUp(batch, n)
			return
		}
		reuse(batch)
	}
}

// catchUp writes what stayed behind, the batch from n on, and all that comes
// meanwhile, as fast as the reader reads.
func (c *conn) catchUp(batch []frame, n int) {
	for ; len(batch) > 0; batch, n = c.batch(), 0 {
		c.failed(c.wire.setPatient(true))
		c.writeSome(batch[n:])
		c.failed(c.wire.setPatient(false))
		reuse(batch)
	}
}

// writeSome writes frames until something stays behind, and tells how many.
func (c *conn) writeSome(batch []frame) int {
	if len(batch) > 1 {
		c.wire.cork()
	}
	n := 0
	for n < len(batch) && !c.wire.behind() {
		if c.failed(c.writeOne(batch[n])) {
			return len(batch)
		}
		n++
	}
	c.failed(c.wire.uncork())
	return n
}

// failed ends a connection on which a write has failed; the reading goroutine
// clears up. A frame after the close frame is no failure, it is just not sent.
func (c *conn) failed(err error) bool {
	if err != nil && !errors.Is(err, websocket.ErrCloseSent) {
		_ = c.wire.Close()
	}
	return err != nil
}

func (c *conn) writeOne(f frame) error {
	if f.body == nil {
		return c.ws.WriteMessage(f.kind, f.head)
	}
	w, err := c.ws.NextWriter(f.kind)
	if err != nil {
		return err
	}
	for _, part := range [...][]byte{f.head, f.body, closingBrace} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return w.Close()
}

func reuse(batch []frame) {
	clear(batch)
	batch = batch[:0]
	queues.Put(&batch)
}
