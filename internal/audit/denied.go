package audit

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// denialEvery is how often the same refusal is written at most.
const denialEvery = time.Minute

// refusal is when a refusal was last written, and how often it was not written since.
type refusal struct {
	mu         sync.Mutex
	written    time.Time
	suppressed int
}

// Denied writes ACCESS_DENIED: the actor wanted the right on the target and was
// refused. The same refusal of the same actor is written once a minute at most;
// the next row then tells how many there were in between.
func (l *Log) Denied(ctx context.Context, targetType, targetID, wanted string) {
	core.ActorFrom(ctx).Reading().Acted() // each is counted, whether it is written or not
	suppressed, write := l.sample(ctx, targetType, targetID, wanted)
	if !write {
		return
	}
	details := map[string]string{"wanted": wanted}
	if suppressed > 0 {
		details["suppressed"] = strconv.Itoa(suppressed)
	}
	l.Record(ctx, core.AuditEvent{
		Type: core.EventAccessDenied, TargetType: targetType, TargetID: targetID,
		Details: details, Outcome: core.OutcomeDenied,
	})
}

func (l *Log) sample(ctx context.Context, parts ...string) (suppressed int, write bool) {
	actor := core.ActorFrom(ctx)
	who := actor.ViewedBy + actor.UserID()
	if who == "" {
		who = "ip " + actor.IP
	}
	fresh := &refusal{}
	key := who + "\x00" + strings.Join(parts, "\x00")
	known, found, _ := l.denials.PeekOrAdd(key, fresh)
	if !found {
		known = fresh
	}
	known.mu.Lock()
	defer known.mu.Unlock()
	if now := l.now(); known.written.IsZero() || now.Sub(known.written) >= denialEvery {
		suppressed, known.suppressed, known.written = known.suppressed, 0, now
		return suppressed, true
	}
	known.suppressed++
	return 0, false
}
