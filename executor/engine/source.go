package engine

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
)

// queryTimeout is how long a query may take, its turn included, where the caller
// has more patience.
const queryTimeout = 2 * time.Minute

// chosen are the named ones of the columns that are seen, all of them when none is named.
func chosen(have []core.Column, names []string) ([]core.Column, error) {
	if len(names) == 0 {
		for _, c := range have {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return nil, core.Invalid("columns", "required")
	}
	columns := make([]core.Column, len(names))
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		var err error
		if columns[i], err = columnNamed(have, "columns", name); err != nil {
			return nil, err
		}
		if seen[name] {
			return nil, core.Invalid("columns", "duplicate_item")
		}
		seen[name] = true
	}
	return columns, nil
}

// query lets a worker answer a task over the source's parts, which stay where they
// are until it has. SOURCE_NOT_FOUND where a part is missing.
func (e *Engine) query(ctx context.Context, src client.Source, fill func(*task, data)) (event, *os.File, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	paths, release, err := e.fetch(ctx, src.Parts)
	if err != nil {
		return event{}, nil, ended(ctx, err)
	}
	defer release()
	cfg := e.cfg
	t := task{MemoryMB: cfg.MemoryMB, Threads: cfg.Threads, AddressSpaceMB: addressSpace(cfg.MemoryMB)}
	fill(&t, data{Source: src, Paths: paths})
	last, file, err := e.pool.ask(ctx, t)
	if err == nil && last.Failure != nil {
		err = last.Failure.error()
	}
	return last, file, err
}

// fetch gives the paths of the parts.
func (e *Engine) fetch(ctx context.Context, parts []string) (paths []string, release func(), err error) {
	var releases []func()
	release = func() {
		for _, r := range releases {
			r()
		}
	}
	if len(parts) == 0 {
		return nil, nil, missing(errors.New("the source has no parts"))
	}
	for _, key := range parts {
		path, done, err := e.cfg.Blobs.Local(ctx, key)
		if err == nil {
			releases = append(releases, done)
			path, err = plainPath(path)
		}
		if err != nil {
			release()
			if errors.Is(err, blob.ErrNotFound) {
				e.cfg.Log.ErrorContext(ctx, "DatasetFileNotFoundError", "key", key) // operators search for it
				err = missing(err)
			}
			return nil, nil, err
		}
		paths = append(paths, path)
	}
	return paths, release, nil
}

func missing(cause error) error {
	return &core.Error{Code: core.CodeSourceNotFound, Cause: cause}
}
