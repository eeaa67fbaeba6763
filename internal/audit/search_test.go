package audit

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
)

// AU-5, AU-7: any filter, from any place on, gives what going through a sorted
// list gives: over the borders of days, months, shards and pages, and however little
// work a search may do.
func TestSearchAgreesWithASortedList(t *testing.T) {
	w := newWorld(t)
	onFile := historyOf(t, w, w.engine)
	inNoOrder := historyOf(t, newWorld(t), &unordered{seed: maphash.MakeSeed()})
	rapid.Check(t, func(t *rapid.T) {
		h := rapid.SampledFrom([]*history{onFile, inNoOrder}).Draw(t, "engine")
		f, first := drawFilter(t), rapid.SampledFrom([]int{1, 2, 7, 50, 100}).Draw(t, "first")
		most := rapid.SampledFrom([]int{1, 1000, mostWork}).Draw(t, "most")
		var after *core.AuditEvent
		cursor := ""
		if rapid.Bool().Draw(t, "goes on") { // after any event, of this list or another
			after = h.events[rapid.IntRange(0, len(h.events)-1).Draw(t, "after")]
			cursor = positionOf(after).cursor()
		}
		for range 4 {
			want, more := h.naive(f, after, first)
			page := h.brief(t, f, cursor, first, most)
			if page.End != "" && len(page.Nodes) <= len(want) { // it did not look further
				want, more = want[:len(page.Nodes)], true
			}
			if got := ids(page); !slices.Equal(got, want) || page.HasNext != more {
				t.Fatalf("%+v after %v: got %d %v, want %d %v", f, after, len(got), page.HasNext, len(want), more)
			}
			if !more {
				return
			}
			at, err := parseCursor(page.EndCursor())
			if began, _ := parseCursor(cursor); err != nil || !began.before(at) {
				t.Fatalf("%+v after %v: no further than %v, %v", f, after, at, err)
			}
			after, cursor = &core.AuditEvent{ID: at.id, At: time.UnixMilli(at.ms)}, page.EndCursor()
		}
	})
}

// From the first to the last page each event comes once.
func TestPagesGiveEveryEventOnce(t *testing.T) {
	h := newHistory(t)
	for _, f := range []core.AuditFilter{{}, {UserID: users[0]}, {TargetID: goals[1]}, {EventTypes: kinds[:2]}} {
		want, _ := h.naive(f, nil, len(h.events))
		for _, first := range []int{13, 100} {
			var got []string
			for cursor := ""; ; {
				page := h.brief(t, f, cursor, first, first) // 13 is less work than any query
				if got = append(got, ids(page)...); !page.HasNext {
					break
				}
				cursor = page.EndCursor()
			}
			if !slices.Equal(got, want) {
				t.Errorf("%+v, %d a page: %d events, want %d", f, first, len(got), len(want))
			}
		}
	}
}

// A page costs queries of one index, and no more of them where there are more events.
func TestSearchCalls(t *testing.T) {
	h := newHistory(t)
	month := today.AddDate(0, 0, -30)
	must(t, h.survey(t.Context()))
	for name, c := range map[string]struct {
		f     core.AuditFilter
		index string
		most  int
	}{
		"a person":            {core.AuditFilter{UserID: users[1]}, table.LogsByUser, 1},
		"a person's, by type": {core.AuditFilter{UserID: users[1], EventTypes: kinds[:1]}, table.LogsByUser, 2},
		"a target":            {core.AuditFilter{TargetID: goals[2]}, table.LogsByTarget, 1},
		"person and target":   {core.AuditFilter{UserID: users[1], TargetID: goals[1]}, table.LogsByUser, 2},
		"a type":              {core.AuditFilter{EventTypes: kinds[1:2]}, table.LogsByType, 4},
		"three types":         {core.AuditFilter{EventTypes: kinds}, table.LogsByType, 12},
		"all of a month":      {core.AuditFilter{From: month}, table.LogsByDay, 31*store.AuditShards + 9},
		"a day":               {core.AuditFilter{From: month, To: month.Add(time.Hour)}, table.LogsByDay, 1 + store.AuditShards},
		"no time at all":      {core.AuditFilter{From: today, To: month}, table.LogsByDay, 0},
		"nobody":              {core.AuditFilter{UserID: "user_nobody"}, table.LogsByUser, 1},
	} {
		h.calls.Take()
		h.page(t, c.f, "", 50)
		calls := h.calls.Take()
		for _, call := range calls {
			if call.Op != "Query" || call.Table != table.AuditLogs || call.Index != c.index {
				t.Errorf("%s: %+v", name, call)
			}
		}
		if len(calls) > c.most {
			t.Errorf("%s costs %d calls, at most %d are expected", name, len(calls), c.most)
		}
	}
}

// Days without events cost nothing: today and yesterday are asked, the marks, and the
// partitions that are marked. Once in its life a log is looked at day by day, for what
// was written before there were marks.
func TestCallsOfASparseLog(t *testing.T) {
	h := &history{world: newWorld(t)}
	old := &core.AuditEvent{ID: core.NewID(core.NounAudit), At: beginning.AddDate(0, 0, 9), Type: core.EventLogin}
	must(t, h.engine.Write(t.Context(), table.Put(table.Key{Table: table.AuditLogs, PK: old.ID}, table.Item{
		"timestamp": old.At.UnixMilli(), "dayShard": store.DayShard(old.At, 2), "eventType": string(old.Type),
	}, table.Always())))
	h.repo = store.New(table.Counted(h.engine, h.calls.Add)).Audit
	h.at(today)
	search := func(what string, f core.AuditFilter, events, calls int) {
		t.Helper()
		h.calls.Take()
		page := h.page(t, f, "", 50)
		if got := len(h.calls.Take()); got != calls || len(page.Nodes) != events || page.HasNext {
			t.Errorf("%s: %d events with %d calls, want %d with %d", what, len(page.Nodes), got, events, calls)
		}
	}
	const sure, marks = 2 * store.AuditShards, 1
	days := int(today.Sub(beginning).Hours()/24) + 1
	search("since yesterday", core.AuditFilter{From: today.AddDate(0, 0, -1)}, 0, sure)
	search("the first time", core.AuditFilter{}, 1, sure+1+days*store.AuditShards+2+marks+1)
	search("from then on", core.AuditFilter{}, 1, sure+marks+1)
	search("before all of it", core.AuditFilter{To: old.At.Add(-time.Hour)}, 0, marks)
	h.restart()
	h.at(today)
	h.repo = store.New(table.Counted(h.engine, h.calls.Add)).Audit
	for i := range 3 {
		must(t, h.repo.Put(t.Context(), &core.AuditEvent{ID: fmt.Sprintf("log_%032d", 4*i), At: today.AddDate(0, 0, -20*(i/2+1)), Type: core.EventLogin, UserID: users[0]}))
	}
	search("another process, three more on two days", core.AuditFilter{}, 4, sure+1+marks+3)
}

// What is rare is looked for so long and no longer; the answer tells where to go on.
func TestWorkOfASearch(t *testing.T) {
	h := newHistory(t)
	types := []core.EventType{core.EventLogout}
	for i := range maxTypes - 1 {
		types = append(types, core.EventType("T_"+string(rune('A'+i/26))+string(rune('A'+i%26))))
	}
	for name, f := range map[string]core.AuditFilter{
		"a person's, of a type that never was": {UserID: users[0], EventTypes: types[:1]},
		"many types that never were":           {EventTypes: types},
	} {
		searches, calls := 0, 0
		for cursor, more := "", true; more; searches++ {
			h.calls.Take()
			page := h.brief(t, f, cursor, 50, 3*pageLimit)
			if n := len(h.calls.Take()); n > maxTypes && n > 3 || len(page.Nodes) > 0 || page.HasNext != (page.EndCursor() != "") {
				t.Errorf("%s: %d calls, %+v", name, n, page)
			} else {
				calls += n
			}
			cursor, more = page.EndCursor(), page.HasNext
		}
		if searches < 2 {
			t.Errorf("%s: all of it at once, %d calls", name, calls)
		}
	}
}

// AU-1: administrators alone; who looks leaves a row, and who is refused too.
func TestSearchIsForAdministrators(t *testing.T) {
	w := newWorld(t)
	p := core.PageArgs{First: 10}
	_, err := w.Search(context.Background(), core.AuditFilter{}, p)
	code(t, "nobody", err, core.CodeUnauthorized)
	stranger, admin := as(core.RoleUser), as(core.RoleAdmin)
	_, err = w.Search(stranger, core.AuditFilter{}, p)
	code(t, "a stranger", err, core.CodeForbidden)
	_, err = w.Search(admin, core.AuditFilter{UserID: "taro@example.com", EventTypes: kinds[:2], From: today}, p)
	code(t, "an administrator", err, "")
	page, err := w.Search(core.AsSystem(context.Background(), "operator"), core.AuditFilter{}, p)
	if err != nil || len(page.Nodes) != 2 {
		t.Fatalf("got %+v, %v", page, err)
	}
	viewed, denied := page.Nodes[0], page.Nodes[1]
	if viewed.Type != core.EventAuditViewed || viewed.UserID != core.ActorFrom(admin).UserID() ||
		fmt.Sprint(viewed.Details) != "map[eventTypes:USER_LOGIN,DASHBOARD_SHARE_ADDED from:2026-04-02T00:30:00Z userId:t***@example.com]" {
		t.Errorf("viewing left %+v", viewed)
	}
	if denied.Type != core.EventAccessDenied || denied.UserID != core.ActorFrom(stranger).UserID() || denied.Outcome != core.OutcomeDenied || denied.TargetType != "audit" {
		t.Errorf("the refusal left %+v", denied)
	}
}

func TestSearchBadInput(t *testing.T) {
	w := newWorld(t)
	many := make([]core.EventType, maxTypes+1)
	for i := range many {
		many[i] = core.EventLogin
	}
	for name, c := range map[string]struct {
		f     core.AuditFilter
		after string
		field string
	}{
		"too many types":      {f: core.AuditFilter{EventTypes: many}, field: "filter.eventTypes"},
		"no type":             {f: core.AuditFilter{EventTypes: []core.EventType{""}}, field: "filter.eventTypes"},
		"a type with a mark":  {f: core.AuditFilter{EventTypes: []core.EventType{"A#2026-01"}}, field: "filter.eventTypes"},
		"an endless user":     {f: core.AuditFilter{UserID: strings.Repeat("u", 1<<20)}, field: "filter.userId"},
		"user is not UTF-8":   {f: core.AuditFilter{UserID: "\xff"}, field: "filter.userId"},
		"user with a NUL":     {f: core.AuditFilter{UserID: "a\x00"}, field: "filter.userId"},
		"an endless target":   {f: core.AuditFilter{TargetID: strings.Repeat("標", 301)}, field: "filter.targetId"},
		"target is not UTF-8": {f: core.AuditFilter{TargetID: "\xff"}, field: "filter.targetId"},
		"no cursor":           {after: "x", field: "after"},
		"no event":            {after: encode("12.user_0123456789abcdef0123456789abcdef"), field: "after"},
		"no number":           {after: encode("x." + core.NewID(core.NounAudit)), field: "after"},
		"before all time":     {after: encode("-1." + core.NewID(core.NounAudit)), field: "after"},
		"after all time":      {after: encode(fmt.Sprint(lastMillisecond+1, ".", core.NewID(core.NounAudit))), field: "after"},
		"beyond numbers":      {after: encode("99999999999999999999." + core.NewID(core.NounAudit)), field: "after"},
		"padded":              {after: encode("1."+core.NewID(core.NounAudit)) + "==", field: "after"},
		"with more":           {after: encode("1."+core.NewID(core.NounAudit)) + "A", field: "after"},
		"not canonical":       {after: bent(encode("1." + core.NewID(core.NounAudit))), field: "after"},
		"endless":             {after: strings.Repeat("A", 1<<20), field: "after"},
	} {
		_, err := w.Search(as(core.RoleAdmin), c.f, core.PageArgs{First: 10, After: c.after})
		code(t, name, err, core.CodeValidation)
		if e, ok := err.(*core.Error); ok && e.Field != c.field {
			t.Errorf("%s: at %s, want %s", name, e.Field, c.field)
		}
	}
	if n := len(w.engine.ids()); n != 0 {
		t.Errorf("bad searches left %d rows", n)
	}
}

// bent is a text in base64 with a bit set that stands for nothing.
func bent(text string) string { return text[:len(text)-1] + string(text[len(text)-1]+1) }

// A cursor that was made up, or taken from another list, starts the list elsewhere and opens nothing.
func TestForeignCursors(t *testing.T) {
	h := newHistory(t)
	f := core.AuditFilter{UserID: users[1]}
	for name, at := range map[string]position{
		"never written": {today.Add(-40 * 24 * time.Hour).UnixMilli(), core.NewID(core.NounAudit)},
		"far ahead":     {lastMillisecond, core.NewID(core.NounAudit)},
		"the beginning": {0, core.NewID(core.NounAudit)},
	} {
		want, more := h.naive(f, &core.AuditEvent{ID: at.id, At: time.UnixMilli(at.ms)}, 10)
		page := h.page(t, f, at.cursor(), 10)
		if got := ids(page); !slices.Equal(got, want) || page.HasNext != more {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

// Rows of another task, whose clock runs ahead, are found; those of before the log began by who and what alone.
func TestTheEdgesOfTime(t *testing.T) {
	h := newHistory(t)
	h.add(today.Add(59*time.Minute), "user_ahead", "", core.EventLogout)
	h.add(beginning.Add(-time.Hour), "user_ahead", "", core.EventLogout)
	for _, ev := range h.events[len(h.events)-2:] {
		must(t, h.repo.Put(t.Context(), ev))
	}
	if page := h.page(t, core.AuditFilter{}, "", 1); page.Nodes[0].UserID != "user_ahead" {
		t.Errorf("the newest is %+v", page.Nodes[0])
	}
	if page := h.page(t, core.AuditFilter{EventTypes: []core.EventType{core.EventLogout}}, "", 10); len(page.Nodes) != 1 {
		t.Errorf("by type: %d", len(page.Nodes))
	}
	if page := h.page(t, core.AuditFilter{UserID: "user_ahead"}, "", 10); len(page.Nodes) != 2 {
		t.Errorf("by person: %d", len(page.Nodes))
	}
}
