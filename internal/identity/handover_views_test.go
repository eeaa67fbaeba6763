package identity

import (
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

func (e *estate) view(d *core.Dashboard, owner *core.User, shared bool) *core.FilterView {
	e.t.Helper()
	v := &core.FilterView{
		ID: core.NewFilterViewID(d.ID), DashboardID: d.ID, Name: "今月", OwnerID: owner.ID, Shared: shared, CreatedAt: store.Now(),
		Filters: []core.FilterValue{{Column: "地域", Values: []string{"東"}}},
	}
	e.must(e.Store.FilterViews.Create(e.t.Context(), v))
	return v
}

func (e *estate) ownerOf(v *core.FilterView) string {
	e.t.Helper()
	got, err := e.Store.FilterViews.For(e.t.Context(), v.ID, e.admin.ID)
	if e.must(err); got == nil {
		return ""
	}
	return got.OwnerID
}

// What a leaver shared with others goes on; what they kept for themselves stays
// with them and opens to nobody, and neither does a closed dashboard by a view.
func TestSharedFilterViewsAreHandedOver(t *testing.T) {
	e := newEstate(t)
	third := e.User("third")
	elsewhere := e.World.Dashboard(third, nil)
	private, shared, closed := e.view(e.page, e.owner, false), e.view(e.page, e.owner, true), e.view(elsewhere, e.owner, true)
	e.must(e.Store.FilterViews.SetDefault(t.Context(), &core.FilterView{ID: shared.ID, DashboardID: e.page.ID, Version: 1}, ""))

	owned, err := e.Owned(e.As(e.admin), e.owner.ID)
	e.must(err)
	if owned.FilterViewCount != 3 || owned.SharedFilterViewCount != 2 || owned.Count() != 5 || owned.FilterViews[2].ID != private.ID {
		t.Fatalf("owns %+v", owned)
	}
	for _, v := range owned.FilterViews {
		if v.Default != (v.ID == shared.ID) || !v.CanRun || v.Partial != (v.ID == private.ID) || v.Partial != (len(v.Filters) == 0) {
			t.Errorf("listed %+v", v)
		}
	}
	out, err := e.Depart(e.As(e.admin), Departure{UserID: e.owner.ID, HandOverTo: e.heir.ID})
	if err != nil || out.HandedOver != 4 || out.Owned.FilterViewCount != 2 || out.Owned.SharedFilterViewCount != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	if e.ownerOf(shared) != e.heir.ID || e.ownerOf(private) != e.owner.ID || e.ownerOf(closed) != e.owner.ID {
		t.Error("the views are with the wrong people")
	}
	if evs := e.Events(core.EventOwnerChanged); evs[len(evs)-1].TargetType != "filter_view" && evs[0].TargetType != "filter_view" {
		t.Errorf("audited %+v", evs)
	}
	e.Share(elsewhere, e.heir, core.PermissionViewer)
	again, err := e.Depart(e.As(e.admin), Departure{UserID: e.owner.ID, HandOverTo: e.heir.ID})
	if err != nil || again.HandedOver != 1 || e.ownerOf(closed) != e.heir.ID || again.Owned.Count() != 0 {
		t.Errorf("with the dashboard open: %+v, %v", again, err)
	}
}

// Of 130 views a hundred are listed, the shared ones first.
func TestOwnedFilterViewsAreBounded(t *testing.T) {
	e := newEstate(t)
	other := e.World.Dashboard(e.owner, nil)
	for i := range 130 {
		e.view([]*core.Dashboard{e.page, other}[i/90], e.owner, i%10 == 0)
	}
	owned, err := e.Owned(e.As(e.admin), e.owner.ID)
	if err != nil || owned.FilterViewCount != 130 || owned.SharedFilterViewCount != 13 || len(owned.FilterViews) != 100 {
		t.Fatalf("%d views, %d shared, %d listed, %v", owned.FilterViewCount, owned.SharedFilterViewCount, len(owned.FilterViews), err)
	}
	for i, v := range owned.FilterViews {
		if v.Shared != (i < 13) {
			t.Errorf("view %d is shared: %t", i, v.Shared)
		}
	}
}

// A leaver's keys end with the account, handed over or not, each on record; what
// an interrupted leave left live ends when it is asked for again.
func TestAPIKeysEndWithTheAccount(t *testing.T) {
	e := newEstate(t)
	first, second := e.key(e.owner, "Query.me"), e.key(e.owner, "Query.me")
	others := e.key(e.heir, "Query.me")
	dry, err := e.Depart(e.As(e.admin), Departure{UserID: e.owner.ID, DryRun: true})
	if err != nil || dry.Owned.APIKeyCount != 2 || dry.Owned.APIKeys[0].Hash != "" || len(e.Events(core.EventKeyRevoked)) != 0 {
		t.Fatalf("dry: %+v, %v", dry, err)
	}
	_, err = e.Store.Users.Edit(t.Context(), e.owner.ID, func(u *core.User) error { u.DeactivatedAt = e.now(); return nil })
	e.must(err) // the lock of a leave that stopped right after it
	out, err := e.Depart(e.As(e.admin), Departure{UserID: e.owner.ID})
	if err != nil || out.Owned.APIKeyCount != 0 || len(out.Owned.APIKeys) != 0 {
		t.Fatalf("left: %+v, %v", out, err)
	}
	for _, k := range []*IssuedKey{first, second} {
		if got := e.keyCode(k.Secret); got != core.CodeInvalidToken {
			t.Errorf("a key of the leaver's: %q", got)
		}
	}
	if evs := e.Events(core.EventKeyRevoked); len(evs) != 2 || evs[0].UserID != e.admin.ID || evs[0].Details["owner"] != e.owner.ID || e.keyCode(others.Secret) != "" {
		t.Errorf("audited %+v", evs)
	}
}
