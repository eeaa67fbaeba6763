package engine

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/executor/engine/csv"
	"github.com/karuta-bi/karuta/executor/engine/records"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
)

// Import writes the version that the request describes. What is wrong with the
// file comes back as a Problem; an error means that the engine itself failed or ctx
// ended. Unless Done is returned nothing stays under the request's Target.
// progress is called now and then with rising values from 0 to 1, what is being done
// and how many rows there are; it may be nil.
func (e *Engine) Import(ctx context.Context, req client.ImportRequest, progress func(client.ImportEvent)) (*client.ImportDone, *client.Problem, error) {
	if !e.begin() {
		return nil, nil, errClosed
	}
	defer e.ended.Done()
	ctx, cancel := e.bound(ctx)
	defer cancel()
	if progress == nil {
		progress = func(client.ImportEvent) {}
	}
	problem, err := e.checkSource(ctx, req)
	if problem != nil || err != nil {
		return nil, problem, ended(ctx, err)
	}
	path, release, err := e.cfg.Blobs.Local(ctx, req.SourceKey)
	if err != nil {
		return nil, nil, ended(ctx, err)
	}
	defer release()
	i := &importing{parts: parts{engine: e, target: req.Target, job: req.JobID}, req: req, progress: progress}
	last, err := i.run(ctx, path)
	if err == nil && last.Loaded != nil {
		progress(client.ImportEvent{Stage: core.StageSummarising, Progress: 1, Rows: last.Loaded.Rows})
		return i.done(last.Loaded), nil, nil
	}
	i.sweep(ctx)
	return nil, last.Problem, ended(ctx, err)
}

// ended is the error, or why the context ended where it did.
func ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// checkSource looks at the file before it is fetched.
func (e *Engine) checkSource(ctx context.Context, req client.ImportRequest) (*client.Problem, error) {
	info, err := e.cfg.Blobs.Head(ctx, req.SourceKey)
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return &client.Problem{Code: core.CodeSourceNotFound}, nil
	case err == nil && req.MaxBytes > 0 && info.Bytes > req.MaxBytes:
		return &csv.TooLarge(req.MaxBytes).Problem, nil
	}
	return nil, err
}

// importing is one import under way.
type importing struct {
	parts
	req      client.ImportRequest
	progress func(client.ImportEvent)
}

// run lets a worker of its own load the file, and stores the parts as they come.
func (i *importing) run(ctx context.Context, path string) (event, error) {
	t, err := i.task(path)
	if err != nil {
		return event{}, err
	}
	w, err := i.engine.startWorker()
	if err != nil {
		return event{}, err
	}
	defer w.end()
	limited, cancel := context.WithTimeout(ctx, i.engine.cfg.LoadTimeout)
	defer cancel()
	last, file, err := w.ask(limited, t, func(ev event) error {
		if ev.Part != nil {
			return i.store(ctx, w.dir, *ev.Part)
		}
		i.progress(client.ImportEvent{Stage: ev.Stage, Progress: ev.Progress, Rows: ev.Counted})
		return nil
	})
	if err != nil && ctx.Err() == nil && t.Load.Options.Format != core.FormatCSV && (limited.Err() != nil || core.CodeOf(err) == core.CodeUnavailable) {
		i.engine.cfg.Log.WarnContext(ctx, "worker lost over a foreign file", "job", i.req.JobID, "error", err)
		return event{Problem: &records.FormatFault("unreadable").Problem}, nil
	}
	if err == nil && last.Failure != nil {
		err = last.Failure.error()
	}
	if err == nil && last.Loaded != nil {
		err = i.summarised(ctx, last.Loaded, file)
	}
	return last, err
}

// task allows for the file and its text in UTF-8 to be mapped, which takes no
// memory that others could not have.
func (i *importing) task(path string) (task, error) {
	path, err := plainPath(path)
	if err != nil {
		return task{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return task{}, err
	}
	options := i.req.Options
	if options.Format, err = records.FormatOf(path, options.Format); err != nil {
		return task{}, err
	}
	cfg := i.engine.cfg
	return task{
		MemoryMB: cfg.MemoryMB, Threads: cfg.Threads,
		AddressSpaceMB: addressSpace(cfg.MemoryMB) + 4*info.Size()/mebibyte,
		Load:           &loadTask{Source: path, MaxBytes: i.req.MaxBytes, Options: options, Seconds: cfg.LoadTimeout.Seconds()},
	}, nil
}

// addressSpace is what a worker may map beyond its start where DuckDB has so much memory.
func addressSpace(memoryMB int64) int64 { return 3*memoryMB + 1024 }

func (i *importing) done(l *loaded) *client.ImportDone {
	slices.Sort(i.keys)
	return &client.ImportDone{
		Columns: l.Columns, RowCount: l.Rows, Bytes: i.bytes, Parts: i.keys, Summary: i.summary,
		Encoding: l.Encoding, Delimiter: l.Delimiter, Renamed: l.Renamed,
	}
}

// error is the worker's failure for our callers.
func (f *failure) error() error {
	return &core.Error{Code: f.Code, Cause: errors.New(f.Message)}
}
