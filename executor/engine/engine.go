package engine

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/blob"
)

// Config says how an Engine works.
type Config struct {
	Self         string       // path of the karuta binary; a worker is Self with the hidden verb "worker"
	WorkDir      string       // folder of the engine's own; what is left in it from before is removed
	Blobs        blob.Store   // where sources are read and versions are written
	MemoryMB     int64        // what DuckDB may use in one worker; 0 is 1024
	Threads      int          // cores that one import or query may use; 0 is all
	QueryWorkers int          // queries at the same time; 0 is 2
	Log          *slog.Logger // nil discards
}

// Engine imports files and answers queries. It is safe for use by many goroutines.
type Engine struct{ cfg Config }

var errNotYet = errors.New("engine: not built yet")

// New makes an engine and an empty work folder. Workers start when they are first needed.
func New(cfg Config) (*Engine, error) { return &Engine{cfg: cfg}, nil }

// Close ends every worker and waits for it. Calls under way fail. Slices that are
// still open stay readable until they are closed.
func (e *Engine) Close() error { return nil }

// Import writes the version that the request describes. What is wrong with the
// file comes back as a Problem; an error means that the engine itself failed or ctx
// ended. Unless Done is returned nothing stays under the request's Target.
// progress is called now and then with rising values from 0 to 1; it may be nil.
func (e *Engine) Import(ctx context.Context, req client.ImportRequest, progress func(float64)) (*client.ImportDone, *client.Problem, error) {
	return nil, nil, errNotYet
}

// Slice gives the named columns (nil: all that the source allows) of the rows that
// match the source's filter, in the order of the version. Equal requests share one
// Slice while it is open. The caller closes it. A column that the source does
// not have, or a filter value that does not fit its column, is a VALIDATION_ERROR.
func (e *Engine) Slice(ctx context.Context, src client.Source, columns []string) (*Slice, error) {
	return nil, errNotYet
}

// Rows gives the first rows of a source as text in canonical form: integers in decimal,
// floats with the fewest digits that read back the same, true and false, dates as
// YYYY-MM-DD, datetimes as "YYYY-MM-DD HH:MM:SS[.ffffff]", and datetimes with a
// zone in UTC as "YYYY-MM-DDTHH:MM:SS[.ffffff]Z".
func (e *Engine) Rows(ctx context.Context, req client.RowsRequest) (*client.RowsReply, error) {
	return nil, errNotYet
}

// Values gives the distinct values of a column in the column's own order, as text like Rows.
func (e *Engine) Values(ctx context.Context, req client.ValuesRequest) (*client.ValuesReply, error) {
	return nil, errNotYet
}

// Slice is data handed over in memory: a sealed memfd that holds an Arrow IPC file
// with exactly one record batch (text as large_utf8, datetimes in microseconds).
// The file's position is shared by all who hold the Slice: map it or read at
// offsets. It stays valid until Close.
type Slice struct {
	File    *os.File
	Bytes   int64
	Rows    int64
	Columns []string
}

// Close gives the slice back. Closing twice does no harm.
func (s *Slice) Close() error { return nil }

// WorkerMain is the body of the hidden verb "worker": a DuckDB process that serves
// the engine which started it and ends with it. It returns the exit status.
func WorkerMain(ctx context.Context, args []string) int { return 2 }
