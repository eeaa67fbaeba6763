package store

import (
	"context"
	"sync/atomic"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Counted is the engine, and counts the writes to each table that go through it, so
// that who reads for an actor knows of their [core.Reading] whether it still holds. It
// does not know of the writes of other processes.
func Counted(e table.Engine) table.Engine {
	c := &counted{Engine: e, writes: make(map[string]*atomic.Uint64, len(table.Tables))}
	for _, t := range table.Tables {
		c.writes[t.Name] = &atomic.Uint64{}
	}
	return c
}

type counted struct {
	table.Engine
	writes map[string]*atomic.Uint64
}

// Get is noted at [table.Engine].
func (c *counted) Get(ctx context.Context, k table.Key) (table.Item, error) {
	c.read(ctx, k.Table)
	return c.Engine.Get(ctx, k)
}

// BatchGet is noted at [table.Engine].
func (c *counted) BatchGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	for i, k := range keys {
		if i == 0 || k.Table != keys[i-1].Table {
			c.read(ctx, k.Table)
		}
	}
	return c.Engine.BatchGet(ctx, keys)
}

// Query is noted at [table.Engine].
func (c *counted) Query(ctx context.Context, q table.Query) (table.Page, error) {
	c.read(ctx, q.Table)
	return c.Engine.Query(ctx, q)
}

// Write is counted at [table.Engine].
func (c *counted) Write(ctx context.Context, w table.Write) error {
	defer c.wrote(ctx, w)
	return c.Engine.Write(ctx, w)
}

// Transact is counted at [table.Engine].
func (c *counted) Transact(ctx context.Context, token string, ws []table.Write) error {
	defer c.wrote(ctx, ws...)
	return c.Engine.Transact(ctx, token, ws)
}

func (c *counted) read(ctx context.Context, name string) {
	if writes := c.writes[name]; writes != nil { // the engine refuses others
		core.ActorFrom(ctx).Reading().From(writes)
	}
}

// wrote counts also what failed: it may have been done.
func (c *counted) wrote(ctx context.Context, ws ...table.Write) {
	core.ActorFrom(ctx).Reading().Acted()
	for _, w := range ws {
		if writes := c.writes[w.Key.Table]; writes != nil {
			writes.Add(1)
		}
	}
}
