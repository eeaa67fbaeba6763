package dashboard_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// Everybody for whom the page is open is listed, each once, with what the door
// says, and nobody else.
func TestEffectiveAccess(t *testing.T) { // SH-7
	w := newWorld(t)
	gone, late := w.User("gone"), w.User("late")
	w.Share(w.page, gone, core.PermissionOwner)
	if _, err := w.Store.Users.Edit(t.Context(), gone.ID, func(u *core.User) error { u.DeactivatedAt = store.Now(); return nil }); err != nil {
		t.Fatal(err)
	}
	ended := &core.Share{DashboardID: w.page.ID, TargetType: core.TargetUser, TargetID: late.ID, Permission: core.PermissionOwner, ExpiresAt: store.Now().Add(-time.Minute)}
	if err := w.Store.Shares.Create(t.Context(), ended, w.owner.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Store.Groups.AddMember(t.Context(), w.group.ID, w.editor.ID); err != nil {
		t.Fatal(err)
	}
	member := w.User("colleague")
	if _, err := w.Store.Groups.AddMember(t.Context(), w.group.ID, member.ID); err != nil {
		t.Fatal(err)
	}
	var all []*core.PersonAccess
	for page := (core.PageArgs{First: 2}); ; {
		p, err := w.s.EffectiveAccess(w.As(w.owner), w.page.ID, page)
		if err != nil || len(p.Nodes) > 2 {
			t.Fatalf("got %+v, %v", p, err)
		}
		all = append(all, p.Nodes...)
		if page.After = p.EndCursor(); !p.HasNext {
			break
		}
	}
	want := map[string]core.Permission{w.owner.ID: core.PermissionOwner, w.editor.ID: core.PermissionEditor, w.viewer.ID: core.PermissionViewer, member.ID: core.PermissionViewer}
	for _, p := range all {
		if p.Permission != want[p.UserID] || len(p.Paths) == 0 {
			t.Errorf("%s may %s by %+v", p.UserID, p.Permission, p.Paths)
		}
		if p.UserID == w.editor.ID && len(p.Paths) != 2 {
			t.Errorf("the editor is a member, too: %+v", p.Paths)
		}
		delete(want, p.UserID)
	}
	if len(want) != 0 || !slices.IsSortedFunc(all, func(a, b *core.PersonAccess) int { return strings.Compare(a.UserID, b.UserID) }) {
		t.Errorf("left out %v of %d", want, len(all))
	}
	_, err := w.s.EffectiveAccess(w.As(w.editor), w.page.ID, core.PageArgs{First: 1})
	accesstest.Code(t, "by the editor", err, core.CodeForbidden, "owner_only")
	_, err = w.s.EffectiveAccess(w.As(w.other), w.page.ID, core.PageArgs{First: 1})
	accesstest.Code(t, "by a stranger", err, core.CodeNotFound)
}
