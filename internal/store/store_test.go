package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table/embedded"
)

func open(t *testing.T) *store.Store {
	t.Helper()
	e, err := embedded.Open(filepath.Join(t.TempDir(), "karuta.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	if err := e.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	return store.New(e)
}

func newUser(t *testing.T, st *store.Store, email string) *core.User {
	t.Helper()
	u := &core.User{ID: core.NewID(core.NounUser), Email: email, Role: core.RoleUser, CreatedAt: store.Now()}
	if err := st.Users.Create(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	return u
}

func wantCode(t *testing.T, err error, want core.Code) {
	t.Helper()
	if got := core.CodeOf(err); got != want {
		t.Fatalf("got %q (%v), want %q", got, err, want)
	}
}

func TestUserAddressIsUnique(t *testing.T) {
	st := open(t)
	u := newUser(t, st, "a@example.com")
	twin := *u
	twin.ID = core.NewID(core.NounUser)
	wantCode(t, st.Users.Create(t.Context(), &twin), core.CodeDuplicate)
	if got, _ := st.Users.Get(t.Context(), twin.ID); got != nil {
		t.Fatal("half of a refused user was written")
	}
	got, err := st.Users.ByEmail(t.Context(), "a@example.com")
	if err != nil || got.ID != u.ID || !got.CreatedAt.Equal(u.CreatedAt) {
		t.Fatalf("ByEmail: %+v, %v", got, err)
	}
}

func TestEightWritersOneAddress(t *testing.T) {
	st := open(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	created := 0
	for range 8 {
		wg.Go(func() {
			u := &core.User{ID: core.NewID(core.NounUser), Email: "race@example.com", Role: core.RoleUser}
			err := st.Users.Create(context.Background(), u)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				created++
			} else if core.CodeOf(err) != core.CodeDuplicate {
				t.Errorf("unexpected: %v", err)
			}
		})
	}
	wg.Wait()
	if created != 1 {
		t.Fatalf("%d users got one address", created)
	}
}

func TestMembershipChangesBothSides(t *testing.T) {
	st := open(t)
	u := newUser(t, st, "m@example.com")
	g := &core.Group{ID: core.NewID(core.NounGroup), Name: "Sales"}
	if err := st.Groups.Create(t.Context(), g, "sales"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, st.Groups.Create(t.Context(), &core.Group{ID: core.NewID(core.NounGroup), Name: "SALES"}, "sales"), core.CodeDuplicate)
	if _, err := st.Groups.AddMember(t.Context(), g.ID, u.ID); err != nil {
		t.Fatal(err)
	}
	_, err := st.Groups.AddMember(t.Context(), g.ID, u.ID)
	wantCode(t, err, core.CodeDuplicate)
	_, err = st.Groups.AddMember(t.Context(), core.NewID(core.NounGroup), u.ID)
	wantCode(t, err, core.CodeNotFound)
	_, err = st.Groups.AddMember(t.Context(), g.ID, core.NewID(core.NounUser))
	wantCode(t, err, core.CodeNotFound)
	if got, _ := st.Users.Get(t.Context(), u.ID); len(got.GroupIDs) != 1 || got.GroupsVersion != 1 {
		t.Fatalf("user does not know the group: %+v", got)
	}
	if err := st.Groups.RemoveMember(t.Context(), g.ID, u.ID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, st.Groups.RemoveMember(t.Context(), g.ID, u.ID), core.CodeNotFound)
	if got, _ := st.Users.Get(t.Context(), u.ID); len(got.GroupIDs) != 0 {
		t.Fatalf("membership outlived its removal: %v", got.GroupIDs)
	}
}

func TestGroupPagesAreCompleteAndRefuseForgedCursors(t *testing.T) {
	st := open(t)
	for i := range 25 {
		name := fmt.Sprintf("group %02d", i%5)
		g := &core.Group{ID: core.NewID(core.NounGroup), Name: name}
		if err := st.Groups.Create(t.Context(), g, name+fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	seen, page := map[string]bool{}, core.PageArgs{First: 4}
	for {
		p, err := st.Groups.List(t.Context(), page)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range p.Nodes {
			seen[g.ID] = true
		}
		if !p.HasNext {
			break
		}
		page.After = p.EndCursor()
	}
	if len(seen) != 25 {
		t.Fatalf("pages show %d of 25", len(seen))
	}
	for _, bad := range []string{"x", "????", core.NewID(core.NounGroup)} {
		_, err := st.Groups.List(t.Context(), core.PageArgs{First: 4, After: bad})
		wantCode(t, err, core.CodeValidation)
	}
}

func TestDashboardEditConflictsCarryBothVersions(t *testing.T) {
	st := open(t)
	d := &core.Dashboard{ID: core.NewID(core.NounDashboard), Name: "Sales", OwnerID: core.NewID(core.NounUser), CreatedAt: store.Now()}
	if err := st.Dashboards.Create(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	rename := func(want int64, name string) error {
		_, err := st.Dashboards.Edit(t.Context(), d.ID, d.OwnerID, want, nil, func(d *core.Dashboard) error {
			d.Name = name
			return nil
		})
		return err
	}
	if err := rename(1, "first"); err != nil {
		t.Fatal(err)
	}
	err := rename(1, "second")
	wantCode(t, err, core.CodeConflict)
	var e *core.Error
	if errors.As(err, &e); e.Details["yourVersion"] != int64(1) || e.Details["currentVersion"] != int64(2) {
		t.Fatalf("conflict does not carry both versions: %v", e.Details)
	}
}

func TestPlacedCardsAreFoundAndForgotten(t *testing.T) {
	st := open(t)
	owner := newUser(t, st, "o@example.com")
	card := &core.Card{ID: core.NewID(core.NounCard), Kind: core.CardText, Name: "c", OwnerID: owner.ID}
	if err := st.Cards.Create(t.Context(), card); err != nil {
		t.Fatal(err)
	}
	d := &core.Dashboard{ID: core.NewID(core.NounDashboard), Name: "d", OwnerID: owner.ID}
	if err := st.Dashboards.Create(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	place := func(ids ...string) error {
		_, err := st.Dashboards.Edit(t.Context(), d.ID, owner.ID, 0, map[string]string{card.ID: ""}, func(d *core.Dashboard) error {
			d.Cards = nil
			for i, id := range ids {
				d.Cards = append(d.Cards, core.Placement{CardID: id, Y: i, W: 6, H: 4})
			}
			return nil
		})
		return err
	}
	if err := place(card.ID); err != nil {
		t.Fatal(err)
	}
	if ids, _ := st.Dashboards.HoldingCard(t.Context(), card.ID, 0); len(ids) != 1 || ids[0] != d.ID {
		t.Fatalf("holding: %v", ids)
	}
	wantCode(t, place(card.ID, core.NewID(core.NounCard)), core.CodeNotFound)
	if err := place(); err != nil {
		t.Fatal(err)
	}
	if ids, _ := st.Dashboards.HoldingCard(t.Context(), card.ID, 0); len(ids) != 0 {
		t.Fatalf("a removed card is still held: %v", ids)
	}
}

func TestDeletingADashboardTakesItsSharesAlong(t *testing.T) {
	st := open(t)
	owner := newUser(t, st, "o@example.com")
	d := &core.Dashboard{ID: core.NewID(core.NounDashboard), Name: "d", OwnerID: owner.ID}
	if err := st.Dashboards.Create(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	const shares = 130 // more than a transaction holds
	for range shares {
		s := &core.Share{DashboardID: d.ID, TargetType: core.TargetUser, TargetID: core.NewID(core.NounUser), Permission: core.PermissionViewer}
		if err := st.Shares.Create(t.Context(), s, owner.ID); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Dashboards.Delete(t.Context(), d, owner.ID); err != nil {
		t.Fatal(err)
	}
	if left, err := st.Shares.Of(t.Context(), d.ID); err != nil || len(left) != 0 {
		t.Fatalf("%d shares left, %v", len(left), err)
	}
}

func TestShareIsUniqueExpiresAndEnds(t *testing.T) {
	st := open(t)
	owner, viewer := newUser(t, st, "o@example.com"), newUser(t, st, "v@example.com")
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
	_, err := st.Shares.Edit(t.Context(), d.ID, core.TargetUser, viewer.ID, owner.ID, func(s *core.Share) error {
		s.ExpiresAt = time.Now().Add(-time.Second)
		return nil
	})
	if err != nil || sees() {
		t.Fatalf("an expired share still counts (%v)", err)
	}
	if err := st.Shares.Delete(t.Context(), s, owner.ID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, st.Shares.Delete(t.Context(), s, owner.ID), core.CodeNotFound)
	orphan := *s
	orphan.DashboardID = core.NewID(core.NounDashboard)
	wantCode(t, st.Shares.Create(t.Context(), &orphan, owner.ID), core.CodeNotFound)
}

func TestPublishIsAllOrNothing(t *testing.T) {
	st := open(t)
	job := &core.ImportJob{ID: core.NewID(core.NounJob), Status: core.StatusRunning, Name: "d", OwnerID: core.NewID(core.NounUser)}
	if err := st.Jobs.Create(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	ds := &core.Dataset{ID: core.NewID(core.NounDataset), Name: "d", OwnerID: core.NewID(core.NounUser), DataVersion: 1,
		Columns: []core.Column{{Name: "a", Type: core.TypeInt64, Nullable: true}}, Parts: []string{"p"}}
	v := &core.DatasetVersion{DatasetID: ds.ID, Number: 1, Columns: ds.Columns, Parts: ds.Parts}
	stale := *job
	stale.Version = 7
	lost, lostVersion := *ds, *v
	wantCode(t, st.Datasets.Publish(t.Context(), &lost, &lostVersion, &stale), core.CodeConflict)
	if got, _ := st.Datasets.Get(t.Context(), ds.ID); got != nil {
		t.Fatal("a refused publication left a dataset")
	}
	job.Status, job.FinishedAt = core.StatusSucceeded, store.Now()
	if err := st.Datasets.Publish(t.Context(), ds, v, job); err != nil {
		t.Fatal(err)
	}
	got, err := st.Datasets.Get(t.Context(), ds.ID)
	if err != nil || len(got.Columns) != 1 || got.Columns[0] != ds.Columns[0] || got.Parts[0] != "p" || got.Version != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if open, _ := st.Jobs.Open(t.Context()); len(open) != 0 {
		t.Fatal("an ended job is still open")
	}
}
