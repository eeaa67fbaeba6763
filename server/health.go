package server

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/core"
)

// health tells that the process is alive, in the runbook's own bytes. It asks nobody.
func health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", typeJSON)
	_, _ = w.Write([]byte(`{"status":"ok"}`))
}

// ready tells whether requests can be served: 503 while a part that is needed
// does not work.
func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	if err := s.engine.gate.RequireScope(r.Context(), "Query.health", ""); err != nil {
		problem, _ := errors.AsType[*core.Error](err)
		writeProblem(w, r, problem)
		return
	}
	state := s.Resolver.Services.Monitor.Health(r.Context())
	body, err := json.Marshal(state)
	if err != nil {
		panic(err) // plain values
	}
	w.Header().Set("Content-Type", typeJSON)
	if state.Status == graph.HealthStatusDown {
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write(body)
}
