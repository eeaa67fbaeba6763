package identity

import (
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// estate is a page with a card over a dataset, all one person's.
type estate struct {
	*world
	owner, heir *core.User
	data        *core.Dataset
	card        *core.Card
	page        *core.Dashboard
}

func newEstate(t *testing.T) *estate {
	w := newWorld(t)
	e := &estate{world: w, owner: w.User("owner"), heir: w.User("heir")}
	e.data = w.World.Dataset(e.owner)
	e.card = w.World.Card(e.owner, e.data)
	e.page = w.World.Dashboard(e.owner, nil, e.card)
	return e
}

func (e *estate) transfer(by *core.User, change func(*Transfer)) error {
	in := Transfer{ID: e.page.ID, ToUserID: e.heir.ID, Version: e.page.Version}
	if change != nil {
		change(&in)
	}
	return e.TransferOwnership(e.As(by), in)
}

func (e *estate) level(u *core.User) core.Permission {
	e.t.Helper()
	gr, err := e.Gate.Standing(e.As(u), e.page.ID)
	e.must(err)
	return gr.Permission
}

func (e *estate) sharesOfPage() int {
	e.t.Helper()
	shares, err := e.Store.Shares.Of(e.t.Context(), e.page.ID)
	e.must(err)
	return len(shares)
}

// SH-8: the new owner has all, the old one what they keep, and all of it is on record.
func TestADashboardGetsAnotherOwner(t *testing.T) {
	e := newEstate(t)
	e.Share(e.page, e.heir, core.PermissionEditor)
	e.must(e.transfer(e.owner, func(in *Transfer) { in.Keep = core.PermissionViewer }))
	if e.level(e.heir) != core.PermissionOwner || e.level(e.owner) != core.PermissionViewer || e.sharesOfPage() != 1 {
		t.Errorf("the heir has %s, the owner until now %s, of %d shares", e.level(e.heir), e.level(e.owner), e.sharesOfPage())
	}
	for u, want := range map[*core.User]int{e.owner: 0, e.heir: 1} {
		if mine, err := e.Store.Dashboards.ByOwner(t.Context(), u.ID, "", 10); err != nil || len(mine) != want {
			t.Errorf("%s owns %d, %v", u.Name, len(mine), err)
		}
	}
	history, err := e.Store.Shares.History(t.Context(), e.page.ID)
	e.must(err)
	last := history[len(history)-3:]
	for i, want := range []core.AccessChange{
		{Kind: "share_removed", TargetID: e.heir.ID, Previous: core.PermissionEditor},
		{Kind: "share_added", TargetID: e.owner.ID, Permission: core.PermissionViewer},
		{Kind: "transferred", TargetID: e.heir.ID, Permission: core.PermissionOwner, PreviousOwner: e.owner.ID},
	} {
		got := last[i]
		if got.Kind != want.Kind || got.TargetID != want.TargetID || got.Permission != want.Permission || got.Previous != want.Previous || got.PreviousOwner != want.PreviousOwner || got.ActorID != e.owner.ID {
			t.Errorf("history has %+v, want %+v", got, want)
		}
	}
	if evs := e.Events(core.EventOwnerChanged); len(evs) != 1 || evs[0].Details["to"] != e.heir.ID || evs[0].Details["from"] != e.owner.ID || evs[0].Details["keep"] != "VIEWER" {
		t.Errorf("audited %+v", evs)
	}
	page, err := e.Store.Outbox.Of(t.Context(), e.heir.ID, true, core.PageArgs{First: 10})
	if err != nil || len(page.Nodes) != 1 || page.Nodes[0].Kind != core.NoticeOwnership || page.Nodes[0].TargetID != e.page.ID {
		t.Errorf("the heir is told %+v, %v", page.Nodes, err)
	}
	// And back, with nothing kept.
	d, err := e.Store.Dashboards.Get(t.Context(), e.page.ID)
	e.must(err)
	e.must(e.transfer(e.heir, func(in *Transfer) { in.ToUserID, in.Version = e.owner.ID, d.Version }))
	if e.level(e.owner) != core.PermissionOwner || e.level(e.heir) != core.PermissionNone || e.sharesOfPage() != 0 {
		t.Errorf("back: the owner has %s, the heir %s, of %d shares", e.level(e.owner), e.level(e.heir), e.sharesOfPage())
	}
}

func TestTransferIsForTheOwner(t *testing.T) {
	e := newEstate(t)
	coowner, viewer, gone := e.User("coowner"), e.User("viewer"), e.User("gone")
	e.Share(e.page, coowner, core.PermissionOwner)
	e.Share(e.page, viewer, core.PermissionViewer)
	_, err := e.Deactivate(e.As(e.admin), gone.ID)
	e.must(err)
	id := func(id string) func(*Transfer) { return func(in *Transfer) { in.ID = id } }
	to := func(id string) func(*Transfer) { return func(in *Transfer) { in.ToUserID = id } }
	for what, c := range map[string]struct {
		by     *core.User
		change func(*Transfer)
		code   core.Code
		reason string
	}{
		"owner by share":        {coowner, nil, core.CodeForbidden, "owner_only"},
		"viewer":                {viewer, nil, core.CodeForbidden, "owner_only"},
		"stranger":              {e.heir, nil, core.CodeNotFound, ""},
		"nobody":                {nil, nil, core.CodeUnauthorized, ""},
		"another's dataset":     {e.heir, id(e.data.ID), core.CodeNotFound, ""},
		"a dataset by a viewer": {viewer, id(e.data.ID), core.CodeForbidden, "owner_only"},
		"a card by a viewer":    {viewer, id(e.card.ID), core.CodeForbidden, "owner_only"},
		"a person":              {e.owner, id(e.heir.ID), core.CodeNotFound, ""},
		"no id":                 {e.owner, id("x"), core.CodeValidation, "bad_id"},
		"to nobody":             {e.owner, to(core.NewID(core.NounUser)), core.CodeNotFound, ""},
		"to who has left":       {e.owner, to(gone.ID), core.CodeValidation, "inactive"},
		"to the owner":          {e.owner, to(e.owner.ID), core.CodeValidation, "is_owner"},
		"an old version":        {e.owner, func(in *Transfer) { in.Version-- }, core.CodeConflict, ""},
		"no version":            {e.owner, func(in *Transfer) { in.Version = 0 }, core.CodeValidation, "bad_value"},
		"keep of a dataset":     {e.owner, func(in *Transfer) { in.ID, in.Keep = e.data.ID, core.PermissionViewer }, core.CodeValidation, "bad_value"},
	} {
		accesstest.Code(t, what, e.transfer(c.by, c.change), c.code, c.reason)
	}
	if len(e.Events(core.EventOwnerChanged)) != 0 || e.level(e.owner) != core.PermissionOwner {
		t.Error("what was refused changed the owner")
	}
	if len(e.Events(core.EventAccessDenied)) == 0 {
		t.Error("no denial was audited")
	}
	accesstest.Code(t, "an administrator", e.transfer(e.admin, nil), "")
}

// A card's dataset may belong to somebody else: the page shows both as before.
func TestThingsWorkOnAfterATransfer(t *testing.T) {
	e := newEstate(t)
	viewer := e.User("viewer")
	e.Share(e.page, viewer, core.PermissionViewer)
	for _, id := range []string{e.data.ID, e.card.ID} {
		version := int64(1)
		e.must(e.transfer(e.owner, func(in *Transfer) { in.ID, in.Version = id, version }))
		rights, err := e.Store.Rights.Of(t.Context(), id)
		if e.must(err); rights[len(rights)-1].Kind != core.RightsOwner || rights[len(rights)-1].OtherID != e.heir.ID {
			t.Errorf("history of %s: %+v", id, rights)
		}
		_, err = e.Gate.RequireCard(e.As(viewer), "id", e.card.ID, access.View)
		accesstest.Code(t, "the card by a viewer", err, "")
		_, err = e.Gate.RequireDataset(e.As(viewer), "id", e.data.ID, access.View)
		accesstest.Code(t, "the dataset by a viewer", err, "")
	}
	_, err := e.Gate.RequireCard(e.As(e.heir), "id", e.card.ID, access.Edit)
	accesstest.Code(t, "the card by its new owner", err, "")
	_, err = e.Gate.RequireCard(e.As(e.owner), "id", e.card.ID, access.Edit)
	accesstest.Code(t, "the card by the owner until now", err, core.CodeForbidden)
}

// Of 50 who change a dashboard's owner, shares and existence at once, each is
// done as a whole or not at all: one owner, no share of the owner's, no share
// without a dashboard.
func TestTransfersRace(t *testing.T) {
	e := newEstate(t)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			ctx := e.As(e.admin)
			d, err := e.Store.Dashboards.Get(ctx, e.page.ID)
			if err != nil || d == nil {
				return
			}
			to := []*core.User{e.owner, e.heir}[i/5%2]
			switch i % 5 {
			case 0, 1:
				_ = e.TransferOwnership(ctx, Transfer{ID: d.ID, ToUserID: to.ID, Version: d.Version, Keep: core.PermissionEditor})
			case 2:
				_ = e.Store.Shares.Create(ctx, &core.Share{DashboardID: d.ID, TargetType: core.TargetUser, TargetID: to.ID, Permission: core.PermissionViewer}, e.admin.ID)
			case 3:
				if sh, _ := e.Store.Shares.Get(ctx, d.ID, core.TargetUser, to.ID); sh != nil {
					_ = e.Store.Shares.Delete(ctx, sh, e.admin.ID)
				}
			case 4:
				if i > 40 {
					_ = e.Store.Dashboards.Delete(ctx, d, e.admin.ID)
				}
			}
		})
	}
	wg.Wait()
	d, err := e.Store.Dashboards.Get(t.Context(), e.page.ID)
	e.must(err)
	if d == nil && e.sharesOfPage() != 0 {
		t.Errorf("%d shares of nothing", e.sharesOfPage())
	}
	for _, u := range []*core.User{e.owner, e.heir} {
		mine, err := e.Store.Dashboards.ByOwner(t.Context(), u.ID, "", 10)
		e.must(err)
		if owns := d != nil && d.OwnerID == u.ID; owns != (len(mine) == 1) {
			t.Errorf("%s owns %t, the list has %d", u.Name, owns, len(mine))
		}
		if d != nil && d.OwnerID == u.ID {
			if sh, err := e.Store.Shares.Get(t.Context(), d.ID, core.TargetUser, u.ID); err != nil || sh != nil {
				t.Errorf("the owner has a share: %+v, %v", sh, err)
			}
		}
	}
}

// Whoever leaves hands over all they own; asked again it goes on with the rest.
func TestLeaving(t *testing.T) {
	e := newEstate(t)
	for range 120 {
		e.World.Dashboard(e.owner, nil)
	}
	deleted := e.Dataset(e.owner)
	e.must(e.Store.Datasets.Delete(t.Context(), deleted, store.Now()))
	dry, err := e.Depart(e.As(e.admin), Departure{UserID: e.owner.ID, HandOverTo: e.heir.ID, DryRun: true})
	if err != nil || !dry.User.Active() || dry.HandedOver != 0 || dry.Owned.DashboardCount != 121 || len(dry.Owned.Dashboards) != 100 ||
		dry.Owned.CardCount != 1 || dry.Owned.Datasets[0].ID != e.data.ID {
		t.Fatalf("dry: %+v, %v", dry, err)
	}
	if u, err := e.Store.Users.Get(t.Context(), e.owner.ID); err != nil || !u.Active() {
		t.Errorf("dry and locked: %+v, %v", u, err)
	}
	first, err := e.Depart(e.As(e.admin), Departure{UserID: e.owner.ID})
	if err != nil || first.User.Active() || first.HandedOver != 0 || first.Owned.Count() != 123 {
		t.Fatalf("left: %+v, %v", first, err)
	}
	late := e.World.Dashboard(e.owner, nil)
	second, err := e.Depart(e.As(e.admin), Departure{UserID: e.owner.ID, HandOverTo: e.heir.ID})
	if err != nil || second.HandedOver != 124 || second.Owned.Count() != 0 {
		t.Fatalf("handed over: %+v, %v", second, err)
	}
	if owned, err := e.Owned(e.As(e.admin), e.heir.ID); err != nil || owned.Count() != 124 || owned.Dashboards[0].ID != late.ID {
		t.Errorf("the heir owns %+v, %v", owned, err)
	}
	again, err := e.Depart(e.As(e.admin), Departure{UserID: e.owner.ID, HandOverTo: e.heir.ID})
	if err != nil || again.HandedOver != 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
	if gone, err := e.Store.Datasets.Deleted(t.Context(), deleted.ID); err != nil || gone.OwnerID != e.heir.ID {
		t.Errorf("what was deleted is %+v, %v", gone, err)
	}
	if u, err := e.Store.Users.Get(t.Context(), e.owner.ID); err != nil || u.SuccessorID != e.heir.ID {
		t.Errorf("the successor is %+v, %v", u, err)
	}
	_, err = e.Depart(e.As(e.admin), Departure{UserID: e.heir.ID, HandOverTo: e.owner.ID})
	accesstest.Code(t, "to who has left", err, core.CodeValidation, "inactive")
	_, err = e.Depart(e.As(e.admin), Departure{UserID: e.admin.ID, HandOverTo: e.heir.ID})
	accesstest.Code(t, "the last administrator", err, core.CodeValidation, "last_admin")
	if owned, err := e.Owned(e.As(e.admin), e.admin.ID); err != nil || owned.Count() != 0 {
		t.Errorf("%+v, %v", owned, err)
	}
	_, err = e.Owned(e.As(e.heir), e.heir.ID)
	accesstest.Code(t, "by oneself", err, core.CodeForbidden)
}

// What somebody else took over meanwhile is not taken from them.
func TestHandOverLeavesOthersAlone(t *testing.T) {
	e := newEstate(t)
	third := e.User("third")
	there, err := e.give(e.As(e.admin), core.NounDashboard, store.Handover{ID: e.page.ID, FromID: e.heir.ID, ToID: third.ID})
	if core.CodeOf(err) != core.CodeConflict || there || e.level(e.owner) != core.PermissionOwner {
		t.Errorf("%t, %v", there, err)
	}
}
