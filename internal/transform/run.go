package transform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/drain"
	"github.com/karuta-bi/karuta/internal/store"
)

const (
	attempts    = 3 // in all, where the executor was lost on the way
	retryPause  = time.Second
	comeBack    = time.Minute      // after which it is worth asking again where all places are taken
	waitTimeout = 15 * time.Minute // for its turn and its data
	endTimeout  = 10 * time.Second // for writing down how a run ended
)

// Why a run is stopped before its end, or is left alone.
var (
	errCancelled = errors.New("transform: the run was cancelled")
	errEnded     = errors.New("transform: the run has ended already")
	errAlive     = errors.New("transform: the run shows life")
)

// run is one run of a transform from its turn to its end. The actor of its context
// is the transform's owner, whoever or whatever asked for it.
type run struct {
	*Service
	x       *core.Execution
	t       *core.Transform
	number  int64 // of the version that it will write, where nothing comes before it
	cancel  context.CancelCauseFunc
	journal *journal
}

// work does the run and writes down how it ended.
func (r *run) work(ctx context.Context) {
	r.journal.add(core.RunEvent{Kind: core.RunEventStatus, Status: core.StatusQueued})
	stop, hush := r.beat(ctx), drain.Every(ctx, tellEvery, r.tellWhenDue)
	done, target, problem := r.write(ctx)
	stop()
	hush()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if problem == nil {
		if problem = r.publish(end, done, target); problem == nil {
			return
		}
	}
	r.fail(end, problem)
}

// write lets the executor write the output's next version below a folder of the
// run's own, where nobody looks before it is published. It is tried again where
// the executor was lost, and only then: what the code does wrong it does again.
func (r *run) write(ctx context.Context) (*client.TransformDone, string, *core.RunProblem) {
	req, err := r.request(ctx)
	if err != nil {
		return nil, "", problemOf(ctx, err)
	}
	for attempt := int64(1); ; attempt++ {
		req.Target = r.target(attempt)
		done, problem, err := r.attempt(ctx, req, attempt)
		switch {
		case problem != nil:
			return nil, "", problemFrom(problem, r.cfg.Timeout)
		case err == nil:
			return done, req.Target, nil
		case !lost(err) || attempt == attempts || ctx.Err() != nil:
			return nil, "", problemOf(ctx, err)
		}
		r.Log.WarnContext(ctx, "transform lost its executor", "execution", r.x.ID, "attempt", attempt, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(retryPause):
		}
	}
}

// request is what the executor is asked.
func (r *run) request(ctx context.Context) (client.TransformRequest, error) {
	inputs, _, err := r.sources(ctx, r.x.Inputs, r.t.Inputs)
	if err != nil {
		return client.TransformRequest{}, err
	}
	output, err := r.Store.Datasets.Get(ctx, r.x.OutputID)
	if err != nil {
		return client.TransformRequest{}, core.Internal("read output of transform", err)
	}
	if r.number = 1; output != nil {
		r.number = output.DataVersion + 1
	}
	return client.TransformRequest{
		RunID: r.x.ID, User: client.UserKey(r.t.OwnerID), Code: r.t.Code, Inputs: inputs, Params: params(r.x.Params),
		TimeoutSeconds: r.cfg.Timeout.Seconds(), MemoryMB: r.cfg.MemoryMB,
	}, nil
}

func params(stored string) json.RawMessage {
	if stored == "" {
		return json.RawMessage("{}")
	}
	return json.RawMessage(stored)
}

// target is where one attempt writes: a lost executor may still be writing for
// another one.
func (r *run) target(attempt int64) string {
	return fmt.Sprintf("%sdata/v%06d-%s.%d/", outputFolder(r.x), r.number, own(r.x), attempt)
}

func outputFolder(x *core.Execution) string { return "datasets/" + x.OutputID + "/" }

// own is what names a run's folders: the end of its id, which is random.
func own(x *core.Execution) string { return x.ID[len(x.ID)-12:] }

// attempt asks the executor once.
func (r *run) attempt(ctx context.Context, req client.TransformRequest, attempt int64) (*client.TransformDone, *client.Problem, error) {
	if attempt > 1 {
		if _, err := r.edit(ctx, func(x *core.Execution) { x.Attempt, x.Progress = attempt, 0 }); err != nil {
			return nil, nil, err
		}
	}
	timeout, cancel := context.WithTimeout(ctx, r.cfg.Timeout+waitTimeout)
	defer cancel()
	done, problem, err := r.Executor.Transform(timeout, req, func(ev client.TransformEvent) { r.hear(ctx, ev) })
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = busy(err)
	}
	return done, problem, err
}

// hear takes in what the executor tells while it works.
func (r *run) hear(ctx context.Context, ev client.TransformEvent) {
	switch {
	case ev.Queued != nil:
		r.journal.add(core.RunEvent{
			Kind: core.RunEventStatus, Status: core.StatusQueued, Position: ev.Queued.Position, WaitSeconds: ev.Queued.WaitSeconds,
		})
	case ev.Running != nil:
		r.journal.add(core.RunEvent{Kind: core.RunEventStatus, Status: core.StatusRunning})
		_, err := r.edit(ctx, func(x *core.Execution) {
			x.Status, x.Executor = core.StatusRunning, ev.Running.Executor
			if x.StartedAt.IsZero() {
				x.StartedAt = store.Now()
			}
		})
		if err != nil && ctx.Err() == nil {
			r.Log.WarnContext(ctx, "transform begins unnoticed", "execution", r.x.ID, "error", err)
		}
	case ev.Progress != nil:
		r.journal.add(core.RunEvent{Kind: core.RunEventProgress, Progress: ev.Progress.Fraction, Text: ev.Progress.Text})
	case ev.Log != "":
		r.journal.add(core.RunEvent{Kind: core.RunEventLog, Text: ev.Log})
	}
}

// edit changes the run's record while it goes on.
func (r *run) edit(ctx context.Context, change func(*core.Execution)) (*core.Execution, error) {
	return r.Store.Executions.Edit(ctx, r.x.ID, func(x *core.Execution) error {
		if x.Status.Final() {
			return errEnded
		}
		change(x)
		return nil
	})
}

// busy is the error where there was no turn or no place for a run.
func busy(cause error) error {
	return &core.Error{Code: core.CodeUnavailable, Reason: "busy", Args: map[string]any{"seconds": comeBack.Seconds()}, Cause: cause}
}

func lost(err error) bool {
	e, ok := errors.AsType[*core.Error](err)
	return ok && e.Reason == "executor_lost"
}
