package executor

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

// maxRequest bounds a call's body: the longest code, parameters and filter
// values that the API lets through, with room for a dataset's columns.
const maxRequest = 16 << 20

// server answers the API's calls.
type server struct {
	engine     Engine
	runner     Runner
	transforms Transformer
	release    string
	mac        *client.Verifier
	whole      *lru.Cache[string, struct{}] // cards that want more columns than they seem to need
	log        *slog.Logger
}

func newServer(o Options) *server {
	whole, _ := lru.New[string, struct{}](wholeKept) // fails for sizes below 1 only
	return &server{whole: whole, engine: o.Engine, runner: o.Runner, transforms: o.Transforms, release: o.Release, mac: client.NewVerifier(o.Secret), log: o.Log}
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST "+client.PathCard, signed(s, s.card))
	mux.Handle("POST "+client.PathTransform, signed(s, s.transform))
	mux.Handle("POST "+client.PathImport, signed(s, s.importFile))
	mux.Handle("POST "+client.PathRows, signed(s, s.rows))
	mux.Handle("POST "+client.PathValues, signed(s, s.values))
	mux.Handle("POST "+client.PathSummary, signed(s, s.summary))
	mux.Handle("POST "+client.PathExport, signed(s, s.export))
	mux.HandleFunc("GET "+client.PathHealth, s.health)
	return mux
}

// healthOnly is for the address that is open to others: it says how the
// executor is and nothing else.
func (s *server) healthOnly() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+client.PathHealth, s.health)
	return mux
}

// signed reads the body, checks its signature and decodes it, before anything
// else looks at it. The handler answers itself; an error it returns is the
// executor's own failure.
func signed[Req any](s *server, handle func(context.Context, http.ResponseWriter, Req) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := telemetry.WithTrace(r.Context(), telemetry.Trace{
			RequestID: telemetry.AcceptRequestID(r.Header.Get("X-Request-Id")),
			Operation: r.URL.Path,
		})
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if err != nil {
			fail(w, http.StatusRequestEntityTooLarge)
			return
		}
		if err := s.mac.Verify(r, body); err != nil {
			s.log.WarnContext(ctx, "call refused", "cause", err)
			fail(w, http.StatusUnauthorized)
			return
		}
		var req Req
		if err := json.Unmarshal(body, &req); err != nil {
			s.log.ErrorContext(ctx, "call not understood", "cause", err)
			fail(w, http.StatusBadRequest)
			return
		}
		s.run(ctx, w, func() error { return handle(ctx, w, req) })
	})
}

// run calls the handler, turns a bug into one failed call, and logs the call.
func (s *server) run(ctx context.Context, w http.ResponseWriter, handle func() error) {
	started := time.Now()
	defer func() {
		if bug := recover(); bug == http.ErrAbortHandler {
			panic(bug) // what was sent is not whole, and the connection says so
		} else if bug != nil {
			s.log.ErrorContext(ctx, "bug", "cause", bug, telemetry.Stack())
			fail(w, http.StatusInternalServerError)
		}
	}()
	err := handle()
	log := s.log.With(telemetry.Duration(time.Since(started)))
	switch {
	case err == nil:
		log.InfoContext(ctx, "call")
	case ctx.Err() != nil:
		log.InfoContext(ctx, "caller left")
	default:
		log.ErrorContext(ctx, "call failed", "cause", err)
		e, _ := errors.AsType[*core.Error](err)
		client.Refuse(w, statusOf(err), e)
	}
}

func statusOf(err error) int {
	if errors.Is(err, context.DeadlineExceeded) {
		return http.StatusServiceUnavailable
	}
	return core.CodeOf(err).HTTPStatus()
}

// fail answers with a status: the cause is for the log.
func fail(w http.ResponseWriter, status int) {
	http.Error(w, http.StatusText(status), status)
}

func reply(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}
