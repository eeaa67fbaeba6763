package audit

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

// AU-8, AU-14: the keys and fields of a row, by the names the runbook reads.
func TestRow(t *testing.T) {
	w := newWorld(t)
	w.at(time.Date(2026, 3, 4, 5, 6, 7, 89e6, time.UTC))
	ctx := as(core.RoleUser)
	dash := core.NewID(core.NounDashboard)
	row := w.recorded(ctx, core.AuditEvent{
		Type: core.EventShareAdded, TargetType: "dashboard", TargetID: dash, Details: map[string]string{"permission": "VIEWER"},
	})
	for name, want := range map[string]any{
		"timestamp": time.Date(2026, 3, 4, 5, 6, 7, 89e6, time.UTC).UnixMilli(),
		"eventType": "DASHBOARD_SHARE_ADDED", "userId": core.ActorFrom(ctx).UserID(), "targetType": "dashboard", "targetId": dash,
		"requestId": "request-1", "actorIp": "192.0.2.1", "sessionId": "sess_1", "outcome": "SUCCESS", "agent": "Firefox/150",
		"typeMonth": "DASHBOARD_SHARE_ADDED#2026-03",
	} {
		if row[name] != want {
			t.Errorf("%s is %v, want %v", name, row[name], want)
		}
	}
	id := row.Str("logId")
	if noun, ok := core.NounOf(id); !ok || noun != core.NounAudit {
		t.Errorf("logId is %q", id)
	}
	if shard := row.Str("dayShard"); !strings.HasPrefix(shard, "2026-03-04#") || len(shard) != len("2026-03-04#0") {
		t.Errorf("dayShard is %q", shard)
	}
	if details, _ := row["details"].(map[string]any); len(details) != 1 || details["permission"] != "VIEWER" {
		t.Errorf("details are %v", row["details"])
	}
}

// Every day is spread over all of its shards.
func TestShards(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for range 60 {
		seen[w.recorded(as(core.RoleUser), core.AuditEvent{Type: core.EventLogin}).Str("dayShard")] = true
	}
	if len(seen) < 4 {
		t.Errorf("the shards are %v", seen)
	}
}

// Who acted, where the context knows less or the caller knows better.
func TestWhoActed(t *testing.T) {
	w := newWorld(t)
	anonymous := core.WithActor(context.Background(), &core.Actor{IP: "192.0.2.9"})
	traced := telemetry.WithTrace(context.Background(), telemetry.Trace{RequestID: "traced-1"})
	for name, c := range map[string]struct {
		ctx                    context.Context
		ev                     core.AuditEvent
		user, session, request string
	}{
		"nobody":             {anonymous, core.AuditEvent{}, "anonymous", "", ""},
		"no actor":           {traced, core.AuditEvent{}, "anonymous", "", "traced-1"},
		"the operator":       {core.AsSystem(traced, "operator"), core.AuditEvent{}, "operator", "", "traced-1"},
		"who just signed in": {anonymous, core.AuditEvent{UserID: "user_2", SessionID: "sess_2"}, "user_2", "sess_2", ""},
	} {
		row := w.recorded(c.ctx, c.ev)
		if row.Str("userId") != c.user || row.Str("sessionId") != c.session || row.Str("requestId") != c.request {
			t.Errorf("%s: got %v", name, row)
		}
	}
}

// PII-6: what is personal is masked before it is written, and nothing is endless.
func TestDetailsAreMaskedAndBounded(t *testing.T) {
	w := newWorld(t)
	details := map[string]string{
		"email": "taro@example.com", "phone": "090-1234-5678", "password": "hunter2", "error": "token=abcdef, mail taro@example.com",
		"user_name": "田中 太郎", "long": strings.Repeat("長", 5000), "broken": "a\xffb", strings.Repeat("k", 1000): "x",
	}
	actor := *core.ActorFrom(as(core.RoleUser)).User
	ctx := core.WithActor(context.Background(), &core.Actor{User: &actor, Agent: "curl \xff taro@example.com " + strings.Repeat("x", 5000)})
	row := w.recorded(ctx, core.AuditEvent{Type: core.EventLoginFailed, TargetID: strings.Repeat("標", 5000), Details: details})
	got, _ := row["details"].(map[string]any)
	for name, want := range map[string]string{
		"email": "t***@example.com", "phone": "090-****-5678", "password": "[hidden]", "error": "token=[hidden], mail t***@example.com",
		"user_name": "田中 *", "long": strings.Repeat("長", 1000) + "…", "broken": "a\uFFFDb",
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %q", name, got[name], want)
		}
	}
	if agent := row.Str("agent"); !strings.HasPrefix(agent, "curl \uFFFD t***@example.com") || len([]rune(agent)) != 301 {
		t.Errorf("agent is %q", agent)
	}
	if n := len([]rune(row.Str("targetId"))); n != 301 {
		t.Errorf("targetId has %d characters", n)
	}
	if w.failures.Value() != 0 {
		t.Error("the row went through the spool")
	}
}

func TestAtMostFortyDetails(t *testing.T) {
	w := newWorld(t)
	many := map[string]string{}
	for i := range 500 {
		many[fmt.Sprint("detail ", i)] = strings.Repeat("長", 2000)
	}
	row := w.recorded(as(core.RoleUser), core.AuditEvent{Type: core.EventLogin, Details: many})
	if details, _ := row["details"].(map[string]any); len(details) != maxDetails {
		t.Errorf("%d details", len(details))
	}
	if n, err := table.ItemBytes(row); err != nil || n > table.MaxItemBytes/2 {
		t.Errorf("the row has %d bytes, %v", n, err)
	}
}

// The caller's context may have ended: what happened is recorded all the same.
func TestRecordOutlivesItsCaller(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(as(core.RoleUser))
	cancel()
	if row := w.recorded(ctx, core.AuditEvent{Type: core.EventLogout}); row.Str("eventType") != "USER_LOGOUT" {
		t.Errorf("got %v", row)
	}
}
