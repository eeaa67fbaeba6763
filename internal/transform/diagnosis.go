package transform

import (
	"context"
	"errors"
	"slices"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
)

// logLines is how many of the last lines of a run a diagnosis shows.
const logLines = 50

// Diagnosis is all that somebody looks at after a transform failed.
type Diagnosis struct {
	TransformID      string
	NewestExecution  *core.Execution // nil where it never ran
	ExecutorAnswers  bool
	ExecutorProblem  string // why it runs no Python, in its own words, "" for none
	ExecutorsRunning int
	ExecutorsQueued  int
	Inputs           []InputState
	LogHits          []core.RunEvent // the last lines that the newest run printed
	Advice           []core.TransformAdvice
}

// InputState is how a dataset that a transform reads is.
type InputState struct {
	DatasetID  string
	Alias      string
	Exists     bool // it is there, and the transform's owner may read it
	Rows       int64
	FileExists bool // so is its data
}

// Diagnose looks at a transform, its newest run, its inputs and the executor; for
// its owner and admins.
func (s *Service) Diagnose(ctx context.Context, id string) (*Diagnosis, error) {
	t, err := s.Gate.RequireTransform(ctx, "id", id, access.View)
	if err != nil {
		return nil, err
	}
	d := &Diagnosis{TransformID: id}
	page, err := s.Store.Executions.Of(ctx, id, core.PageArgs{First: 1})
	if err != nil {
		return nil, core.Internal("read runs", err)
	}
	if len(page.Nodes) > 0 {
		d.NewestExecution = page.Nodes[0]
		if d.LogHits, err = s.lastLines(ctx, page.Nodes[0].ID); err != nil {
			return nil, err
		}
	}
	if health, err := s.Executor.Health(ctx, true); err == nil {
		d.ExecutorAnswers, d.ExecutorProblem = true, health.Reason
		d.ExecutorsRunning, d.ExecutorsQueued = health.Running, health.Queued
	}
	for _, in := range t.Inputs {
		state, err := s.inputState(ctx, t, in)
		if err != nil {
			return nil, err
		}
		d.Inputs = append(d.Inputs, state)
	}
	d.Advice = advice(d)
	return d, nil
}

func (s *Service) lastLines(ctx context.Context, executionID string) ([]core.RunEvent, error) {
	events, err := s.Store.Executions.Events(ctx, executionID, 0)
	if err != nil {
		return nil, core.Internal("read events of run", err)
	}
	lines := slices.DeleteFunc(events, func(ev core.RunEvent) bool { return ev.Kind != core.RunEventLog })
	return lines[max(0, len(lines)-logLines):], nil
}

func (s *Service) inputState(ctx context.Context, t *core.Transform, in core.TransformInput) (InputState, error) {
	state := InputState{DatasetID: in.DatasetID, Alias: in.Alias}
	d, err := s.Store.Datasets.Get(ctx, in.DatasetID)
	if err != nil {
		return state, core.Internal("read input of transform", err)
	}
	owner, err := s.Store.Users.Get(ctx, t.OwnerID)
	if err != nil {
		return state, core.Internal("read owner of transform", err)
	}
	if d == nil || owner == nil || d.OwnerID != owner.ID && owner.Role != core.RoleAdmin {
		return state, nil
	}
	state.Exists, state.Rows, state.FileExists = true, d.RowCount, true
	for _, part := range d.Parts {
		if _, err := s.Blobs.Head(ctx, part); errors.Is(err, blob.ErrNotFound) {
			state.FileExists = false
		} else if err != nil {
			return state, core.Internal("look for data of input", err)
		}
	}
	return state, nil
}

// advice is what to do about what was found, the first the most likely to help.
func advice(d *Diagnosis) (all []core.TransformAdvice) {
	add := func(when bool, a core.TransformAdvice) {
		if when && !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	add(!d.ExecutorAnswers, core.AdviceExecutorAway)
	add(d.ExecutorProblem != "", core.AdviceExecutorRefuses)
	for _, in := range d.Inputs {
		add(!in.Exists, core.AdviceInputMissing)
		add(in.Exists && in.Rows == 0, core.AdviceInputEmpty)
		add(in.Exists && !in.FileExists, core.AdviceInputFileGone)
	}
	x := d.NewestExecution
	add(x == nil, core.AdviceNeverRan)
	if x != nil && x.Problem != nil {
		byCode := map[core.Code]core.TransformAdvice{
			core.CodeFunctionMissing: core.AdviceDefineFunction, core.CodeReturnType: core.AdviceReturnFrame,
			core.CodeExecutionTimeout: core.AdviceFaster, core.CodeMemoryLimit: core.AdviceLessMemory, core.CodeExecution: core.AdviceReadTraceback,
		}
		known, ok := byCode[x.Problem.Code]
		add(ok && x.Status != core.StatusCancelled, known)
		add(x.Problem.Code == core.CodeUnavailable, core.AdviceRunAgain)
	}
	add(len(all) == 0, core.AdviceAllWell)
	return all
}
