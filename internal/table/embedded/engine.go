package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/karuta-bi/karuta/internal/table"
)

// ErrInUse tells that another process has the file open.
var ErrInUse = errors.New("embedded: the file is open in another process")

const (
	lockWait = 100 * time.Millisecond
	// batchDelay is how long an audit write waits for others to share its
	// write to disk.
	batchDelay = time.Millisecond
	// mapped is address space taken at once, so that a growing file does not
	// make the writer wait for readers. It takes no memory.
	mapped     = 1 << 28
	sweepEvery = 10 * time.Minute
)

// Engine keeps the tables in one file. It is safe for many goroutines; one
// process at a time has the file open.
type Engine struct {
	db   *bbolt.DB
	stop context.CancelFunc
	done sync.WaitGroup
}

var _ table.Engine = (*Engine)(nil)

// Open opens or creates the file and its folder. It fails with [ErrInUse]
// within a fraction of a second when another process has the file open.
func Open(path string) (*Engine, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:         lockWait,
		InitialMmapSize: mapped,
		FreelistType:    bbolt.FreelistMapType,
	})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("%w: %s", ErrInUse, path)
	}
	if err != nil {
		return nil, fmt.Errorf("embedded: open %s: %w", path, err)
	}
	db.MaxBatchDelay = batchDelay
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	ctx, stop := context.WithCancel(context.Background())
	e := &Engine{db: db, stop: stop}
	e.done.Go(func() { e.sweepUntil(ctx) })
	return e, nil
}

// syncFolder makes a new file's name as durable as its contents.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("embedded: %w", err)
	}
	return errors.Join(f.Sync(), f.Close())
}

// Close implements [table.Engine].
func (e *Engine) Close() error {
	e.stop()
	e.done.Wait()
	return e.db.Close()
}

// Get implements [table.Engine].
func (e *Engine) Get(ctx context.Context, k table.Key) (table.Item, error) {
	t, err := table.CheckKey(k)
	if err != nil {
		return nil, err
	}
	var it table.Item
	err = e.view(ctx, func(tx txn) error {
		b, err := tx.base(t)
		if err != nil {
			return err
		}
		it, err = tx.live(t, b.Get(primaryKey(k.PK, k.SK)))
		return err
	})
	return it, err
}

// BatchGet implements [table.Engine]. All items are of one moment.
func (e *Engine) BatchGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	if err := table.CheckBatch(keys); err != nil {
		return nil, err
	}
	items := make(map[table.Key]table.Item, len(keys))
	err := e.view(ctx, func(tx txn) error {
		var t table.Table
		var b *bbolt.Bucket
		for _, k := range keys {
			if k.Table != t.Name {
				var err error
				t, _ = table.Lookup(k.Table)
				if b, err = tx.base(t); err != nil {
					return err
				}
			}
			it, err := tx.live(t, b.Get(primaryKey(k.PK, k.SK)))
			if err != nil {
				return err
			}
			if it != nil {
				items[k] = it
			}
		}
		return nil
	})
	return items, err
}

// view runs a read on a snapshot.
func (e *Engine) view(ctx context.Context, read func(txn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return e.db.View(func(tx *bbolt.Tx) error { return read(newTxn(tx)) })
}
