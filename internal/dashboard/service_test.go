package dashboard_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dashboard"
)

type world struct {
	*accesstest.World
	s                                           *dashboard.Service
	owner, editor, viewer, member, other, admin *core.User
	group                                       *core.Group
	data                                        *core.Dataset
	card                                        *core.Card
	page                                        *core.Dashboard
}

// newWorld has a page of the owner's with one card, shared with everybody but other and admin.
func newWorld(t *testing.T) *world {
	w := &world{World: accesstest.New(t)}
	w.s = dashboard.New(w.Store, w.Gate, w.Audit)
	w.group = w.Group("営業")
	w.owner, w.editor, w.viewer = w.User("owner"), w.User("editor"), w.User("viewer")
	w.member, w.other, w.admin = w.User("member", w.group), w.User("other"), w.Admin("admin")
	w.data = w.Dataset(w.owner, core.Column{Name: "地域", Type: core.TypeString})
	w.card = w.Card(w.owner, w.data)
	w.page = w.Dashboard(w.owner, nil, w.card)
	w.Share(w.page, w.editor, core.PermissionEditor)
	w.Share(w.page, w.viewer, core.PermissionViewer)
	w.ShareGroup(w.page, w.group, core.PermissionViewer)
	return w
}

func TestCreate(t *testing.T) { // DB-1
	w := newWorld(t)
	d, err := w.s.Create(w.As(w.other), " 売上 📈 ", "説明\n二行目")
	if err != nil || d.Name != "売上 📈" || d.Version != 1 || d.OwnerID != w.other.ID {
		t.Fatalf("got %+v, %v", d, err)
	}
	kept, err := w.s.Dashboard(w.As(w.other), d.ID)
	if err != nil || kept.Description != "説明\n二行目" {
		t.Errorf("got %+v, %v", kept, err)
	}
	if evs := w.Events(core.EventDashboardCreated); len(evs) != 1 || evs[0].UserID != w.other.ID || evs[0].TargetID != d.ID {
		t.Errorf("audited %+v", evs)
	}
	_, err = w.s.Create(w.As(nil), "x", "")
	accesstest.Code(t, "nobody", err, core.CodeUnauthorized)
	_, err = w.s.Create(w.As(w.other), "", "")
	accesstest.Code(t, "no name", err, core.CodeValidation, "required")
}

func TestWhoMayDoWhat(t *testing.T) { // DB-3, SH-1, SH-2, FAIL-4
	w := newWorld(t)
	name := "renamed"
	acts := map[string]func(u *core.User) error{
		"view": func(u *core.User) error { _, err := w.s.Dashboard(w.As(u), w.page.ID); return err },
		"datasets": func(u *core.User) error {
			_, err := w.s.ReferencedDatasets(w.As(u), w.page.ID)
			return err
		},
		"edit": func(u *core.User) error {
			d, err := w.Store.Dashboards.Get(t.Context(), w.page.ID)
			if err != nil {
				return err
			}
			_, err = w.s.Update(w.As(u), dashboard.Change{ID: w.page.ID, Version: d.Version, Name: &name})
			return err
		},
		"shares": func(u *core.User) error { _, err := w.s.Shares(w.As(u), w.page.ID); return err },
		"share": func(u *core.User) error {
			_, err := w.s.CreateShare(w.As(u), dashboard.ShareInput{DashboardID: w.page.ID, TargetType: core.TargetUser,
				TargetID: w.User(core.NewID("x")).ID, Permission: core.PermissionViewer})
			return err
		},
		"unshare": func(u *core.User) error {
			return w.s.DeleteShare(w.As(u), core.ShareID(w.page.ID, core.TargetUser, w.other.ID))
		},
	}
	const (
		ok, no, hidden, who = core.Code(""), core.CodeForbidden, core.CodeNotFound, core.CodeUnauthorized
	)
	want := map[string][7]core.Code{ // owner editor viewer member other admin nobody
		"view":     {ok, ok, ok, ok, hidden, ok, who},
		"datasets": {ok, ok, ok, ok, hidden, ok, who},
		"edit":     {ok, ok, no, no, hidden, no, who},
		"shares":   {ok, no, no, no, hidden, ok, who},
		"share":    {ok, no, no, no, no, ok, who},
		"unshare":  {hidden, no, no, no, no, hidden, who}, // there is no such share
	}
	people := [7]*core.User{w.owner, w.editor, w.viewer, w.member, w.other, w.admin, nil}
	for act, do := range acts {
		for i, u := range people {
			accesstest.Code(t, fmt.Sprintf("%s by person %d", act, i), do(u), want[act][i])
		}
	}
	if len(w.Events(core.EventAccessDenied)) == 0 {
		t.Error("no denial was audited")
	}
}

func TestUpdate(t *testing.T) { // DB-1, DB-5, FL-1
	w := newWorld(t)
	text := w.Card(w.owner, w.data)
	layout := []core.Placement{{CardID: w.card.ID, W: 6, H: 2}, {CardID: text.ID, X: 6, W: 6, H: 2}}
	filters := []core.Filter{{Type: core.FilterCategory, Column: "地域", Label: "地域"}}
	c := dashboard.Change{ID: w.page.ID, Version: w.page.Version, Cards: &layout, Filters: &filters}
	d, err := w.s.Update(w.As(w.owner), c)
	if err != nil || d.Version != w.page.Version+1 || len(d.Cards) != 2 || d.Filters[0].ID == "" || d.Name != w.page.Name {
		t.Fatalf("got %+v, %v", d, err)
	}
	_, err = w.s.Update(w.As(w.owner), c)
	accesstest.Code(t, "old version", err, core.CodeConflict)
	if e, ok := err.(*core.Error); !ok || e.Details["yourVersion"] != c.Version || e.Details["currentVersion"] != d.Version {
		t.Errorf("the conflict says %+v", err)
	}
	c.Version = 0
	_, err = w.s.Update(w.As(w.owner), c)
	accesstest.Code(t, "no version", err, core.CodeValidation)
	c.Version, c.Cards, c.Filters = d.Version, &[]core.Placement{}, &[]core.Filter{}
	if d, err = w.s.Update(w.As(w.owner), c); err != nil || len(d.Cards)+len(d.Filters) != 0 {
		t.Errorf("got %+v, %v", d, err)
	}
}

func TestOnlyOneOfManyEditsWins(t *testing.T) { // DB-5
	w := newWorld(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	results := map[core.Code]int{}
	for i := range 8 {
		wg.Go(func() {
			name := fmt.Sprint(i)
			_, err := w.s.Update(w.As(w.owner), dashboard.Change{ID: w.page.ID, Version: w.page.Version, Name: &name})
			mu.Lock()
			defer mu.Unlock()
			results[core.CodeOf(err)]++
		})
	}
	wg.Wait()
	if results[""] != 1 || results[core.CodeConflict] != 7 {
		t.Errorf("got %v", results)
	}
}

func TestAddingACardNeedsOnesOwnRight(t *testing.T) { // SH-6
	w := newWorld(t)
	theirs := w.Card(w.owner, w.data)            // card and data of the owner's
	mixed := w.Card(w.editor, w.data)            // the editor's card over the owner's data
	own := w.Card(w.editor, w.Dataset(w.editor)) // all the editor's
	try := func(u *core.User, cards ...*core.Card) error {
		d, err := w.Store.Dashboards.Get(t.Context(), w.page.ID)
		if err != nil {
			t.Fatal(err)
		}
		layout := slices.Clone(d.Cards)
		for _, c := range cards {
			layout = append(layout, core.Placement{CardID: c.ID, W: 1, H: 1})
		}
		_, err = w.s.Update(w.As(u), dashboard.Change{ID: d.ID, Version: d.Version, Cards: &layout})
		return err
	}
	accesstest.Code(t, "somebody else's card", try(w.editor, theirs), core.CodeNotFound)
	accesstest.Code(t, "own card over somebody else's data", try(w.editor, mixed), core.CodeForbidden)
	accesstest.Code(t, "cards that lie there already", try(w.editor), "")
	accesstest.Code(t, "own card over own data", try(w.editor, own), "")
	accesstest.Code(t, "the owner's card by the owner", try(w.owner, theirs), "")
}

func TestDelete(t *testing.T) { // DB-3, AU-9
	w := newWorld(t)
	accesstest.Code(t, "by the editor", w.s.Delete(w.As(w.editor), w.page.ID), core.CodeForbidden, "owner_only")
	accesstest.Code(t, "by the owner", w.s.Delete(w.As(w.owner), w.page.ID), "")
	accesstest.Code(t, "again", w.s.Delete(w.As(w.owner), w.page.ID), core.CodeNotFound)
	_, err := w.s.Dashboard(w.As(w.viewer), w.page.ID)
	accesstest.Code(t, "view", err, core.CodeNotFound)
	if on, err := w.Store.Dashboards.HoldingCard(t.Context(), w.card.ID, 0); err != nil || len(on) != 0 {
		t.Errorf("the card still lies on %v, %v", on, err)
	}
	if shares, err := w.Store.Shares.Of(t.Context(), w.page.ID); err != nil || len(shares) != 0 {
		t.Errorf("shares left: %v, %v", shares, err)
	}
}

func TestViewsAreAuditedOnceAMinute(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		for _, u := range []*core.User{w.owner, w.viewer} {
			if _, err := w.s.Dashboard(w.As(u), w.page.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := len(w.Events(core.EventDashboardViewed)); n != 2 {
		t.Errorf("%d looks audited, want one a person", n)
	}
}

func TestReferencedDatasets(t *testing.T) { // DB-4
	w := newWorld(t)
	other := w.Dataset(w.editor)
	d := w.Dashboard(w.owner, nil, w.card, w.Card(w.owner, w.data), w.Card(w.owner, other))
	got, err := w.s.ReferencedDatasets(w.As(w.owner), d.ID)
	if err != nil || len(got) != 2 {
		t.Fatalf("got %+v, %v", got, err)
	}
	for _, r := range got {
		want := dashboard.ReferencedDataset{ID: w.data.ID, Name: w.data.Name, RowCount: 3, UsedByCards: 2, OwnerID: w.owner.ID}
		if r.ID == other.ID {
			want = dashboard.ReferencedDataset{ID: other.ID, Name: other.Name, RowCount: 3, UsedByCards: 1, OwnerID: w.editor.ID}
		}
		if r != want {
			t.Errorf("got %+v, want %+v", r, want)
		}
	}
}
