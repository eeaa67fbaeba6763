package socket

import (
	"context"
	"encoding/json"

	"github.com/gorilla/websocket"
)

// operation is one operation of a socket, and its sink. Its fields are guarded
// by the socket's mutex.
type operation struct {
	c       *conn
	id      string
	ctx     context.Context
	cancel  context.CancelFunc
	next    []byte // what stands before the payload of each result
	streams bool
	ended   bool
}

// begin makes an operation, with the mutex held.
func (c *conn) begin(id string) *operation {
	op := &operation{c: c, id: id, next: head(id, typeNext)}
	op.ctx, op.cancel = context.WithCancel(c.life)
	if c.ops == nil {
		c.ops = map[string]*operation{}
	}
	c.ops[id] = op
	return op
}

// head is the beginning of a message about an operation, up to its payload.
func head(id, kind string) []byte {
	name, err := json.Marshal(id)
	if err != nil {
		panic(err) // a string
	}
	text := append([]byte(`{"id":`), name...)
	return append(append(append(text, `,"type":"`...), kind...), `","payload":`...)
}

// finish forgets the operation, with the mutex held; its id may be used again.
func (op *operation) finish() {
	op.ended = true
	op.cancel()
	if op.c.ops[op.id] == op {
		delete(op.c.ops, op.id)
	}
	if len(op.c.ops) == 0 {
		op.c.ops = nil
	}
}

// Next implements [Sink].
func (op *operation) Next(payload []byte) bool {
	op.c.mu.Lock()
	defer op.c.mu.Unlock()
	return !op.ended && op.c.push(frame{kind: websocket.TextMessage, head: op.next, body: payload})
}

// Fail implements [Sink].
func (op *operation) Fail(problems []byte) {
	op.last(frame{kind: websocket.TextMessage, head: head(op.id, typeError), body: problems})
}

// Complete implements [Sink].
func (op *operation) Complete() {
	text := head(op.id, typeComplete)
	text = append(text[:len(text)-len(`,"payload":`)], '}')
	op.last(frame{kind: websocket.TextMessage, head: text})
}

// last sends what ends the operation.
func (op *operation) last(f frame) {
	op.c.mu.Lock()
	defer op.c.mu.Unlock()
	if !op.ended {
		op.finish()
		op.c.push(f)
		op.c.leave()
	}
}

// Streams implements [Wire].
func (op *operation) Streams() {
	op.c.mu.Lock()
	defer op.c.mu.Unlock()
	op.streams = true
	op.c.leave()
}

// Break implements [Wire].
func (op *operation) Break(reason string) {
	op.c.mu.Lock()
	defer op.c.mu.Unlock()
	if !op.ended {
		op.c.shut(CodeInternal, reason)
	}
}
