package dashboard_test

import (
	"errors"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dashboard"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
)

func with(w *world, u *core.User, p core.Permission) dashboard.ShareInput {
	return dashboard.ShareInput{DashboardID: w.page.ID, TargetType: core.TargetUser, TargetID: u.ID, Permission: p}
}

func TestShareOpensAndCloses(t *testing.T) { // SH-1, SH-4, SH-5
	w := newWorld(t)
	view := func() error { _, err := w.s.Dashboard(w.As(w.other), w.page.ID); return err }
	accesstest.Code(t, "before", view(), core.CodeNotFound)
	sh, err := w.s.CreateShare(w.As(w.owner), with(w, w.other, core.PermissionViewer))
	if err != nil || sh.ID() != core.ShareID(w.page.ID, core.TargetUser, w.other.ID) {
		t.Fatalf("got %+v, %v", sh, err)
	}
	accesstest.Code(t, "shared", view(), "")
	_, err = w.s.CreateShare(w.As(w.owner), with(w, w.other, core.PermissionEditor))
	accesstest.Code(t, "again", err, core.CodeDuplicate, "share")
	if e, ok := errors.AsType[*core.Error](err); !ok || e.Details["shareId"] != sh.ID() {
		t.Errorf("the refusal says %+v", err)
	}
	editor := core.PermissionEditor
	if sh, err = w.s.UpdateShare(w.As(w.owner), dashboard.ShareChange{ID: sh.ID(), Permission: &editor}); err != nil || sh.Permission != editor {
		t.Fatalf("got %+v, %v", sh, err)
	}
	accesstest.Code(t, "removed", w.s.DeleteShare(w.As(w.owner), sh.ID()), "")
	accesstest.Code(t, "after", view(), core.CodeNotFound)
	accesstest.Code(t, "removed again", w.s.DeleteShare(w.As(w.owner), sh.ID()), core.CodeNotFound)
	_, err = w.s.UpdateShare(w.As(w.owner), dashboard.ShareChange{ID: sh.ID(), Permission: &editor})
	accesstest.Code(t, "changed after", err, core.CodeNotFound)
	wantEvent(t, w, core.EventShareAdded, map[string]string{"permission": "VIEWER", "targetType": "USER", "target": w.other.ID})
	wantEvent(t, w, core.EventShareUpdated, map[string]string{"permission": "EDITOR", "previous": "VIEWER"})
	wantEvent(t, w, core.EventShareRemoved, map[string]string{"previous": "EDITOR"})
	wantHistory(t, w, "share_added", "share_updated", "share_removed")
}

func wantEvent(t *testing.T, w *world, kind core.EventType, details map[string]string) {
	t.Helper()
	evs := w.Events(kind)
	if len(evs) != 1 || evs[0].TargetID != w.page.ID || evs[0].UserID != w.owner.ID || evs[0].Outcome != core.OutcomeSuccess {
		t.Errorf("%s: audited %+v", kind, evs)
		return
	}
	for k, v := range details {
		if evs[0].Details[k] != v {
			t.Errorf("%s: %s is %q, want %q", kind, k, evs[0].Details[k], v)
		}
	}
}

// wantHistory wants the kinds to be the last ones of the page's access history.
func wantHistory(t *testing.T, w *world, kinds ...string) {
	t.Helper()
	page, err := w.Store.Engine().Query(t.Context(), table.Query{Table: table.Shares, PK: "DASHBOARD#" + w.page.ID, Prefix: "HISTORY#"})
	if err != nil || len(page.Items) < len(kinds) {
		t.Fatalf("history of %d, %v", len(page.Items), err)
	}
	for i, it := range page.Items[len(page.Items)-len(kinds):] {
		if it.Str("kind") != kinds[i] {
			t.Errorf("history has %s, want %s", it.Str("kind"), kinds[i])
		}
	}
}

func TestShareBadInput(t *testing.T) { // SH-3, SH-8
	w := newWorld(t)
	gone := w.User("gone")
	if _, err := w.Store.Users.Edit(t.Context(), gone.ID, func(u *core.User) error { u.DeactivatedAt = store.Now(); return nil }); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		change func(in *dashboard.ShareInput)
		code   core.Code
		reason string
	}{
		"unknown person":    {func(in *dashboard.ShareInput) { in.TargetID = core.NewID(core.NounUser) }, core.CodeNotFound, ""},
		"group as a person": {func(in *dashboard.ShareInput) { in.TargetID = w.group.ID }, core.CodeNotFound, ""},
		"unknown group": {func(in *dashboard.ShareInput) {
			in.TargetType, in.TargetID = core.TargetGroup, core.NewID(core.NounGroup)
		}, core.CodeNotFound, ""},
		"no target":             {func(in *dashboard.ShareInput) { in.TargetID = "" }, core.CodeValidation, "required"},
		"bad target":            {func(in *dashboard.ShareInput) { in.TargetID = "\u202e\x00" }, core.CodeValidation, "bad_id"},
		"unknown kind":          {func(in *dashboard.ShareInput) { in.TargetType = "ALL" }, core.CodeValidation, "bad_choice"},
		"unknown permission":    {func(in *dashboard.ShareInput) { in.Permission = "ADMIN" }, core.CodeValidation, "bad_choice"},
		"deactivated":           {func(in *dashboard.ShareInput) { in.TargetID = gone.ID }, core.CodeValidation, "inactive"},
		"the owner":             {func(in *dashboard.ShareInput) { in.TargetID = w.owner.ID }, core.CodeValidation, "is_owner"},
		"ended already":         {func(in *dashboard.ShareInput) { in.ExpiresAt = time.Now() }, core.CodeValidation, "in_past"},
		"unknown dashboard":     {func(in *dashboard.ShareInput) { in.DashboardID = core.NewID(core.NounDashboard) }, core.CodeNotFound, ""},
		"a card as a dashboard": {func(in *dashboard.ShareInput) { in.DashboardID = w.card.ID }, core.CodeNotFound, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := with(w, w.other, core.PermissionViewer)
			c.change(&in)
			_, err := w.s.CreateShare(w.As(w.owner), in)
			accesstest.Code(t, name, err, c.code, c.reason)
		})
	}
	if shares, err := w.s.Shares(w.As(w.owner), w.page.ID); err != nil || len(shares) != 3 {
		t.Errorf("%d shares, %v: bad input changed them", len(shares), err)
	}
}

func TestShareEnds(t *testing.T) { // SH-8
	w := newWorld(t)
	in := with(w, w.other, core.PermissionViewer)
	in.ExpiresAt = store.Now().Add(time.Hour)
	sh, err := w.s.CreateShare(w.As(w.owner), in)
	if err != nil || !sh.ExpiresAt.Equal(in.ExpiresAt) {
		t.Fatalf("got %+v, %v", sh, err)
	}
	never := time.Time{}
	sh, err = w.s.UpdateShare(w.As(w.owner), dashboard.ShareChange{ID: sh.ID(), ExpiresAt: &never})
	if err != nil || !sh.ExpiresAt.IsZero() || sh.Permission != core.PermissionViewer {
		t.Errorf("got %+v, %v", sh, err)
	}
	past := store.Now().Add(-time.Second)
	_, err = w.s.UpdateShare(w.As(w.owner), dashboard.ShareChange{ID: sh.ID(), ExpiresAt: &past})
	accesstest.Code(t, "ended already", err, core.CodeValidation, "in_past")
}

// A share that has ended is no obstacle to a new one, and a live one is.
func TestShareAfterItsEnd(t *testing.T) { // SH-4, SH-8
	w := newWorld(t)
	ended := &core.Share{DashboardID: w.page.ID, TargetType: core.TargetUser, TargetID: w.other.ID, Permission: core.PermissionOwner,
		CreatedAt: store.Now(), ExpiresAt: store.Now().Add(-time.Minute)}
	if err := w.Store.Shares.Create(t.Context(), ended, w.owner.ID); err != nil {
		t.Fatal(err)
	}
	sh, err := w.s.CreateShare(w.As(w.owner), with(w, w.other, core.PermissionViewer))
	if err != nil || sh.Version != 2 || !sh.ExpiresAt.IsZero() || sh.Permission != core.PermissionViewer {
		t.Fatalf("got %+v, %v", sh, err)
	}
	d, err := w.s.Dashboard(w.As(w.other), w.page.ID)
	if err != nil || d.Mine != core.PermissionViewer {
		t.Errorf("got %+v, %v", d, err)
	}
	_, err = w.s.CreateShare(w.As(w.owner), with(w, w.other, core.PermissionEditor))
	accesstest.Code(t, "again", err, core.CodeDuplicate, "share")
	wantHistory(t, w, "share_added", "share_added")
}
