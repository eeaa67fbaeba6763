package app

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/resolvers"
)

// A relaxed sandbox is for code of one's own: nothing that others reach starts with it.
func TestRelaxedIsForLoopbackAlone(t *testing.T) {
	c := config.Config{Env: config.Local, Sandbox: "relaxed", APIHost: "0.0.0.0"}
	if err := (&App{Config: c}).Serve(t.Context(), ServeOptions{}); !errors.Is(err, errRelaxedLocal) {
		t.Errorf("an API that others reach: %v", err)
	}
	if err := RunExecutor(t.Context(), c, "0.0.0.0:0", slog.New(slog.DiscardHandler)); !errors.Is(err, errRelaxedLocal) {
		t.Errorf("an executor that others reach: %v", err)
	}
}

// Everybody is told that the sandbox is weak; which layer it is administrators alone.
func TestSandboxIsAPartOfHealth(t *testing.T) {
	layers := []client.Layer{{Name: "syscalls", Required: true, Detail: "succeeded: socket"}}
	for grade, want := range map[client.Grade]graph.HealthStatus{
		client.GradeStrict:  graph.HealthStatusOk,
		client.GradeRelaxed: graph.HealthStatusDegraded,
		client.GradeRefused: graph.HealthStatusDown,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(client.Health{Status: "ok", Isolation: layers, Grade: grade, Reason: "it does not hold"})
		}))
		a := &App{Executor: client.New(server.URL, "secret")}
		monitor := resolvers.NewMonitor(resolvers.Probe{Name: "sandbox", Layers: a.probeSandbox})
		for ctx, details := range map[context.Context]bool{core.AsSystem(t.Context(), "test"): true, t.Context(): false} {
			if c := monitor.Health(ctx).Components[0]; c.Status != want || (len(c.Layers) == 1) != details {
				t.Errorf("%s: %+v", grade, c)
			}
		}
		server.Close()
	}
}
