package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/singleflight"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/resolvers"
)

// monitor looks at everything that the API depends on. An executor of our own
// is a part of this server and must run; another one's outage must not take the
// API down with it.
func (a *App) newMonitor() *resolvers.Monitor {
	probes := append(a.tableProbes(),
		resolvers.Probe{Name: "blobs", Needed: true, Check: a.probeBlobs},
		resolvers.Probe{Name: "executor", Needed: a.own != nil, Check: a.probeExecutor},
		resolvers.Probe{Name: "python", Check: a.probePython},
		resolvers.Probe{Name: "sandbox", Layers: a.probeSandbox},
		resolvers.Probe{Name: "audit", Check: a.probeAudit},
	)
	if a.Config.RedisURL.Reveal() != "" {
		probes = append(probes, resolvers.Probe{Name: "events", Check: func(context.Context) error { return a.Bus.Check() }})
	}
	if a.OIDC != nil {
		probes = append(probes, resolvers.Probe{Name: "sign-in", Check: a.OIDC.Check})
	}
	if a.Config.SchedulerEnabled {
		probes = append(probes, resolvers.Probe{Name: "scheduler", Check: a.Scheduler.Health})
	}
	return resolvers.NewMonitor(probes...)
}

// tableProbes are one probe for each table; those that run together share one
// look at the engine. They go by the names of the runbook, although the embedded
// engine has its tables to itself and gives them no prefix.
func (a *App) tableProbes() []resolvers.Probe {
	var looks singleflight.Group
	probes := make([]resolvers.Probe, len(table.Tables))
	for i, t := range table.Tables {
		name := a.Config.DynamoDBTablePrefix + t.Name
		probes[i] = resolvers.Probe{Name: "table " + name, Needed: true, Check: func(ctx context.Context) error {
			all, err, _ := looks.Do("tables", func() (any, error) { return a.Store.Engine().Tables(ctx) })
			if err != nil {
				return err
			}
			return exists(all.([]table.Status), name, t.Name)
		}}
	}
	return probes
}

func exists(all []table.Status, names ...string) error {
	for _, s := range all {
		if slices.Contains(names, s.Name) && s.Exists {
			return nil
		}
	}
	return fmt.Errorf("the table %s does not exist; karuta tables init makes it", names[0])
}

// probeBlobs asks for an object that is never there.
func (a *App) probeBlobs(ctx context.Context) error {
	if _, err := a.Blobs.Head(ctx, "health"); !errors.Is(err, blob.ErrNotFound) {
		return err
	}
	return nil
}

func (a *App) probeExecutor(ctx context.Context) error {
	_, err := a.Executor.Health(ctx, false)
	return err
}

// probePython tells why the executor refuses to run Python, where it does.
func (a *App) probePython(ctx context.Context) error {
	h, err := a.Executor.Health(ctx, true)
	if err == nil && h.Reason != "" {
		return errors.New(h.Reason)
	}
	return err
}

// probeSandbox tells what holds people's code back, and where that is not enough.
func (a *App) probeSandbox(ctx context.Context) ([]graph.SandboxLayer, error) {
	h, err := a.Executor.Health(ctx, true)
	if err != nil {
		return nil, err
	}
	layers := make([]graph.SandboxLayer, len(h.Isolation))
	for i, l := range h.Isolation {
		layers[i] = graph.SandboxLayer(l)
	}
	switch {
	case h.Grade == client.GradeRelaxed:
		err = fmt.Errorf("SANDBOX=relaxed: %w", resolvers.ErrWeak)
	case h.Grade == client.GradeRefused:
		err = errors.New(h.Reason)
	}
	return layers, err
}

func (a *App) probeAudit(context.Context) error { return a.Audit.Ready() }
