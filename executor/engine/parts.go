package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/blob"
)

// sweepTimeout bounds the removal of what failed work has written.
const sweepTimeout = 30 * time.Second

// parts are the Parquet parts, and the summary, of a version that is being written.
type parts struct {
	engine  *Engine
	target  string // blob prefix of the version
	job     string // for the log
	bytes   int64
	keys    []string // that were written, or may have been, by the number of their part
	summary string   // key, "" where there is none
}

// store writes a part under the target. The worker has read a file of somebody's:
// where it says that a part lies is taken for a name in its own folder alone.
func (p *parts) store(ctx context.Context, dir string, part partFile) error {
	folder, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	f, err := folder.Open(filepath.Base(part.Path))
	if err != nil {
		return err
	}
	defer f.Close()
	key := fmt.Sprintf("%spart-%04d.parquet", p.target, part.Index)
	_, err = p.engine.cfg.Blobs.PutNew(ctx, key, f)
	if !errors.Is(err, blob.ErrExists) { // what was there before is not ours to remove
		p.keys = append(p.keys, key)
	}
	if err != nil {
		return fmt.Errorf("store part: %w", err)
	}
	p.bytes += part.Bytes
	return nil
}

// summarised stores the summary. A version can do without.
func (p *parts) summarised(ctx context.Context, l *loaded, file *os.File) error {
	if file == nil {
		p.engine.cfg.Log.WarnContext(ctx, "version without a summary", "job", p.job, "cause", l.Unsummed)
		return nil
	}
	key := p.target + client.SummaryName
	err := p.engine.keepSummary(ctx, key, file)
	if !errors.Is(err, blob.ErrExists) {
		p.summary = key
	}
	return err
}

// sweep removes what was written, also when the caller has left.
func (p *parts) sweep(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sweepTimeout)
	defer cancel()
	for _, key := range append(p.keys, p.summary) {
		if key == "" {
			continue
		}
		if err := p.engine.cfg.Blobs.Delete(ctx, key); err != nil {
			p.engine.cfg.Log.ErrorContext(ctx, "part of a failed version not removed", "job", p.job, "key", key, "error", err)
		}
	}
}
