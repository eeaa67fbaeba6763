package server

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/internal/apq"
	"github.com/karuta-bi/karuta/internal/bus"
	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/oidc"
	"github.com/karuta-bi/karuta/resolvers"
	"github.com/karuta-bi/karuta/server/door"
	"github.com/karuta-bi/karuta/server/socket"
)

// Deps is what the server stands on.
type Deps struct {
	Resolver    *resolvers.Resolver // with the services it answers from
	Log         *slog.Logger
	Local       bool           // ENV=local: introspection for everybody, cookies without TLS
	Revision    string         // for X-Revision
	Origins     []string       // of pages, apart from our own, that may call the API
	Proxies     []netip.Prefix // networks of the proxies in front, whose X-Forwarded-For is believed
	MaxUpload   int64          // bytes of an uploaded file
	Persisted   *apq.Store     // documents by their hash
	KeepAnswers time.Duration  // how long an answer to a persisted query is given again at most, as long as nothing that it is made from is written through the Resolver's services; 0: not at all
	Grades      Grades         // which documents clients may ask for
	Sockets     socket.Limits
	OIDC        *oidc.Provider // the issuer that people may sign in with, nil: none
	OIDCName    string         // what its button says, "": the company account
	PublicURL   string         // where the issuer sends people back to, without a path
	Bus         bus.Bus        // what happens, for subscriptions
	Pages       fs.FS          // index.html
	GraphiQL    fs.FS          // index.html, signin.html, denied.html
	Assets      fs.FS          // flat, beside name perhaps name.gz
}

type server struct {
	Deps
	streams streams
	room    *door.Room
	ending  chan struct{} // closed when streams are to end
	engine  *engine
	origins map[string]bool
}

// Handler is everything that the API serves.
type Handler struct {
	http.Handler
	sockets *socket.Handler
	server  *server
	drained sync.Once
}

// New makes the handler of everything that the API serves. Its caller sets the
// timeouts of the http.Server around it.
func New(d Deps) *Handler {
	s := &server{Deps: d, room: door.NewRoom(roomOfClient, roomOfAll), ending: make(chan struct{}), engine: newEngine(d), origins: map[string]bool{}}
	for _, o := range d.Origins {
		s.origins[o] = true
	}
	mux := http.NewServeMux()
	mux.Handle("/graphql", s.crossOrigin(s.who(http.HandlerFunc(s.graphql))))
	sockets := s.newSockets()
	mux.Handle("GET /graphql/ws", sockets)
	mux.HandleFunc("GET /api/health", health)
	mux.Handle("GET /api/ready", s.who(http.HandlerFunc(s.ready)))
	mux.Handle("GET /api/datasets/{id}", s.who(http.HandlerFunc(s.restDataset)))
	mux.Handle("POST /api/datasets/{id}/import", s.who(http.HandlerFunc(s.restImport)))
	mux.Handle("GET /api/transforms", s.who(http.HandlerFunc(s.restTransforms)))
	mux.Handle("GET /api/transforms/{id}/executions", s.who(http.HandlerFunc(s.restExecutions)))
	mux.Handle("GET /api/audit-logs", s.who(http.HandlerFunc(s.restAuditLogs)))
	mux.HandleFunc(restRest, s.elsewhere(mux))
	mux.HandleFunc("GET "+card.PagePrefix+"{token...}", s.cardPage)
	mux.HandleFunc("GET "+card.ExportPrefix+"{token}", s.exported)
	mux.HandleFunc("GET /assets/{name}", s.asset)
	if d.OIDC != nil {
		mux.HandleFunc("GET "+OIDCPath, s.beginOIDC)
		mux.HandleFunc("GET "+OIDCCallback, s.endOIDC)
	}
	mux.HandleFunc("GET /graphiql", s.graphiql)
	mux.HandleFunc("GET /{$}", s.page("index.html"))
	mux.HandleFunc(rest, s.elsewhere(mux))
	return &Handler{Handler: s.around(linger(mux)), sockets: sockets, server: s}
}

// Close ends what runs for subscriptions, after Drain and before the bus is closed.
func (h *Handler) Close() { h.server.engine.hub.Close() }

// How sockets are closed when the process ends: evenly over some seconds, with
// as long again for what is under way, and then for the clients to say goodbye.
const (
	drainOver = 3 * time.Second
	drainMost = 9 * time.Second
)

// Drain ends the event streams and closes the sockets, which an http.Server that shuts down does not know of
// any more, in less than ten seconds. Nothing else may listen by then.
func (h *Handler) Drain() {
	h.drained.Do(func() { close(h.server.ending) })
	ctx, cancel := context.WithTimeout(context.Background(), drainMost)
	defer cancel()
	h.sockets.Drain(ctx, drainOver)
}
