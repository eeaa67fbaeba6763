package remote

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/karuta-bi/karuta/internal/core"
)

// RunInput is what [Server.StartRun] asks for.
type RunInput struct {
	TransformID  string
	Params       json.RawMessage // nil for the transform's own
	SameInputsAs string          // id of an earlier run, "" for none
	Key          string          // the same key is the same run
}

// startTries is how often a run is asked for, with the same key.
const startTries = 3

// StartRun asks for a run of a transform and gives its id. Where the answer is lost it
// is asked again: the key makes sure that it is one run.
func (s *Server) StartRun(ctx context.Context, in RunInput) (id string, status core.RunStatus, err error) {
	input := map[string]any{"id": in.TransformID, "idempotencyKey": in.Key}
	if in.Params != nil {
		input["params"] = in.Params
	}
	if in.SameInputsAs != "" {
		input["sameInputsAs"] = in.SameInputsAs
	}
	var out struct{ ExecuteTransform struct{ Execution runNow } }
	for try := 1; ; try++ {
		err = s.do(ctx, "karuta/run-transform", map[string]any{"input": input}, &out)
		if _, answered := errors.AsType[*Problem](err); err == nil || answered || try == startTries || ctx.Err() != nil {
			return out.ExecuteTransform.Execution.ID, out.ExecuteTransform.Execution.Status, err
		}
	}
}

type runNow struct {
	ID     string
	Status core.RunStatus
}

// CancelRun asks for the end of a run.
func (s *Server) CancelRun(ctx context.Context, id string) error {
	return s.do(ctx, "karuta/cancel-run", map[string]any{"input": map[string]any{"id": id}}, nil)
}

// RunStep is what is told of a run at once.
type RunStep struct {
	Seq         int64           `json:"seq"`
	ExecutionID string          `json:"executionId"`
	Status      core.RunStatus  `json:"status"`
	Progress    float64         `json:"progress"` // 0..1
	Events      []core.RunEvent `json:"events"`   // none twice
	Missed      int64           `json:"missed,omitempty"`
	Execution   *RunState       `json:"execution,omitempty"`
}

// RunState is what is known of a run beside its steps.
type RunState struct {
	OutputVersion  int64     `json:"outputVersion,omitempty"`
	OutputRowCount int64     `json:"outputRowCount,omitempty"`
	Output         *Named    `json:"output,omitempty"`
	Error          *RunError `json:"error,omitempty"`
}

// Named is something with an id and a name.
type Named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// RunError is why a run failed.
type RunError struct {
	Code      core.Code       `json:"code"`
	Message   string          `json:"message"`
	Traceback *core.Traceback `json:"traceback,omitempty"`
}

// FollowRun tells what a run tells until it has ended, and gives the last of it.
func (s *Server) FollowRun(ctx context.Context, id string, hear func(*RunStep)) (last *RunStep, err error) {
	var seen int64
	err = s.follow(ctx, "karuta/follow-run", id, only(func(told *RunStep) step {
		last = told
		last.Events, last.Missed = fresh(last.Events, &seen, func(ev core.RunEvent) int64 { return ev.Seq })
		hear(last)
		return step{last.Seq, last.Status.Final()}
	}))
	return last, err
}

// fresh are the events that were not seen yet, and how many before them are lost.
func fresh[T any](events []T, seen *int64, number func(T) int64) (news []T, missed int64) {
	news = []T{}
	for _, ev := range events {
		n := number(ev)
		if n <= *seen {
			continue
		}
		if len(news) == 0 && *seen > 0 {
			missed = n - *seen - 1
		}
		news, *seen = append(news, ev), n
	}
	return news, missed
}
