package dataset

import (
	"context"
	"errors"
	"io"

	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
)

var errTooLarge = errors.New("file too large")

// counted reads an upload up to the limit and keeps why it ended early.
type counted struct {
	r      io.Reader
	left   int64
	failed error
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		err = errTooLarge
	}
	if err != nil && err != io.EOF {
		c.failed = err
	}
	return n, err
}

// receive writes an upload to the blob store and returns its size. When it is
// too large or breaks off, nothing of it stays.
func receive(ctx context.Context, blobs blob.Store, key string, r io.Reader, limit int64) (int64, error) {
	src := &counted{r: r, left: limit}
	info, err := blobs.Put(ctx, key, src)
	switch {
	case err == nil && src.failed == nil:
		return info.Bytes, nil
	case errors.Is(src.failed, errTooLarge):
		return 0, &core.Error{Code: core.CodeFileTooLarge, Field: "input.file", Args: map[string]any{"max": size(limit)}}
	case src.failed != nil:
		e := core.Invalid("input.file", "upload_interrupted")
		e.Cause = src.failed
		return 0, e
	}
	return 0, core.Internal("write upload", err)
}
