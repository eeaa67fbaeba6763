package store

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Idempotency is bi_sessions' USER#id / ONCE#hash of the key: what a person's
// idempotency keys stand for, kept for a day. A key is written in the transaction of
// what it asked for, so that neither is there without the other; see onceWrites.
type Idempotency struct{ e table.Engine }

const idempotencyKept = 24 * time.Hour

func idempotencyKey(k core.IdempotencyKey) table.Key {
	return table.Key{Table: table.Sessions, PK: "USER#" + k.UserID, SK: "ONCE#" + digest(k.Key)}
}

// Known is the id of what the key stands for, "" while it stands for nothing;
// CONFLICT.idempotency where it was used for another input.
func (r *Idempotency) Known(ctx context.Context, k core.IdempotencyKey) (id string, err error) {
	it, err := r.e.Get(ctx, idempotencyKey(k))
	if err != nil || it == nil {
		return "", err
	}
	if it.Str("input_hash") != k.Input {
		return "", &core.Error{Code: core.CodeConflict, Reason: "idempotency", Field: "input.idempotencyKey"}
	}
	return it.Str("made_id"), nil
}

// Keep writes down what the context's key stands for where making it wrote nothing,
// "" for what cannot be found again.
func (r *Idempotency) Keep(ctx context.Context, id string) error {
	ws := onceWrites(ctx, id)
	if len(ws) == 0 || id == "" {
		return nil
	}
	err := apply(ctx, r.e, ws)
	if table.ConditionFailed(err) != nil {
		return nil // somebody who asked at the same time was first, and has made the same
	}
	return err
}

// onceWrites are the writes, for the transaction of what the context's key asks for,
// by which it is found again: none without a key. They fail where the key stands for
// something by now.
func onceWrites(ctx context.Context, id string) []table.Write {
	k, ok := core.IdempotencyKeyFrom(ctx)
	if !ok {
		return nil
	}
	return []table.Write{table.Put(idempotencyKey(k), table.Item{
		"made_id": id, "input_hash": k.Input, "expires_at": Now().Add(idempotencyKept).Unix(),
	}, table.IfAbsent())}
}
