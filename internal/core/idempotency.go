package core

import "context"

// MaxIdempotencyKey is the longest idempotency key, in characters.
const MaxIdempotencyKey = 200

// IdempotencyKey makes asking for something again harmless: for a day the key of a
// person stands for what it was first used for.
type IdempotencyKey struct {
	UserID string
	Key    string // as the client chose it
	Input  string // fingerprint of all that was asked for
}

type idempotencyContext struct{}

// WithIdempotencyKey puts the key under which something is asked for into the
// context: what is made in it is written down together with the key.
func WithIdempotencyKey(ctx context.Context, k IdempotencyKey) context.Context {
	return context.WithValue(ctx, idempotencyContext{}, k)
}

// IdempotencyKeyFrom is the key of what is being done; ok is false without one.
func IdempotencyKeyFrom(ctx context.Context) (k IdempotencyKey, ok bool) {
	k, ok = ctx.Value(idempotencyContext{}).(IdempotencyKey)
	return k, ok
}

// Idempotent is a part of what may be asked for again.
type Idempotent struct {
	IdempotencyKey string // at most [MaxIdempotencyKey] characters; "" asks anew each time
}
