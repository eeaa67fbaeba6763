package engine

import (
	"context"
	"errors"
	"os"
	"path"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
)

// Summarise writes the summary of a whole version under a key. A key that is taken
// is left as it is: a version has one summary, whoever wrote it.
func (e *Engine) Summarise(ctx context.Context, req client.SummaryRequest) error {
	if len(req.Columns) == 0 || path.Base(req.Key) != client.SummaryName {
		return core.Invalid("key", "bad_value")
	}
	ctx, cancel := e.bound(ctx)
	defer cancel()
	src := client.Source{Parts: req.Parts, Columns: req.Columns}
	_, file, err := e.query(ctx, src, func(t *task, d data) { t.Summary = &summaryTask{d} })
	if err != nil {
		return err
	}
	err = e.keepSummary(ctx, req.Key, file)
	if errors.Is(err, blob.ErrExists) {
		return nil
	}
	return err
}

// keepSummary stores what a worker wrote and closes the file.
func (e *Engine) keepSummary(ctx context.Context, key string, file *os.File) error {
	defer file.Close()
	_, err := e.cfg.Blobs.PutNew(ctx, key, file)
	return err
}

// summaryFile writes a summary into a file that goes with its descriptor.
func summaryFile(dir string, s *client.Summary) (_ *os.File, err error) {
	file, err := os.CreateTemp(dir, "summary-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	if err := errors.Join(os.Remove(file.Name()), s.Write(file)); err != nil {
		return nil, err
	}
	_, err = file.Seek(0, 0)
	return file, err
}
