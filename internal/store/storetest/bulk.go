package storetest

import (
	"context"

	"github.com/karuta-bi/karuta/internal/table"
)

// Bulk is an engine that gathers new items and writes them a hundred at a time
// and without conditions, to make a large world quickly. What was gathered is
// read after Flush.
type Bulk struct {
	table.Engine
	writes []table.Write
}

// Write implements [table.Engine].
func (b *Bulk) Write(ctx context.Context, w table.Write) error {
	return b.Transact(ctx, "", []table.Write{w})
}

// Transact implements [table.Engine].
func (b *Bulk) Transact(ctx context.Context, _ string, ws []table.Write) error {
	if len(b.writes)+len(ws) > table.MaxTransact {
		if err := b.Flush(ctx); err != nil {
			return err
		}
	}
	for _, w := range ws {
		if w.Op == table.OpPut {
			w.If = table.Always()
			b.writes = append(b.writes, w)
		}
	}
	return nil
}

// Flush writes what was gathered.
func (b *Bulk) Flush(ctx context.Context) error {
	if len(b.writes) == 0 {
		return nil
	}
	ws := b.writes
	b.writes = nil
	return b.Engine.Transact(ctx, "", ws)
}
