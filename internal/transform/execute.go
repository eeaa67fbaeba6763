package transform

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// maxRuns is how many runs may go on or wait in this process.
const maxRuns = 100

// ExecuteInput asks for a run.
type ExecuteInput struct {
	core.Idempotent
	ID           string
	Params       *string // instead of the transform's own; nil leaves them
	SameInputsAs string  // id of a run whose versions of the datasets are read again, "" reads the newest
}

// Execute starts a run and answers at once with it; for the transform's owner.
// INPUT_DATASET_MISSING and INPUT_DATASET_EMPTY where it has nothing to read,
// CONFLICT.already_running, with executionId in the details, while another goes on.
func (s *Service) Execute(ctx context.Context, in ExecuteInput) (*core.Execution, error) {
	t, err := s.Gate.RequireTransform(ctx, "input.id", in.ID, access.Run)
	if err != nil {
		return nil, err
	}
	x, err := s.asked(ctx, t, in)
	if err != nil {
		return nil, err
	}
	leave, ok := s.Reserve()
	if !ok {
		return nil, busy(nil)
	}
	if err := s.start(ctx, x); err != nil {
		leave()
		return nil, err
	}
	s.Begin(ctx, t, x, leave)
	return x, nil
}

// start gives the run its transform. One that fell silent while it had it is
// given up first.
func (s *Service) start(ctx context.Context, x *core.Execution) error {
	err := s.Store.Executions.Start(ctx, x)
	e, ok := errors.AsType[*core.Error](err)
	if !ok || e.Reason != "already_running" {
		return err
	}
	other, _ := e.Details["executionId"].(string)
	if gaveUp, failed := s.giveUpSilent(ctx, other); failed != nil || !gaveUp {
		return cmp.Or(failed, err)
	}
	return s.Store.Executions.Start(ctx, x)
}

// asked is the run that was asked for.
func (s *Service) asked(ctx context.Context, t *core.Transform, in ExecuteInput) (*core.Execution, error) {
	params := t.Params
	if in.Params != nil {
		var err error
		if params, err = core.CheckParams("input.params", *in.Params); err != nil {
			return nil, err
		}
	}
	pinned, err := s.inputsOf(ctx, t, in.SameInputsAs)
	if err != nil {
		return nil, err
	}
	x, err := s.draft(ctx, t, pinned)
	if err == nil {
		x.Params = params
	}
	return x, err
}

// inputsOf are the versions that an earlier run read; none where none is named.
func (s *Service) inputsOf(ctx context.Context, t *core.Transform, executionID string) ([]core.ExecutionInput, error) {
	if executionID == "" {
		return nil, nil
	}
	if err := core.CheckID("input.sameInputsAs", executionID, core.NounExecution); err != nil {
		return nil, err
	}
	if of, _ := core.ExecutionTransform(executionID); of != t.ID {
		return nil, core.NotFound("input.sameInputsAs")
	}
	earlier, err := s.Store.Executions.Get(ctx, executionID)
	if err != nil {
		return nil, core.Internal("read earlier run", err)
	}
	if earlier == nil || len(earlier.Inputs) == 0 {
		return nil, core.NotFound("input.sameInputsAs")
	}
	return earlier.Inputs, nil
}

var _ Runner = (*Service)(nil)

// Draft implements [Runner].
func (s *Service) Draft(ctx context.Context, t *core.Transform) (*core.Execution, error) {
	return s.draft(ctx, t, nil)
}

// draft is the run of a transform as it is now, for its owner, over the pinned
// versions or, where there are none, the newest.
func (s *Service) draft(ctx context.Context, t *core.Transform, pinned []core.ExecutionInput) (*core.Execution, error) {
	_, read, err := s.sources(ctx, pinned, t.Inputs)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(t.Code))
	return &core.Execution{
		ID: core.NewExecutionID(t.ID), TransformID: t.ID, Status: core.StatusQueued, Trigger: core.TriggerManual, RequestedBy: t.OwnerID,
		Params: t.Params, CodeHash: hex.EncodeToString(sum[:]), Inputs: read, OutputID: t.OutputID, Attempt: 1, CreatedAt: store.Now(),
	}, nil
}

// Begin implements [Runner].
func (s *Service) Begin(ctx context.Context, t *core.Transform, x *core.Execution, leave func()) {
	begun := *x
	ctx, cancel := context.WithCancelCause(core.Detach(s.life, ctx))
	s.mu.Lock()
	s.runs[begun.ID] = cancel
	s.mu.Unlock()
	go func() {
		defer leave()
		defer cancel(nil)
		(&run{Service: s, t: t, x: &begun, cancel: cancel, journal: &journal{}}).work(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.runs, begun.ID)
	}()
}

// Reserve implements [Runner]; there is no place once the service is closed.
func (s *Service) Reserve() (leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.places >= maxRuns {
		return nil, false
	}
	s.places++
	s.wg.Add(1)
	return func() {
		s.mu.Lock()
		s.places--
		s.mu.Unlock()
		s.wg.Done()
	}, true
}
