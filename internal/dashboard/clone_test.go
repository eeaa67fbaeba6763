package dashboard_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dashboard"
)

func clone(t *testing.T, w *world, by *core.User, id string) *core.Dashboard {
	t.Helper()
	d, err := w.s.Clone(w.As(by), dashboard.CloneInput{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func grantsOf(d *core.Dashboard, c *core.Card) []string {
	p, _ := d.Place(c.ID)
	return p.Grants
}

func TestClone(t *testing.T) { // DB-3, SH-9
	w := newWorld(t)
	mine := w.Card(w.viewer, w.Dataset(w.viewer))
	mixed := w.Card(w.viewer, w.data) // the viewer's card over the owner's data
	from := w.Dashboard(w.owner, []core.Filter{{ID: core.NewID(core.NounFilter), Type: core.FilterCategory, Column: "地域", Label: "地域"}}, w.card, mine, mixed)
	w.Share(from, w.viewer, core.PermissionViewer)
	d := clone(t, w, w.viewer, from.ID)
	if d.Name != "dashboard (Copy)" || d.OwnerID != w.viewer.ID || d.Version != 1 || len(d.Cards) != 3 || d.Cards[1].Y != from.Cards[1].Y || d.Mine != core.PermissionOwner {
		t.Fatalf("got %+v", d)
	}
	if f := d.Filters; len(f) != 1 || f[0].Column != "地域" || f[0].ID == from.Filters[0].ID {
		t.Errorf("filters %+v", f)
	}
	if !slices.Equal(grantsOf(d, w.card), []string{from.ID}) || grantsOf(d, mine) != nil || !slices.Equal(grantsOf(d, mixed), []string{from.ID}) {
		t.Errorf("grants %+v", d.Cards)
	}
	if shares, err := w.s.Shares(w.As(w.viewer), d.ID); err != nil || len(shares) != 0 {
		t.Errorf("shares %+v, %v", shares, err)
	}
	evs := w.Events(core.EventDashboardCloned)
	if len(evs) != 1 || evs[0].TargetID != d.ID || evs[0].UserID != w.viewer.ID || evs[0].Details["source"] != from.ID {
		t.Errorf("audited %+v", evs)
	}
	for _, u := range []*core.User{w.owner, w.admin} { // who has an own right shows the cards by it
		if c := clone(t, w, u, from.ID); grantsOf(c, w.card) != nil {
			t.Errorf("%s's copy: %+v", u.Name, c.Cards)
		}
	}
	_, err := w.s.Clone(w.As(w.other), dashboard.CloneInput{ID: from.ID})
	accesstest.Code(t, "by a stranger", err, core.CodeNotFound)
	_, err = w.s.Clone(w.As(nil), dashboard.CloneInput{ID: from.ID})
	accesstest.Code(t, "by nobody", err, core.CodeUnauthorized)
}

func TestCloneNames(t *testing.T) { // DB-3
	w := newWorld(t)
	long := strings.Repeat("長", core.MaxName)
	if _, err := w.Store.Dashboards.Edit(t.Context(), w.page.ID, w.owner.ID, 0, nil, func(d *core.Dashboard) error { d.Name = long; return nil }); err != nil {
		t.Fatal(err)
	}
	if d := clone(t, w, w.viewer, w.page.ID); utf8.RuneCountInString(d.Name) != core.MaxName || !strings.HasSuffix(d.Name, "長 (Copy)") {
		t.Errorf("the copy is called %q", d.Name)
	}
	name, empty := " 写し ", ""
	d, err := w.s.Clone(w.As(w.viewer), dashboard.CloneInput{ID: w.page.ID, Name: &name})
	if err != nil || d.Name != "写し" {
		t.Errorf("got %+v, %v", d, err)
	}
	_, err = w.s.Clone(w.As(w.viewer), dashboard.CloneInput{ID: w.page.ID, Name: &empty})
	accesstest.Code(t, "no name", err, core.CodeValidation, "required")
}

// A copy of a copy of a copy shows a card to who is admitted by each of them,
// whichever of the shares on the way is taken back.
func TestCopiesOfCopies(t *testing.T) { // SH-9
	for depth := range 4 {
		w := newWorld(t)
		cloners := []*core.User{w.viewer, w.editor, w.member}
		way := []*core.Dashboard{w.page}
		for i := range depth {
			way = append(way, clone(t, w, cloners[i], way[i].ID))
			for _, u := range append(cloners, w.other) {
				if u != cloners[i] {
					w.Share(way[i+1], u, core.PermissionViewer)
				}
			}
		}
		last := way[depth]
		shown := func(u *core.User) bool {
			admitted, err := w.Gate.Admitted(w.As(u), last)
			if err != nil {
				t.Fatal(err)
			}
			refs, err := w.s.ReferencedDatasets(w.As(u), last.ID)
			if err != nil || (len(refs) == 1) != admitted.Shows(w.card.ID) {
				t.Errorf("depth %d: shown %v, but the datasets are %+v, %v", depth, admitted, refs, err)
			}
			return admitted.Shows(w.card.ID)
		}
		if depth == 0 {
			if !shown(w.viewer) {
				t.Error("the page itself is closed")
			}
			continue
		}
		for _, u := range []*core.User{w.viewer, w.editor, w.member} {
			if !shown(u) {
				t.Errorf("depth %d: %s sees every dashboard on the way and not the card", depth, u.Name)
			}
		}
		if shown(w.other) { // who was never admitted by the origin
			t.Errorf("depth %d: a copy opens what its origin does not", depth)
		}
		w.Share(w.page, w.other, core.PermissionViewer)
		if !shown(w.other) {
			t.Errorf("depth %d: a person who was admitted since is not", depth)
		}
		for level, d := range way[:depth] {
			accesstest.Code(t, "unshare", w.s.DeleteShare(w.As(w.admin), core.ShareID(d.ID, core.TargetUser, w.other.ID)), "")
			if shown(w.other) {
				t.Errorf("depth %d: taken back at level %d, and still shown", depth, level)
			}
			w.Share(d, w.other, core.PermissionViewer)
		}
		if !shown(w.other) {
			t.Errorf("depth %d: shared again, and not shown", depth)
		}
		if _, err := w.s.Update(w.As(w.owner), dashboard.Change{ID: w.page.ID, Version: w.page.Version, Cards: &[]core.Placement{}}); err != nil {
			t.Fatal(err)
		}
		if shown(w.other) || shown(w.viewer) {
			t.Errorf("depth %d: the card left its origin, and is still shown", depth)
		}
	}
}

func TestCopiesEnd(t *testing.T) { // SH-9
	w := newWorld(t)
	last := w.page
	for i := range core.MaxGrants {
		next := clone(t, w, w.viewer, last.ID)
		if i == 0 && len(next.Cards) != 1 {
			t.Fatalf("%+v", next)
		}
		last = next
	}
	if n := len(grantsOf(last, w.card)); n != core.MaxGrants {
		t.Fatalf("%d grants", n)
	}
	_, err := w.s.Clone(w.As(w.viewer), dashboard.CloneInput{ID: last.ID})
	accesstest.Code(t, "one too many", err, core.CodeValidation, "copied_too_often")
	w.Share(last, w.owner, core.PermissionViewer)
	if d := clone(t, w, w.owner, last.ID); grantsOf(d, w.card) != nil { // a new beginning
		t.Errorf("%+v", d.Cards)
	}
}

// The layout of a copy is its owner's to change; the grants are not.
func TestGrantsStay(t *testing.T) { // SH-6, SH-9
	w := newWorld(t)
	d := clone(t, w, w.viewer, w.page.ID)
	lay := func(cards ...core.Placement) error {
		now, err := w.Store.Dashboards.Get(t.Context(), d.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.s.Update(w.As(w.viewer), dashboard.Change{ID: d.ID, Version: now.Version, Cards: &cards})
		return err
	}
	accesstest.Code(t, "moved", lay(core.Placement{CardID: w.card.ID, X: 3, W: 2, H: 2, Grants: []string{d.ID}}), "")
	now, err := w.Store.Dashboards.Get(t.Context(), d.ID)
	if err != nil || now.Cards[0].X != 3 || !slices.Equal(now.Cards[0].Grants, []string{w.page.ID}) {
		t.Errorf("got %+v, %v", now.Cards, err)
	}
	accesstest.Code(t, "taken off", lay(), "")
	accesstest.Code(t, "laid again", lay(core.Placement{CardID: w.card.ID, W: 1, H: 1}), core.CodeForbidden)
	accesstest.Code(t, "unshare", w.s.DeleteShare(w.As(w.owner), core.ShareID(w.page.ID, core.TargetUser, w.viewer.ID)), "")
	accesstest.Code(t, "laid by who sees it no more", lay(core.Placement{CardID: w.card.ID, W: 1, H: 1}), core.CodeNotFound)
}

// A copy keeps nobody from deleting the origin, and then shows nothing.
func TestOriginGone(t *testing.T) { // SH-9
	w := newWorld(t)
	d := clone(t, w, w.viewer, w.page.ID)
	if on, err := w.Store.Dashboards.HoldingCard(t.Context(), w.card.ID, 0); err != nil || !slices.Equal(on, []string{w.page.ID}) {
		t.Errorf("the card lies on %q, %v", on, err)
	}
	accesstest.Code(t, "delete", w.s.Delete(w.As(w.owner), w.page.ID), "")
	for u, want := range map[*core.User]bool{w.viewer: false, w.owner: true, w.admin: true} {
		got, err := w.Gate.Admitted(w.As(u), d)
		if err != nil || got.Shows(w.card.ID) != want {
			t.Errorf("%s: shown %v, %v", u.Name, !want, err)
		}
	}
	if again := clone(t, w, w.viewer, d.ID); fmt.Sprint(grantsOf(again, w.card)) != fmt.Sprint([]string{d.ID, w.page.ID}) {
		t.Errorf("a copy of it: %+v", again.Cards)
	}
	c, err := w.Store.Cards.Get(t.Context(), w.card.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Store.Cards.Delete(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if bare := clone(t, w, w.viewer, d.ID); len(bare.Cards) != 0 {
		t.Errorf("a card that is gone was copied: %+v", bare.Cards)
	}
}
