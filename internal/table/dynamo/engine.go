package dynamo

import (
	"context"
	"errors"

	"github.com/karuta-bi/karuta/internal/table"
)

// Engine speaks to DynamoDB. It is safe for many goroutines.
type Engine struct{}

var _ table.Engine = (*Engine)(nil)
var errStub = errors.ErrUnsupported

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
