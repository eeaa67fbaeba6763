package supervisor

import (
	"context"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// Supervisor owns the zygote and every run.
type Supervisor struct{}

// Start starts the zygote and runs the canaries. A weak sandbox or a missing
// interpreter is no error: [Supervisor.Refusal] then says why Python is refused,
// and Render answers SERVICE_UNAVAILABLE.
func Start(ctx context.Context, cfg Config) (*Supervisor, error) { return &Supervisor{}, nil }

// Render runs a card and waits for its end. What the code did wrong is in the
// reply's Problem: EXECUTION_ERROR with a traceback, EXECUTION_TIMEOUT or
// MEMORY_LIMIT. An error is the supervisor's own failure: SERVICE_UNAVAILABLE
// where Python is refused, the queue is full ("busy") or the zygote died during
// the run ("executor_lost"), or the context's error.
func (s *Supervisor) Render(ctx context.Context, run Run) (*client.CardReply, error) {
	return nil, &core.Error{Code: core.CodeUnavailable}
}

// Isolation lists the layers of the sandbox and whether each was seen to hold.
func (s *Supervisor) Isolation() []client.Layer { return nil }

// Refusal says why Python is refused, "" when it runs.
func (s *Supervisor) Refusal() string { return "" }

// Running is the number of runs that have a process.
func (s *Supervisor) Running() int { return 0 }

// Queued is the number of runs that wait for their turn.
func (s *Supervisor) Queued() int { return 0 }

// Close ends all runs and the zygote and waits for them.
func (s *Supervisor) Close() error { return nil }
