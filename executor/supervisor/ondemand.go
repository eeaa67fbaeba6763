package supervisor

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// OnDemand is a supervisor that starts with the first run and ends once there was
// none for a while, so that it takes no memory where nobody uses it.
type OnDemand struct {
	cfg  Config
	rest time.Duration

	starting sync.Mutex // held while the supervisor starts or ends
	mu       sync.Mutex
	current  *Supervisor
	turns    int // that are held or waited for
	idle     *time.Timer
	closed   bool
	report   []client.Layer // of the last start
	refusal  string
}

// NewOnDemand starts nothing yet. rest is how long the supervisor stays without a run.
func NewOnDemand(cfg Config, rest time.Duration) *OnDemand {
	return &OnDemand{cfg: cfg, rest: rest}
}

var errEnded = &core.Error{Code: core.CodeUnavailable, Cause: errors.New("supervisor: closed")}

// Turn is [Supervisor.Turn] of a supervisor that is started where there is none.
func (o *OnDemand) Turn(ctx context.Context, w Wish, waits func(client.Place)) (*Turn, error) {
	s, err := o.use(ctx)
	if err != nil {
		return nil, err
	}
	turn, err := s.Turn(ctx, w, waits)
	if err != nil {
		o.unuse()
		return nil, err
	}
	leave := turn.leave
	turn.leave = func() { leave(); o.unuse() }
	return turn, nil
}

// use gives the supervisor, which then stays until unuse.
func (o *OnDemand) use(ctx context.Context) (*Supervisor, error) {
	o.starting.Lock()
	defer o.starting.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o.mu.Lock()
	s, closed := o.current, o.closed
	if s != nil {
		o.turns++
		if o.idle != nil {
			o.idle.Stop()
		}
	}
	o.mu.Unlock()
	if closed {
		return nil, errEnded
	}
	if s != nil {
		return s, nil
	}
	return o.start(ctx)
}

// start does not end with the caller's patience: others wait for it as well. One
// that refuses Python is not kept, so that the next run looks again.
func (o *OnDemand) start(ctx context.Context) (*Supervisor, error) {
	s, err := Start(context.WithoutCancel(ctx), o.cfg)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.report, o.refusal = s.Isolation(), s.Refusal()
	if o.refusal != "" {
		cause := errors.Join(errors.New(o.refusal), s.Close())
		return nil, &core.Error{Code: core.CodeUnavailable, Reason: "python_refused", Cause: cause}
	}
	o.current, o.turns = s, 1
	return s, nil
}

// unuse lets the supervisor rest when nobody uses it any more.
func (o *OnDemand) unuse() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.turns--; o.turns == 0 {
		o.idle = time.AfterFunc(o.rest, func() { _ = o.end(false) })
	}
}

// end ends the supervisor, where it is at rest or for good.
func (o *OnDemand) end(forGood bool) error {
	o.starting.Lock()
	defer o.starting.Unlock()
	o.mu.Lock()
	s := o.current
	if s != nil && o.turns > 0 && !forGood {
		s = nil
	}
	if s != nil {
		o.current = nil
	}
	o.closed = o.closed || forGood
	o.mu.Unlock()
	if s == nil {
		return nil
	}
	return s.Close()
}

// Isolation is that of the last start, nil before the first.
func (o *OnDemand) Isolation() []client.Layer {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.report
}

// Refusal says why Python was refused at the last start, "" where it was not.
func (o *OnDemand) Refusal() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.refusal
}

// Running is the number of transforms that have a process.
func (o *OnDemand) Running() int { return o.count((*Supervisor).Running) }

// Queued is the number of transforms that wait for their turn.
func (o *OnDemand) Queued() int { return o.count((*Supervisor).Queued) }

func (o *OnDemand) count(of func(*Supervisor) int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.current == nil {
		return 0
	}
	return of(o.current)
}

// Close ends all runs and the supervisor for good.
func (o *OnDemand) Close() error {
	o.mu.Lock()
	if o.idle != nil {
		o.idle.Stop()
	}
	o.mu.Unlock()
	return o.end(true)
}
