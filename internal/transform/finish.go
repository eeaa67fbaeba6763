package transform

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

const publishTries = 5

// publish makes what was written the output's newest version and ends the run, in
// one transaction. A dataset that was changed meanwhile is read again.
func (r *run) publish(ctx context.Context, done *client.TransformDone, target string) *core.RunProblem {
	r.tell(ctx) // who finds the run ended finds all that the code told
	for try := 1; ; try++ {
		out, err := r.output(ctx, done, target)
		if err != nil {
			return problemOf(ctx, err)
		}
		x, err := r.Store.Executions.Finish(ctx, r.x.ID, out, func(x *core.Execution) error {
			switch {
			case x.Status.Final():
				return errEnded
			case x.CancelledBy != "":
				return errCancelled
			}
			x.Status, x.Progress, x.FinishedAt = core.StatusSucceeded, 1, store.Now()
			x.OutputVer, x.OutputRows = out.Version.Number, done.RowCount
			return nil
		})
		switch {
		case err == nil:
			r.journal.add(core.RunEvent{Kind: core.RunEventStatus, Status: core.StatusSucceeded})
			r.tell(ctx)
			r.ended(ctx, x)
			r.noteSuccess(ctx, x, done)
			return nil
		case core.CodeOf(err) != core.CodeConflict || try == publishTries:
			return problemOf(ctx, err)
		}
	}
}

// output is the dataset as the run leaves it, which is new where it was the first.
func (r *run) output(ctx context.Context, done *client.TransformDone, target string) (*store.Output, error) {
	t, err := r.Store.Transforms.Get(ctx, r.x.TransformID)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, core.NotFound("input.id")
	}
	d, err := r.Store.Datasets.Get(ctx, r.x.OutputID)
	if err != nil {
		return nil, err
	}
	now := store.Now()
	if d == nil {
		d = &core.Dataset{ID: r.x.OutputID, Name: t.OutputName, SourceType: core.SourceTransform, TransformID: t.ID, OwnerID: t.OwnerID, CreatedAt: now}
	}
	if d.Columns, err = r.columns(ctx, d.Columns, done.Columns); err != nil {
		return nil, err
	}
	d.RowCount, d.Bytes, d.Parts, d.SummaryKey, d.Path = done.RowCount, done.Bytes, done.Parts, done.Summary, target
	d.DataVersion++
	d.LastImportAt, d.LastImportBy, d.UpdatedAt = now, r.x.RequestedBy, now
	return &store.Output{Dataset: d, Version: &core.DatasetVersion{
		DatasetID: d.ID, Number: d.DataVersion, Columns: d.Columns, RowCount: d.RowCount, Bytes: d.Bytes, Path: target,
		Parts: d.Parts, Summary: d.SummaryKey, RunID: r.x.ID, CreatedAt: now, CreatedBy: r.x.RequestedBy,
	}}, nil
}

// columns are the written columns with what people said of those of the same name:
// in the output until now, else in what was read. So a class goes along with the
// data that it is for.
func (r *run) columns(ctx context.Context, known, written []core.Column) ([]core.Column, error) {
	var ids []string
	for _, in := range r.t.Inputs {
		ids = append(ids, in.DatasetID)
	}
	inputs, err := r.Store.Datasets.Many(ctx, ids)
	if err != nil {
		return nil, err
	}
	columns := make([]core.Column, len(written))
	for i, c := range written {
		if before, ok := core.ColumnNamed(known, c.Name); ok {
			c.Class, c.Description = before.Class, before.Description
		} else {
			for _, d := range inputs {
				if from, ok := d.Column(c.Name); ok {
					c.Class = core.Stricter(c.Class, from.Class)
				}
			}
		}
		columns[i] = c
	}
	return columns, nil
}

// fail ends the run without a version and sweeps what it wrote. Whoever ended it
// before has said how: it may have been this run, whose answer was lost.
func (r *run) fail(ctx context.Context, p *core.RunProblem) {
	status := statusOf(p)
	if ended, err := r.Store.Executions.Get(ctx, r.x.ID); err == nil && ended != nil && ended.Status.Final() {
		status = ended.Status
	}
	r.journal.add(core.RunEvent{Kind: core.RunEventStatus, Status: status})
	r.tell(ctx)
	if _, err := r.end(ctx, r.x.ID, p, time.Time{}); err != nil && !errors.Is(err, errEnded) {
		r.Log.ErrorContext(ctx, "transform could not be ended", "execution", r.x.ID, "error", err)
		return
	}
	r.sweep(ctx, r.x)
}

// end ends a run as failed, whoever worked on it, and writes it down; errAlive where
// it shows another sign of life than the one that was seen (zero: any), errEnded where it has ended.
func (s *Service) end(ctx context.Context, id string, p *core.RunProblem, seen time.Time) (*core.Execution, error) {
	x, err := s.Store.Executions.Finish(ctx, id, nil, func(x *core.Execution) error {
		switch {
		case x.Status.Final():
			return errEnded
		case !seen.IsZero() && !x.Heartbeat.Equal(seen):
			return errAlive
		}
		if x.CancelledBy != "" {
			p = &core.RunProblem{Code: core.CodeExecution, Reason: "cancelled"}
		}
		x.Status, x.Problem, x.FinishedAt = statusOf(p), p, store.Now()
		return nil
	})
	if err != nil || x == nil {
		return x, err
	}
	s.ended(ctx, x)
	s.Log.WarnContext(ctx, "transform failed", "transform", x.TransformID, "execution", x.ID, "status", string(x.Status),
		"code", string(p.Code), "reason", p.Reason, "error", wordFor(p))
	ev := event(core.EventTransformFailed, x.TransformID, map[string]string{
		"execution": x.ID, "code": string(p.Code), "reason": p.Reason, "trigger": string(x.Trigger),
	})
	ev.Outcome = core.OutcomeFailure
	s.Audit.Record(ctx, ev)
	return x, nil
}

// wordFor is the word that the runbook looks for where the data of an input is gone.
func wordFor(p *core.RunProblem) string {
	if p.Code == core.CodeInputMissing {
		return "DatasetFileNotFoundError"
	}
	return ""
}

func (r *run) noteSuccess(ctx context.Context, x *core.Execution, done *client.TransformDone) {
	r.Log.InfoContext(ctx, "transform succeeded", "transform", x.TransformID, "execution", x.ID, "version", x.OutputVer,
		"rows", x.OutputRows, "attempt", x.Attempt, "read_ms", done.ReadMS, "run_ms", done.RunMS, "write_ms", done.WriteMS)
	r.note(ctx, core.EventTransformExecuted, x.TransformID, map[string]string{
		"execution": x.ID, "output": x.OutputID, "version": strconv.FormatInt(x.OutputVer, 10),
		"rows": strconv.FormatInt(x.OutputRows, 10), "trigger": string(x.Trigger),
	})
}

// sweep removes what a run wrote and did not publish. A run may have been published
// although its publishing failed for whoever waited for it, so it is read once more.
// A failure leaves files that cost space and nothing else, so it is only logged.
func (s *Service) sweep(ctx context.Context, x *core.Execution) {
	ended, err := s.Store.Executions.Get(ctx, x.ID)
	if err != nil {
		s.Log.ErrorContext(ctx, "files of a failed transform were not removed", "execution", x.ID, "error", err)
		return
	}
	if ended != nil && ended.Status == core.StatusSucceeded {
		return
	}
	err = blob.Sweep(ctx, s.Blobs, outputFolder(x)+"data/", func(info blob.Info) bool { return strings.Contains(info.Key, "-"+own(x)+".") })
	if err != nil {
		s.Log.ErrorContext(ctx, "files of a failed transform were not removed", "execution", x.ID, "error", err)
	}
}

// statusOf is the state of a run that ended with the problem.
func statusOf(p *core.RunProblem) core.RunStatus {
	switch {
	case p.Code == core.CodeExecutionTimeout:
		return core.StatusTimedOut
	case p.Reason == "cancelled":
		return core.StatusCancelled
	}
	return core.StatusFailed
}

// problemOf is what people are told of an error; a run that the end of the service
// stopped was interrupted, whatever came of that.
func problemOf(ctx context.Context, err error) *core.RunProblem {
	e, ok := errors.AsType[*core.Error](err)
	switch {
	case errors.Is(err, errCancelled) || errors.Is(context.Cause(ctx), errCancelled):
		return &core.RunProblem{Code: core.CodeExecution, Reason: "cancelled"}
	case ctx.Err() != nil || errors.Is(err, errEnded):
		return interrupted()
	case ok:
		return &core.RunProblem{Code: e.Code, Reason: e.Reason, Args: e.Args}
	}
	return &core.RunProblem{Code: core.CodeInternal}
}

// interrupted is the problem of a run that stopped showing life.
func interrupted() *core.RunProblem {
	return &core.RunProblem{Code: core.CodeUnavailable, Reason: "run_interrupted"}
}

// problemFrom is what people are told of what the executor says of code or data.
func problemFrom(p *client.Problem, timeout time.Duration) *core.RunProblem {
	out := &core.RunProblem{Code: p.Code, Reason: p.Reason, Args: p.Args, Traceback: p.Traceback}
	switch {
	case p.Code == core.CodeSourceNotFound:
		out.Code, out.Reason = core.CodeInputMissing, "file_gone"
	case p.Code == core.CodeExecution && p.Reason == "":
		out.Reason = "raised"
	case p.Code == core.CodeExecutionTimeout:
		out.Reason, out.Args = "transform", map[string]any{"seconds": timeout.Seconds()}
	case p.Code == core.CodeMemoryLimit && p.Reason == "":
		out.Reason = "transform"
	case p.Reason == "not_allowed":
		out.Reason = "transform_not_allowed"
	}
	if out.Traceback == nil && p.Message != "" {
		out.Traceback = &core.Traceback{Message: p.Message}
	}
	return out
}
