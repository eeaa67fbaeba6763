package access

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/audit"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// Reports tell who could see what in the past, from the histories, and who did,
// from the audit log.
type Reports struct {
	store *store.Store
	gate  *Gate
	audit *audit.Log
}

// NewReports makes them.
func NewReports(st *store.Store, gate *Gate, log *audit.Log) *Reports {
	return &Reports{store: st, gate: gate, audit: log}
}

// ReportInput asks about a person, about a dashboard, dataset or card, or about
// both together. A zero Until is the present, and so is any later one.
type ReportInput struct {
	UserID     string
	ResourceID string
	Since      time.Time
	Until      time.Time
}

// Report is what could be seen and what was seen.
type Report struct {
	Since  time.Time
	Until  time.Time
	DidSee []core.AccessSighting // by person, target and kind
	All    bool                  // DidSee counts every event, not the last ones alone

	couldSee []*core.AccessInterval // by beginning
}

// AccessReport answers a question about the past. For administrators; NOT_FOUND
// where no history tells of the person or the thing, which it does after they
// are gone.
func (r *Reports) AccessReport(ctx context.Context, in ReportInput) (*Report, error) {
	if _, err := r.gate.RequireAdmin(ctx); err != nil {
		return nil, err
	}
	if err := checkReport(&in, store.Now()); err != nil {
		return nil, err
	}
	if err := r.audit.Ready(); err != nil {
		return nil, err
	}
	could, boards, err := r.intervals(ctx, in)
	if err != nil {
		return nil, err
	}
	rep := &Report{Since: in.Since, Until: in.Until, couldSee: could}
	if rep.DidSee, rep.All, err = r.sightings(ctx, in, boards); err != nil {
		return nil, err
	}
	noun, _ := core.NounOf(cmp.Or(in.UserID, in.ResourceID))
	return rep, r.audit.RecordStrict(ctx, core.AuditEvent{
		Type: core.EventAccessReported, TargetType: nounName(noun), TargetID: cmp.Or(in.UserID, in.ResourceID),
		Details: map[string]string{"since": in.Since.Format(time.RFC3339), "until": in.Until.Format(time.RFC3339)},
	})
}

func checkReport(in *ReportInput, now time.Time) error {
	if in.UserID != "" || in.ResourceID == "" {
		if err := core.CheckID("userId", in.UserID, core.NounUser); err != nil {
			return err
		}
	}
	if in.ResourceID != "" {
		if err := checkResource(in.ResourceID); err != nil {
			return err
		}
	}
	if in.Until.IsZero() || in.Until.After(now) {
		in.Until = now
	}
	return nil
}

func checkResource(id string) error {
	switch noun, ok := core.NounOf(id); {
	case !ok:
		return core.Invalid("resource", "bad_id")
	case !slices.Contains([]core.Noun{core.NounDashboard, core.NounDataset, core.NounCard, core.NounTransform}, noun):
		return core.NotFound("resource")
	}
	return nil
}

// intervals are what the histories tell for the time that was asked for, and the
// dashboards that the question is about.
func (r *Reports) intervals(ctx context.Context, in ReportInput) (found []*core.AccessInterval, boards []string, err error) {
	read := newPastRead(r.store)
	people, things, err := read.about(ctx, in)
	if _, known := errors.AsType[*core.Error](err); known {
		return nil, nil, err
	}
	if err != nil {
		return nil, nil, core.Internal("access: read histories", err)
	}
	asked := Span{in.Since, in.Until}
	for _, userID := range people {
		for _, thing := range things {
			ways := read.past.Ways(userID, thing)
			if in.ResourceID == "" {
				ways = slices.DeleteFunc(ways, func(w Way) bool { return w.Path == core.PastAdmin })
			}
			found = append(found, cut(userID, thing, ways, asked)...)
		}
	}
	if in.ResourceID == "" {
		found = append(found, cut(in.UserID, "", read.past.adminWays(in.UserID), asked)...)
	} else {
		boards = read.past.holding(in.ResourceID)
	}
	slices.SortFunc(found, func(a, b *core.AccessInterval) int { return cmp.Compare(key(a), key(b)) })
	return found, boards, nil
}

// adminWays is when somebody could see everything.
func (p *Past) adminWays(userID string) []Way {
	u := p.people[userID]
	return []Way{{Path: core.PastAdmin, when: overlap(u.admin.spans(), u.active.spans())}}
}

// cut are the intervals of ways that reach into the span, its end included: it
// may be a single moment. There are none where it ends before it begins.
func cut(userID, resourceID string, ways []Way, asked Span) (found []*core.AccessInterval) {
	for _, w := range ways {
		for _, s := range w.when {
			if s.From.After(asked.To) || !asked.From.Before(s.To) || asked.To.Before(asked.From) {
				continue
			}
			i := &core.AccessInterval{UserID: userID, ResourceID: resourceID, From: s.From, Path: w.Path, ViaID: w.ViaID, Level: w.Level}
			if !s.Open() {
				i.To = &s.To
			}
			found = append(found, i)
		}
	}
	return found
}

// keyTime is of one width, so that text order is time order.
const keyTime = "2006-01-02T15:04:05.000Z"

// key is an interval's place in the order of a report, and unlike any other's.
func key(i *core.AccessInterval) string {
	return strings.Join([]string{i.From.UTC().Format(keyTime), i.UserID, i.ResourceID, string(i.Path), i.ViaID, string(i.Level)}, " ")
}

// CouldSee lists who could see what, by beginning, a page at a time.
func (rep *Report) CouldSee(p core.PageArgs) (core.Page[*core.AccessInterval], error) {
	var page core.Page[*core.AccessInterval]
	left := rep.couldSee
	if p.After != "" {
		from, err := base64.RawURLEncoding.DecodeString(p.After)
		if err != nil || strings.Count(string(from), " ") != 5 {
			return page, core.Invalid("after", "bad_cursor")
		}
		at, found := slices.BinarySearchFunc(left, string(from), func(i *core.AccessInterval, from string) int { return cmp.Compare(key(i), from) })
		if found {
			at++
		}
		left = left[at:]
	}
	page.HasNext = len(left) > p.First
	page.Nodes = left[:min(p.First, len(left))]
	for _, i := range page.Nodes {
		page.Cursors = append(page.Cursors, base64.RawURLEncoding.EncodeToString([]byte(key(i))))
	}
	return page, nil
}

// looks are the events that tell that somebody saw something.
var looks = []core.EventType{
	core.EventDashboardViewed, core.EventDashboardCloned, core.EventCardFailed, core.EventChatbotQuery, core.EventViewedAs,
}

// mostLooks bounds the events that a report counts, of each target.
const mostLooks = 10_000

// sightings counts what was seen: by the person, or of the thing and of the
// dashboards that showed it.
func (r *Reports) sightings(ctx context.Context, in ReportInput, boards []string) (seen []core.AccessSighting, all bool, err error) {
	targets := append([]string{in.ResourceID}, boards...)
	slices.Sort(targets)
	type kind struct {
		user, target string
		event        core.EventType
	}
	counted := map[kind]*core.AccessSighting{}
	all = true
	for _, target := range slices.Compact(targets) {
		f := core.AuditFilter{EventTypes: looks, UserID: in.UserID, TargetID: target, From: in.Since, To: in.Until}
		events, more, err := r.audit.Find(ctx, f, mostLooks)
		if err != nil {
			return nil, false, err
		}
		all = all && !more
		for _, ev := range events { // newest first
			k := kind{ev.UserID, ev.TargetID, ev.Type}
			if counted[k] == nil {
				counted[k] = &core.AccessSighting{UserID: ev.UserID, TargetID: ev.TargetID, Type: ev.Type, Last: ev.At}
			}
			counted[k].Count++
			counted[k].First = ev.At
		}
	}
	for _, s := range counted {
		seen = append(seen, *s)
	}
	slices.SortFunc(seen, func(a, b core.AccessSighting) int {
		return cmp.Or(cmp.Compare(a.UserID, b.UserID), cmp.Compare(a.TargetID, b.TargetID), cmp.Compare(a.Type, b.Type))
	})
	return seen, all, nil
}
