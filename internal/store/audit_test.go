package store_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
)

func (w *world) event(t *testing.T, ev core.AuditEvent) *core.AuditEvent {
	t.Helper()
	ev.ID = core.NewID(core.NounAudit)
	must(t, w.Audit.Put(t.Context(), &ev))
	return &ev
}

func auditEventsAreFoundEveryWay(t *testing.T, st *world) {
	at := time.Date(2026, 10, 31, 23, 59, 59, 999e6, time.UTC) // the last moment of a month, which is UTC's
	ev := st.event(t, core.AuditEvent{
		At: at, Type: core.EventShareAdded, UserID: "user_1", TargetType: "dashboard", TargetID: "dash_1", RequestID: "r", ActorIP: "::1",
		SessionID: "sess_1", Outcome: core.OutcomeSuccess, Agent: "agent", Details: map[string]string{"permission": "VIEWER"},
	})
	bare := st.event(t, core.AuditEvent{At: at.Add(time.Millisecond), Type: core.EventLoginFailed, UserID: "anonymous", Outcome: core.OutcomeFailure})
	st.wantCalls(t, "Write audit_logs", "Write audit_logs", "Write audit_logs", "Write audit_logs") // each with its mark
	must(t, st.Audit.Put(t.Context(), ev))                                                          // again, as after a lost answer
	st.calls.Take()
	for index, pk := range map[string]string{
		table.LogsByUser: "user_1", table.LogsByTarget: "dash_1", table.LogsByType: store.TypeMonth(core.EventShareAdded, at), table.LogsByDay: dayOf(t, st, ev),
	} {
		got, more, err := st.Audit.Query(t.Context(), store.AuditQuery{Index: index, PK: pk, Limit: 10})
		if err != nil || more || len(got) != 1 || !reflect.DeepEqual(got[0], ev) {
			t.Errorf("%s: %+v, %v, %v", index, got, more, err)
		}
		st.wantCalls(t, "Query audit_logs/"+index)
	}
	if last, first := dayOf(t, st, ev), dayOf(t, st, bare); !strings.HasPrefix(last, "2026-10-31#") || !strings.HasPrefix(first, "2026-11-01#") {
		t.Errorf("two milliseconds around midnight are on the days %s and %s", last, first)
	}
	// the runbook's get-item reads these
	it, err := st.Engine().Get(t.Context(), table.Key{Table: table.AuditLogs, PK: ev.ID})
	if err != nil || it.Str("logId") != ev.ID || it.Int("timestamp") != at.UnixMilli() || it.Str("eventType") != "DASHBOARD_SHARE_ADDED" || it.Str("userId") != "user_1" {
		t.Errorf("the item is %v, %v", it, err)
	}
}

func daysWithAuditEventsAreMarked(t *testing.T, st *world) {
	first, last := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 6, 30, 23, 59, 59, 999e6, time.UTC)
	want := map[string]bool{}
	for day := first; day.Before(last); day = day.AddDate(0, 0, 1) { // 122 days
		for i, shard := range []int{0, 3, 3} {
			must(t, st.Audit.Mark(t.Context(), day.Add(time.Duration(i)*8*time.Hour), shard))
			want[store.DayShard(day, shard)] = true
		}
	}
	if calls := st.calls.Take(); len(calls) != len(want) {
		t.Errorf("%d marks with %d calls", len(want), len(calls))
	}
	read := func(from, to time.Time) (days []string, pages int) {
		for more := true; more; pages++ {
			found, on, err := st.Audit.Days(t.Context(), from, to)
			must(t, err)
			for _, d := range found {
				slices.Sort(d.Shards)
				for _, pk := range d.Shards {
					if !want[pk] || !strings.HasPrefix(pk, d.Day.Format(time.DateOnly)) {
						t.Errorf("%v has %s", d.Day, pk)
					}
				}
				days = append(days, strings.Join(d.Shards, " "))
				to = d.Day.AddDate(0, 0, -1)
			}
			more = on
		}
		return days, pages
	}
	if days, pages := read(first, last); len(days) != 122 || pages != 1 || days[0] != "2026-06-30#0 2026-06-30#3" || days[121] != "2026-03-01#0 2026-03-01#3" {
		t.Errorf("%d days on %d pages: %v", len(days), pages, days)
	}
	for day := first; day.Before(last); day = day.AddDate(0, 0, 1) {
		for _, shard := range []int{1, 2} {
			must(t, st.Audit.Mark(t.Context(), day, shard))
			want[store.DayShard(day, shard)] = true
		}
	}
	if days, pages := read(first.AddDate(0, 0, 1), last.AddDate(0, 0, -1)); len(days) != 120 || pages != 2 || strings.Count(strings.Join(days, " "), "#") != 4*120 {
		t.Errorf("%d days on %d pages: %v", len(days), pages, days)
	}
	if days, _ := read(last.AddDate(0, 0, 1), last.AddDate(1, 0, 0)); days != nil {
		t.Errorf("days without events: %v", days)
	}
	for _, want := range []bool{false, true} {
		if done, err := st.Audit.Surveyed(t.Context()); err != nil || done != want {
			t.Errorf("surveyed: %v, %v", done, err)
		}
		must(t, st.Audit.SetSurveyed(t.Context()))
	}
	if again, err := store.New(st.Engine()).Audit.Surveyed(t.Context()); err != nil || !again {
		t.Errorf("surveyed, to another process: %v, %v", again, err)
	}
}

// dayOf is the event's partition of LogsByDay, one of the shards of its day.
func dayOf(t *testing.T, st *world, ev *core.AuditEvent) string {
	t.Helper()
	it, err := st.Engine().Get(t.Context(), table.Key{Table: table.AuditLogs, PK: ev.ID})
	must(t, err)
	st.calls.Take()
	var shards []string
	for i := range store.AuditShards {
		shards = append(shards, store.DayShard(ev.At, i))
	}
	day := it.Str("dayShard")
	if !slices.Contains(shards, day) {
		t.Errorf("%q is none of %q", day, shards)
	}
	return day
}

func auditPagesAreComplete(t *testing.T, st *world) {
	start := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	var all []*core.AuditEvent
	for i := range 12 { // three of a millisecond
		all = append(all, st.event(t, core.AuditEvent{At: start.Add(time.Duration(i/3) * time.Millisecond), Type: core.EventLogin, UserID: "user_1"}))
	}
	st.event(t, core.AuditEvent{At: start, Type: core.EventLogin, UserID: "user_2"})
	read := func(from, to time.Time) (ids []string) {
		q := store.AuditQuery{Index: table.LogsByUser, PK: "user_1", From: from, To: to, Limit: 2}
		for more := true; more; {
			events, on, err := st.Audit.Query(t.Context(), q)
			must(t, err)
			for _, ev := range events {
				if q.After != nil && ev.At.After(q.After.At) {
					t.Errorf("%v comes after %v", ev.At, q.After.At)
				}
				ids, q.After = append(ids, ev.ID), ev
			}
			more = on
		}
		slices.Sort(ids)
		return ids
	}
	ids := func(events []*core.AuditEvent) (ids []string) {
		for _, ev := range events {
			ids = append(ids, ev.ID)
		}
		slices.Sort(ids)
		return ids
	}
	at := func(i int) time.Time { return all[i].At }
	wantIDs(t, "all", read(time.Time{}, time.Time{}), ids(all))
	wantIDs(t, "from", read(at(3), time.Time{}), ids(all[3:]))
	wantIDs(t, "to", read(time.Time{}, at(3)), ids(all[:6]))
	wantIDs(t, "between", read(at(3), at(8)), ids(all[3:9]))
	wantIDs(t, "backwards", read(at(8), at(0)), nil)
}
