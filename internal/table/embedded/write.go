package embedded

import (
	"context"

	"go.etcd.io/bbolt"

	"github.com/karuta-bi/karuta/internal/table"
)

// change is a checked write, made ready outside of the transaction.
type change struct {
	table.Write
	of      table.Table
	primary []byte
	full    table.Item // of a put: with its key attributes
	raw     []byte     // full, encoded
}

func prepare(w table.Write) change {
	t, _ := table.Lookup(w.Key.Table)
	c := change{Write: w, of: t, primary: primaryKey(w.Key.PK, w.Key.SK)}
	if w.Op == table.OpPut {
		c.full = t.WithKey(w.Item, w.Key)
		c.raw = encode(nil, c.full)
	}
	return c
}

// Write implements [table.Engine]. Audit logs written at the same time share
// one write to disk.
func (e *Engine) Write(ctx context.Context, w table.Write) error {
	if _, err := table.CheckWrite(w); err != nil {
		return err
	}
	run := e.db.Update
	if w.Key.Table == table.AuditLogs && w.If == table.Always() {
		run = e.db.Batch
	}
	changes := []change{prepare(w)}
	return e.update(ctx, run, func(tx txn) error { return tx.apply(changes) })
}

// Transact implements [table.Engine].
func (e *Engine) Transact(ctx context.Context, token string, ws []table.Write) error {
	if err := table.CheckTransact(ws); err != nil {
		return err
	}
	changes := make([]change, len(ws))
	for i, w := range ws {
		changes[i] = prepare(w)
	}
	return e.update(ctx, e.db.Update, func(tx txn) error {
		done, err := tx.useToken(token, changes)
		if done || err != nil {
			return err
		}
		return tx.apply(changes)
	})
}

// update runs the writes in one transaction. A caller who has given up while
// waiting for the writer before him writes nothing.
func (e *Engine) update(ctx context.Context, run func(func(*bbolt.Tx) error) error, write func(txn) error) error {
	return run(func(tx *bbolt.Tx) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return write(newTxn(tx))
	})
}

// apply checks all conditions, then does all writes.
func (tx txn) apply(changes []change) error {
	olds := make([]table.Item, len(changes))
	for i, c := range changes {
		old, err := tx.stored(c)
		if err != nil {
			return err
		}
		seen := old
		if c.of.Expired(old, tx.now) {
			seen = nil
		}
		if !holds(c.If, seen) {
			return &table.ConditionError{Index: i, Key: c.Key, Current: seen}
		}
		olds[i] = old
	}
	for i, c := range changes {
		if c.Op == table.OpCheck {
			continue
		}
		if err := tx.replace(c.of, c.primary, olds[i], c.full, c.raw); err != nil {
			return err
		}
	}
	return nil
}

// stored is the item that the change finds, whether its time has passed or not.
func (tx txn) stored(c change) (table.Item, error) {
	b, err := tx.base(c.of)
	if err != nil {
		return nil, err
	}
	raw := b.Get(c.primary)
	if raw == nil {
		return nil, nil
	}
	return decode(raw)
}

// holds tells whether the condition is true of the item found, nil for none.
func holds(c table.Condition, found table.Item) bool {
	_, absent, exists, version := c.Kind()
	switch {
	case absent:
		return found == nil
	case exists:
		return found != nil
	case version:
		v, ok := found[table.AttrVersion].(int64)
		return ok && v == c.Version()
	}
	return true
}
