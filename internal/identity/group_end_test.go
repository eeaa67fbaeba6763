package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/embedded"
)

func TestGroupsAreRenamed(t *testing.T) {
	w := newWorld(t)
	by := w.As(w.admin)
	g, err := w.CreateGroup(by, "営業")
	w.must(err)
	_, err = w.CreateGroup(by, "人事")
	w.must(err)
	_, err = w.UpdateGroup(by, g.ID, 1, " 人事 ")
	accesstest.Code(t, "a taken name", err, core.CodeDuplicate, "group_name")
	_, err = w.UpdateGroup(by, g.ID, 0, "経理")
	accesstest.Code(t, "no version", err, core.CodeValidation, "bad_value")
	got, err := w.UpdateGroup(by, g.ID, 1, "　経理 ")
	w.must(err)
	if read, err := w.Service.Group(by, g.ID); err != nil || got.Name != "経理" || read.Name != "経理" || read.Version != 2 {
		t.Errorf("renamed to %+v, read %+v, %v", got, read, err)
	}
	_, err = w.UpdateGroup(by, g.ID, 1, "総務")
	accesstest.Code(t, "an old version", err, core.CodeConflict)
	_, err = w.CreateGroup(by, "営業")
	accesstest.Code(t, "the name it had", err, "")
	if evs := w.Events(core.EventGroupUpdated); len(evs) != 1 || evs[0].Details["from"] != "営業" || evs[0].Details["to"] != "経理" {
		t.Errorf("recorded %+v", evs)
	}
}

// office is a group with what it opens: to whom it opens something that nothing
// else does, is in the names.
type office struct {
	*world
	group  *core.Group
	people map[string]*core.User
	board  *core.Dashboard
}

func newOffice(t *testing.T) *office {
	w := newWorld(t)
	o := &office{world: w, people: map[string]*core.User{}}
	var err error
	o.group, err = w.CreateGroup(w.As(w.admin), "営業")
	w.must(err)
	other, err := w.CreateGroup(w.As(w.admin), "人事")
	w.must(err)
	for _, name := range []string{"loses", "loses-too", "owner", "shared", "in-other", "in-deleted", "promoted", "expired"} {
		o.people[name] = w.account(name)
		_, err := w.AddMember(w.As(w.admin), o.group.ID, o.people[name].ID)
		w.must(err)
	}
	dead, err := w.CreateGroup(w.As(w.admin), "昔")
	w.must(err)
	for name, g := range map[string]*core.Group{"in-other": other, "in-deleted": dead} {
		_, err := w.AddMember(w.As(w.admin), g.ID, o.people[name].ID)
		w.must(err)
	}
	_, err = w.SetRole(w.As(w.admin), o.people["promoted"].ID, core.RoleAdmin)
	w.must(err)
	o.board = w.Dashboard(o.people["owner"], nil)
	for _, g := range []*core.Group{o.group, other, dead} {
		w.ShareGroup(o.board, g, core.PermissionViewer)
	}
	w.Share(o.board, o.people["shared"], core.PermissionEditor)
	w.must(w.Store.Shares.Create(t.Context(), &core.Share{DashboardID: o.board.ID, TargetType: core.TargetUser, TargetID: o.people["expired"].ID,
		Permission: core.PermissionViewer, ExpiresAt: store.Now().Add(-time.Second)}, o.people["owner"].ID))
	_, err = w.Store.Groups.Delete(t.Context(), dead.ID)
	w.must(err)
	return o
}

// opens is for whom the dashboard is open.
func (o *office) opens() (names []string) {
	for name, u := range o.people {
		u, err := o.Store.Users.Get(o.t.Context(), u.ID)
		o.must(err)
		open, err := o.Gate.FilterDashboards(o.As(u), []string{o.board.ID})
		o.must(err)
		if len(open) == 1 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// GRP-4: what a deletion takes is told before it is done and when it is done,
// and is exactly what it takes.
func TestDeletionTellsWhatItTakes(t *testing.T) {
	o := newOffice(t)
	by := o.As(o.admin)
	before := o.opens()
	for _, dry := range []bool{true, false} {
		if got := o.opens(); !slices.Equal(got, before) {
			t.Fatalf("open for %v, was open for %v", got, before)
		}
		end, err := o.DeleteGroup(by, o.group.ID, dry)
		o.must(err)
		var lose []string
		for _, l := range end.Losses {
			for name, u := range o.people {
				if u.ID == l.UserID && l.DashboardID == o.board.ID {
					lose = append(lose, name)
				}
			}
		}
		slices.Sort(lose)
		if want := []string{"expired", "in-deleted", "loses", "loses-too"}; !slices.Equal(lose, want) || end.LossCount != len(want) {
			t.Errorf("dry run %t: %v lose it, %d in all, want %v", dry, lose, end.LossCount, want)
		}
		if end.MemberCount != 8 || end.ShareCount != 1 || len(end.Shares) != 1 || (end.DeletedID() == nil) != dry {
			t.Errorf("dry run %t: %+v", dry, end)
		}
	}
	if got, want := o.opens(), []string{"in-other", "owner", "promoted", "shared"}; !slices.Equal(got, want) {
		t.Errorf("open for %v, want %v", got, want)
	}
	_, err := o.DeleteGroup(by, o.group.ID, false)
	accesstest.Code(t, "once more", err, core.CodeNotFound)
	shares, err := o.Store.Shares.Every(t.Context(), core.TargetGroup, o.group.ID)
	if err != nil || len(shares) != 0 || len(o.Events(core.EventGroupDeleted)) != 1 ||
		len(o.Events(core.EventGroupMemberRemoved)) != 8 || len(o.Events(core.EventShareRemoved)) != 1 {
		t.Errorf("%d shares are left, or the record does not tell all, %v", len(shares), err)
	}
	for name, u := range o.people {
		if u, err := o.Store.Users.Get(t.Context(), u.ID); err != nil || slices.Contains(u.GroupIDs, o.group.ID) {
			t.Errorf("%s still names the group, %v", name, err)
		}
	}
}

func TestDeletionNamesAHundred(t *testing.T) {
	w := newWorld(t)
	g, err := w.CreateGroup(w.As(w.admin), "営業")
	w.must(err)
	u := w.account("u")
	_, err = w.AddMember(w.As(w.admin), g.ID, u.ID)
	w.must(err)
	for range listed + 3 {
		w.ShareGroup(w.Dashboard(w.admin, nil), g, core.PermissionViewer)
	}
	end, err := w.DeleteGroup(w.As(w.admin), g.ID, true)
	w.must(err)
	if end.ShareCount != listed+3 || end.LossCount != listed+3 || len(end.Shares) != listed || len(end.Losses) != listed {
		t.Errorf("%d of %d shares, %d of %d losses", len(end.Shares), end.ShareCount, len(end.Losses), end.LossCount)
	}
}

// brittle is an engine that after some more transactions does none.
type brittle struct {
	table.Engine
	left atomic.Int64
}

func (b *brittle) Transact(ctx context.Context, token string, ws []table.Write) error {
	if b.left.Add(-1) < 0 {
		return errors.New("the table is away")
	}
	return b.Engine.Transact(ctx, token, ws)
}

// However early a deletion breaks off after its first transaction, the group
// opens nothing, and upkeep makes an end of what is left.
func TestInterruptedDeletionIsFinished(t *testing.T) {
	for broken := range 6 {
		t.Run(fmt.Sprint(broken), func(t *testing.T) {
			engine, err := embedded.Open(filepath.Join(t.TempDir(), "karuta.db"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = engine.Close() })
			b := &brittle{Engine: engine}
			b.left.Store(1 << 40)
			w := accesstest.Over(t, b, slog.New(slog.DiscardHandler))
			s := New(Deps{Store: w.Store, Audit: w.Audit, Gate: w.Gate, Keys: keys, Lifetime: time.Hour, Workers: 1})
			by, owner := w.As(w.Admin("admin")), w.User("owner")
			g, err := s.CreateGroup(by, "営業")
			if err != nil {
				t.Fatal(err)
			}
			var people []*core.User
			for i := range 3 {
				people = append(people, w.User(fmt.Sprint("m", i)))
				if _, err := s.AddMember(by, g.ID, people[i].ID); err != nil {
					t.Fatal(err)
				}
			}
			d := w.Dashboard(owner, nil)
			w.ShareGroup(d, g, core.PermissionViewer)
			b.left.Store(int64(broken))
			_, err = s.DeleteGroup(by, g.ID, false)
			if (err == nil) != (broken > 0) { // the first transaction is the deletion
				t.Fatalf("%d transactions: %v", broken, err)
			}
			b.left.Store(1 << 40)
			open, err := w.Gate.FilterDashboards(w.As(&core.User{ID: people[2].ID, GroupIDs: []string{g.ID}}), []string{d.ID})
			if err != nil || (len(open) == 1) != (broken == 0) {
				t.Errorf("opens %v, %v", open, err)
			}
			for range 2 {
				if err := s.SweepGroups(core.AsSystem(t.Context(), "upkeep")); err != nil {
					t.Fatal(err)
				}
			}
			members, err := w.Store.Groups.Members(t.Context(), g.ID, core.PageArgs{First: 10})
			shares, sharesErr := w.Store.Shares.Of(t.Context(), d.ID)
			if want := broken == 0; err != nil || sharesErr != nil || (len(members.Nodes) == 3) != want || (len(shares) == 1) != want {
				t.Errorf("%d members and %d shares are left, %v, %v", len(members.Nodes), len(shares), err, sharesErr)
			}
			if broken > 0 && (len(w.Events(core.EventGroupMemberRemoved)) != 3 || len(w.Events(core.EventShareRemoved)) != 1) {
				t.Error("the record does not tell all")
			}
		})
	}
}
