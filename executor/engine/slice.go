package engine

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"os"
	"sync"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// Slice is data handed over in memory: a sealed memfd that holds an Arrow IPC file
// with exactly one record batch (text as large_utf8, datetimes in microseconds,
// those with a zone in UTC). The file's position is shared by all who hold the
// Slice: map it or read at offsets. It stays valid until Close.
type Slice struct {
	File    *os.File
	Bytes   int64
	Rows    int64
	Columns []string

	release func()
}

// Close gives the slice back. Closing twice does no harm.
func (s *Slice) Close() error {
	if s.release != nil {
		s.release()
	}
	return nil
}

// shared is a slice that is being made, or open, with those who hold it.
type shared struct {
	ready  chan struct{} // closed when info, file and err stand
	cancel context.CancelFunc
	refs   int // under the engine's lock
	info   sliceInfo
	file   *os.File
	err    error
}

// Slice gives the named columns (nil: all that are seen of the source) of the rows
// that are seen and match its filter, in the order of the version. Equal requests
// share one Slice while it is open. The caller closes it. A column that the source
// does not have or its sight hides, or a filter value that does not fit its column,
// is a VALIDATION_ERROR.
func (e *Engine) Slice(ctx context.Context, src client.Source, columns []string) (*Slice, error) {
	return e.slice(ctx, src, columns, 0)
}

// Sample is a [Engine.Slice] of the first rows, all columns.
func (e *Engine) Sample(ctx context.Context, src client.Source, rows int64) (*Slice, error) {
	return e.slice(ctx, src, nil, rows)
}

func (e *Engine) slice(ctx context.Context, src client.Source, columns []string, limit int64) (*Slice, error) {
	q, err := compile(src)
	if err != nil {
		return nil, err
	}
	selected, err := chosen(q.columns, columns)
	if err != nil {
		return nil, err
	}
	key, err := sliceKey(src, selected, limit)
	if err != nil {
		return nil, err
	}
	s, err := e.join(ctx, key, src, selected, limit)
	if err != nil {
		return nil, err
	}
	leave := sync.OnceFunc(func() { e.leave(key, s) })
	select {
	case <-s.ready:
	case <-ctx.Done():
		leave()
		return nil, context.Cause(ctx)
	}
	if s.err != nil {
		leave()
		return nil, s.err
	}
	names := make([]string, len(selected))
	for i, c := range selected {
		names[i] = c.Name
	}
	return &Slice{File: s.file, Bytes: s.info.Bytes, Rows: s.info.Rows, Columns: names, release: leave}, nil
}

// sliceKey is the same for requests that have the same answer: all of the source
// is in it, so that nobody joins a slice that shows more than they may see.
func sliceKey(src client.Source, selected []core.Column, limit int64) (string, error) {
	text, err := json.Marshal(struct {
		Source client.Source
		Select []core.Column
		Limit  int64
	}{src, selected, limit})
	sum := sha256.Sum256(text)
	return string(sum[:]), err
}

// join adds one more holder to the slice, which begins to be made with the first.
func (e *Engine) join(ctx context.Context, key string, src client.Source, selected []core.Column, limit int64) (*shared, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.slices[key]; s != nil {
		s.refs++
		return s, nil
	}
	if e.closed {
		return nil, errClosed
	}
	s := &shared{ready: make(chan struct{}), refs: 1}
	making, cancel := e.bound(context.WithoutCancel(ctx))
	s.cancel = cancel
	e.slices[key] = s
	e.ended.Go(func() {
		defer cancel()
		s.info, s.file, s.err = e.make(making, src, selected, limit)
		if s.err != nil { // the next one tries anew
			e.mu.Lock()
			e.forget(key, s)
			e.mu.Unlock()
		}
		close(s.ready)
	})
	return s, nil
}

func (e *Engine) make(ctx context.Context, src client.Source, selected []core.Column, limit int64) (sliceInfo, *os.File, error) {
	last, file, err := e.query(ctx, src, func(t *task, d data) { t.Slice = &sliceTask{d, selected, limit} })
	if err == nil && (file == nil || last.Slice == nil || !sealed(file)) {
		err = errors.New("engine: the worker gave no sealed slice")
	}
	if err != nil {
		if file != nil {
			_ = file.Close()
		}
		return sliceInfo{}, nil, err
	}
	return *last.Slice, file, nil
}

// leave takes a holder away. With the last one the slice is given up, whether it
// is open or still being made.
func (e *Engine) leave(key string, s *shared) {
	e.mu.Lock()
	s.refs--
	last := s.refs == 0
	if last {
		e.forget(key, s)
	}
	e.mu.Unlock()
	if !last {
		return
	}
	s.cancel()
	<-s.ready // at once: what was being made has just been cancelled
	if s.file != nil {
		_ = s.file.Close()
	}
}

// forget lets nobody else join; the engine's lock is held.
func (e *Engine) forget(key string, s *shared) {
	if e.slices[key] == s {
		delete(e.slices, key)
	}
}
