package store_test

import (
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// ownersChangeAsAWhole: with the shares, the history and the notice, or not at all.
func ownersChangeAsAWhole(t *testing.T, st *world) {
	owner, heir := st.user(t, "o@example.com"), st.user(t, "h@example.com")
	d, ds := st.dashboard(t, owner.ID), st.dataset(t, owner.ID, "d")
	card := st.card(t, owner.ID, ds.ID)
	hand := func(id string, keep core.Permission) store.Handover {
		return store.Handover{ID: id, FromID: owner.ID, ToID: heir.ID, Keep: keep, Notice: core.Notice{UserID: heir.ID, Kind: core.NoticeOwnership, TargetID: id}}
	}
	must(t, st.Shares.Create(t.Context(), &core.Share{DashboardID: d.ID, TargetType: core.TargetUser, TargetID: heir.ID, Permission: core.PermissionViewer}, owner.ID))
	st.calls.Take()
	got, err := st.Dashboards.Transfer(t.Context(), hand(d.ID, core.PermissionEditor))
	must(t, err)
	st.wantCalls(t, "Get dashboards", "Get dashboard_shares", "Get dashboard_shares", "Transact dashboard_shares,dashboards,outbox")
	shares, err := st.Shares.Of(t.Context(), d.ID)
	if err != nil || got.OwnerID != heir.ID || len(shares) != 1 || shares[0].TargetID != owner.ID || shares[0].Permission != core.PermissionEditor {
		t.Errorf("%+v has %v, %v", got, shares, err)
	}
	history, err := st.Shares.History(t.Context(), d.ID)
	must(t, err)
	if last := history[len(history)-1]; last.Kind != "transferred" || last.PreviousOwner != owner.ID || last.TargetID != heir.ID {
		t.Errorf("history ends with %+v", last)
	}
	_, err = st.Dashboards.Transfer(t.Context(), hand(d.ID, core.PermissionNone))
	wantCode(t, err, core.CodeConflict) // it is the heir's by now
	wantCode(t, st.Shares.Create(t.Context(), &core.Share{DashboardID: d.ID, TargetType: core.TargetUser, TargetID: heir.ID, Permission: core.PermissionViewer}, owner.ID), core.CodeValidation)
	_, err = st.Datasets.Transfer(t.Context(), hand(ds.ID, ""))
	must(t, err)
	_, err = st.Datasets.Transfer(t.Context(), hand(ds.ID, ""))
	wantCode(t, err, core.CodeConflict)
	_, err = st.Cards.Transfer(t.Context(), hand(card.ID, ""))
	must(t, err)
	_, err = st.Cards.Transfer(t.Context(), hand(card.ID, ""))
	wantCode(t, err, core.CodeConflict)
	for _, id := range []string{ds.ID, card.ID} {
		rights, err := st.Rights.Of(t.Context(), id)
		if last := rights[len(rights)-1]; err != nil || last.Kind != core.RightsOwner || last.OtherID != heir.ID {
			t.Errorf("history of %s ends with %+v, %v", id, last, err)
		}
	}
	told, err := st.Outbox.Of(t.Context(), heir.ID, true, core.PageArgs{First: 10})
	if err != nil || len(told.Nodes) != 3 {
		t.Errorf("the heir is told %d times, %v", len(told.Nodes), err)
	}
	if gone, err := st.Dashboards.Transfer(t.Context(), hand(core.NewID(core.NounDashboard), "")); err != nil || gone != nil {
		t.Errorf("what is not there: %+v, %v", gone, err)
	}
}

// answersAndOwnersRace: of 50 who answer one request while the dashboard changes
// hands and goes, each is done as a whole or not at all.
func answersAndOwnersRace(t *testing.T, st *world) {
	owner, guest := st.user(t, "o@example.com"), st.user(t, "g@example.com")
	d := st.dashboard(t, owner.ID)
	q := &core.AccessRequest{DashboardID: d.ID, UserID: guest.ID, Permission: core.PermissionEditor, Status: core.RequestOpen, CreatedAt: store.Now()}
	must(t, st.Requests.Ask(t.Context(), q, nil))
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			switch {
			case i == 45:
				if now, err := st.Dashboards.Get(t.Context(), d.ID); err == nil && now != nil {
					_ = st.Dashboards.Delete(t.Context(), now, owner.ID)
				}
			case i%2 == 0:
				answered := *q
				answered.Status, answered.AnsweredBy, answered.AnsweredAt = core.RequestGranted, owner.ID, store.Now()
				sh := &core.Share{DashboardID: d.ID, TargetType: core.TargetUser, TargetID: guest.ID, Permission: core.PermissionEditor}
				_ = st.Requests.Answer(t.Context(), &answered, sh, core.PermissionNone, core.Notice{UserID: guest.ID, Kind: core.NoticeAccessGranted})
			default:
				from, to := owner.ID, guest.ID
				if i%4 == 1 {
					from, to = to, from
				}
				_, _ = st.Dashboards.Transfer(t.Context(), store.Handover{ID: d.ID, FromID: from, ToID: to, Notice: core.Notice{UserID: to, Kind: core.NoticeOwnership}})
			}
		})
	}
	wg.Wait()
	told, err := st.Outbox.Of(t.Context(), guest.ID, true, core.PageArgs{First: 100})
	must(t, err)
	granted := 0
	for _, n := range told.Nodes {
		if n.Kind == core.NoticeAccessGranted {
			granted++
		}
	}
	if granted > 1 {
		t.Errorf("one request was granted %d times", granted)
	}
	now, err := st.Dashboards.Get(t.Context(), d.ID)
	must(t, err)
	shares, err := st.Shares.Of(t.Context(), d.ID)
	must(t, err)
	open, err := st.Requests.Get(t.Context(), d.ID, guest.ID)
	must(t, err)
	switch {
	case now == nil && (len(shares) > 0 || open != nil):
		t.Errorf("left of a dashboard that is gone: %v, %+v", shares, open)
	case now != nil:
		for _, sh := range shares {
			if sh.TargetID == now.OwnerID {
				t.Errorf("the owner has a share: %+v", sh)
			}
		}
	}
}
