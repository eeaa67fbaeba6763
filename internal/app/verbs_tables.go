package app

import (
	"context"

	"github.com/karuta-bi/karuta/internal/table"
)

// TableRow is what a table looks like against its declaration.
type TableRow = table.Status

func (a *App) listTables(ctx context.Context, _ struct{}) ([]TableRow, error) {
	return a.Store.Engine().Tables(ctx)
}

func (a *App) initTables(ctx context.Context, _ struct{}) ([]TableRow, error) {
	if err := a.Store.Engine().Init(ctx); err != nil {
		return nil, err
	}
	return a.Store.Engine().Tables(ctx)
}
