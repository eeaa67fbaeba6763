// Package idempotency makes what people ask for harmless to ask for again: a client
// that did not hear an answer sends the same request with the same key, and gets what
// the first one made.
package idempotency

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
)

// Service knows what keys were used for.
type Service struct {
	keys   *store.Idempotency
	secret []byte
}

// New makes the service. The secret keeps what was asked for, passwords among it,
// from being guessed by its fingerprint.
func New(keys *store.Idempotency, secret string) *Service {
	return &Service{keys: keys, secret: []byte(secret)}
}

// Request is what somebody asks for.
type Request struct {
	Field string // of the schema, as `createDashboard`
	Key   string // "" asks anew each time
	Input any    // all that is asked for
}

// keyField is where a request carries its key.
const keyField = "input.idempotencyKey"

// Do does what is asked for in a context by which the store writes the key down
// together with what is made, or gives that again, by its id, where the person used
// the key for the same input within the last day. Of those who ask at the same time
// one does it. VALIDATION_ERROR for a key that is too long, CONFLICT.idempotency for
// one that was used for another input. A failure leaves the key free.
func Do[T any](ctx context.Context, s *Service, r Request, again func(context.Context, string) (T, error), do func(context.Context) (T, error)) (T, error) {
	if r.Key == "" {
		return do(ctx)
	}
	var none T
	if err := core.CheckText(keyField, r.Key, core.MaxIdempotencyKey); err != nil {
		return none, err
	}
	key, err := s.key(ctx, r)
	if err != nil {
		return none, err
	}
	if made, found, err := recall(ctx, s, key, again); found || err != nil {
		return made, err
	}
	made, failure := do(core.WithIdempotencyKey(ctx, key))
	if failure == nil || !overtaken(failure) {
		return made, failure
	}
	if made, found, err := recall(ctx, s, key, again); found || err != nil {
		return made, err
	}
	return none, failure
}

// recall gives what the key stands for, where it stands for something. What was made
// and is gone, or is not to be seen any more, is NOT_FOUND at the key: nothing else of
// the request names it.
func recall[T any](ctx context.Context, s *Service, key core.IdempotencyKey, again func(context.Context, string) (T, error)) (made T, found bool, err error) {
	id, err := s.keys.Known(ctx, key)
	if err != nil || id == "" {
		return made, false, core.Known("idempotency: read key", err)
	}
	made, err = again(ctx, id)
	if gone, ok := errors.AsType[*core.Error](err); ok && gone.Code == core.CodeNotFound {
		at := *gone
		at.Field = keyField
		err = &at
	}
	return made, true, err
}

// overtaken tells whether the failure may come from another request that has made
// the same just now.
func overtaken(err error) bool {
	return table.ConditionFailed(err) != nil || core.CodeOf(err).HTTPStatus() < 500
}

func (s *Service) key(ctx context.Context, r Request) (core.IdempotencyKey, error) {
	h := hmac.New(sha256.New, s.secret)
	if err := json.NewEncoder(h).Encode([]any{r.Field, r.Input}); err != nil {
		return core.IdempotencyKey{}, core.Internal("idempotency: fingerprint", err)
	}
	return core.IdempotencyKey{UserID: core.ActorFrom(ctx).ActingID(), Key: r.Key, Input: hex.EncodeToString(h.Sum(nil))}, nil
}
