package table

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// Call is one call of an engine, as [Counted] saw it.
type Call struct {
	Op    string // the method's name
	Table string // several are sorted and joined by commas
	Index string
	Items int // keys read, writes made or items returned
	Took  time.Duration
	Err   error
}

// Counted is the engine with each finished call told to the function, which
// must be quick and may be called from many goroutines at once.
func Counted(e Engine, each func(Call)) Engine { return &counted{Engine: e, each: each} }

type counted struct {
	Engine
	each func(Call)
}

func (c *counted) Get(ctx context.Context, k Key) (Item, error) {
	start := time.Now()
	it, err := c.Engine.Get(ctx, k)
	c.each(Call{Op: "Get", Table: k.Table, Items: 1, Took: time.Since(start), Err: err})
	return it, err
}

func (c *counted) BatchGet(ctx context.Context, keys []Key) (map[Key]Item, error) {
	start := time.Now()
	items, err := c.Engine.BatchGet(ctx, keys)
	c.each(Call{Op: "BatchGet", Table: tablesOf(keys), Items: len(keys), Took: time.Since(start), Err: err})
	return items, err
}

func (c *counted) Query(ctx context.Context, q Query) (Page, error) {
	start := time.Now()
	page, err := c.Engine.Query(ctx, q)
	c.each(Call{Op: "Query", Table: q.Table, Index: q.Index, Items: len(page.Items), Took: time.Since(start), Err: err})
	return page, err
}

func (c *counted) Write(ctx context.Context, w Write) error {
	start := time.Now()
	err := c.Engine.Write(ctx, w)
	c.each(Call{Op: "Write", Table: w.Key.Table, Items: 1, Took: time.Since(start), Err: err})
	return err
}

func (c *counted) Transact(ctx context.Context, token string, ws []Write) error {
	start := time.Now()
	err := c.Engine.Transact(ctx, token, ws)
	keys := make([]Key, len(ws))
	for i, w := range ws {
		keys[i] = w.Key
	}
	c.each(Call{Op: "Transact", Table: tablesOf(keys), Items: len(ws), Took: time.Since(start), Err: err})
	return err
}

func tablesOf(keys []Key) string {
	var names []string
	for _, k := range keys {
		if !slices.Contains(names, k.Table) {
			names = append(names, k.Table)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

// Recorder keeps calls for a test to look at: Counted(engine, recorder.Add).
type Recorder struct {
	mu    sync.Mutex
	calls []Call
}

// Add records a call.
func (r *Recorder) Add(c Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, c)
}

// Take gives the calls since the last Take, in the order in which they ended.
func (r *Recorder) Take() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := r.calls
	r.calls = nil
	return calls
}
