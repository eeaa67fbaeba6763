package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

func shareIsUniqueExpiresAndEnds(t *testing.T, st *world) {
	owner, viewer := st.user(t, "o@example.com"), st.user(t, "v@example.com")
	d := &core.Dashboard{ID: core.NewID(core.NounDashboard), Name: "d", OwnerID: owner.ID}
	if err := st.Dashboards.Create(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	s := &core.Share{DashboardID: d.ID, TargetType: core.TargetUser, TargetID: viewer.ID, Permission: core.PermissionViewer}
	if err := st.Shares.Create(t.Context(), s, owner.ID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, st.Shares.Create(t.Context(), s, owner.ID), core.CodeDuplicate)
	sees := func() bool {
		got, err := st.Dashboards.ForUser(t.Context(), []string{d.ID}, viewer.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		return len(got[d.ID].Shares) == 1
	}
	if !sees() {
		t.Fatal("the share is not seen")
	}
	ends := func(at time.Time) {
		_, err := st.Shares.Edit(t.Context(), d.ID, core.TargetUser, viewer.ID, owner.ID, func(s *core.Share) error {
			s.ExpiresAt = at
			return nil
		})
		must(t, err)
	}
	end := store.Now().Add(time.Hour)
	ends(end)
	for how, read := range map[string]func(ctx context.Context) error{
		"ForUser": func(ctx context.Context) error {
			_, err := st.Dashboards.ForUser(ctx, []string{d.ID}, viewer.ID, nil)
			return err
		},
		"To": func(ctx context.Context) error {
			_, _, err := st.Shares.To(ctx, core.TargetUser, viewer.ID, "", 10)
			return err
		},
	} {
		reader := &core.Actor{}
		must(t, read(core.WithActor(t.Context(), reader)))
		if r := reader.Reading(); !r.Holds(end.Add(-1)) || r.Holds(end) {
			t.Errorf("what %s read does not hold until the share's end", how)
		}
	}
	ends(time.Now().Add(-time.Second))
	if sees() {
		t.Fatal("an expired share still counts")
	}
	if err := st.Shares.Delete(t.Context(), s, owner.ID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, st.Shares.Delete(t.Context(), s, owner.ID), core.CodeNotFound)
	orphan := *s
	orphan.DashboardID = core.NewID(core.NounDashboard)
	wantCode(t, st.Shares.Create(t.Context(), &orphan, owner.ID), core.CodeNotFound)
}

// accessHistoryTellsEveryChange: in order, with who did it, and it outlives the dashboard.
func accessHistoryTellsEveryChange(t *testing.T, st *world) {
	owner, viewer := st.user(t, "o@example.com"), st.user(t, "v@example.com")
	d, card := st.dashboard(t, owner.ID), st.card(t, owner.ID, "")
	place := func(cards []core.Placement) {
		tick()
		_, err := st.Dashboards.Edit(t.Context(), d.ID, owner.ID, 0, nil, func(d *core.Dashboard) error { d.Cards = cards; return nil })
		must(t, err)
	}
	from, end := []string{core.NewID(core.NounDashboard), core.NewID(core.NounDashboard)}, store.Now().Add(time.Hour)
	place([]core.Placement{{CardID: card.ID, W: 1, H: 1, Grants: from}})
	place([]core.Placement{{CardID: card.ID, W: 2, H: 2}}) // moved: nobody's access changed
	place(nil)
	tick()
	s := &core.Share{DashboardID: d.ID, TargetType: core.TargetUser, TargetID: viewer.ID, Permission: core.PermissionViewer, ExpiresAt: end}
	must(t, st.Shares.Create(t.Context(), s, owner.ID))
	tick()
	s, err := st.Shares.Edit(t.Context(), d.ID, core.TargetUser, viewer.ID, owner.ID, func(s *core.Share) error {
		s.Permission = core.PermissionEditor
		return nil
	})
	must(t, err)
	tick()
	must(t, st.Shares.Delete(t.Context(), s, viewer.ID))
	tick()
	last, err := st.Dashboards.Get(t.Context(), d.ID)
	must(t, err)
	must(t, st.Dashboards.Delete(t.Context(), last, owner.ID))
	st.calls.Take()
	history, err := st.Shares.History(t.Context(), d.ID)
	must(t, err)
	st.wantCalls(t, "Query dashboard_shares")
	var got []string
	for _, c := range history {
		got = append(got, strings.Join([]string{c.Kind, string(c.Previous), string(c.Permission), c.ActorID,
			strings.Join(c.Added, ","), strings.Join(c.Removed, ",")}, " "))
	}
	if c := history[1]; c.DashboardID != d.ID || !slices.Equal(c.Grants[card.ID], from) {
		t.Errorf("the cards came as %+v", c)
	}
	if c := history[3]; c.TargetType != core.TargetUser || c.TargetID != viewer.ID || !c.ExpiresAt.Equal(end) || c.At.IsZero() {
		t.Errorf("the share was added as %+v", c)
	}
	wantIDs(t, "history", got, []string{
		"created  OWNER " + owner.ID + "  ",
		"cards_changed   " + owner.ID + " " + card.ID + " ",
		"cards_changed   " + owner.ID + "  " + card.ID,
		"share_added  VIEWER " + owner.ID + "  ",
		"share_updated VIEWER EDITOR " + owner.ID + "  ",
		"share_removed EDITOR  " + viewer.ID + "  ",
		"deleted   " + owner.ID + "  ",
	})
}

func sharesToSomebodyRunNewestFirst(t *testing.T, st *world) {
	owner, g := st.user(t, "o@example.com"), st.group(t, "g")
	var live []string
	for i := range 9 {
		d := st.dashboard(t, owner.ID)
		s := &core.Share{DashboardID: d.ID, TargetType: core.TargetGroup, TargetID: g.ID, Permission: core.PermissionViewer, CreatedAt: store.Now()}
		if i%2 == 0 {
			live = append(live, d.ID)
		} else {
			s.ExpiresAt = store.Now().Add(-time.Minute)
		}
		must(t, st.Shares.Create(t.Context(), s, owner.ID))
	}
	var got []string
	after := ""
	for more := true; more; {
		var page []*core.Share
		var err error
		page, more, err = st.Shares.To(t.Context(), core.TargetGroup, g.ID, after, 2)
		must(t, err)
		for _, s := range page {
			got, after = append(got, s.DashboardID), s.DashboardID
		}
		if more && len(page) != 2 {
			t.Fatalf("a page of 2 has %d and goes on", len(page))
		}
	}
	wantIDs(t, "shares", got, newestFirst(live...))
	st.calls.Take()
	of, err := st.Shares.Of(t.Context(), live[0])
	st.wantCalls(t, "Query dashboard_shares", "Query dashboard_shares")
	if err != nil || len(of) != 1 || of[0].ID() != core.ShareID(live[0], core.TargetGroup, g.ID) {
		t.Errorf("of the dashboard: %v, %v", of, err)
	}
	_, _, err = st.Shares.To(t.Context(), core.TargetGroup, g.ID, g.ID, 2)
	wantCode(t, err, core.CodeValidation)
}

// accessIsOneCall: who may see a dashboard is one call however they came by it,
// and so it is for many dashboards while the keys fit one batch.
func accessIsOneCall(t *testing.T, st *world) {
	owner, viewer := st.user(t, "o@example.com"), st.user(t, "v@example.com")
	groups := []string{st.group(t, "a").ID, st.group(t, "b").ID}
	var ids []string
	for i := range 20 {
		d := st.dashboard(t, owner.ID)
		ids = append(ids, d.ID)
		if i%2 == 0 {
			must(t, st.Shares.Create(t.Context(), &core.Share{DashboardID: d.ID, TargetType: core.TargetUser, TargetID: viewer.ID, Permission: core.PermissionViewer}, owner.ID))
		}
		if i%3 == 0 {
			must(t, st.Shares.Create(t.Context(), &core.Share{DashboardID: d.ID, TargetType: core.TargetGroup, TargetID: groups[1], Permission: core.PermissionEditor}, owner.ID))
		}
	}
	st.calls.Take()
	one, err := st.Dashboards.ForUser(t.Context(), ids[:1], viewer.ID, groups)
	if err != nil || len(one) != 1 || len(one[ids[0]].Shares) != 2 {
		t.Errorf("one: %v, %v", one, err)
	}
	st.wantCalls(t, "BatchGet dashboard_shares,dashboards,groups")
	gone := core.NewID(core.NounDashboard)
	all, err := st.Dashboards.ForUser(t.Context(), append([]string{gone, "", ids[0]}, ids...), viewer.ID, groups)
	if err != nil || len(all) != len(ids) || all[gone] != nil {
		t.Errorf("all: %d, %v", len(all), err)
	}
	for i, id := range ids {
		want := 0
		for _, by := range []int{2, 3} {
			if i%by == 0 {
				want++
			}
		}
		if a := all[id]; a == nil || len(a.Shares) != want || a.Dashboard.ID != id {
			t.Errorf("dashboard %d: %+v, want %d shares", i, a, want)
		}
	}
	st.wantCalls(t, "BatchGet dashboard_shares,dashboards,groups")
}
