package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/websocket"

	"github.com/karuta-bi/karuta/internal/core"
)

const protocol = "graphql-transport-ws"

// Codes with which a server closes a socket that are no mistake of the client's.
const (
	closeForbidden   = 4403
	closeInitTimeout = 4408
	reasonExpired    = "token_expired"
	reasonRevoked    = "session_revoked"
)

// message is one of the protocol's, either way.
type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// socket is one connection, on which one subscription runs.
type socket struct {
	s  *Server
	ws *websocket.Conn
}

// connect opens a socket and signs in.
func (s *Server) connect(ctx context.Context, token string) (*socket, error) {
	address := s.base.JoinPath("graphql", "ws")
	address.Scheme = map[string]string{"http": "ws", "https": "wss"}[address.Scheme]
	dialer := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: s.times.init, Subprotocols: []string{protocol}}
	header := http.Header{}
	s.header(header)
	ws, resp, err := dialer.DialContext(ctx, address.String(), header)
	if err != nil {
		return nil, noSocket(resp, err)
	}
	c := &socket{s, ws}
	ws.SetReadLimit(maxAnswer)
	if err := c.signIn(token); err != nil {
		c.close()
		return nil, err
	}
	s.reached.Store(time.Now().UnixNano())
	return c, nil
}

// notReady is a server, or what stands before it, that may serve later.
type notReady struct{ error }

// noSocket tells why an upgrade was refused.
func noSocket(resp *http.Response, err error) error {
	if resp == nil {
		return err
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return notReady{fmt.Errorf("the server answers %s", resp.Status)}
	}
	if p := problemOf(text); p != nil {
		return p
	}
	return &Problem{Code: core.CodeInternal, Message: "no Karuta answers at this address (" + resp.Status + ")"}
}

func (c *socket) signIn(token string) error {
	payload, err := json.Marshal(map[string]string{"token": token})
	if err != nil {
		return err
	}
	if err := c.write(message{Type: "connection_init", Payload: payload}); err != nil {
		return err
	}
	_ = c.ws.SetReadDeadline(time.Now().Add(c.s.times.init))
	for {
		m, err := c.read()
		if err != nil || m.Type == "connection_ack" {
			return err
		}
	}
}

// run runs the subscription until it is complete. next takes each result's data. A
// *Problem is what the server has against it; a *websocket.CloseError is how it
// closed the socket.
func (c *socket) run(ctx context.Context, id string, variables map[string]any, next func(data json.RawMessage) error) error {
	defer c.close()
	defer context.AfterFunc(ctx, c.close)()
	stop := c.watch()
	defer stop()
	req := c.s.ask(id, variables)
	for number := 1; ; number++ {
		p, err := c.subscribe(strconv.Itoa(number), req, next)
		switch {
		case err != nil:
			return err
		case p == nil:
			return nil
		case !c.s.unknown(req, p):
			return p
		}
		req = c.s.ask(id, variables)
	}
}

// subscribe runs one operation: to its end, or until it is refused.
func (c *socket) subscribe(number string, req asked, next func(json.RawMessage) error) (refused *Problem, err error) {
	payload, err := json.Marshal(req)
	if err != nil {
		return nil, err
	}
	if err := c.write(message{ID: number, Type: "subscribe", Payload: payload}); err != nil {
		return nil, err
	}
	for {
		m, err := c.read()
		switch {
		case err != nil:
			return nil, err
		case m.ID != number: // of one that has ended, or of none
		case m.Type == "complete":
			return nil, nil
		case m.Type == "error":
			return problemOf([]byte(`{"errors":` + string(m.Payload) + `}`)), nil
		case m.Type == "next":
			if err := result(m.Payload, next); err != nil {
				return nil, err
			}
		}
	}
}

// result takes one result of the subscription.
func result(payload json.RawMessage, next func(json.RawMessage) error) error {
	var answer struct{ Data json.RawMessage }
	if p := problemOf(payload); p != nil {
		return p
	}
	if err := json.Unmarshal(payload, &answer); err != nil {
		return err
	}
	return next(answer.Data)
}

// read is the next message that is not about the connection itself.
func (c *socket) read() (m message, err error) {
	for {
		_, text, err := c.ws.ReadMessage()
		if err != nil {
			return m, err
		}
		m = message{}
		if err := json.Unmarshal(text, &m); err != nil {
			return m, fmt.Errorf("the server speaks another protocol: %w", err)
		}
		switch m.Type {
		case "ping":
			if err := c.write(message{Type: "pong"}); err != nil {
				return m, err
			}
		case "pong":
		default:
			return m, nil
		}
	}
}

// watch pings, so that a connection on which nothing comes any more is found dead.
func (c *socket) watch() (stop func()) {
	alive := func() { _ = c.ws.SetReadDeadline(time.Now().Add(c.s.times.silent)) }
	alive()
	pinged := c.ws.PingHandler()
	c.ws.SetPingHandler(func(data string) error { alive(); return pinged(data) })
	c.ws.SetPongHandler(func(string) error { alive(); return nil })
	tick, over := time.NewTicker(c.s.times.ping), make(chan struct{})
	go func() {
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-tick.C:
				_ = c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(c.s.times.init))
			}
		}
	}()
	return func() { close(over) }
}

// write sends a message. Only the goroutine that reads does so.
func (c *socket) write(m message) error {
	_ = c.ws.SetWriteDeadline(time.Now().Add(c.s.times.init))
	return c.ws.WriteJSON(m)
}

func (c *socket) close() {
	_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
	_ = c.ws.Close()
}

// verdict is what an ended connection means for who wants to go on.
func verdict(err error) error {
	closed, ok := errors.AsType[*websocket.CloseError](err)
	if !ok {
		return err
	}
	switch {
	case closed.Code == closeForbidden && closed.Text == reasonExpired:
		return errExpired
	case closed.Code == closeForbidden && closed.Text == reasonRevoked:
		return errRevoked
	case closed.Code == closeForbidden:
		return errRefused
	case closed.Code >= 4000 && closed.Code != closeInitTimeout:
		return &Problem{Code: core.CodeInternal, Message: "the server ended the connection: " + closed.Error()}
	}
	return err
}
