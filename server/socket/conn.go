package socket

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

// state is how far a socket has come.
type state uint8

const (
	opened   state = iota // waits for connection_init
	asking                // it is being found out who it is
	admitted              // operations may run
	closing               // a close frame is on its way, nothing else goes out
)

// conn is one socket.
type conn struct {
	h       *Handler
	ws      *websocket.Conn
	wire    *wire
	life    context.Context // ends with the socket; its actor is whoever asked for the upgrade
	end     context.CancelFunc
	address string
	user    string // guarded by the handler's mutex
	tempo   tempo  // of the reading goroutine alone

	mu      sync.Mutex
	state   state
	request *http.Request // until it is admitted
	client  Client
	ops     map[string]*operation
	queue   []frame
	queued  int  // bytes in the queue
	writing bool // a goroutine writes the queue
	over    bool // nothing more is read
	leaving bool // it closes as soon as nothing is under way, see Drain
	clock   clock
}

func newConn(h *Handler, ws *websocket.Conn, wire *wire, r *http.Request) *conn {
	_ = wire.setPatient(false) // nothing has stayed behind yet
	life, end := context.WithCancel(context.WithoutCancel(r.Context()))
	c := &conn{
		h: h, ws: ws, wire: wire, life: life, end: end, address: address(life),
		request: r.WithContext(life), clock: newClock(h.Limits.Life), tempo: tempo{perSecond: h.Limits.PerSecond},
	}
	if h.Limits.Message > 0 {
		ws.SetReadLimit(int64(h.Limits.Message))
	}
	ws.SetPingHandler(func(data string) error {
		c.tempo.wait(life)
		c.send(frame{kind: websocket.PongMessage, head: []byte(data)})
		return nil
	})
	ws.SetPongHandler(c.pong)
	ws.SetCloseHandler(func(code int, text string) error {
		c.close(code, text)
		return nil
	})
	return c
}

// take does what a message asks for.
func (c *conn) take(kind int, text []byte) {
	defer c.survive()
	if kind == websocket.TextMessage && !utf8.Valid(text) {
		c.close(CodeBadText, "")
		return
	}
	m, ok := parse(bytes.ToValidUTF8(text, []byte("\uFFFD")))
	if !ok {
		c.close(CodeInvalid, reasonInvalid)
		return
	}
	switch m.kind {
	case typeInit:
		c.initiate(m.payload)
	case typePing:
		c.answer(m.payload)
	case typePong:
	case typeSubscribe:
		c.subscribe(m)
	case typeComplete:
		c.complete(m.id)
	default: // what only servers say
		c.close(CodeInternal, "Unexpected message of type "+m.kind+" received")
	}
}

// initiate finds out who it is, while other messages are read.
func (c *conn) initiate(payload json.RawMessage) {
	c.mu.Lock()
	first := c.state == opened
	if first {
		c.state = asking
	}
	c.mu.Unlock()
	if !first {
		c.close(CodeTooManyInits, "Too many initialisation requests")
		return
	}
	go c.admit(payload)
}

func (c *conn) admit(payload json.RawMessage) {
	defer c.survive()
	client, err := c.h.Admit(c.request, payload)
	switch {
	case err != nil:
		c.close(refusal(err))
		return
	case !c.h.join(c, client.UserID()):
		c.close(CodeOverload, "Too many connections")
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.request = nil
	if c.state == asking {
		c.state, c.client = admitted, client
		c.clock.expires(client.Expires())
		c.push(frame{kind: websocket.TextMessage, head: []byte(`{"type":"` + typeAck + `"}`)})
	}
}

// survive closes a socket whose message or admission made something panic.
func (c *conn) survive() {
	if failure := recover(); failure != nil {
		c.h.Log.ErrorContext(c.life, "socket panicked", slog.Any("panic", failure), telemetry.Stack())
		c.close(CodeInternal, reasonInternalError)
	}
}

// answer answers a ping with its own payload.
func (c *conn) answer(payload json.RawMessage) {
	text := []byte(`{"type":"` + typePong + `"`)
	if payload != nil {
		text = append(append(text, `,"payload":`...), payload...)
	}
	c.send(frame{kind: websocket.TextMessage, head: append(text, '}')})
}

func (c *conn) subscribe(m message) {
	c.mu.Lock()
	client, taken, many := c.client, c.ops[m.id] != nil, over(len(c.ops), c.h.Limits.Operations)
	unauthorized := c.state < admitted
	var op *operation
	if c.leaving {
		c.shut(CodeRestart, reasonRestart)
	}
	if c.state == admitted && !taken {
		op = c.begin(m.id)
	}
	c.mu.Unlock()
	switch {
	case unauthorized:
		c.close(CodeUnauthorized, "Unauthorized")
	case taken:
		c.close(CodeDuplicate, "Subscriber for "+m.id+" already exists")
	case op == nil: // it is closing
	case many:
		problem := &core.Error{Code: core.CodeRateLimit, Reason: "operations", Args: map[string]any{"max": c.h.Limits.Operations}}
		op.Fail(c.h.Explain(c.life, problem))
	default:
		client.Run(op.ctx, m.request, op)
	}
}

// complete ends an operation that the client has stopped listening to.
func (c *conn) complete(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if op := c.ops[id]; op != nil {
		op.finish()
		c.leave()
	}
}

// close sends a close frame after what already waits, and nothing after it.
func (c *conn) close(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shut(code, reason)
}

// shut is close, with the mutex held.
func (c *conn) shut(code int, reason string) {
	if c.state == closing {
		return
	}
	c.push(frame{kind: websocket.CloseMessage, head: websocket.FormatCloseMessage(code, clip(reason))})
	c.stop()
	c.h.Log.DebugContext(c.life, "socket closes", slog.Int("code", code), slog.String("reason", reason))
}

// stop ends all operations, with the mutex held.
func (c *conn) stop() {
	c.state = closing
	c.clock.close(c.h.Times.Close)
	for _, op := range c.ops {
		op.finish()
	}
	c.end()
}
