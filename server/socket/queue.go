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
	if !c.writing {
		c.writing = true
		go c.write()
	}
	return true
}

// write writes until nothing waits any more.
func (c *conn) write() {
	for {
		c.mu.Lock()
		batch := c.queue
		c.queue, c.queued = nil, 0
		over := len(batch) == 0 && c.over
		c.writing = len(batch) > 0
		c.mu.Unlock()
		if over {
			c.cut()
		}
		if len(batch) == 0 {
			return
		}
		if err := c.writeAll(batch); err != nil && !errors.Is(err, websocket.ErrCloseSent) {
			_ = c.wire.Close() // the reading goroutine clears up
		}
		clear(batch)
		batch = batch[:0]
		queues.Put(&batch)
	}
}

func (c *conn) writeAll(batch []frame) error {
	if len(batch) > 1 {
		c.wire.cork()
	}
	for _, f := range batch {
		if err := c.writeOne(f); err != nil {
			return err
		}
	}
	return c.wire.uncork()
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
