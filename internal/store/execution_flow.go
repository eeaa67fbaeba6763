package store

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// alreadyRunning refuses what needs a transform to be at rest.
func alreadyRunning(executionID string) error {
	return &core.Error{Code: core.CodeConflict, Reason: "already_running", Details: map[string]any{"executionId": executionID}}
}

// errGone tells that a transform was deleted.
func errGone() error { return core.NotFound("input.id") }

// Start writes a new run and gives it the transform, which must be at rest:
// CONFLICT.already_running with the other run otherwise, NOT_FOUND when the
// transform is gone.
func (r *Executions) Start(ctx context.Context, x *core.Execution) error {
	born(x)
	for try := 0; ; try++ {
		ws, err := r.startWrites(ctx, x)
		if err != nil {
			return err
		}
		err = apply(ctx, r.e, ws)
		failed := table.ConditionFailed(err)
		if failed == nil || failed.Key.Table == table.Sessions {
			return err
		}
		if try >= editTries {
			return &core.Error{Code: core.CodeConflict, Cause: err}
		}
	}
}

// born gives a run what it has from the first moment on; its birth is its first
// sign of life.
func born(x *core.Execution) { x.Version, x.Heartbeat = 1, x.CreatedAt }

func (r *Executions) startWrites(ctx context.Context, x *core.Execution) ([]table.Write, error) {
	s, err := (&Transforms{r.e}).State(ctx, x.TransformID)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return nil, errGone()
	case s.RunningID != "":
		return nil, alreadyRunning(s.RunningID)
	}
	s.RunningID = x.ID
	return append(onceWrites(ctx, x.ID), table.Put(executionKey(x.ID), writeExecution(x), table.IfAbsent()), stateWrite(s)), nil
}

func dueKey(transformID string, due time.Time) table.Key {
	return table.Key{Table: table.Executions, PK: "TRANSFORM#" + transformID, SK: "DUE#" + due.UTC().Format(timeForm)}
}

// Claim decides due times of a transform, each once for all time: with a run, or
// with one that is born skipped; at most 40, of which at most one runs. The state
// is the one that the decision was made on; the transform is next due at the time,
// zero for never. CONFLICT, and nothing is written, when the state is another one
// by now, a run has the transform, or a due time was decided already.
func (r *Executions) Claim(ctx context.Context, s *core.TransformState, next time.Time, decided ...*core.Execution) error {
	claimed := *s
	claimed.NextRunAt = next
	var ws []table.Write
	for _, x := range decided {
		born(x)
		if !x.Status.Final() {
			if claimed.RunningID != "" {
				return alreadyRunning(claimed.RunningID)
			}
			claimed.RunningID = x.ID
		}
		ws = append(ws, table.Put(executionKey(x.ID), writeExecution(x), table.IfAbsent()),
			table.Put(dueKey(x.TransformID, x.DueAt), table.Item{
				"execution_id": x.ID, "ttl": x.CreatedAt.Add(executionsKept).Unix(),
			}, table.IfAbsent()))
	}
	err := apply(ctx, r.e, append(ws, stateWrite(&claimed)))
	if table.ConditionFailed(err) != nil {
		return &core.Error{Code: core.CodeConflict, Cause: err}
	}
	return err
}

// Decided is the run, or the skipped one, that decided a due time; "" for none.
func (r *Executions) Decided(ctx context.Context, transformID string, due time.Time) (executionID string, err error) {
	it, err := r.e.Get(ctx, dueKey(transformID, due))
	return it.Str("execution_id"), err
}

// Output is what a run publishes with its end.
type Output struct {
	Dataset *core.Dataset // with its newest version; of Version 0 it is created
	Version *core.DatasetVersion
}

// Finish ends a run, lets go of its transform and publishes what it wrote (nil:
// nothing), all or nothing. End changes the run as it is now, and refuses where it
// has ended already. CONFLICT when the dataset is another one by now; nil when
// there is no such run.
func (r *Executions) Finish(ctx context.Context, id string, out *Output, end func(*core.Execution) error) (*core.Execution, error) {
	var published []table.Write
	var err error
	if out != nil {
		defer forget[core.Dataset](ctx, table.Datasets, out.Dataset.ID)
		if published, err = (&Datasets{r.e}).publishWrites(ctx, out.Dataset, out.Version); err != nil {
			return nil, err
		}
	}
	x, err := edit(ctx, r.e, executionVersioned(id), 0, func(x *core.Execution) ([]table.Write, error) {
		if err := end(x); err != nil {
			return nil, err
		}
		released, err := r.release(ctx, x)
		return append(released, published...), err
	})
	if failed := table.ConditionFailed(err); failed != nil {
		return nil, &core.Error{Code: core.CodeConflict, Cause: err}
	}
	return x, err
}

// release lets go of the transform that a run has.
func (r *Executions) release(ctx context.Context, x *core.Execution) ([]table.Write, error) {
	s, err := (&Transforms{r.e}).State(ctx, x.TransformID)
	if err != nil || s == nil || s.RunningID != x.ID {
		return nil, err
	}
	s.RunningID = ""
	return []table.Write{stateWrite(s)}, nil
}
