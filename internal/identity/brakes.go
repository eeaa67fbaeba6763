package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

const (
	crowdWait    = 10 * time.Second // for the tries of others to end
	crowdPoll    = 20 * time.Millisecond
	crowdPollMax = 320 * time.Millisecond
)

// attempt is a try to get in that has been counted. [Service.settle] ends it.
type attempt struct {
	id     string
	brakes []string // of the client, and of the account where there is one
}

// errCrowded tells that tries which are not over yet take the place.
var errCrowded = errors.New("identity: too many tries at the same time")

// reserve counts a try to get in as the account, before the password is looked
// at: of 50 guesses at the same time still only five are compared.
// RATE_LIMIT_EXCEEDED where account or client have failed too often. Who is only
// one of many at the same time waits until others are done.
//
// The account is whatever was typed in, so that an address without an account
// is braked like one with.
func (s *Service) reserve(ctx context.Context, account string) (*attempt, error) {
	return s.reserveAt(ctx, brakeID("client", core.ClientOf(core.ActorFrom(ctx).IP)), brakeID("account", account))
}

// reserveAt is reserve at these brakes, the client's first.
func (s *Service) reserveAt(ctx context.Context, brakes ...string) (*attempt, error) {
	a := &attempt{id: rand.Text(), brakes: brakes}
	if s.unlimited {
		return a, nil
	}
	poll := crowdPoll
	for until := time.Now().Add(crowdWait); ; poll = min(2*poll, crowdPollMax) {
		switch err := s.admit(ctx, a); {
		case err == nil:
			return a, nil
		case !errors.Is(err, errCrowded):
			return nil, core.Known("identity: brake", err)
		case time.Now().After(until):
			return nil, tooManyTries(time.Second)
		}
		select {
		case <-time.After(poll):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (s *Service) admit(ctx context.Context, a *attempt) error {
	now := s.now()
	return s.store.Brakes.Edit(ctx, a.brakes, now.Add(brakeMemory), func(brakes []*core.Brake) ([]core.Notice, error) {
		var wait time.Duration
		crowded := false
		for _, b := range brakes {
			w, c := admission(b, now)
			wait, crowded = max(wait, w), crowded || c
			b.Tries = append(b.Tries, core.Try{ID: a.id, At: now, Open: true})
		}
		switch {
		case wait > 0:
			return nil, tooManyTries(wait)
		case crowded:
			return nil, errCrowded
		}
		return nil, nil
	})
}

// settle tells how a try has ended. A good one gives its place back and ends the
// account's failures in a row; a bad one counts, and may lock account or client
// for a while, which is recorded. The person is told of the first lock in a row.
// The user is the account's, an empty one where nobody has it; both cost the same.
func (s *Service) settle(ctx context.Context, a *attempt, user *core.User, good bool) error {
	if s.unlimited {
		return nil
	}
	ctx, now := context.WithoutCancel(ctx), s.now() // who hangs up has tried all the same
	var lock time.Duration
	clientLocked := false
	err := s.store.Brakes.Edit(ctx, a.brakes, now.Add(brakeMemory), func(brakes []*core.Brake) (notices []core.Notice, _ error) {
		client, account := brakes[0], &core.Brake{}
		if len(brakes) > 1 {
			account = brakes[1]
		}
		if good {
			succeed(account, client, a.id)
			return nil, nil
		}
		lock, clientLocked = lockAccount(account, a.id, now), lockClient(client, a.id)
		if user.ID != "" && account.Failures == brakeTries {
			notices = append(notices, core.Notice{UserID: user.ID, Kind: core.NoticeLoginLocked, CreatedAt: now})
		}
		return notices, nil
	})
	if err != nil {
		return core.Known("identity: brake", err)
	}
	if lock > 0 {
		s.recordLock(ctx, user, "user", user.ID, lock)
	}
	if clientLocked {
		s.recordLock(ctx, user, "client", core.ActorFrom(ctx).IP, brakeWindow)
	}
	return nil
}

func (s *Service) recordLock(ctx context.Context, user *core.User, kind, id string, lock time.Duration) {
	s.audit.Record(ctx, core.AuditEvent{
		Type: core.EventLoginLocked, UserID: user.ID, TargetType: kind, TargetID: id, Outcome: core.OutcomeDenied,
		Details: map[string]string{"seconds": strconv.Itoa(seconds(lock))},
	})
}

// tooManyTries tells how long to wait.
func tooManyTries(wait time.Duration) error {
	n := seconds(wait)
	return &core.Error{
		Code: core.CodeRateLimit, Reason: "tries", Args: map[string]any{"seconds": n}, Details: map[string]any{"retryAfter": n},
	}
}

func brakeID(kind, of string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + of))
	return hex.EncodeToString(sum[:])
}
