package audit

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

const (
	writeTimeout = 2 * time.Second
	firstRetry   = 250 * time.Millisecond
	lastRetry    = 30 * time.Second
	denialsKept  = 10_000 // refusals remembered for sampling
)

// Log records and finds audit events. Make one with [New], let its Run go on
// beside the service, and end with Close.
type Log struct {
	repo      *store.Audit
	spool     *spool
	log       *slog.Logger
	denials   *lru.Cache[string, *refusal]
	surveying sync.Mutex
	down      atomic.Bool   // the store failed last: go to the spool at once
	wake      chan struct{} // there is something in the spool
	now       func() time.Time
	retry     time.Duration

	failures, lost, depth *telemetry.Counter
}

// New makes a log that writes to the repository and spools in the folder, which
// is made when it is missing. Counters: bi_audit_write_failures_total,
// bi_audit_lost_total and bi_audit_spool_depth.
func New(repo *store.Audit, spoolDir string, log *slog.Logger, m *telemetry.Metrics) (*Log, error) {
	sp, err := openSpool(spoolDir)
	if err != nil {
		return nil, err
	}
	denials, err := lru.New[string, *refusal](denialsKept)
	if err != nil {
		return nil, err
	}
	l := &Log{
		repo: repo, spool: sp, log: telemetry.Named(log, "audit"), denials: denials,
		wake: make(chan struct{}, 1), now: store.Now, retry: firstRetry,
		failures: m.Counter("bi_audit_write_failures_total", "Audit events the store did not take at once."),
		lost:     m.Counter("bi_audit_lost_total", "Audit events that neither store nor spool took."),
		depth:    m.Counter("bi_audit_spool_depth", "Audit events waiting in the spool."),
	}
	l.countSpool()
	return l, nil
}

// Record writes an event. The caller gives Type, TargetType, TargetID, Details
// and Outcome (SUCCESS when empty); UserID only where the actor of the context
// is not the one who acted, as at a login. It waits for the write at most two
// seconds, does not end with the caller's context, and never fails.
func (l *Log) Record(ctx context.Context, ev core.AuditEvent) { _ = l.keep(ctx, ev) }

// RecordStrict is Record for shares, roles, deletion and export:
// SERVICE_UNAVAILABLE when neither the store nor the spool takes the event.
// Call [Log.Ready] before the operation.
func (l *Log) RecordStrict(ctx context.Context, ev core.AuditEvent) error {
	if err := l.keep(ctx, ev); err != nil {
		return unavailable(err)
	}
	return nil
}

// Ready tells before a strict operation whether its event will be kept:
// SERVICE_UNAVAILABLE when the store failed last and the spool takes nothing.
func (l *Log) Ready() error {
	if !l.down.Load() {
		return nil
	}
	if err := l.spool.check(); err != nil {
		return unavailable(err)
	}
	return nil
}

func unavailable(cause error) error {
	return &core.Error{Code: core.CodeUnavailable, Cause: cause}
}

func (l *Log) keep(ctx context.Context, ev core.AuditEvent) error {
	ev = l.complete(ctx, ev)
	storeErr := l.put(ctx, &ev)
	if storeErr == nil {
		return nil
	}
	l.failures.Add(1)
	l.log.ErrorContext(ctx, "audit write failed", "event", string(ev.Type), "id", ev.ID, "error", storeErr)
	if err := l.spool.append(&ev); err != nil {
		l.lost.Add(1)
		l.log.ErrorContext(ctx, "audit event lost", "event", string(ev.Type), "id", ev.ID, "target", ev.TargetID,
			"outcome", string(ev.Outcome), "error", err)
		return errors.Join(storeErr, err)
	}
	l.depth.Add(1)
	l.signal()
	return nil
}

var errDown = errors.New("audit: the store failed last")

// put writes to the store unless it failed last: then only the spool's own
// retries ask it again, so that a store that hangs slows one operation, not all.
func (l *Log) put(ctx context.Context, ev *core.AuditEvent) error {
	if l.down.Load() {
		return errDown
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	err := l.repo.Put(ctx, ev)
	if err != nil && !errors.Is(err, table.ErrLimit) {
		l.down.Store(true)
	}
	return err
}

func (l *Log) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
