package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"

	"github.com/karuta-bi/karuta/internal/core"
)

// engineDescriptor is where a worker finds its end of the channel.
const engineDescriptor = 3

// WorkerMain is the body of the hidden verb "worker": a DuckDB process that serves
// the engine which started it and ends with it. It returns the exit status.
func WorkerMain(ctx context.Context, args []string) int {
	c, err := openChannel(os.NewFile(engineDescriptor, "engine"))
	if err != nil || len(args) > 0 {
		fmt.Fprintln(os.Stderr, "a worker is started by the executor alone")
		return 2
	}
	tasks := make(chan given)
	go func() {
		for {
			var t task
			file, err := c.receive(&t)
			if err != nil {
				os.Exit(0) // the engine has ended, whatever DuckDB is busy with
			}
			tasks <- given{t, file}
		}
	}()
	s := &server{channel: c}
	for {
		select {
		case <-ctx.Done():
			return 0
		case g := <-tasks:
			if err := s.serve(ctx, g); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
	}
}

// given is a task with the file that came along, nil for none.
type given struct {
	task
	file *os.File
}

// server is a worker's own side.
type server struct {
	channel *channel
	limit   sync.Once
}

// serve does one task and tells how it went. An error ends the worker.
func (s *server) serve(ctx context.Context, t given) error {
	var err error
	s.limit.Do(func() { err = limitMemory(t.AddressSpaceMB * mebibyte) })
	if err != nil {
		return err
	}
	last, file := s.attempt(ctx, t)
	last.Last = true
	debug.FreeOSMemory()
	last.Resident = resident()
	if file == nil {
		err = s.channel.send(last)
	} else {
		err = s.channel.send(last, file)
		_ = file.Close()
	}
	if errors.Is(err, errTooLong) {
		return s.channel.send(event{Last: true, Failure: &failure{Code: core.CodeMemoryLimit, Message: err.Error()}})
	}
	return err
}

// attempt does the task; what goes wrong is in the event.
func (s *server) attempt(ctx context.Context, g given) (last event, file *os.File) {
	defer func() {
		if bug := recover(); bug != nil {
			f := failure{Code: core.CodeInternal, Message: fmt.Sprintf("%v\n%s", bug, debug.Stack()), Fatal: true}
			if bug == errNoMemory {
				f.Code = core.CodeMemoryLimit
			}
			last, file = event{Failure: &f}, nil
		}
	}()
	var err error
	switch t := g.task; {
	case t.Load != nil:
		if err = confine(t, t.Load.Seconds, t.Load.Source); err != nil {
			break
		}
		last.Loaded, file, err = load(ctx, t, func(ev event) error { return s.channel.send(ev) })
	case t.Export != nil:
		last.Export, file, err = writeExport(ctx, t)
	case t.Slice != nil:
		last.Slice, file, err = readSlice(ctx, t)
	case t.Rows != nil:
		last.Rows, err = readRows(ctx, t)
	case t.Values != nil:
		last.Values, err = readValues(ctx, t)
	case t.Summary != nil:
		file, err = readSummary(ctx, t)
	case t.Table != nil && g.file != nil:
		defer g.file.Close()
		if err = confine(t, t.Table.Seconds); err != nil {
			break
		}
		last.Loaded, last.Rows, file, err = writeTable(ctx, t, g.file, func(ev event) error { return s.channel.send(ev) })
	}
	if err != nil {
		return failed(err), nil
	}
	return last, file
}
