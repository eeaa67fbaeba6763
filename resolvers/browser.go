package resolvers

import (
	"context"
	"time"
)

// Browser keeps the session of a request that came from a page of ours, in a
// cookie that no script can read.
type Browser interface {
	SignedIn(token string, lifetime time.Duration)
	SignedOut()
}

type browserKey struct{}

// WithBrowser tells login and logout that a browser is asking.
func WithBrowser(ctx context.Context, b Browser) context.Context {
	return context.WithValue(ctx, browserKey{}, b)
}

// nobody is the browser of clients that keep their token themselves.
type nobody struct{}

func (nobody) SignedIn(string, time.Duration) {}
func (nobody) SignedOut()                     {}

func browser(ctx context.Context) Browser {
	if b, ok := ctx.Value(browserKey{}).(Browser); ok {
		return b
	}
	return nobody{}
}
