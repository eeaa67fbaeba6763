package executor

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/executor/engine"
	"github.com/karuta-bi/karuta/executor/supervisor"
	"github.com/karuta-bi/karuta/internal/core"
)

// Transformer gives turns to run people's transforms; see [supervisor.OnDemand].
type Transformer interface {
	Turn(ctx context.Context, w supervisor.Wish, waits func(client.Place)) (*supervisor.Turn, error)
	Isolation() []client.Layer
	Refusal() string
	Running() int
	Queued() int
}

const (
	transformOverhead = time.Hour // for its turn, its data and writing, on top of the time that it may run
	trialRows         = 100       // of the result of a trial
	sampleRows        = 1000      // of each input of a trial that asks for none
)

// transform runs a transform and answers with one line for each thing that it
// tells. The status is sent with the first line, so a failure after that is a line.
func (s *server) transform(ctx context.Context, w http.ResponseWriter, req client.TransformRequest) error {
	timeout := time.Duration(req.TimeoutSeconds * float64(time.Second))
	ctx, cancel := context.WithTimeout(ctx, timeout+transformOverhead)
	defer cancel()
	t := &transforming{server: s, req: req, send: lines[client.TransformEvent](w)}
	defer t.hush()
	turn, err := s.transforms.Turn(ctx, supervisor.Wish{User: req.User, Timeout: timeout, MemoryMB: req.MemoryMB}, func(p client.Place) { t.tell(client.TransformEvent{Queued: &p}) })
	if err != nil {
		return t.end(ctx, nil, nil, err)
	}
	defer turn.Leave()
	done, problem, err := t.run(ctx, turn)
	return t.end(ctx, done, problem, err)
}

// transforming is one transform on its way.
type transforming struct {
	server *server
	req    client.TransformRequest
	done   client.TransformDone // how long what took

	mu   sync.Mutex
	send func(client.TransformEvent) error
	told bool
	over bool
}

// tell sends a line. A caller who left ends the context.
func (t *transforming) tell(ev client.TransformEvent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.over {
		t.told = true
		_ = t.send(ev)
	}
}

// hush lets nothing more be sent: the answer is complete.
func (t *transforming) hush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
}

// end sends the last line. Before the first one a failure of the executor's own is
// a status, which tells the API more.
func (t *transforming) end(ctx context.Context, done *client.TransformDone, problem *client.Problem, err error) error {
	if problem == nil {
		problem = problemOf(err)
	}
	if err != nil && problem == nil {
		if !t.told || ctx.Err() != nil {
			return err
		}
		t.server.log.ErrorContext(ctx, "transform failed", "run", t.req.RunID, "cause", err)
		problem = &client.Problem{Code: core.CodeOf(err)}
		if e, ok := errors.AsType[*core.Error](err); ok && e.Code == core.CodeUnavailable {
			problem.Reason, problem.Args = e.Reason, e.Args
		}
	}
	t.tell(client.TransformEvent{Done: done, Problem: problem})
	return nil
}

// run reads the inputs, runs the code and keeps what it gives.
func (t *transforming) run(ctx context.Context, turn *supervisor.Turn) (*client.TransformDone, *client.Problem, error) {
	began := time.Now()
	inputs, rows, release, err := t.inputs(ctx)
	defer release()
	if err != nil {
		return nil, nil, err
	}
	t.done.ReadMS = milliseconds(began)
	t.tell(client.TransformEvent{Running: &client.TransformRunning{RowsIn: rows, Executor: t.server.release}})
	table, err := turn.Transform(ctx, supervisor.TransformRun{
		ID: t.req.RunID, Code: t.req.Code, Inputs: inputs, Params: t.req.Params,
	}, t.tell)
	if err != nil {
		return nil, nil, err
	}
	if table.Problem != nil {
		return nil, table.Problem, nil
	}
	defer func() { _ = table.File.Close() }()
	t.done.RunMS = table.RunMS
	return t.write(ctx, table.File, table.Bytes)
}

// inputs are the slices of data that the transform reads, until release.
func (t *transforming) inputs(ctx context.Context) (inputs []supervisor.Input, rows []int64, release func(), err error) {
	var slices []*engine.Slice
	release = func() {
		for _, slice := range slices {
			_ = slice.Close()
		}
	}
	if len(t.req.Inputs) > supervisor.MaxInputs {
		return nil, nil, release, core.Invalid("inputs", "too_many", "max", supervisor.MaxInputs)
	}
	for _, input := range t.req.Inputs {
		slice, err := t.slice(ctx, input.Source)
		if err != nil {
			return nil, nil, release, err
		}
		slices, rows = append(slices, slice), append(rows, slice.Rows)
		inputs = append(inputs, supervisor.Input{ID: input.DatasetID, Alias: input.Alias, Data: slice.File, Bytes: slice.Bytes})
	}
	return inputs, rows, release, nil
}

func (t *transforming) slice(ctx context.Context, src client.Source) (*engine.Slice, error) {
	if t.req.Target == "" {
		return t.server.engine.Sample(ctx, src, int64(cmp.Or(t.req.SampleRows, sampleRows)))
	}
	return t.server.engine.Slice(ctx, src, nil)
}

// write keeps the table, or takes its first rows where this is a trial.
func (t *transforming) write(ctx context.Context, file *os.File, bytes int64) (*client.TransformDone, *client.Problem, error) {
	began := time.Now()
	done, problem, err := t.server.engine.Write(ctx, engine.Output{
		RunID: t.req.RunID, File: file, Bytes: bytes, Target: t.req.Target, Rows: trialRows,
	})
	if done != nil {
		done.ReadMS, done.RunMS, done.WriteMS = t.done.ReadMS, t.done.RunMS, milliseconds(began)
	}
	return done, problem, err
}
