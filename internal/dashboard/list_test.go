package dashboard_test

import (
	"slices"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

func TestList(t *testing.T) { // DB-2, SH-8
	w := newWorld(t)
	var want []string
	for i := range 23 {
		d := w.Dashboard(w.other, nil)
		switch i % 5 {
		case 0:
			w.Share(d, w.member, core.PermissionViewer)
		case 1:
			w.ShareGroup(d, w.group, core.PermissionEditor)
		case 2:
			w.Share(d, w.member, core.PermissionViewer)
			w.ShareGroup(d, w.group, core.PermissionEditor)
		case 3:
			expired := &core.Share{DashboardID: d.ID, TargetType: core.TargetUser, TargetID: w.member.ID,
				Permission: core.PermissionOwner, ExpiresAt: store.Now().Add(-time.Minute)}
			if err := w.Store.Shares.Create(t.Context(), expired, w.other.ID); err != nil {
				t.Fatal(err)
			}
			continue
		case 4:
			d = w.Dashboard(w.member, nil)
		}
		want = append(want, d.ID)
	}
	want = append(want, w.page.ID) // through the group
	slices.Sort(want)
	slices.Reverse(want)
	for _, first := range []int{1, 2, 7, 100} {
		if got := list(t, w, w.member, first); !slices.Equal(got, want) {
			t.Errorf("in pages of %d: %d dashboards in another order, want %d", first, len(got), len(want))
		}
	}
	_, err := w.s.Dashboards(w.As(w.member), core.PageArgs{First: 5, After: w.member.ID})
	accesstest.Code(t, "cursor of another noun", err, core.CodeValidation, "bad_cursor")
	if got := list(t, w, w.admin, 10); len(got) != 0 {
		t.Errorf("an administrator's own list holds %v", got)
	}
}

func list(t *testing.T, w *world, u *core.User, first int) (ids []string) {
	t.Helper()
	page := core.PageArgs{First: first}
	for {
		p, err := w.s.Dashboards(w.As(u), page)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Nodes) > first {
			t.Fatalf("a page of %d holds %d", first, len(p.Nodes))
		}
		for i, d := range p.Nodes {
			ids = append(ids, d.ID)
			if p.Cursors[i] != d.ID {
				t.Errorf("cursor %s of %s", p.Cursors[i], d.ID)
			}
		}
		if !p.HasNext {
			return ids
		}
		page.After = p.EndCursor()
	}
}

func TestListCostsTheSameForAnyNumber(t *testing.T) { // DB-2
	w := newWorld(t)
	count := func() int {
		ctx := w.As(w.member)
		return len(w.Calls(func() {
			p, err := w.s.Dashboards(ctx, core.PageArgs{First: 20})
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range p.Nodes { // what each may do is known by now
				if _, err := w.s.Dashboard(ctx, d.ID); err != nil {
					t.Fatal(err)
				}
			}
		}))
	}
	for range 3 {
		w.ShareGroup(w.Dashboard(w.other, nil), w.group, core.PermissionViewer)
	}
	list(t, w, w.member, 100)
	before := func() int { count(); return count() }() // the first look at each is audited
	for range 12 {
		w.ShareGroup(w.Dashboard(w.other, nil), w.group, core.PermissionViewer)
		w.Dashboard(w.member, nil)
	}
	after := func() int { count(); return count() }()
	if before != after || after != 5 { // the groups, owned, shared to me, shared to the group, one BatchGet
		t.Errorf("%d calls for 4 dashboards, %d for 20", before, after)
	}
}
