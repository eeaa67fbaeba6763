package server

import (
	"encoding/json"
	"net/http"

	"github.com/karuta-bi/karuta/graph"
)

// health tells that the process is alive, in the runbook's own bytes. It asks nobody.
func health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", typeJSON)
	_, _ = w.Write([]byte(`{"status":"ok"}`))
}

// ready tells whether requests can be served: 503 while a part that is needed
// does not work.
func (s *server) ready(w http.ResponseWriter, r *http.Request) {
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
