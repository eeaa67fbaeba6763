package engine

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

const (
	// writeTimeout is how long the writing of a file may take.
	writeTimeout = 10 * time.Minute
	// mostExports is how many files are written or on their way at a time: each
	// takes room on the disk until the last byte was read.
	mostExports = 4
)

// Exported is a file that was written for somebody. It has no name any more and
// is gone when it is closed.
type Exported struct {
	File  *os.File
	Bytes int64
	Rows  int64

	once  sync.Once
	leave func()
}

// Close gives the file up. Closing twice does no harm.
func (x *Exported) Close() error {
	if x.leave != nil {
		x.once.Do(x.leave)
	}
	return x.File.Close()
}

// Export writes what is seen of a source as a file. CSV is UTF-8 or Shift_JIS with
// CRLF; no value is an empty field, an empty text two quotes; values are in
// canonical form (see Rows). What a spreadsheet would take for a formula begins
// with an apostrophe in CSV and XLSX. VALIDATION_ERROR where the data does not fit
// the format; SERVICE_UNAVAILABLE.busy while too many files are being read.
func (e *Engine) Export(ctx context.Context, req client.ExportRequest) (*Exported, error) {
	q, err := compile(req.Source)
	if err != nil {
		return nil, err
	}
	selected, err := chosen(q.columns, req.Columns)
	if err != nil {
		return nil, err
	}
	select {
	case e.exports <- struct{}{}:
	default:
		return nil, &core.Error{Code: core.CodeUnavailable, Reason: "busy"}
	}
	leave := func() { <-e.exports }
	file, err := e.write(ctx, req, selected)
	if err != nil {
		leave()
		return nil, err
	}
	file.leave = leave
	return file, nil
}

// write lets a worker of its own write the file.
func (e *Engine) write(ctx context.Context, req client.ExportRequest, selected []core.Column) (*Exported, error) {
	ctx, end := e.bound(ctx)
	defer end()
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	paths, release, err := e.fetch(ctx, req.Source.Parts)
	if err != nil {
		return nil, ended(ctx, err)
	}
	defer release()
	w, err := e.startWorker()
	if err != nil {
		return nil, err
	}
	defer w.end()
	cfg := e.cfg
	t := task{MemoryMB: cfg.MemoryMB, Threads: cfg.Threads, AddressSpaceMB: addressSpace(cfg.MemoryMB),
		Export: &exportTask{data: data{Source: req.Source, Paths: paths}, Select: selected, Format: req.Format, Encoding: req.Encoding}}
	last, file, err := w.ask(ctx, t, func(event) error { return nil })
	switch {
	case err != nil:
	case last.Failure != nil:
		err = last.Failure.error()
	case last.Problem != nil:
		err = &core.Error{Code: last.Problem.Code, Reason: last.Problem.Reason, Args: last.Problem.Args}
	case last.Export == nil || file == nil:
		err = errors.New("engine: the worker gave no file")
	default:
		return &Exported{File: file, Bytes: last.Export.Bytes, Rows: last.Export.Rows}, nil
	}
	if file != nil {
		_ = file.Close()
	}
	return nil, err
}
