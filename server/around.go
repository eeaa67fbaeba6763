package server

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/telemetry"
	"github.com/karuta-bi/karuta/web"
)

// around is what every request gets: an id, an anonymous actor, the security
// headers, and an answer even where the code below panics.
func (s *server) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := telemetry.AcceptRequestID(r.Header.Get("X-Request-Id"))
		h := w.Header()
		h.Set("X-Request-Id", id)
		h.Set("X-Revision", s.Revision)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "SAMEORIGIN")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Content-Security-Policy", web.NoPolicy)
		h.Set("Cache-Control", "no-store")
		if !s.Local {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		ctx := core.WithActor(r.Context(), &core.Actor{
			IP: s.clientIP(r), Agent: r.UserAgent(), RequestID: id,
			Locale: core.ParseAcceptLanguage(r.Header.Get("Accept-Language")),
		})
		ctx = telemetry.WithTrace(ctx, telemetry.Trace{
			RequestID: id, TraceID: telemetry.AcceptTraceID(r.Header.Get("Traceparent")),
		})
		r = r.WithContext(ctx)
		allow(w, operationTimeout+slack)
		defer s.survive(w, r)
		if s.Resolver.Services.Guard.Blocked(core.ActorFrom(ctx).IP) {
			writeProblem(w, r, core.Forbidden("address_blocked"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// slack is for what comes before and after an operation.
const slack = 30 * time.Second

// allow gives a request so much time to come in and be answered.
func allow(w http.ResponseWriter, d time.Duration) {
	control, until := http.NewResponseController(w), time.Now().Add(d)
	_ = control.SetReadDeadline(until) // tests' writers have no deadlines
	_ = control.SetWriteDeadline(until)
}

// survive answers a request whose handler panicked.
func (s *server) survive(w http.ResponseWriter, r *http.Request) {
	failure := recover()
	if failure == nil {
		return
	}
	if failure == http.ErrAbortHandler {
		panic(failure)
	}
	s.Log.ErrorContext(r.Context(), "request panicked", slog.Any("panic", failure), slog.String("path", r.URL.Path), telemetry.Stack())
	writeProblem(w, r, &core.Error{Code: core.CodeInternal})
}

func (s *server) unknownPath(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, r, core.NotFound(""))
}

// What no other route takes.
const (
	rest     = "/"
	restRest = "/api/"
)

// elsewhere answers what no route takes: with 405 where one takes another method.
func (s *server) elsewhere(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var taken []string
		for _, method := range [...]string{http.MethodGet, http.MethodPost} {
			_, route := mux.Handler(&http.Request{Method: method, URL: r.URL, Host: r.Host})
			if route != rest && route != restRest {
				taken = append(taken, method)
			}
		}
		if len(taken) == 0 {
			s.unknownPath(w, r)
			return
		}
		w.Header().Set("Allow", strings.Join(taken, ", "))
		writeProblem(w, r, refuse(http.StatusMethodNotAllowed, "", "method").err)
	}
}
