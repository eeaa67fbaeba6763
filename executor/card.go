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

// card runs a card over the slice of data that the call names, of which it is
// given the columns that it seems to need. One that wants others runs again with
// all of them, and from then on at once.
func (s *server) card(ctx context.Context, w http.ResponseWriter, req client.CardRequest) error {
	timeout := time.Duration(req.TimeoutSeconds * float64(time.Second))
	ctx, cancel := context.WithTimeout(ctx, timeout+cardOverhead)
	defer cancel()
	if why := s.runner.Refusal(); why != "" {
		return &core.Error{Code: core.CodeUnavailable, Reason: "python_refused", Cause: errors.New(why)}
	}
	n := s.needs(req)
	answer, err := s.render(ctx, req, n, timeout)
	if errors.Is(err, supervisor.ErrAbsent) {
		s.whole.Add(codeOf(req), struct{}{})
		answer, err = s.render(ctx, req, needs{}, timeout)
	}
	if err != nil {
		return err
	}
	return reply(w, answer)
}

// render gives the columns of a slice to a card and runs it once.
func (s *server) render(ctx context.Context, req client.CardRequest, n needs, timeout time.Duration) (*client.CardReply, error) {
	started := time.Now()
	slice, err := s.engine.Slice(ctx, req.Source, n.read)
	if problem := problemOf(err); problem != nil {
		return &client.CardReply{Problem: problem, ReadMS: milliseconds(started)}, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = slice.Close() }()
	readMS := milliseconds(started)
	run, err := runOf(req, slice, n.given, timeout)
	if err != nil {
		return nil, err
	}
	answer, err := s.runner.Render(ctx, run)
	if err != nil {
		return nil, err
	}
	answer.ReadMS, answer.RowsIn = readMS, slice.Rows
	return answer, nil
}

func runOf(req client.CardRequest, slice *engine.Slice, given []string, timeout time.Duration) (supervisor.Run, error) {
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
		Data: data, DataBytes: slice.Bytes, Columns: req.Source.Seen(), Given: given,
		Filters: filters, Params: req.Params,
		Timeout: timeout, MemoryMB: req.MemoryMB,
	}, nil
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
