package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Create writes a new transform with its state, whose next due time is zero where
// no schedule is on. NOT_FOUND when one of its inputs is gone by now.
func (r *Transforms) Create(ctx context.Context, t *core.Transform, next time.Time) error {
	t.Version = 1
	state := &core.TransformState{TransformID: t.ID, NextRunAt: next, Version: 1}
	return guarded(func() error {
		inputs, err := r.inputWrites(ctx, t.ID, nil, t.Inputs)
		if err != nil {
			return err
		}
		return apply(ctx, r.e, slices.Concat([]table.Write{
			table.Put(transformKey(t.ID), writeTransform(t), table.IfAbsent()),
			table.Put(stateKey(t.ID), writeState(state), table.IfAbsent()),
			rightsWrite(transformKey(t.ID), rightsChange(ctx, t.ID, core.RightsCreated, t.OwnerID)),
		}, inputs, onceWrites(ctx, t.ID)))
	})
}

// Edit changes a transform under the version the caller saw (0: any); nil when
// there is none. Change also tells when it is due next, zero for never; that is
// written where the schedule is another one afterwards. What change reads of
// other transforms' inputs still holds when it is written; NOT_FOUND when a new
// input is gone by then.
func (r *Transforms) Edit(ctx context.Context, id string, want int64, change func(*core.Transform) (next time.Time, err error)) (*core.Transform, error) {
	defer forget[core.Transform](ctx, table.Transforms, id)
	return edit(ctx, r.e, transformVersioned(id), want, func(t *core.Transform) (ws []table.Write, err error) {
		graph, err := r.e.Get(ctx, graphKey)
		if err != nil {
			return nil, err
		}
		was := *t
		next, err := change(t)
		if err != nil {
			return nil, err
		}
		if !slices.Equal(was.Inputs, t.Inputs) {
			if ws, err = r.inputWrites(ctx, id, was.Inputs, t.Inputs); err != nil {
				return nil, err
			}
			ws = append(ws, nextGraph(graph))
		}
		if was.Schedule != t.Schedule {
			due, err := r.dueWrite(ctx, id, next)
			if err != nil {
				return nil, err
			}
			ws = append(ws, due)
		}
		return ws, nil
	})
}

// nextGraph is the graph's guard written anew over the one that was read.
func nextGraph(was table.Item) table.Write {
	cond := table.IfVersion(was.Int("version"))
	if was == nil {
		cond = table.IfAbsent()
	}
	return table.Put(graphKey, table.Item{"version": was.Int("version") + 1}, cond)
}

// inputWrites make the inputs of a transform what they are now.
func (r *Transforms) inputWrites(ctx context.Context, id string, was, now []core.TransformInput) (ws []table.Write, err error) {
	reads := func(inputs []core.TransformInput, datasetID string) bool {
		return slices.ContainsFunc(inputs, func(in core.TransformInput) bool { return in.DatasetID == datasetID })
	}
	var coming []table.Key
	for _, in := range now {
		if !reads(was, in.DatasetID) {
			coming = append(coming, datasetKey(in.DatasetID))
		}
	}
	guards, err := guardsOf(ctx, r.e, coming...)
	if err != nil {
		return nil, err
	}
	for i, in := range now {
		if reads(was, in.DatasetID) {
			continue
		}
		g, there := guards[datasetKey(in.DatasetID)]
		if !there {
			return nil, core.NotFound(fmt.Sprintf("input.inputs.%d.datasetId", i))
		}
		ws = append(ws, g.joinedBy(id), table.Put(inputKey(id, in.DatasetID),
			table.Item{"input_dataset_id": in.DatasetID, "transform_id": id}, table.Always()))
	}
	for _, in := range was {
		if !reads(now, in.DatasetID) {
			ws = append(ws, table.Delete(inputKey(id, in.DatasetID), table.Always()))
		}
	}
	return ws, nil
}

// Delete removes a transform at the given version; CONFLICT when it changed
// meanwhile, CONFLICT.already_running while it runs, NOT_FOUND when it is gone.
// Its executions stay until their time is over.
func (r *Transforms) Delete(ctx context.Context, t *core.Transform) error {
	defer forget[core.Transform](ctx, table.Transforms, t.ID)
	for try := 0; ; try++ {
		s, err := r.State(ctx, t.ID)
		switch {
		case err != nil:
			return err
		case s == nil:
			return core.NotFound("input.id")
		case s.RunningID != "":
			return alreadyRunning(s.RunningID)
		}
		ws := []table.Write{
			table.Delete(transformKey(t.ID), table.IfVersion(t.Version)),
			table.Delete(stateKey(t.ID), table.IfVersion(s.Version)),
			rightsWrite(transformKey(t.ID), rightsChange(ctx, t.ID, core.RightsDeleted, "")),
		}
		for _, in := range t.Inputs {
			ws = append(ws, table.Delete(inputKey(t.ID, in.DatasetID), table.Always()))
		}
		err = r.e.Transact(ctx, "", ws)
		failed := table.ConditionFailed(err)
		switch {
		case failed == nil:
			return err
		case failed.Index == 0:
			return core.Conflict(t.Version, failed.Current.Int("version"))
		case try >= editTries:
			return &core.Error{Code: core.CodeConflict, Cause: err}
		}
	}
}
