package socket

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/server/door"
)

// Protocol is the name of the subprotocol.
const Protocol = "graphql-transport-ws"

// Limits are what one may ask of the sockets; 0 is no limit.
type Limits struct {
	Total      int           // sockets of the process
	PerAddress int           // sockets from one address
	PerUser    int           // sockets of one user
	Operations int           // at the same time on one socket
	Message    int           // bytes that a client may send in one message
	PerSecond  int           // messages that are read of one socket; who sends more is read more slowly
	Queue      int           // messages that may wait for one reader
	QueueBytes int           // bytes of them
	Life       time.Duration // of a socket, then its client connects anew
}

// Times are how long is waited. They are fields for the sake of tests.
type Times struct {
	Init  time.Duration // for connection_init
	Idle  time.Duration // between two pings where nothing is written
	Busy  time.Duration // between two pings where something was written
	Pong  time.Duration // for the answer to a ping
	Write time.Duration // for a reader to take a piece of what is written
	Close time.Duration // for the other side's close frame
	Sweep time.Duration // between two looks at all sockets
}

// StandardTimes close who does not read within 10 seconds (Busy + Pong + Sweep).
func StandardTimes() Times {
	return Times{
		Init: 3 * time.Second, Idle: 25 * time.Second, Busy: 4 * time.Second, Pong: 5 * time.Second,
		Write: 8 * time.Second, Close: 3 * time.Second, Sweep: 250 * time.Millisecond,
	}
}

// Options are what a [Handler] stands on.
type Options struct {
	Admit   Admit
	Refuse  func(w http.ResponseWriter, r *http.Request, status int, problem *core.Error) // answers a request that becomes no socket
	Explain func(ctx context.Context, problem *core.Error) []byte                         // as Sink.Fail takes it
	Log     *slog.Logger
	Room    *door.Room // for messages; nil: without end
	Limits  Limits
	Times   Times
}

// Handler opens sockets and keeps them until they end.
type Handler struct {
	Options
	upgrader websocket.Upgrader
	writers  writers

	mu        sync.Mutex
	conns     map[*conn]bool
	count     int // of them and of those that are about to be opened
	addresses map[string]int
	users     map[string]int
	sweeping  bool
	draining  bool
	empty     context.Context // ends when the last socket is gone while draining
	emptied   context.CancelFunc
}

// New makes the handler of a path where sockets are opened.
func New(o Options) *Handler {
	h := &Handler{
		Options: o, conns: map[*conn]bool{}, addresses: map[string]int{}, users: map[string]int{},
	}
	h.empty, h.emptied = context.WithCancel(context.Background())
	h.upgrader = websocket.Upgrader{
		ReadBufferSize: 1 << 10, WriteBufferSize: 4 << 10, WriteBufferPool: &sync.Pool{},
		CheckOrigin: func(*http.Request) bool { return true }, // only what signs in by a cookie depends on the origin, see Admit
		Error: func(w http.ResponseWriter, r *http.Request, status int, _ error) {
			w.Header().Set("Sec-WebSocket-Version", "13")
			o.Refuse(w, r, status, core.Invalid("", "socket"))
		},
	}
	return h
}

// ServeHTTP opens a socket. It returns when it is open.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	from := address(r.Context())
	if status, problem := h.enter(from); problem != nil {
		h.Refuse(w, r, status, problem)
		return
	}
	taken := &hijacker{ResponseWriter: w}
	var response http.Header
	if offered(r.Header) {
		response = http.Header{"Sec-Websocket-Protocol": {Protocol}}
	}
	ws, err := h.upgrader.Upgrade(taken, r, response)
	if err != nil { // it is answered, or the client is gone
		h.leave(from)
		return
	}
	c := newConn(h, ws, taken.wire, r)
	if !h.add(c) {
		c.close(CodeRestart, reasonRestart)
	}
	if ws.Subprotocol() != Protocol {
		c.close(CodeSubprotocol, "Subprotocol not acceptable")
	}
	go c.read()
}

// offered tells whether the client speaks the protocol. It may name what it speaks
// on several lines (RFC 6455 §11.3.4), of which gorilla reads the first alone.
func offered(h http.Header) bool {
	all := strings.Split(strings.Join(h.Values("Sec-Websocket-Protocol"), ","), ",")
	return slices.ContainsFunc(all, func(name string) bool { return strings.TrimSpace(name) == Protocol })
}

// enter counts a socket that is about to be opened, or tells why no more are.
func (h *Handler) enter(from string) (status int, problem *core.Error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch l := h.Limits; {
	case h.draining:
		return http.StatusServiceUnavailable, &core.Error{Code: core.CodeUnavailable, Details: map[string]any{"retryAfter": 1}}
	case over(h.count, l.Total):
		return http.StatusServiceUnavailable, &core.Error{Code: core.CodeUnavailable, Details: map[string]any{"retryAfter": 10}}
	case over(h.addresses[from], l.PerAddress):
		return http.StatusTooManyRequests, &core.Error{Code: core.CodeRateLimit, Reason: "sockets", Details: map[string]any{"retryAfter": 10}}
	}
	h.count++
	h.addresses[from]++
	return 0, nil
}

// leave is the end of what entered.
func (h *Handler) leave(from string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count--
	drop(h.addresses, from)
}

func over(n, limit int) bool { return limit > 0 && n >= limit }

func address(ctx context.Context) string { return core.ClientOf(core.ActorFrom(ctx).IP) }

// add watches a socket from now on. It is false where Drain has begun without it.
func (h *Handler) add(c *conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conns[c] = true
	if !h.sweeping {
		h.sweeping = true
		go h.sweep()
	}
	return !h.draining
}

// join counts a socket to its user, false where they have too many.
func (h *Handler) join(c *conn, user string) bool {
	if user == "" {
		return true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.conns[c] || over(h.users[user], h.Limits.PerUser) {
		return false
	}
	c.user = user
	h.users[user]++
	return true
}

func (h *Handler) remove(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.conns[c] {
		return
	}
	delete(h.conns, c)
	h.count--
	drop(h.addresses, c.address)
	if c.user != "" {
		drop(h.users, c.user)
	}
	if h.draining && len(h.conns) == 0 {
		h.emptied()
	}
}

func drop(counts map[string]int, name string) {
	if counts[name]--; counts[name] <= 0 {
		delete(counts, name)
	}
}

// Open is how many sockets there are.
func (h *Handler) Open() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count
}
