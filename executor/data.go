package executor

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/executor/engine"
	"github.com/karuta-bi/karuta/internal/core"
)

// Engine reads and writes data; see [engine.Engine].
type Engine interface {
	Import(ctx context.Context, req client.ImportRequest, progress func(client.ImportEvent)) (*client.ImportDone, *client.Problem, error)
	Slice(ctx context.Context, src client.Source, columns []string) (*engine.Slice, error)
	Sample(ctx context.Context, src client.Source, rows int64) (*engine.Slice, error)
	Write(ctx context.Context, out engine.Output) (*client.TransformDone, *client.Problem, error)
	Export(ctx context.Context, req client.ExportRequest) (*engine.Exported, error)
	Rows(ctx context.Context, req client.RowsRequest) (*client.RowsReply, error)
	Values(ctx context.Context, req client.ValuesRequest) (*client.ValuesReply, error)
	Summarise(ctx context.Context, req client.SummaryRequest) error
}

// How long reading and importing may take at most; the caller may give up sooner.
const (
	readTimeout   = time.Minute
	importTimeout = time.Hour
)

func (s *server) rows(ctx context.Context, w http.ResponseWriter, req client.RowsRequest) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	rows, err := s.engine.Rows(ctx, req)
	if problem := problemOf(err); problem != nil {
		return reply(w, client.RowsReply{Problem: problem})
	}
	if err != nil {
		return err
	}
	return reply(w, rows)
}

func (s *server) values(ctx context.Context, w http.ResponseWriter, req client.ValuesRequest) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	values, err := s.engine.Values(ctx, req)
	if problem := problemOf(err); problem != nil {
		return reply(w, client.ValuesReply{Problem: problem})
	}
	if err != nil {
		return err
	}
	return reply(w, values)
}

func (s *server) summary(ctx context.Context, w http.ResponseWriter, req client.SummaryRequest) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	err := s.engine.Summarise(ctx, req)
	if problem := problemOf(err); problem != nil {
		return reply(w, client.SummaryReply{Problem: problem})
	}
	if err != nil {
		return err
	}
	return reply(w, client.SummaryReply{})
}

// importFile answers with one line for each step, as it happens. The status is
// sent with the first line, so a failure after that is a line too.
func (s *server) importFile(ctx context.Context, w http.ResponseWriter, req client.ImportRequest) error {
	ctx, cancel := context.WithTimeout(ctx, importTimeout)
	defer cancel()
	tell := lines[client.ImportEvent](w)
	done, problem, err := s.engine.Import(ctx, req, func(ev client.ImportEvent) {
		_ = tell(ev) // a caller who left ends the context
	})
	if err != nil {
		s.log.ErrorContext(ctx, "import failed", "job", req.JobID, "cause", err)
		problem = &client.Problem{Code: core.CodeOf(err)}
	}
	return tell(client.ImportEvent{Progress: 1, Done: done, Problem: problem})
}

// lines answers with JSON lines, each sent at once.
func lines[Event any](w http.ResponseWriter) func(Event) error {
	w.Header().Set("Content-Type", "application/jsonl")
	encoder, out := json.NewEncoder(w), http.NewResponseController(w)
	return func(ev Event) error {
		if err := encoder.Encode(ev); err != nil {
			return err
		}
		return out.Flush()
	}
}
