package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
)

// Config says how an Engine works.
type Config struct {
	Self         string        // path of the karuta binary; a worker is Self with the hidden verb "worker"
	WorkDir      string        // folder of the engine's own; what is left in it from before is removed
	Blobs        blob.Store    // where sources are read and versions are written
	MemoryMB     int64         // what DuckDB may use in one worker; 0 is 1024
	Threads      int           // cores that one import or query may use; 0 is all
	QueryWorkers int           // queries at the same time; 0 is 2
	LoadTimeout  time.Duration // how long a file may be read; 0 is 30 minutes
	Log          *slog.Logger  // nil discards
}

// Engine imports files and answers queries. It is safe for use by many goroutines.
type Engine struct {
	cfg     Config
	life    context.Context // ends with Close
	stop    context.CancelFunc
	workers atomic.Int64 // started so far; numbers their folders
	pool    *pool
	exports chan struct{}  // a token for each file that is being read
	ended   sync.WaitGroup // processes, and the making of shared slices

	mu     sync.Mutex
	closed bool
	slices map[string]*shared
}

// New makes an engine and an empty work folder. Workers start when they are first needed.
func New(cfg Config) (*Engine, error) {
	cfg, err := withDefaults(cfg)
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(cfg.WorkDir); err != nil {
		return nil, fmt.Errorf("empty the work folder: %w", err)
	}
	if err := os.MkdirAll(cfg.WorkDir, 0o700); err != nil {
		return nil, fmt.Errorf("make the work folder: %w", err)
	}
	e := &Engine{cfg: cfg, exports: make(chan struct{}, mostExports), slices: map[string]*shared{}}
	e.life, e.stop = context.WithCancel(context.Background())
	e.pool = newPool(cfg.QueryWorkers, e.startWorker)
	return e, nil
}

func withDefaults(cfg Config) (Config, error) {
	cores := runtime.GOMAXPROCS(0)
	cfg.MemoryMB = cmp.Or(cfg.MemoryMB, 1024)
	cfg.Threads = min(cmp.Or(cfg.Threads, cores), cores)
	cfg.LoadTimeout = cmp.Or(cfg.LoadTimeout, 30*time.Minute)
	cfg.QueryWorkers = cmp.Or(cfg.QueryWorkers, 2)
	cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	if cfg.WorkDir == "" {
		return cfg, errors.New("engine: no work folder")
	}
	var err error
	cfg.WorkDir, err = plainPath(cfg.WorkDir)
	return cfg, err
}

// plainPath is the absolute form of a path, which must not look like a pattern to DuckDB.
func plainPath(path string) (string, error) {
	if strings.ContainsAny(path, "*?[") {
		return "", fmt.Errorf("engine: the path %q must not contain * ? or [", path)
	}
	return filepath.Abs(path)
}

// Close ends every worker and waits for it. Calls under way fail. Slices that are
// still open stay readable until they are closed.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.stop()
	e.pool.close()
	e.ended.Wait()
	return os.RemoveAll(e.cfg.WorkDir)
}

// begin counts something that Close waits for; false once the engine is closed.
func (e *Engine) begin() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.ended.Add(1)
	return true
}

var errClosed = &core.Error{Code: core.CodeUnavailable, Cause: errors.New("engine: closed")}

// bound is a context that ends with the engine too.
func (e *Engine) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(e.life, func() { cancel(errClosed) })
	return ctx, func() { stop(); cancel(nil) }
}
