package executor

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/executor/engine"
	"github.com/karuta-bi/karuta/executor/supervisor"
	"github.com/karuta-bi/karuta/internal/core"
)

// Runner runs people's Python; see [supervisor.Supervisor].
type Runner interface {
	Render(ctx context.Context, run supervisor.Run) (*client.CardReply, error)
	Isolation() []client.Layer
	Refusal() string
	Relaxed() bool
	Limits() client.Limits
	Running() int
	Queued() int
}

// cardOverhead is how long a card may wait for its turn and its data, on top of
// the time it may run.
const cardOverhead = time.Minute

// card runs a card over the slice of data that the call names.
func (s *server) card(ctx context.Context, w http.ResponseWriter, req client.CardRequest) error {
	timeout := time.Duration(req.TimeoutSeconds * float64(time.Second))
	ctx, cancel := context.WithTimeout(ctx, timeout+cardOverhead)
	defer cancel()
	if why := s.runner.Refusal(); why != "" {
		return &core.Error{Code: core.CodeUnavailable, Reason: "python_refused", Cause: errors.New(why)}
	}
	started := time.Now()
	slice, err := s.engine.Slice(ctx, req.Source, nil)
	if problem := problemOf(err); problem != nil {
		return reply(w, client.CardReply{Problem: problem, ReadMS: milliseconds(started)})
	}
	if err != nil {
		return err
	}
	defer func() { _ = slice.Close() }()
	readMS := milliseconds(started)
	run, err := runOf(req, slice, timeout)
	if err != nil {
		return err
	}
	answer, err := s.runner.Render(ctx, run)
	if err != nil {
		return err
	}
	answer.ReadMS, answer.RowsIn = readMS, slice.Rows
	return reply(w, answer)
}

func runOf(req client.CardRequest, slice *engine.Slice, timeout time.Duration) (supervisor.Run, error) {
	filters, err := json.Marshal(req.Filters)
	if err != nil {
		return supervisor.Run{}, err
	}
	var data *os.File
	if slice.Bytes > 0 {
		data = slice.File
	}
	return supervisor.Run{
		ID: req.RunID, User: req.User, Code: req.Code,
		Data: data, DataBytes: slice.Bytes, Columns: columnsOf(req.Source.Columns, slice.Columns),
		Filters: filters, Params: req.Params,
		Timeout: timeout, MemoryMB: req.MemoryMB,
	}, nil
}

// columnsOf describes the columns of a slice, in its order.
func columnsOf(source []core.Column, names []string) []core.Column {
	byName := make(map[string]core.Column, len(source))
	for _, c := range source {
		byName[c.Name] = c
	}
	columns := make([]core.Column, len(names))
	for i, name := range names {
		columns[i] = byName[name]
	}
	return columns
}

// problemOf is the answer for what the call's own data or filters caused, nil
// for everything that is the executor's failure.
func problemOf(err error) *client.Problem {
	e, ok := errors.AsType[*core.Error](err)
	if !ok || e.Code == core.CodeInternal || e.Code == core.CodeUnavailable {
		return nil
	}
	return &client.Problem{Code: e.Code, Reason: e.Reason, Args: e.Args}
}

func milliseconds(since time.Time) float64 {
	return float64(time.Since(since)) / float64(time.Millisecond)
}
