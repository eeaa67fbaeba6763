package door

import (
	"net/http"
	"time"
)

// Limits are how much patience there is with a connection.
type Limits struct {
	Head  time.Duration // for the TLS handshake, and for the head of each request
	Idle  time.Duration // between two requests
	Bytes int           // of a request's head
}

// Standard are the limits of the API. How long a request's body and its answer
// may take is set for each request by its handler.
var Standard = Limits{Head: 10 * time.Second, Idle: 2 * time.Minute, Bytes: 32 << 10}

// streams is how many requests may run at once on one HTTP/2 connection: what a
// page with many cards asks for, and not what one client could make of it.
const streams = 100

// Server answers with the handler, within the limits.
func Server(h http.Handler, l Limits) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: l.Head, IdleTimeout: l.Idle, MaxHeaderBytes: l.Bytes,
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: streams, SendPingTimeout: l.Idle / 4, PingTimeout: l.Head},
	}
}
