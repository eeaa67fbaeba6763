package audit

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

// anonymous is the userId of events nobody was signed in for.
const anonymous = "anonymous"

// Bounds of an event, in characters; longer text is cut.
const (
	maxDetails = 40
	maxText    = 1000
	maxAgent   = 300
)

// complete fills in what the context knows, and masks and bounds the rest.
func (l *Log) complete(ctx context.Context, ev core.AuditEvent) core.AuditEvent {
	actor := core.ActorFrom(ctx)
	ev.ID, ev.At = core.NewID(core.NounAudit), l.now()
	if ev.UserID == "" {
		ev.UserID = actor.ActingID()
	}
	if ev.UserID == "" {
		ev.UserID = anonymous
	}
	if ev.Outcome == "" {
		ev.Outcome = core.OutcomeSuccess
	}
	if ev.SessionID == "" {
		ev.SessionID = actor.SessionID
	}
	if ev.SessionID == "" && actor.Key != nil {
		ev.SessionID = actor.Key.ID // which key it was, where it was one
	}
	ev.RequestID = actor.RequestID
	if ev.RequestID == "" {
		ev.RequestID = telemetry.TraceFrom(ctx).RequestID
	}
	ev.TargetID = cut(ev.TargetID, maxAgent)
	ev.ActorIP, ev.Agent = cut(actor.IP, maxAgent), cut(telemetry.Mask(actor.Agent), maxAgent)
	ev.Details = maskDetails(ev.Details)
	if actor.ViewedBy != "" {
		if ev.Details == nil {
			ev.Details = map[string]string{}
		}
		ev.Details["viewedAs"] = actor.UserID()
	}
	return ev
}

func maskDetails(details map[string]string) map[string]string {
	if len(details) == 0 {
		return nil
	}
	out := make(map[string]string, len(details))
	for k, v := range details {
		if len(out) == maxDetails {
			break
		}
		out[cut(k, maxAgent)] = cut(telemetry.MaskField(k, v), maxText)
	}
	return out
}

// cut bounds a text and makes it UTF-8, which clients' headers need not be and
// the store insists on.
func cut(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit]) + "…"
}
