package remote

import (
	"context"
	"io"

	"github.com/karuta-bi/karuta/internal/core"
)

// ImportInput is a file that is to become a dataset of whose token it is.
type ImportInput struct {
	Name, Description string
	Filename          string
	File              io.Reader
	Options           core.CSVOptions // encoding, delimiter, header and lines to skip
}

// StartImport sends the file and gives the id of its import, which goes on there.
func (s *Server) StartImport(ctx context.Context, in ImportInput) (id string, status core.RunStatus, err error) {
	input := map[string]any{"name": in.Name, "file": nil, "skipRows": in.Options.SkipRows, "header": in.Options.Header == nil || *in.Options.Header}
	for name, value := range map[string]string{"description": in.Description, "encoding": in.Options.Encoding, "delimiter": in.Options.Delimiter} {
		if value != "" {
			input[name] = value
		}
	}
	var out struct{ ImportCSV struct{ Job runNow } }
	err = s.upload(ctx, "karuta/import-file", map[string]any{"input": input}, in.Filename, in.File, &out)
	return out.ImportCSV.Job.ID, out.ImportCSV.Job.Status, err
}

// CancelImport asks for the end of an import.
func (s *Server) CancelImport(ctx context.Context, id string) error {
	return s.do(ctx, "karuta/cancel-import", map[string]any{"input": map[string]any{"id": id}}, nil)
}

// ImportStep is what is told of an import at once.
type ImportStep struct {
	Seq      int64            `json:"seq"`
	JobID    string           `json:"jobId"`
	Status   core.RunStatus   `json:"status"`
	Stage    core.ImportStage `json:"stage,omitempty"`
	Progress float64          `json:"progress"` // 0..1
	Events   []ImportEvent    `json:"events"`   // none twice
	Missed   int64            `json:"missed,omitempty"`
	Job      *ImportState     `json:"job,omitempty"`
}

// ImportEvent is one event of an import, with what it says to people.
type ImportEvent struct {
	core.ImportEvent
	Text string `json:"text,omitempty"`
}

// ImportState is what is known of an import beside its steps.
type ImportState struct {
	Dataset *ImportedDataset `json:"dataset,omitempty"`
	Error   *ImportError     `json:"error,omitempty"`
}

// ImportedDataset is what came out of an import.
type ImportedDataset struct {
	Named
	RowCount int64         `json:"rowCount"`
	Columns  []core.Column `json:"columns"` // names and types
}

// ImportError is why an import failed, with the place in the file.
type ImportError struct {
	Code    core.Code `json:"code"`
	Message string    `json:"message"`
	Line    int64     `json:"line,omitempty"` // from 1, 0 for none
	Column  int64     `json:"column,omitempty"`
	Sample  string    `json:"sample,omitempty"`
}

// FollowImport tells what an import tells until it has ended, and gives the last of it.
func (s *Server) FollowImport(ctx context.Context, id string, hear func(*ImportStep)) (last *ImportStep, err error) {
	var seen int64
	err = s.follow(ctx, "karuta/follow-import", id, only(func(told *ImportStep) step {
		last = told
		last.Events, last.Missed = fresh(last.Events, &seen, func(ev ImportEvent) int64 { return ev.Seq })
		hear(last)
		return step{last.Seq, last.Status.Final()}
	}))
	return last, err
}
