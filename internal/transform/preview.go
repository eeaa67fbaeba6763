package transform

import (
	"context"
	"errors"
	"strings"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// MaxSample is the most rows of each input that a trial reads.
const MaxSample = 1000

// maxPreviewLog bounds what a trial shows of what the code printed, in bytes.
const maxPreviewLog = 64 << 10

// PreviewInput is code that is not saved yet, over the first rows of datasets.
type PreviewInput struct {
	Inputs    []core.TransformInput
	Code      string
	Params    string
	LimitRows int // of each input, 1..[MaxSample]
}

// Preview is what a trial gave. Nothing of it is kept.
type Preview struct {
	Columns  []core.Column
	Rows     [][]*string // the first ones, as text; nil is null
	RowCount int64       // of the whole result
	Log      string
	ReadMS   float64
	RunMS    float64
}

// Preview tries code on a sample; for those who manage each of the datasets. What
// the code does wrong is an error with Details["traceback"] and Details["log"].
func (s *Service) Preview(ctx context.Context, in PreviewInput) (*Preview, error) {
	if _, err := s.Gate.RequireSignedIn(ctx); err != nil {
		return nil, err
	}
	req, err := s.trial(ctx, in)
	if err != nil {
		return nil, err
	}
	timeout, cancel := context.WithTimeout(ctx, s.cfg.Timeout+waitTimeout)
	defer cancel()
	var printed strings.Builder
	done, problem, err := s.Executor.Transform(timeout, req, func(ev client.TransformEvent) {
		if ev.Log != "" && printed.Len()+len(ev.Log) < maxPreviewLog {
			printed.WriteString(ev.Log + "\n")
		}
	})
	switch {
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return nil, busy(err)
	case err != nil:
		return nil, err
	case problem != nil:
		return nil, tell(problemFrom(problem, s.cfg.Timeout), printed.String())
	}
	return &Preview{Columns: done.Columns, Rows: done.Rows, RowCount: done.RowCount, Log: printed.String(), ReadMS: done.ReadMS, RunMS: done.RunMS}, nil
}

// trial is what the executor is asked.
func (s *Service) trial(ctx context.Context, in PreviewInput) (req client.TransformRequest, err error) {
	if in.LimitRows < 1 || in.LimitRows > MaxSample {
		return req, core.Invalid("input.limitRows", "out_of_range", "min", 1, "max", MaxSample)
	}
	if err = core.CheckCode("input.code", in.Code); err != nil {
		return req, err
	}
	if in.Params, err = core.CheckParams("input.params", in.Params); err != nil {
		return req, err
	}
	if err = checkInputs(in.Inputs); err != nil {
		return req, err
	}
	if err = s.requireInputs(ctx, in.Inputs); err != nil {
		return req, err
	}
	inputs, _, err := s.sources(ctx, nil, in.Inputs)
	return client.TransformRequest{
		RunID: core.NewID("run"), User: client.UserKey(core.ActorFrom(ctx).UserID()), Code: in.Code, Inputs: inputs, Params: params(in.Params),
		SampleRows: in.LimitRows, TimeoutSeconds: s.cfg.Timeout.Seconds(), MemoryMB: s.cfg.MemoryMB,
	}, err
}

// tell is the problem as an error for the code's author.
func tell(p *core.RunProblem, printed string) error {
	e := &core.Error{Code: p.Code, Reason: p.Reason, Args: p.Args, Details: map[string]any{}}
	if p.Traceback != nil {
		e.Details["traceback"] = p.Traceback
	}
	if printed != "" {
		e.Details["log"] = printed
	}
	return e
}
