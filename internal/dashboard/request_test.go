package dashboard_test

import (
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dashboard"
	"github.com/karuta-bi/karuta/internal/store"
)

func (w *world) asks(u *core.User, p core.Permission) error {
	return w.s.RequestAccess(w.As(u), dashboard.RequestInput{DashboardID: w.page.ID, Permission: p, Message: "見たい"})
}

func (w *world) answers(u *core.User, in dashboard.AnswerInput) error {
	if in.ID == "" {
		in.ID = core.AccessRequestID(w.page.ID, w.other.ID)
	}
	_, err := w.s.AnswerRequest(w.As(u), in)
	return err
}

// told are the kinds of what a person was told, newest first.
func (w *world) told(t *testing.T, u *core.User) (kinds []core.NoticeKind) {
	t.Helper()
	page, err := w.Store.Outbox.Of(t.Context(), u.ID, false, core.PageArgs{First: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range page.Nodes {
		kinds = append(kinds, n.Kind)
	}
	return kinds
}

func (w *world) wantTold(t *testing.T, what string, u *core.User, want ...core.NoticeKind) {
	t.Helper()
	got := w.told(t, u)
	if len(got) != len(want) {
		t.Errorf("%s: told %v, want %v", what, got, want)
		return
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s: told %v, want %v", what, got, want)
		}
	}
}

func (w *world) share(t *testing.T, u *core.User) *core.Share {
	t.Helper()
	sh, err := w.Store.Shares.Get(t.Context(), w.page.ID, core.TargetUser, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	return sh
}

func TestAccessIsAskedForAndGiven(t *testing.T) { // SH-8, PRM-5
	w := newWorld(t)
	coowner := w.User("coowner")
	w.Share(w.page, coowner, core.PermissionOwner)
	accesstest.Code(t, "ask", w.asks(w.other, core.PermissionEditor), "")
	accesstest.Code(t, "ask again", w.asks(w.other, core.PermissionViewer), "")
	w.wantTold(t, "owner", w.owner, core.NoticeAccessRequested)
	w.wantTold(t, "owner by share", coowner, core.NoticeAccessRequested)
	w.wantTold(t, "editor", w.editor)
	open, err := w.s.AccessRequests(w.As(w.owner), w.page.ID)
	if err != nil || len(open) != 1 || open[0].UserID != w.other.ID || open[0].Permission != core.PermissionEditor || open[0].Message != "見たい" {
		t.Fatalf("open are %+v, %v", open, err)
	}
	accesstest.Code(t, "answer", w.answers(coowner, dashboard.AnswerInput{Grant: true, Message: "どうぞ"}), "")
	if d, err := w.s.Dashboard(w.As(w.other), w.page.ID); err != nil || d.Mine != core.PermissionEditor {
		t.Errorf("got %+v, %v", d, err)
	}
	w.wantTold(t, "who asked", w.other, core.NoticeAccessGranted)
	wantHistory(t, w, "share_added")
	for kind, by := range map[core.EventType]*core.User{core.EventAccessRequested: w.other, core.EventAccessAnswered: coowner, core.EventShareAdded: coowner} {
		if evs := w.Events(kind); len(evs) != 1 || evs[0].UserID != by.ID || evs[0].TargetID != w.page.ID {
			t.Errorf("%s: audited %+v", kind, evs)
		}
	}
	accesstest.Code(t, "answer again", w.answers(w.owner, dashboard.AnswerInput{}), core.CodeConflict, "answered")
	accesstest.Code(t, "ask for what one has", w.asks(w.other, core.PermissionViewer), core.CodeValidation, "already_has")
	accesstest.Code(t, "ask for more", w.asks(w.other, core.PermissionOwner), "")
	w.wantTold(t, "owner", w.owner, core.NoticeAccessRequested, core.NoticeAccessRequested)
}

// A grant raises what there is, makes what had ended live again, and never takes
// a level away.
func TestGrantsRaise(t *testing.T) { // SH-8
	w := newWorld(t)
	soon, id := store.Now().Add(time.Hour), func(u *core.User) string { return core.AccessRequestID(w.page.ID, u.ID) }
	accesstest.Code(t, "viewer asks", w.asks(w.viewer, core.PermissionEditor), "")
	accesstest.Code(t, "grant", w.answers(w.owner, dashboard.AnswerInput{ID: id(w.viewer), Grant: true, ExpiresAt: soon}), "")
	if sh := w.share(t, w.viewer); sh.Permission != core.PermissionEditor || !sh.ExpiresAt.Equal(soon) || sh.Version != 2 {
		t.Errorf("raised to %+v", sh)
	}
	wantHistory(t, w, "share_updated")
	accesstest.Code(t, "editor asks", w.asks(w.editor, core.PermissionOwner), "")
	accesstest.Code(t, "grant less", w.answers(w.owner, dashboard.AnswerInput{ID: id(w.editor), Grant: true, Permission: core.PermissionViewer}), "")
	if sh := w.share(t, w.editor); sh.Permission != core.PermissionEditor {
		t.Errorf("lowered to %+v", sh)
	}
	w.Share(w.page, w.other, core.PermissionOwner)
	_, err := w.Store.Shares.Edit(t.Context(), w.page.ID, core.TargetUser, w.other.ID, w.owner.ID, func(sh *core.Share) error {
		sh.ExpiresAt = store.Now().Add(-time.Second)
		return nil
	})
	accesstest.Code(t, "end", err, "")
	accesstest.Code(t, "ask after the end", w.asks(w.other, core.PermissionViewer), "")
	accesstest.Code(t, "grant", w.answers(w.owner, dashboard.AnswerInput{Grant: true}), "")
	if sh := w.share(t, w.other); sh.Permission != core.PermissionViewer || !sh.ExpiresAt.IsZero() {
		t.Errorf("after the end it is %+v", sh)
	}
}

func TestDeclinedIsNotAskedAgainTheSameDay(t *testing.T) {
	w := newWorld(t)
	accesstest.Code(t, "ask", w.asks(w.other, core.PermissionViewer), "")
	accesstest.Code(t, "decline", w.answers(w.admin, dashboard.AnswerInput{Message: "今は"}), "")
	w.wantTold(t, "who asked", w.other, core.NoticeAccessDeclined)
	if sh := w.share(t, w.other); sh != nil {
		t.Errorf("declined and given: %+v", sh)
	}
	q, err := w.s.AccessRequest(w.As(w.other), core.AccessRequestID(w.page.ID, w.other.ID))
	if err != nil || q.Status != core.RequestDeclined || q.Answer != "今は" {
		t.Errorf("got %+v, %v", q, err)
	}
	w.s.Later(24*time.Hour - time.Minute)
	accesstest.Code(t, "the same day", w.asks(w.other, core.PermissionViewer), "")
	w.wantTold(t, "owner", w.owner, core.NoticeAccessRequested)
	w.s.Later(2 * time.Minute)
	accesstest.Code(t, "the next day", w.asks(w.other, core.PermissionViewer), "")
	w.wantTold(t, "owner", w.owner, core.NoticeAccessRequested, core.NoticeAccessRequested)
}

// That a dashboard exists is told by no answer, and nothing is kept where there is none.
func TestAskingTellsNothing(t *testing.T) {
	w := newWorld(t)
	ghost := core.NewID(core.NounDashboard)
	accesstest.Code(t, "of nothing", w.s.RequestAccess(w.As(w.other), dashboard.RequestInput{DashboardID: ghost, Permission: core.PermissionViewer}), "")
	if n, err := w.Store.Requests.CountOpen(t.Context(), w.other.ID, 20); err != nil || n != 0 {
		t.Errorf("%d requests for nothing, %v", n, err)
	}
	accesstest.Code(t, "of something", w.asks(w.other, core.PermissionViewer), "")
	for _, id := range []string{ghost, w.page.ID} {
		_, err := w.s.AccessRequest(w.As(w.other), core.AccessRequestID(id, w.other.ID))
		accesstest.Code(t, "one's own open request", err, core.CodeNotFound)
		accesstest.Code(t, "answer", w.answers(w.other, dashboard.AnswerInput{ID: core.AccessRequestID(id, w.other.ID), Grant: true}), core.CodeNotFound)
	}
	if len(w.Events(core.EventAccessDenied)) == 0 {
		t.Error("answering one's own request was not audited as denied")
	}
	id := core.AccessRequestID(w.page.ID, w.other.ID)
	for name, c := range map[string]struct {
		by   *core.User
		code core.Code
	}{"viewer": {w.viewer, core.CodeForbidden}, "editor": {w.editor, core.CodeForbidden}, "nobody": {nil, core.CodeUnauthorized}} {
		accesstest.Code(t, name, w.answers(c.by, dashboard.AnswerInput{ID: id, Grant: true}), c.code)
	}
	_, err := w.s.AccessRequest(w.As(w.viewer), id)
	accesstest.Code(t, "another's request", err, core.CodeForbidden)
	_, err = w.s.AccessRequests(w.As(w.viewer), w.page.ID)
	accesstest.Code(t, "requests by a viewer", err, core.CodeForbidden)
	accesstest.Code(t, "the operator asks", w.s.RequestAccess(core.AsSystem(t.Context(), "operator"), dashboard.RequestInput{DashboardID: ghost, Permission: core.PermissionViewer}), core.CodeForbidden)
}

func TestOpenRequestsAreBounded(t *testing.T) {
	w := newWorld(t)
	for range 25 {
		d := w.Dashboard(w.owner, nil)
		accesstest.Code(t, "ask", w.s.RequestAccess(w.As(w.other), dashboard.RequestInput{DashboardID: d.ID, Permission: core.PermissionViewer}), "")
	}
	if n, err := w.Store.Requests.CountOpen(t.Context(), w.other.ID, 100); err != nil || n != 20 {
		t.Errorf("%d are open, %v", n, err)
	}
	if got := len(w.told(t, w.owner)); got != 20 {
		t.Errorf("the owner was told %d times", got)
	}
}

// SH-4: of many who answer at once one is heard.
func TestOneAnswerWins(t *testing.T) {
	w := newWorld(t)
	accesstest.Code(t, "ask", w.asks(w.other, core.PermissionEditor), "")
	var wg sync.WaitGroup
	var mu sync.Mutex
	results := map[core.Code]int{}
	for i := range 50 {
		wg.Go(func() {
			err := w.answers([]*core.User{w.owner, w.admin}[i%2], dashboard.AnswerInput{Grant: i%3 > 0})
			mu.Lock()
			defer mu.Unlock()
			results[core.CodeOf(err)]++
		})
	}
	wg.Wait()
	q, err := w.Store.Requests.Get(t.Context(), w.page.ID, w.other.ID)
	if results[""] != 1 || results[core.CodeConflict] != 49 || err != nil || q.Version != 2 {
		t.Errorf("got %v, %+v, %v", results, q, err)
	}
	if given := w.share(t, w.other) != nil; given != (q.Status == core.RequestGranted) {
		t.Errorf("%s, and a share is %t", q.Status, given)
	}
	if got := w.told(t, w.other); len(got) != 1 {
		t.Errorf("who asked was told %v", got)
	}
}

// A person is told of a share to them, in the same transaction.
func TestASharedDashboardIsTold(t *testing.T) {
	w := newWorld(t)
	_, err := w.s.CreateShare(w.As(w.owner), with(w, w.other, core.PermissionViewer))
	accesstest.Code(t, "share", err, "")
	_, err = w.s.CreateShare(w.As(w.owner), with(w, w.other, core.PermissionEditor))
	accesstest.Code(t, "share again", err, core.CodeDuplicate)
	w.wantTold(t, "who sees it now", w.other, core.NoticeShared)
	_, err = w.s.CreateShare(w.As(w.admin), with(w, w.admin, core.PermissionViewer))
	accesstest.Code(t, "with oneself", err, "")
	w.wantTold(t, "oneself", w.admin)
}

// A dashboard that goes takes its requests along.
func TestRequestsGoWithTheirDashboard(t *testing.T) {
	w := newWorld(t)
	accesstest.Code(t, "ask", w.asks(w.other, core.PermissionViewer), "")
	accesstest.Code(t, "delete", w.s.Delete(w.As(w.owner), w.page.ID), "")
	if q, err := w.Store.Requests.Get(t.Context(), w.page.ID, w.other.ID); err != nil || q != nil {
		t.Errorf("left: %+v, %v", q, err)
	}
}
