package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Limits are in bi_sessions: LIMITS / class, BLOCKS / network and
// USAGE#day / class#subject, each gone after expires_at.
type Limits struct{ e table.Engine }

const (
	limitsPK  = "LIMITS"
	blocksPK  = "BLOCKS"
	dayForm   = "2006-01-02"
	usageKept = 15 * 24 * time.Hour
	// MaxBlocks is how many networks may be blocked at the same time.
	MaxBlocks = 500
	// MaxUsage is how many subjects of one day are told.
	MaxUsage = 1000
)

func limitsKey(pk, sk string) table.Key { return table.Key{Table: table.Sessions, PK: pk, SK: sk} }

func usagePK(day time.Time) string { return "USAGE#" + day.UTC().Format(dayForm) }

// SetRate keeps what a class is set to. A limit without an end is kept until it is
// set again.
func (r *Limits) SetRate(ctx context.Context, l *core.RateLimit) error {
	it := table.Item{"class": string(l.Class), "limit": int64(l.Limit), "reason": l.Reason, "set_by": l.SetBy}
	putTime(it, "set_at", l.SetAt)
	putTime(it, "until", l.Until)
	if !l.Until.IsZero() {
		it["expires_at"] = l.Until.Unix() + 1
	}
	return apply(ctx, r.e, []table.Write{table.Put(limitsKey(limitsPK, string(l.Class)), it, table.Condition{})})
}

// ResetRate forgets what a class was set to.
func (r *Limits) ResetRate(ctx context.Context, c core.RateClass) error {
	return apply(ctx, r.e, []table.Write{table.Delete(limitsKey(limitsPK, string(c)), table.Condition{})})
}

// Rates are the settings.
func (r *Limits) Rates(ctx context.Context) ([]*core.RateLimit, error) {
	return limitsOf(ctx, r.e, limitsPK, len(core.RateClasses), func(it table.Item) *core.RateLimit {
		return &core.RateLimit{
			Class: core.RateClass(it.Str("class")), Limit: int(it.Int("limit")), Reason: it.Str("reason"),
			SetBy: it.Str("set_by"), SetAt: getTime(it, "set_at"), Until: getTime(it, "until"),
		}
	})
}

func limitsOf[T any](ctx context.Context, e table.Engine, pk string, most int, read func(table.Item) T) ([]T, error) {
	return collectAs(ctx, e, table.Query{Table: table.Sessions, PK: pk}, most, read)
}

// Block keeps a blocked network.
func (r *Limits) Block(ctx context.Context, b *core.BlockedAddress) error {
	it := table.Item{"network": b.Network, "reason": b.Reason, "set_by": b.SetBy, "expires_at": b.Until.Unix() + 1}
	putTime(it, "set_at", b.SetAt)
	putTime(it, "until", b.Until)
	return apply(ctx, r.e, []table.Write{table.Put(limitsKey(blocksPK, b.Network), it, table.Condition{})})
}

// Unblock forgets a network.
func (r *Limits) Unblock(ctx context.Context, network string) error {
	return apply(ctx, r.e, []table.Write{table.Delete(limitsKey(blocksPK, network), table.Condition{})})
}

// Blocks are the blocked networks by their text, at most [MaxBlocks].
func (r *Limits) Blocks(ctx context.Context) ([]core.BlockedAddress, error) {
	return limitsOf(ctx, r.e, blocksPK, MaxBlocks, func(it table.Item) core.BlockedAddress {
		return core.BlockedAddress{
			Network: it.Str("network"), Reason: it.Str("reason"), SetBy: it.Str("set_by"),
			SetAt: getTime(it, "set_at"), Until: getTime(it, "until"),
		}
	})
}

// AddUsage adds what a process has seen of a subject on the day of Last to what all have.
func (r *Limits) AddUsage(ctx context.Context, u core.RateUsage) error {
	key := limitsKey(usagePK(u.Last), string(u.Class)+"#"+u.Subject)
	for try := 0; ; try++ {
		it, err := r.e.Get(ctx, key)
		if err != nil {
			return err
		}
		still, sum := table.IfAbsent(), u
		if it != nil {
			still, sum = table.IfVersion(it.Int("version")), joined(u, readUsage(it))
		}
		err = apply(ctx, r.e, []table.Write{table.Put(key, writeUsage(sum, it.Int("version")+1), still)})
		if table.ConditionFailed(err) == nil || try >= brakeTries {
			return err
		}
	}
}

// joined is what two say of one subject.
func joined(a, b core.RateUsage) core.RateUsage {
	a.Near, a.Over = a.Near+b.Near, a.Over+b.Over
	if b.Last.After(a.Last) {
		a.Last = b.Last
	}
	if b.Share() > a.Share() {
		a.Peak, a.Limit = b.Peak, b.Limit
	}
	return a
}

func writeUsage(u core.RateUsage, version int64) table.Item {
	it := table.Item{
		"class": string(u.Class), "subject": u.Subject, "limit": int64(u.Limit), "peak": int64(u.Peak),
		"near": int64(u.Near), "over": int64(u.Over), "version": version, "expires_at": u.Last.Add(usageKept).Unix(),
	}
	putTime(it, "last_at", u.Last)
	return it
}

func readUsage(it table.Item) core.RateUsage {
	return core.RateUsage{
		Class: core.RateClass(it.Str("class")), Subject: it.Str("subject"), Limit: int(it.Int("limit")), Peak: int(it.Int("peak")),
		Near: int(it.Int("near")), Over: int(it.Int("over")), Last: getTime(it, "last_at"),
	}
}

// Usage is who came near a limit in the days up to and with the given one: a
// subject of a class once, at most [MaxUsage] of each day.
func (r *Limits) Usage(ctx context.Context, last time.Time, days int) ([]core.RateUsage, error) {
	found := map[string]core.RateUsage{}
	for n := range days {
		day, err := limitsOf(ctx, r.e, usagePK(last.AddDate(0, 0, -n)), MaxUsage, readUsage)
		if err != nil {
			return nil, err
		}
		for _, u := range day {
			id := string(u.Class) + "#" + u.Subject
			if before, known := found[id]; known {
				u = joined(u, before)
			}
			found[id] = u
		}
	}
	return slices.AppendSeq(make([]core.RateUsage, 0, len(found)), maps.Values(found)), nil
}
