package guard

import (
	"context"
	"strconv"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

const (
	maxLimit   = 1_000_000
	maxReason  = 200
	longestSet = 366 // days, of a limit with an end
)

// SetLimitInput is how much of a class there may be in a minute. A nil limit is
// the usual one again; 0 stops the class, but never those by which administrators
// sign in and set it again.
type SetLimitInput struct {
	Class  core.RateClass
	Limit  *int
	Until  *time.Time // nil: until it is set again
	Reason string
}

// Limits are all classes with what holds for them now. For administrators.
func (g *Guard) Limits(ctx context.Context) ([]core.RateLimit, error) {
	if _, err := g.Gate.RequireAdmin(ctx); err != nil {
		return nil, err
	}
	if err := g.refresh(ctx); err != nil {
		return nil, err
	}
	all := make([]core.RateLimit, len(core.RateClasses))
	for i, c := range core.RateClasses {
		all[i] = g.limit(c.Class)
	}
	return all, nil
}

// SetLimit sets a class's limit. It holds here at once, and in every other process
// within seconds. For administrators.
func (g *Guard) SetLimit(ctx context.Context, in SetLimitInput) (*core.RateLimit, error) {
	actor, err := g.Gate.RequireAdmin(ctx)
	if err != nil {
		return nil, err
	}
	l := &core.RateLimit{Class: in.Class, Reason: in.Reason, SetBy: actor.ActingID(), SetAt: g.Now()}
	if err := g.checkSet(in, l); err != nil {
		return nil, err
	}
	if err := g.Audit.Ready(); err != nil {
		return nil, err
	}
	details := map[string]string{"reason": in.Reason, "limit": "default"}
	if in.Limit == nil {
		err = g.Store.Limits.ResetRate(ctx, in.Class)
	} else {
		details["limit"] = strconv.Itoa(l.Limit)
		if !l.Until.IsZero() {
			details["until"] = l.Until.Format(time.RFC3339)
		}
		err = g.Store.Limits.SetRate(ctx, l)
	}
	if err != nil {
		return nil, err
	}
	if err := g.record(ctx, core.EventRateLimitSet, "rateLimit", string(in.Class), details); err != nil {
		return nil, err
	}
	now := g.limit(in.Class)
	return &now, nil
}

func (g *Guard) checkSet(in SetLimitInput, l *core.RateLimit) error {
	if err := checkReason(in.Reason); err != nil {
		return err
	}
	if in.Limit != nil {
		least := 0
		if in.Class == core.RateAdmin || in.Class == core.RateAll {
			least = 1
		}
		if *in.Limit < least || *in.Limit > maxLimit {
			return core.Invalid("input.limit", "out_of_range", "min", least, "max", maxLimit)
		}
		l.Limit = *in.Limit
	}
	if in.Until == nil {
		return nil
	}
	if in.Limit == nil {
		return core.Invalid("input.until", "bad_value")
	}
	if err := core.CheckUntil("input.until", *in.Until, g.Now(), longestSet); err != nil {
		return err
	}
	l.Until = in.Until.UTC().Truncate(time.Millisecond)
	return nil
}

func checkReason(reason string) error {
	if reason == "" {
		return core.Invalid("input.reason", "required")
	}
	return core.CheckText("input.reason", reason, maxReason)
}

// record writes the audit log and looks at once at what has been set.
func (g *Guard) record(ctx context.Context, event core.EventType, kind, id string, details map[string]string) error {
	if err := g.Audit.RecordStrict(ctx, core.AuditEvent{Type: event, TargetType: kind, TargetID: id, Details: details}); err != nil {
		return err
	}
	return g.refresh(ctx)
}
