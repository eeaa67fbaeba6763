package audit

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// Search finds events, newest first (by time, then id). It is for
// administrators and leaves an AUDIT_VIEWED row. The narrowest index answers:
// a user's, a target's, an event type's, else that of the days; the rest of
// the filter is applied on the way. To bounds are inclusive, to the millisecond.
// A search that has read [mostWork] ends there: its page may be short or empty, tells
// that there is more, and ends at the place from which another search goes on.
func (l *Log) Search(ctx context.Context, f core.AuditFilter, p core.PageArgs) (core.Page[*core.AuditEvent], error) {
	var none core.Page[*core.AuditEvent]
	if err := l.requireAdmin(ctx); err != nil {
		return none, err
	}
	if err := checkFilter(f); err != nil {
		return none, err
	}
	after, err := parseCursor(p.After)
	if err != nil {
		return none, err
	}
	page, err := l.find(ctx, f, after, p.First, mostWork)
	if err != nil {
		return none, core.Internal("audit: search", err)
	}
	l.Record(ctx, core.AuditEvent{Type: core.EventAuditViewed, TargetType: "audit", Details: describe(f)})
	return page, nil
}

// Find gives the newest events, at most so many, to a report that leaves a row of
// its own; more tells whether there are others. For administrators.
func (l *Log) Find(ctx context.Context, f core.AuditFilter, most int) (found []*core.AuditEvent, more bool, err error) {
	if err := l.requireAdmin(ctx); err != nil {
		return nil, false, err
	}
	after, err := parseCursor("")
	if err != nil {
		return nil, false, err
	}
	page, err := l.find(ctx, f, after, most, 0)
	if err != nil {
		return nil, false, core.Internal("audit: find", err)
	}
	return page.Nodes, page.HasNext, nil
}

func (l *Log) requireAdmin(ctx context.Context) error {
	actor := core.ActorFrom(ctx)
	switch {
	case !actor.SignedIn():
		return &core.Error{Code: core.CodeUnauthorized}
	case !actor.IsAdmin():
		l.Denied(ctx, "audit", "", "ADMIN")
		return core.Forbidden("admin_only")
	}
	return nil
}

// find collects the first events that match, older than after, for so much work; 0 is any.
func (l *Log) find(ctx context.Context, f core.AuditFilter, after position, first, most int) (page core.Page[*core.AuditEvent], err error) {
	for w := l.newWalk(f, after, most); ; {
		ev, err := w.next(ctx)
		switch {
		case errors.Is(err, errEnough):
			page.HasNext, page.End = true, w.at.cursor()
			return page, nil
		case err != nil || ev == nil:
			return page, err
		case !matches(f, ev):
		case len(page.Nodes) == first:
			page.HasNext = true
			return page, nil
		default:
			page.Nodes, page.Cursors = append(page.Nodes, ev), append(page.Cursors, positionOf(ev).cursor())
		}
	}
}

func matches(f core.AuditFilter, ev *core.AuditEvent) bool {
	return (len(f.EventTypes) == 0 || slices.Contains(f.EventTypes, ev.Type)) &&
		(f.UserID == "" || f.UserID == ev.UserID) &&
		(f.TargetID == "" || f.TargetID == ev.TargetID) &&
		(f.From.IsZero() || ev.At.UnixMilli() >= f.From.UnixMilli()) &&
		(f.To.IsZero() || ev.At.UnixMilli() <= f.To.UnixMilli())
}

const maxTypes = 50

var eventType = regexp.MustCompile(`^[A-Z_]{1,64}$`)

func checkFilter(f core.AuditFilter) error {
	if len(f.EventTypes) > maxTypes {
		return core.Invalid("filter.eventTypes", "too_many", "max", maxTypes)
	}
	for _, t := range f.EventTypes {
		if !eventType.MatchString(string(t)) {
			return core.Invalid("filter.eventTypes", "bad_value")
		}
	}
	if err := core.CheckText("filter.userId", f.UserID, maxAgent); err != nil {
		return err
	}
	return core.CheckText("filter.targetId", f.TargetID, maxAgent)
}

// describe is the filter for the AUDIT_VIEWED row.
func describe(f core.AuditFilter) map[string]string {
	types := make([]string, len(f.EventTypes))
	for i, t := range f.EventTypes {
		types[i] = string(t)
	}
	d := map[string]string{"eventTypes": strings.Join(types, ","), "userId": f.UserID, "targetId": f.TargetID}
	for name, at := range map[string]time.Time{"from": f.From, "to": f.To} {
		if !at.IsZero() {
			d[name] = at.UTC().Format(time.RFC3339)
		}
	}
	for k, v := range d {
		if v == "" {
			delete(d, k)
		}
	}
	return d
}

// position is an event's place in the order of a search.
type position struct {
	ms int64
	id string
}

func positionOf(ev *core.AuditEvent) position { return position{ev.At.UnixMilli(), ev.ID} }

// before tells whether p comes first: newer, or of the same time with the greater id.
func (p position) before(q position) bool { return p.ms > q.ms || p.ms == q.ms && p.id > q.id }

func (p position) cursor() string { return encode(strconv.FormatInt(p.ms, 10) + "." + p.id) }
