package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/operation"
	"github.com/karuta-bi/karuta/internal/telemetry"
	"github.com/karuta-bi/karuta/server/socket"
)

func (s *server) newSockets() *socket.Handler {
	return socket.New(socket.Options{
		Admit: s.admit,
		Refuse: func(w http.ResponseWriter, r *http.Request, _ int, problem *core.Error) {
			writeProblem(w, r, problem)
		},
		Explain: func(ctx context.Context, problem *core.Error) []byte {
			return s.engine.refusal(ctx, problem)
		},
		Log: telemetry.Named(s.Log, "socket"), Room: s.room, Limits: s.Sockets, Times: socket.StandardTimes(),
	})
}

// initPayload is what a client may say of itself in connection_init: a token by
// one of two names, or that it is a page of ours with a cookie.
type initPayload struct {
	Authorization string `json:"authorization"` // "Bearer …"; case does not matter
	Token         string `json:"token"`
	Client        string `json:"client"` // as the header X-Karuta-Client
}

// admit finds out who opens a socket (see [socket.Admit]). Unlike a request, which
// may ask for what is public with a credential that does not hold, a socket is
// refused then, so that its client signs in again.
func (s *server) admit(r *http.Request, init json.RawMessage) (socket.Client, error) {
	ctx := r.Context()
	token, err := s.socketCredential(r, init)
	if err != nil {
		return nil, err
	}
	until, err := s.identify(ctx, token)
	if err != nil {
		return nil, err
	}
	c := &caller{s: s, from: ctx, client: clientOf(r.Header), until: until, ended: make(chan struct{})}
	return c, c.listen(ctx)
}

func (s *server) socketCredential(r *http.Request, init json.RawMessage) (string, error) {
	var said initPayload
	if len(init) > 0 && json.Unmarshal(init, &said) != nil {
		return "", core.Invalid("payload", "bad_value")
	}
	switch {
	case said.Authorization != "":
		return parseBearer(said.Authorization)
	case said.Token != "":
		return said.Token, nil
	case said.Client == "":
		said.Client = r.Header.Get(clientHeader)
	}
	return s.credential(r, said.Client)
}

// caller is who is behind a socket.
type caller struct {
	s      *server
	from   context.Context // with the actor who was admitted
	until  time.Time
	client operation.Client
	ended  chan struct{}
	once   sync.Once
}

// Expires implements [socket.Client].
func (c *caller) Expires() time.Time { return c.until }

// Ended implements [socket.Client].
func (c *caller) Ended() <-chan struct{} { return c.ended }

// UserID implements [socket.Client].
func (c *caller) UserID() string { return core.ActorFrom(c.from).UserID() }

func (c *caller) end() { c.once.Do(func() { close(c.ended) }) }

// Run implements [socket.Client].
func (c *caller) Run(ctx context.Context, req socket.Request, sink socket.Sink) {
	go c.run(ctx, req, sink)
}

func (c *caller) run(ctx context.Context, req socket.Request, sink socket.Sink) {
	ctx, err := c.actor(ctx)
	if err != nil {
		sink.Fail(c.s.engine.refusal(ctx, err))
		return
	}
	asked := &request{
		Query: req.Query, OperationName: req.OperationName, Variables: req.Variables, Extensions: req.Extensions, DocumentID: req.DocumentID,
		client: c.client, end: c.end, stream: true,
	}
	if refused, ok := errors.AsType[*refusal](asked.check()); ok {
		sink.Fail(c.s.engine.refusal(ctx, refused.err))
		return
	}
	c.s.engine.serve(ctx, asked, sink)
}

// actor is the context of one operation: as a request of its own of whoever was
// admitted, if they still are.
func (c *caller) actor(ctx context.Context) (context.Context, error) {
	id := telemetry.AcceptRequestID("")
	ctx = telemetry.WithTrace(core.Detach(ctx, c.from), telemetry.Trace{RequestID: id})
	core.ActorFrom(ctx).RequestID = id
	ctx, err := c.s.engine.resumed(ctx)
	if signedOut(err) {
		c.end()
	}
	return ctx, err
}

// signedOut tells whether it is the sign-in that does not hold any more.
func signedOut(err error) bool {
	code := core.CodeOf(err)
	return err != nil && (code == core.CodeInvalidToken || code == core.CodeUnauthorized)
}

// serve runs an operation and tells its results to a sink.
func (e *engine) serve(ctx context.Context, req *request, sink socket.Sink) {
	op, problems := e.prepare(ctx, req)
	if problems != nil {
		if wire, ok := sink.(socket.Wire); ok && core.CodeOf(problems[0]) == core.CodeGraphQLParse {
			wire.Break(problems[0].Message)
			return
		}
		sink.Fail(encodeErrors(e.shown(ctx, problems)))
		return
	}
	if op.Operation.Operation == ast.Subscription && !req.dryRun {
		e.subscribe(ctx, req, op, sink)
		return
	}
	limited, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	sink.Next(e.run(limited, req, op).encode(ctx))
	sink.Complete()
}
