package control

import (
	"context"
	"encoding/json"
)

// hearing is the key under which a context knows who hears what a verb tells.
type hearing struct{}

// Hear is a context in which heard gets what a verb tells while it works, each
// value as JSON, in its order and before the verb's result. It holds for a verb
// that is called and for one that is done here.
func Hear(ctx context.Context, heard func(json.RawMessage)) context.Context {
	return context.WithValue(ctx, hearing{}, heard)
}

// Tell tells a value, which must encode as JSON, to who waits for the verb, where
// somebody listens.
func Tell(ctx context.Context, v any) {
	heard, ok := ctx.Value(hearing{}).(func(json.RawMessage))
	if !ok {
		return
	}
	if raw, err := json.Marshal(v); err == nil {
		heard(raw)
	}
}
