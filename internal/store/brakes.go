package store

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Brakes are in bi_sessions: BRAKE#id / METADATA, gone after expires_at.
type Brakes struct{ e table.Engine }

// brakeTries is how often a change is tried that others come before. Of those
// who guess at once one is always first, and the rest are refused soon.
const brakeTries = 100

func brakeKey(id string) table.Key {
	return table.Key{Table: table.Sessions, PK: "BRAKE#" + id, SK: metadata}
}

func writeBrake(b *core.Brake, until time.Time) table.Item {
	tries := make([]any, len(b.Tries))
	for i, t := range b.Tries {
		tries[i] = map[string]any{"id": t.ID, "at": t.At.UnixMilli(), "open": t.Open}
	}
	it := table.Item{"tries": tries, "failures": int64(b.Failures), "version": b.Version, "expires_at": until.Unix()}
	putTime(it, "until", b.Until)
	return it
}

func readBrake(id string, it table.Item) *core.Brake {
	b := &core.Brake{ID: id, Failures: int(it.Int("failures")), Until: getTime(it, "until"), Version: it.Int("version")}
	list, _ := it["tries"].([]any)
	for _, e := range list {
		raw, _ := e.(map[string]any)
		m := table.Item(raw)
		b.Tries = append(b.Tries, core.Try{ID: m.Str("id"), At: time.UnixMilli(m.Int("at")).UTC(), Open: m.Bool("open")})
	}
	return b
}

// Edit reads the brakes, lets change decide, and writes all of them and the
// notices in one transaction, to be kept until the given time. It asks change
// again where somebody else was faster. An error of change is the answer, and
// nothing is written.
func (r *Brakes) Edit(ctx context.Context, ids []string, until time.Time, change func([]*core.Brake) ([]core.Notice, error)) error {
	for try := 0; ; try++ {
		brakes, err := r.read(ctx, ids)
		if err != nil {
			return err
		}
		notices, err := change(brakes)
		if err != nil {
			return err
		}
		err = apply(ctx, r.e, append(writeBrakes(brakes, until), noticeWrites(notices)...))
		if table.ConditionFailed(err) == nil || try >= brakeTries {
			return err
		}
		if err := pause(ctx, time.Millisecond*time.Duration(1+rand.IntN(20))); err != nil {
			return err
		}
	}
}

func writeBrakes(brakes []*core.Brake, until time.Time) []table.Write {
	ws := make([]table.Write, len(brakes))
	for i, b := range brakes {
		still := table.IfVersion(b.Version)
		if b.Version == 0 {
			still = table.IfAbsent()
		}
		b.Version++
		ws[i] = table.Put(brakeKey(b.ID), writeBrake(b, until), still)
	}
	return ws
}

func (r *Brakes) read(ctx context.Context, ids []string) ([]*core.Brake, error) {
	keys := make([]table.Key, len(ids))
	for i, id := range ids {
		keys[i] = brakeKey(id)
	}
	items, err := r.e.BatchGet(ctx, keys)
	if err != nil {
		return nil, err
	}
	brakes := make([]*core.Brake, len(ids))
	for i, id := range ids {
		brakes[i] = readBrake(id, items[keys[i]])
	}
	return brakes, nil
}

// pause waits, or gives the context's error.
func pause(ctx context.Context, d time.Duration) error {
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
