//go:build !linux

package supervisor

import (
	"context"
	"errors"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

const refusal = "Python runs on Linux only: its sandbox is made of the Linux kernel's"

// Supervisor refuses all Python on this system.
type Supervisor struct{}

// Start gives a supervisor that refuses all Python.
func Start(context.Context, Config) (*Supervisor, error) { return &Supervisor{}, nil }

// Render answers SERVICE_UNAVAILABLE.
func (*Supervisor) Render(context.Context, Run) (*client.CardReply, error) {
	return nil, &core.Error{Code: core.CodeUnavailable, Reason: "python_refused", Cause: errors.New(refusal)}
}

// Turn answers SERVICE_UNAVAILABLE.
func (*Supervisor) Turn(context.Context, Wish, func(client.Place)) (*Turn, error) {
	return nil, &core.Error{Code: core.CodeUnavailable, Reason: "python_refused", Cause: errors.New(refusal)}
}

// Turn is never given on this system.
type Turn struct{ leave func() }

// Leave does nothing.
func (*Turn) Leave() {}

// Transform is never called.
func (*Turn) Transform(context.Context, TransformRun, func(client.TransformEvent)) (*Table, error) {
	return nil, errors.New(refusal)
}

// Memory is endless.
func (*Supervisor) Memory() *Memory { return nil }

// Isolation is empty.
func (*Supervisor) Isolation() []client.Layer { return nil }

// Refusal says why Python is refused.
func (*Supervisor) Refusal() string { return refusal }

// Relaxed is false.
func (*Supervisor) Relaxed() bool { return false }

// Limits are none.
func (*Supervisor) Limits() client.Limits { return client.Limits{} }

// Running is 0.
func (*Supervisor) Running() int { return 0 }

// Queued is 0.
func (*Supervisor) Queued() int { return 0 }

// Close does nothing.
func (*Supervisor) Close() error { return nil }
