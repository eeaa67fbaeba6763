package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/executor/engine/csv"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
)

// sweepTimeout bounds the removal of what a failed import has written.
const sweepTimeout = 30 * time.Second

// Import writes the version that the request describes. What is wrong with the
// file comes back as a Problem; an error means that the engine itself failed or ctx
// ended. Unless Done is returned nothing stays under the request's Target.
// progress is called now and then with rising values from 0 to 1 and what is being
// done; it may be nil.
func (e *Engine) Import(ctx context.Context, req client.ImportRequest, progress func(core.ImportStage, float64)) (*client.ImportDone, *client.Problem, error) {
	if !e.begin() {
		return nil, nil, errClosed
	}
	defer e.ended.Done()
	ctx, cancel := e.bound(ctx)
	defer cancel()
	if progress == nil {
		progress = func(core.ImportStage, float64) {}
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
	i := &importing{engine: e, req: req, progress: progress}
	last, err := i.run(ctx, path)
	if err == nil && last.Loaded != nil {
		progress(core.StageSummarising, 1)
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
	engine   *Engine
	req      client.ImportRequest
	progress func(core.ImportStage, float64)
	bytes    int64
	keys     []string // of parts that were written, or may have been, by their number
	summary  string   // key, "" where there is none
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
	last, file, err := w.ask(ctx, t, func(ev event) error {
		if ev.Part != nil {
			return i.store(ctx, *ev.Part)
		}
		i.progress(ev.Stage, ev.Progress)
		return nil
	})
	if err == nil && last.Failure != nil {
		err = last.Failure.error()
	}
	if err == nil && last.Loaded != nil {
		err = i.summarised(ctx, last.Loaded, file)
	}
	return last, err
}

// summarised stores the summary. A version can do without.
func (i *importing) summarised(ctx context.Context, l *loaded, file *os.File) error {
	if file == nil {
		i.engine.cfg.Log.WarnContext(ctx, "version without a summary", "job", i.req.JobID, "cause", l.Unsummed)
		return nil
	}
	key := i.req.Target + client.SummaryName
	err := i.engine.keepSummary(ctx, key, file)
	if !errors.Is(err, blob.ErrExists) {
		i.summary = key
	}
	return err
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
	cfg := i.engine.cfg
	return task{
		MemoryMB: cfg.MemoryMB, Threads: cfg.Threads,
		AddressSpaceMB: addressSpace(cfg.MemoryMB) + 4*info.Size()/mebibyte,
		Load:           &loadTask{Source: path, MaxBytes: i.req.MaxBytes, Options: i.req.Options},
	}, nil
}

// addressSpace is what a worker may map beyond its start where DuckDB has so much memory.
func addressSpace(memoryMB int64) int64 { return 3*memoryMB + 1024 }

// store writes a part under the target.
func (i *importing) store(ctx context.Context, p partFile) error {
	f, err := os.Open(p.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	key := fmt.Sprintf("%spart-%04d.parquet", i.req.Target, p.Index)
	_, err = i.engine.cfg.Blobs.PutNew(ctx, key, f)
	if !errors.Is(err, blob.ErrExists) { // what was there before is not ours to remove
		i.keys = append(i.keys, key)
	}
	if err != nil {
		return fmt.Errorf("store part: %w", err)
	}
	i.bytes += p.Bytes
	return nil
}

func (i *importing) done(l *loaded) *client.ImportDone {
	slices.Sort(i.keys)
	return &client.ImportDone{
		Columns: l.Columns, RowCount: l.Rows, Bytes: i.bytes, Parts: i.keys, Summary: i.summary,
		Encoding: l.Encoding, Delimiter: l.Delimiter, Renamed: l.Renamed,
	}
}

// sweep removes what was written, also when the caller has left.
func (i *importing) sweep(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sweepTimeout)
	defer cancel()
	for _, key := range append(i.keys, i.summary) {
		if key == "" {
			continue
		}
		if err := i.engine.cfg.Blobs.Delete(ctx, key); err != nil {
			i.engine.cfg.Log.ErrorContext(ctx, "part of a failed import not removed", "job", i.req.JobID, "key", key, "error", err)
		}
	}
}

// error is the worker's failure for our callers.
func (f *failure) error() error {
	return &core.Error{Code: f.Code, Cause: errors.New(f.Message)}
}
