package store

import (
	"context"
	"errors"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

const editTries = 8

// versioned is what edit needs to know of a noun.
type versioned[T any] struct {
	key     table.Key
	read    func(table.Item) *T
	write   func(*T) table.Item
	version func(*T) *int64
	touch   func(*T, time.Time)
}

// edit reads, changes and writes back a noun under the version it read, with
// any further writes in the same transaction. A want of 0 takes whatever
// version is there and tries again after a lost race; any other version that
// is no longer current is CONFLICT. Where only a guard was written meanwhile, it
// tries again in any case. A missing item is nil, nil.
func edit[T any](ctx context.Context, e table.Engine, v versioned[T], want int64, change func(*T) ([]table.Write, error)) (*T, error) {
	for try := 0; ; try++ {
		it, err := e.Get(ctx, v.key)
		if err != nil || it == nil {
			return nil, err
		}
		noun := v.read(it)
		current := *v.version(noun)
		if want != 0 && want != current {
			return nil, core.Conflict(want, current)
		}
		more, err := change(noun)
		if err != nil {
			return nil, err
		}
		*v.version(noun) = current + 1
		v.touch(noun, Now())
		ws := append([]table.Write{table.Put(v.key, v.write(noun), table.IfVersion(current))}, more...)
		err = apply(ctx, e, ws)
		if err == nil {
			return noun, nil
		}
		failed := table.ConditionFailed(err)
		if failed == nil || failed.Index != 0 && !guardLost(err) && !besideLost(err) {
			return nil, err
		}
		if try >= editTries {
			return nil, &core.Error{Code: core.CodeConflict, Cause: err}
		}
	}
}

// whileUnchanged does a transaction that depends on an item which it does not
// change: only where the item as it is now (nil: none) suits, which the write
// that it is handed checks, and again where the item was changed meanwhile;
// CONFLICT when that goes on.
func whileUnchanged(ctx context.Context, e table.Engine, key table.Key, suits func(table.Item) error, do func(stays table.Write) error) error {
	for try := 0; ; try++ {
		it, err := e.Get(ctx, key)
		if err == nil {
			err = suits(it)
		}
		if err != nil {
			return err
		}
		err = do(table.Check(key, table.IfVersion(it.Int("version"))))
		failed := table.ConditionFailed(err)
		if failed == nil || failed.Key != key {
			return err
		}
		if try >= editTries {
			return &core.Error{Code: core.CodeConflict, Cause: err}
		}
	}
}

// apply does the writes, alone or as one transaction. What is larger than the
// table takes is VALIDATION_ERROR: the bounds of single arguments leave room
// for nouns that are too large as a whole.
func apply(ctx context.Context, e table.Engine, ws []table.Write) (err error) {
	if len(ws) == 1 {
		err = e.Write(ctx, ws[0])
	} else {
		err = e.Transact(ctx, "", ws)
	}
	if errors.Is(err, table.ErrTooLarge) {
		return core.Invalid("input", "request_too_large")
	}
	return err
}
