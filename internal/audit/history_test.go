package audit

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
)

// history is a log of a few months, with the same events in plain order.
type history struct {
	*world
	events []*core.AuditEvent // newest first
	calls  table.Recorder
}

var (
	today = time.Date(2026, 4, 2, 0, 30, 0, 0, time.UTC)
	users = []string{"user_a", "user_b", "operator"}
	goals = []string{"", "dash_a", "dash_b"}
	kinds = []core.EventType{core.EventLogin, core.EventShareAdded, core.EventAccessDenied}
)

func newHistory(t testing.TB) *history {
	t.Helper()
	w := newWorld(t)
	return historyOf(t, w, w.engine)
}

// historyOf is a history that lies in the engine.
func historyOf(t testing.TB, w *world, e table.Engine) *history {
	t.Helper()
	h := &history{world: w}
	h.repo = store.New(table.Counted(e, h.calls.Add)).Audit
	h.at(today)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		h.add(moment(rnd), users[rnd.IntN(3)], goals[rnd.IntN(3)], kinds[rnd.IntN(3)])
	}
	for range 2*pageLimit + 50 { // more of one millisecond than a page holds
		h.add(today.Add(-time.Hour), users[0], goals[1], kinds[0])
	}
	slices.SortFunc(h.events, func(a, b *core.AuditEvent) int { return cmp.Or(b.At.Compare(a.At), strings.Compare(b.ID, a.ID)) })
	var all errgroup.Group
	all.SetLimit(32)
	for _, ev := range h.events {
		all.Go(func() error { return h.repo.Put(context.Background(), ev) })
	}
	must(t, all.Wait())
	return h
}

// moment is a time, often right at the border of a day or month, and often shared.
func moment(rnd *rand.Rand) time.Time {
	day := time.Date(2026, 1, 2+rnd.IntN(90), 0, 0, 0, 0, time.UTC)
	switch rnd.IntN(4) {
	case 0:
		return day.Add(time.Duration(rnd.IntN(3)-1) * time.Millisecond)
	case 1:
		return time.Date(2026, time.Month(2+rnd.IntN(3)), 1, 0, 0, 0, (rnd.IntN(3)-1)*1e6, time.UTC)
	case 2:
		return day.Add(12 * time.Hour)
	}
	return day.Add(time.Duration(rnd.IntN(86_400_000)) * time.Millisecond)
}

func (h *history) add(at time.Time, user, target string, kind core.EventType) {
	h.events = append(h.events, &core.AuditEvent{ID: core.NewID(core.NounAudit), At: at, UserID: user, TargetID: target, Type: kind, Outcome: core.OutcomeSuccess})
}

// naive is the page that a search should give.
func (h *history) naive(f core.AuditFilter, after *core.AuditEvent, first int) (ids []string, more bool) {
	for _, ev := range h.events {
		if after != nil && (ev.At.After(after.At) || ev.At.Equal(after.At) && ev.ID >= after.ID) || !fits(f, ev) {
			continue
		}
		if len(ids) == first {
			return ids, true
		}
		ids = append(ids, ev.ID)
	}
	return ids, false
}

func fits(f core.AuditFilter, ev *core.AuditEvent) bool {
	switch {
	case f.UserID != "" && f.UserID != ev.UserID, f.TargetID != "" && f.TargetID != ev.TargetID:
		return false
	case !f.From.IsZero() && ev.At.Before(f.From), !f.To.IsZero() && ev.At.After(f.To):
		return false
	}
	return len(f.EventTypes) == 0 || slices.Contains(f.EventTypes, ev.Type)
}

// page is a search without the row it leaves.
func (h *history) page(t interface{ Fatal(...any) }, f core.AuditFilter, cursor string, first int) core.Page[*core.AuditEvent] {
	return h.brief(t, f, cursor, first, mostWork)
}

// brief is a page of a search that ends after so much work.
func (h *history) brief(t interface{ Fatal(...any) }, f core.AuditFilter, cursor string, first, most int) core.Page[*core.AuditEvent] {
	after, err := parseCursor(cursor)
	if err != nil {
		t.Fatal(err)
	}
	page, err := h.find(context.Background(), f, after, first, most)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func ids(page core.Page[*core.AuditEvent]) (ids []string) {
	for _, ev := range page.Nodes {
		ids = append(ids, ev.ID)
	}
	return ids
}

func drawFilter(t *rapid.T) (f core.AuditFilter) {
	f.UserID = rapid.SampledFrom([]string{"", "", users[0], users[1], "user_nobody"}).Draw(t, "user")
	f.TargetID = rapid.SampledFrom([]string{"", "", goals[1], goals[2]}).Draw(t, "target")
	f.EventTypes = rapid.SliceOfN(rapid.SampledFrom(kinds), 0, 3).Draw(t, "types")
	at := func(name string) time.Time {
		if rapid.Bool().Draw(t, name+" is open") {
			return time.Time{}
		}
		return moment(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, name), 3)))
	}
	f.From, f.To = at("from"), at("to")
	return f
}
