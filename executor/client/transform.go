package client

import (
	"context"
	"encoding/json"

	"github.com/karuta-bi/karuta/internal/core"
)

// PathTransform runs a transform; the answer is JSON lines of [TransformEvent].
const PathTransform = "/execute/transform"

// TransformRequest asks for one run of a transform.
type TransformRequest struct {
	RunID          string           `json:"runId"`
	User           string           `json:"user"` // see [CardRequest]
	Code           string           `json:"code"`
	Inputs         []TransformInput `json:"inputs"`               // in the order of df_0, df_1, …
	Params         json.RawMessage  `json:"params"`               // JSON object
	Target         string           `json:"target"`               // blob prefix of the version that is written; "" is a trial that keeps nothing
	SampleRows     int              `json:"sampleRows,omitempty"` // of a trial: at most so many rows of each input
	TimeoutSeconds float64          `json:"timeoutSeconds"`
	MemoryMB       int64            `json:"memoryMb"`
}

// TransformInput is a source and the names under which the code finds it.
type TransformInput struct {
	DatasetID string `json:"datasetId"`
	Alias     string `json:"alias,omitempty"`
	Source    Source `json:"source"`
}

// TransformEvent is one line of the answer: exactly one field is set. Queued
// comes while the run waits, Running once it has its turn, Progress and Log
// while it runs, then exactly one of Done and Problem.
type TransformEvent struct {
	Queued   *Place             `json:"queued,omitempty"`
	Running  *TransformRunning  `json:"running,omitempty"`
	Progress *TransformProgress `json:"progress,omitempty"`
	Log      string             `json:"log,omitempty"` // one line that the code printed
	Done     *TransformDone     `json:"done,omitempty"`
	Problem  *Problem           `json:"problem,omitempty"`
}

// TransformRunning tells what the run has got.
type TransformRunning struct {
	RowsIn   []int64 `json:"rowsIn"`   // of each input
	Executor string  `json:"executor"` // its version
}

// TransformProgress is what the code says of its progress (karuta.progress).
type TransformProgress struct {
	Fraction float64 `json:"fraction"`       // 0..1
	Text     string  `json:"text,omitempty"` // at most 500 characters
}

// Transform runs a transform and tells of it on the way; a context that ends also
// ends the run. Exactly one of the three answers is set: what came of it, what the
// code or its data did wrong, or an error as in [Client.Render], also where the
// executor itself failed on the way.
func (c *Client) Transform(ctx context.Context, req TransformRequest, tell func(TransformEvent)) (*TransformDone, *Problem, error) {
	last, err := follow(ctx, c, PathTransform, req, func(ev TransformEvent) bool {
		ended := ev.Done != nil || ev.Problem != nil
		if !ended {
			tell(ev)
		}
		return ended
	})
	if p := last.Problem; p != nil && (p.Code == core.CodeUnavailable || p.Code == core.CodeInternal) {
		return nil, nil, &core.Error{Code: p.Code, Reason: p.Reason, Args: p.Args}
	}
	return last.Done, last.Problem, err
}

// TransformDone describes what came of the run: the version that was written, or
// the first rows of a trial.
type TransformDone struct {
	Columns  []core.Column `json:"columns"`
	RowCount int64         `json:"rowCount"`
	Bytes    int64         `json:"bytes,omitempty"`
	Parts    []string      `json:"parts,omitempty"`
	Summary  string        `json:"summary,omitempty"` // blob key, see [ImportDone]
	Rows     [][]*string   `json:"rows,omitempty"`    // of a trial
	ReadMS   float64       `json:"readMs"`
	RunMS    float64       `json:"runMs"`
	WriteMS  float64       `json:"writeMs"`
}
