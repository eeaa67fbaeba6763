package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// outputTimeout bounds how long the table of a transform may take to be written.
const outputTimeout = 5 * time.Minute

// Output asks to keep the table that a transform gave, or to show its first rows.
type Output struct {
	RunID  string
	File   *os.File // memory file with an Arrow IPC file that may be forged; it cannot be changed afterwards
	Bytes  int64
	Target string // blob prefix of the version; "" keeps nothing
	Rows   int    // that are shown where nothing is kept
}

// Write keeps a transform's table as a version. The file is read by a process that
// does nothing else and has bounded memory. What is wrong with it is a Problem, an
// error is as in [Engine.Import]. Unless Done is returned nothing stays under the
// Target.
func (e *Engine) Write(ctx context.Context, out Output) (*client.TransformDone, *client.Problem, error) {
	if !e.begin() {
		return nil, nil, errClosed
	}
	defer e.ended.Done()
	ctx, cancel := e.bound(ctx)
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, outputTimeout)
	defer stop()
	if err := seal(out.File); err != nil {
		return nil, nil, err
	}
	p := &parts{engine: e, target: out.Target, job: out.RunID}
	last, err := p.write(ctx, out)
	if err == nil && last.Loaded != nil {
		return p.written(last), nil, nil
	}
	p.sweep(ctx)
	return nil, last.Problem, ended(ctx, err)
}

// write lets a worker of its own read the table. One that dies of it has met a
// table that was made for that.
func (p *parts) write(ctx context.Context, out Output) (event, error) {
	w, err := p.engine.startWorker()
	if err != nil {
		return event{}, err
	}
	defer w.end()
	cfg := p.engine.cfg
	t := task{
		MemoryMB: cfg.MemoryMB, Threads: cfg.Threads, AddressSpaceMB: addressSpace(cfg.MemoryMB) + out.Bytes/mebibyte,
		Table: &tableTask{Bytes: out.Bytes, Keep: out.Target != "", Rows: out.Rows, Seconds: outputTimeout.Seconds()},
	}
	var storing error
	last, summary, err := w.ask(ctx, t, func(ev event) error {
		if ev.Part != nil {
			storing = p.store(ctx, w.dir, *ev.Part)
		}
		return storing
	}, out.File)
	switch {
	case storing != nil || ctx.Err() != nil:
		return event{}, errors.Join(storing, err)
	case err != nil:
		cfg.Log.WarnContext(ctx, "a worker died of a transform's table", "run", out.RunID, "cause", err)
		return event{Problem: badTable}, nil
	case last.Failure != nil && last.Failure.Code == core.CodeMemoryLimit:
		return event{Problem: &client.Problem{Code: core.CodeMemoryLimit, Args: map[string]any{"mb": cfg.MemoryMB}}}, nil
	case last.Failure != nil:
		return event{}, last.Failure.error()
	}
	if out.Target != "" && last.Loaded != nil {
		err = p.summarised(ctx, last.Loaded, summary)
	}
	return last, err
}

func (p *parts) written(last event) *client.TransformDone {
	slices.Sort(p.keys)
	done := &client.TransformDone{Columns: last.Loaded.Columns, RowCount: last.Loaded.Rows, Bytes: p.bytes, Parts: p.keys, Summary: p.summary}
	if last.Rows != nil {
		done.Rows = last.Rows.Rows
	}
	return done
}

var badTable = &client.Problem{Code: core.CodeExecution, Reason: "bad_answer"}

// errBadTable is an Arrow file that no transform of ours has written.
var errBadTable = fmt.Errorf("the table of a transform is malformed")
