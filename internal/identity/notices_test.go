package identity

import (
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
)

// Everybody reads and marks their own notices, and nobody another's.
func TestNoticesAreOnesOwn(t *testing.T) {
	w := newWorld(t)
	me, other := w.User("me"), w.User("other")
	tell := func(u *core.User) string {
		n := core.Notice{ID: core.NewID(core.NounNotice), UserID: u.ID, Kind: core.NoticeShared}
		w.must(w.Store.Outbox.Add(t.Context(), n))
		return n.ID
	}
	first, second, foreign := tell(me), tell(me), tell(other)
	unread := func(u *core.User) int {
		page, err := w.Notices(w.As(u), true, core.PageArgs{First: 10})
		w.must(err)
		return len(page.Nodes)
	}
	for what, by := range map[string]*core.User{"another": other, "an administrator": w.admin} {
		_, err := w.Notice(w.As(by), first)
		accesstest.Code(t, what, err, core.CodeNotFound)
		accesstest.Code(t, what+" marks", w.MarkNoticesRead(w.As(by), []string{first}), core.CodeNotFound)
	}
	accesstest.Code(t, "beside another's", w.MarkNoticesRead(w.As(me), []string{first, foreign}), core.CodeNotFound)
	accesstest.Code(t, "twice", w.MarkNoticesRead(w.As(me), []string{first, first}), core.CodeValidation, "duplicate_item")
	accesstest.Code(t, "nobody", w.MarkAllNoticesRead(w.As(nil)), core.CodeUnauthorized)
	if unread(me) != 2 {
		t.Errorf("what was refused marked: %d are unread", unread(me))
	}
	w.must(w.MarkNoticesRead(w.As(me), []string{second}))
	if n, err := w.Notice(w.As(me), second); err != nil || n.ReadAt.IsZero() || unread(me) != 1 {
		t.Errorf("%+v, %v", n, err)
	}
	for range 150 {
		tell(me)
	}
	w.must(w.MarkAllNoticesRead(w.As(me)))
	if unread(me) != 0 || unread(other) != 1 {
		t.Errorf("%d of mine and %d of another's are unread", unread(me), unread(other))
	}
}
