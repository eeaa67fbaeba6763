package embedded

import (
	"context"
	"errors"

	"github.com/karuta-bi/karuta/internal/table"
)

// ErrInUse tells that another process has the file open.
var ErrInUse = errors.New("embedded: the file is open in another process")

// Engine keeps the tables in one file. It is safe for many goroutines; one
// process at a time has the file open.
type Engine struct{}

var _ table.Engine = (*Engine)(nil)
var errStub = errors.ErrUnsupported

// Open opens or creates the file and its folder. It fails with [ErrInUse]
// within a fraction of a second when another process has the file open.
func Open(path string) (*Engine, error) { return nil, errStub }

// Get implements [table.Engine].
func (e *Engine) Get(ctx context.Context, k table.Key) (table.Item, error) { return nil, errStub }

// BatchGet implements [table.Engine].
func (e *Engine) BatchGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	return nil, errStub
}

// Query implements [table.Engine].
func (e *Engine) Query(ctx context.Context, q table.Query) (table.Page, error) {
	return table.Page{}, errStub
}

// Write implements [table.Engine].
func (e *Engine) Write(ctx context.Context, w table.Write) error { return errStub }

// Transact implements [table.Engine].
func (e *Engine) Transact(ctx context.Context, token string, ws []table.Write) error { return errStub }

// Tables implements [table.Engine].
func (e *Engine) Tables(ctx context.Context) ([]table.Status, error) { return nil, errStub }

// Init implements [table.Engine].
func (e *Engine) Init(ctx context.Context) error { return errStub }

// Close implements [table.Engine].
func (e *Engine) Close() error { return errStub }
