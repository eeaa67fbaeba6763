package server

import (
	"context"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// streams counts the event streams of the process.
type streams struct {
	mu     sync.Mutex
	total  int
	byUser map[string]int // and of who has not signed in by client
}

// enter takes a place for a stream; RATE_LIMIT_EXCEEDED where all are taken. A bound
// of 0 is none.
func (s *streams) enter(actor *core.Actor, perUser, perAddress, total int) (leave func(), refused *core.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	who, most := actor.UserID(), perUser
	if who == "" {
		who, most = core.ClientOf(actor.IP), perAddress
	}
	if total > 0 && s.total >= total || most > 0 && s.byUser[who] >= most {
		return nil, &core.Error{Code: core.CodeRateLimit, Details: map[string]any{"retryAfter": 10}}
	}
	if s.byUser == nil {
		s.byUser = map[string]int{}
	}
	s.total++
	s.byUser[who]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.total--
		if s.byUser[who]--; s.byUser[who] == 0 {
			delete(s.byUser, who)
		}
	}, nil
}

type untilKey struct{}

// withSignedInUntil remembers when the request's credential ends.
func withSignedInUntil(ctx context.Context, until time.Time) context.Context {
	return context.WithValue(ctx, untilKey{}, until)
}

// signedInUntil is when the request's credential ends; zero for never.
func signedInUntil(ctx context.Context) time.Time {
	until, _ := ctx.Value(untilKey{}).(time.Time)
	return until
}
