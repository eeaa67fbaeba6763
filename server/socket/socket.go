package socket

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Request is an operation as a client sends it. Without a query it names a document
// that is kept: by its id, or by the hash in extensions.persistedQuery.
type Request struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
	Extensions    map[string]any `json:"extensions"`
	DocumentID    string         `json:"documentId"`
}

// Sink takes what comes of one operation. None of its methods ever blocks, and
// what is said after the operation's end is not heard.
type Sink interface {
	// Next passes on an execution result, encoded. The bytes are shared by many
	// sinks and must never change. It is false where nobody reads any more.
	Next(payload []byte) (ok bool)

	// Fail tells why nothing was run, a JSON list of errors, and ends the operation.
	Fail(problems []byte)

	// Complete ends the operation.
	Complete()
}

// Wire is what the sinks of sockets can do besides.
type Wire interface {
	Sink

	// Streams tells that results come for as long as somebody listens. When the
	// process ends, such an operation is cut off and begun again elsewhere; all
	// others are let finish.
	Streams()

	// Break closes the socket with 4500 and the reason: the reference server of
	// the protocol does so where a document cannot be parsed.
	Break(reason string)
}

// Client is who is behind a socket, from connection_init on.
type Client interface {
	// Run starts an operation, which ends with its context, and returns at once;
	// the results come through the sink.
	Run(ctx context.Context, req Request, sink Sink)

	// Expires is when the client must sign in again; zero: never.
	Expires() time.Time

	// Ended is closed when the session is revoked; nil: never.
	Ended() <-chan struct{}

	// UserID is whose sockets are counted together; "" for the anonymous.
	UserID() string
}

// Admit turns an upgrade request and the payload of connection_init, a JSON
// object or nil, into a client. The request's context has what the handlers
// before put into it and ends with the socket. The error's code chooses the
// close code: 4403 where signing in again may help, 1013 where waiting may.
type Admit func(r *http.Request, init json.RawMessage) (Client, error)
