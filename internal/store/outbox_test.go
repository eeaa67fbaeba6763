package store_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

func (w *world) notice(t *testing.T, userID string) *core.Notice {
	t.Helper()
	n := &core.Notice{
		ID: core.NewID(core.NounNotice), UserID: userID, Kind: core.NoticeShared, ActorID: core.NewID(core.NounUser),
		TargetID: core.NewID(core.NounDashboard), RequestID: "r", Message: "どうぞ", CreatedAt: store.Now(),
	}
	must(t, w.Outbox.Add(t.Context(), *n))
	return n
}

func noticesRunNewestFirst(t *testing.T, st *world) {
	me, other := core.NewID(core.NounUser), core.NewID(core.NounUser)
	var mine, unread []string
	for i := range 9 {
		n := st.notice(t, me)
		mine = append(mine, n.ID)
		if i%3 == 0 {
			unread = append(unread, n.ID)
			continue
		}
		missing, err := st.Outbox.MarkRead(t.Context(), me, []string{n.ID}, store.Now())
		if must(t, err); missing != -1 {
			t.Fatalf("the notice at %d is not there", missing)
		}
	}
	foreign := st.notice(t, other)
	old := core.Notice{UserID: me, Kind: core.NoticeShared, CreatedAt: store.Now().Add(-91 * 24 * time.Hour)}
	must(t, st.Outbox.Add(t.Context(), old))
	list := func(unreadOnly bool) []string {
		return walk(t, func(p core.PageArgs) (core.Page[*core.Notice], error) {
			return st.Outbox.Of(t.Context(), me, unreadOnly, p)
		},
			func(n *core.Notice) string { return n.ID })
	}
	wantIDs(t, "all", list(false), newestFirst(mine...))
	wantIDs(t, "unread", list(true), newestFirst(unread...))
	got, err := st.Outbox.Get(t.Context(), other, foreign.ID)
	if err != nil || !reflect.DeepEqual(got, foreign) {
		t.Errorf("read %+v, %v, wrote %+v", got, err, foreign)
	}
	if got, err := st.Outbox.Get(t.Context(), me, foreign.ID); err != nil || got != nil {
		t.Errorf("somebody else's notice: %+v, %v", got, err)
	}
	_, err = st.Outbox.Of(t.Context(), me, false, core.PageArgs{First: 2, After: other})
	wantCode(t, err, core.CodeValidation)
	st.calls.Take()
	_, err = st.Outbox.Of(t.Context(), me, false, core.PageArgs{First: 2})
	must(t, err)
	st.wantCalls(t, "Query outbox")
}

func noticesAreMarkedTogether(t *testing.T, st *world) {
	me := core.NewID(core.NounUser)
	mine, foreign := st.notice(t, me), st.notice(t, core.NewID(core.NounUser))
	missing, err := st.Outbox.MarkRead(t.Context(), me, []string{mine.ID, foreign.ID}, store.Now())
	if err != nil || missing != 1 {
		t.Fatalf("missing is %d, %v", missing, err)
	}
	if n, err := st.Outbox.Get(t.Context(), me, mine.ID); err != nil || !n.ReadAt.IsZero() {
		t.Errorf("marked beside one that is not there: %+v, %v", n, err)
	}
	at := store.Now()
	for range 2 { // the second time changes nothing
		if missing, err = st.Outbox.MarkRead(t.Context(), me, []string{mine.ID}, at); err != nil || missing != -1 {
			t.Fatalf("missing is %d, %v", missing, err)
		}
	}
	if n, err := st.Outbox.Get(t.Context(), me, mine.ID); err != nil || !n.ReadAt.Equal(at) {
		t.Errorf("marked: %+v, %v", n, err)
	}
}

func aRequestIsAskedAndAnsweredOnce(t *testing.T, st *world) {
	owner, guest := st.user(t, "o@example.com"), st.user(t, "g@example.com")
	d := st.dashboard(t, owner.ID)
	told := []core.Notice{{UserID: owner.ID, Kind: core.NoticeAccessRequested}}
	q := &core.AccessRequest{DashboardID: d.ID, UserID: guest.ID, Permission: core.PermissionEditor, Message: "見たい", Status: core.RequestOpen, CreatedAt: store.Now()}
	again := *q
	must(t, st.Requests.Ask(t.Context(), q, told))
	wantCode(t, st.Requests.Ask(t.Context(), &again, told), core.CodeConflict)
	got, err := st.Requests.Get(t.Context(), d.ID, guest.ID)
	if err != nil || !reflect.DeepEqual(got, q) {
		t.Errorf("read %+v, %v, wrote %+v", got, err, q)
	}
	if n, err := st.Requests.CountOpen(t.Context(), guest.ID, 20); err != nil || n != 1 {
		t.Errorf("%d are open, %v", n, err)
	}
	answer := func(from core.AccessRequest) error {
		from.Status, from.AnsweredBy, from.Answer, from.AnsweredAt = core.RequestGranted, owner.ID, "どうぞ", store.Now()
		sh := &core.Share{DashboardID: d.ID, TargetType: core.TargetUser, TargetID: guest.ID, Permission: core.PermissionEditor}
		return st.Requests.Answer(t.Context(), &from, sh, core.PermissionNone, core.Notice{UserID: guest.ID, Kind: core.NoticeAccessGranted})
	}
	st.calls.Take()
	must(t, answer(*got))
	st.wantCalls(t, "Get dashboards", "Transact dashboard_shares,dashboards,outbox")
	wantCode(t, answer(*got), core.CodeConflict)
	open, err := st.Requests.OpenOf(t.Context(), d.ID)
	if n, _ := st.Requests.CountOpen(t.Context(), guest.ID, 20); err != nil || n != 0 || len(open) != 0 {
		t.Errorf("%d are open, %v, %v", n, open, err)
	}
	for id, want := range map[string]int{owner.ID: 1, guest.ID: 1} { // what did not happen was told to nobody
		if page, err := st.Outbox.Of(t.Context(), id, true, core.PageArgs{First: 10}); err != nil || len(page.Nodes) != want {
			t.Errorf("%d notices, want %d, %v", len(page.Nodes), want, err)
		}
	}
	orphan := core.AccessRequest{DashboardID: core.NewID(core.NounDashboard), UserID: guest.ID, Permission: core.PermissionViewer, Status: core.RequestOpen, CreatedAt: store.Now()}
	wantCode(t, st.Requests.Ask(t.Context(), &orphan, nil), core.CodeNotFound)
}
