package store

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Audit is bi_audit_logs, keyed by logId alone as the runbook reads it, with
// attributes in camelCase and one index for each way of asking.
type Audit struct {
	e        table.Engine
	marked   sync.Map    // partitions of LogsByDay that this process has marked
	surveyed atomic.Bool // no mark is missing, and none will be
}

// AuditShards is how many partitions share a day of LogsByDay.
const AuditShards = 4

func auditKey(id string) table.Key { return table.Key{Table: table.AuditLogs, PK: id} }

// DayShard is the partition of LogsByDay for a day (YYYY-MM-DD, UTC) and a shard.
func DayShard(day time.Time, shard int) string {
	return day.UTC().Format(time.DateOnly) + "#" + string(rune('0'+shard))
}

// TypeMonth is the partition of LogsByType for an event type and a month (UTC).
func TypeMonth(t core.EventType, month time.Time) string {
	return string(t) + "#" + month.UTC().Format("2006-01")
}

func shardOf(id string) int {
	sum := 0
	for _, b := range []byte(id) {
		sum += int(b)
	}
	return sum % AuditShards
}

func writeAudit(ev *core.AuditEvent) table.Item {
	it := table.Item{
		"timestamp": ev.At.UnixMilli(), "eventType": string(ev.Type), "userId": ev.UserID, "outcome": string(ev.Outcome),
		"dayShard": DayShard(ev.At, shardOf(ev.ID)), "typeMonth": TypeMonth(ev.Type, ev.At),
	}
	putStr(it, "targetType", ev.TargetType)
	putStr(it, "targetId", ev.TargetID)
	putStr(it, "requestId", ev.RequestID)
	putStr(it, "actorIp", ev.ActorIP)
	putStr(it, "sessionId", ev.SessionID)
	putStr(it, "agent", ev.Agent)
	if len(ev.Details) > 0 {
		m := make(map[string]any, len(ev.Details))
		for k, v := range ev.Details {
			m[k] = v
		}
		it["details"] = m
	}
	return it
}

func readAudit(it table.Item) *core.AuditEvent {
	ev := &core.AuditEvent{
		ID: it.Str("logId"), At: time.UnixMilli(it.Int("timestamp")).UTC(), Type: core.EventType(it.Str("eventType")),
		UserID: it.Str("userId"), TargetType: it.Str("targetType"), TargetID: it.Str("targetId"),
		RequestID: it.Str("requestId"), ActorIP: it.Str("actorIp"), SessionID: it.Str("sessionId"),
		Outcome: core.Outcome(it.Str("outcome")), Agent: it.Str("agent"),
	}
	if m, ok := it["details"].(map[string]any); ok {
		ev.Details = make(map[string]string, len(m))
		for k, v := range m {
			ev.Details[k], _ = v.(string)
		}
	}
	return ev
}

// Put writes an event. Writing the same event again changes nothing, so it
// needs no condition, which would double the price of the most frequent write.
func (r *Audit) Put(ctx context.Context, ev *core.AuditEvent) error {
	if err := r.Mark(ctx, ev.At, shardOf(ev.ID)); err != nil {
		return err
	}
	return r.e.Write(ctx, table.Put(auditKey(ev.ID), writeAudit(ev), table.Always()))
}

// AuditQuery reads one partition of one of the audit indexes, newest first.
type AuditQuery struct {
	Index    string // table.LogsByUser, LogsByTarget, LogsByDay or LogsByType
	PK       string
	From, To time.Time        // inclusive; zero is open
	After    *core.AuditEvent // continue after this event (its ID and At count), nil is the start
	Limit    int
}

// Query reads events of one partition; more tells whether it goes on.
func (r *Audit) Query(ctx context.Context, q AuditQuery) (events []*core.AuditEvent, more bool, err error) {
	tq := table.Query{Table: table.AuditLogs, Index: q.Index, PK: q.PK, Desc: true, Limit: q.Limit}
	if !q.From.IsZero() {
		n := q.From.UnixMilli()
		tq.FromN = &n
	}
	if !q.To.IsZero() {
		n := q.To.UnixMilli()
		tq.ToN = &n
	}
	if q.After != nil {
		tq.Start = &table.Position{PK: q.After.ID, SortN: q.After.At.UnixMilli()}
	}
	page, err := readPage(ctx, r.e, tq)
	if err != nil {
		return nil, false, err
	}
	for _, it := range page.Items {
		events = append(events, readAudit(it))
	}
	return events, page.Last != nil, nil
}
