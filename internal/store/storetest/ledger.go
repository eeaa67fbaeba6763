package storetest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/table"
)

// Ledger is an engine that remembers the key of every item that was ever put,
// for the port has no way to list a table.
type Ledger struct {
	table.Engine

	still sync.RWMutex // held by who reads everything, shared by who writes
	mu    sync.Mutex
	keys  map[table.Key]bool
}

// NewLedger begins a ledger with the items of the keys and what is put through it.
func NewLedger(e table.Engine, keys ...table.Key) *Ledger {
	l := &Ledger{Engine: e, keys: map[table.Key]bool{}}
	for _, k := range keys {
		l.keys[k] = true
	}
	return l
}

// Keys are the keys of everything that was ever put.
func (l *Ledger) Keys() []table.Key {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.keys))
}

// Write implements [table.Engine].
func (l *Ledger) Write(ctx context.Context, w table.Write) error {
	l.still.RLock()
	defer l.still.RUnlock()
	l.note(w)
	return l.Engine.Write(ctx, w)
}

// Transact implements [table.Engine].
func (l *Ledger) Transact(ctx context.Context, token string, ws []table.Write) error {
	l.still.RLock()
	defer l.still.RUnlock()
	l.note(ws...)
	return l.Engine.Transact(ctx, token, ws)
}

func (l *Ledger) note(ws ...table.Write) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range ws {
		if w.Op == table.OpPut {
			l.keys[w.Key] = true
		}
	}
}

// Items reads what is there at one moment of everything that was ever put. Writes wait
// meanwhile: what runs beside the test would change half of what is read.
func (l *Ledger) Items(t testing.TB) Items {
	t.Helper()
	l.still.Lock()
	defer l.still.Unlock()
	items := Items{}
	for some := range slices.Chunk(l.Keys(), table.MaxBatchGet) {
		found, err := l.Engine.BatchGet(context.Background(), some)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(items, found)
	}
	return items
}
