package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
)

func aGroupIsRenamedWithItsGuard(t *testing.T, st *world) {
	ctx, g, other := t.Context(), st.group(t, "a"), st.group(t, "b")
	_, err := st.Groups.Rename(ctx, g.ID, 1, "B", "b")
	wantCode(t, err, core.CodeDuplicate)
	got, err := st.Groups.Rename(ctx, g.ID, 1, "A", "a") // written otherwise, the same name
	must(t, err)
	got, err = st.Groups.Rename(ctx, g.ID, got.Version, "c", "c")
	must(t, err)
	if read, err := st.Groups.Get(ctx, g.ID); err != nil || read.Name != "c" || read.Version != 3 || got.Version != 3 {
		t.Errorf("renamed to %+v, read %+v, %v", got, read, err)
	}
	_, err = st.Groups.Rename(ctx, g.ID, 2, "d", "d")
	wantCode(t, err, core.CodeConflict)
	_, err = st.Groups.Rename(ctx, core.NewID(core.NounGroup), 1, "d", "d")
	wantCode(t, err, core.CodeNotFound)
	_, err = st.Groups.Rename(ctx, other.ID, 1, "a", "a") // its name is free
	must(t, err)
	st.wantGuards(t)
}

// aDeletedGroupOpensNothing: from the moment of the deletion, long before its
// shares and members are swept, and it takes nothing new.
func aDeletedGroupOpensNothing(t *testing.T, st *world) {
	ctx, owner, member, g := asked(t, "user_boss"), st.user(t, "o@example.com"), st.user(t, "m@example.com"), st.group(t, "g")
	_, err := st.Groups.AddMember(ctx, g.ID, member.ID)
	must(t, err)
	d, second := st.dashboard(t, owner.ID), st.dashboard(t, owner.ID)
	share := &core.Share{DashboardID: d.ID, TargetType: core.TargetGroup, TargetID: g.ID, Permission: core.PermissionViewer}
	must(t, st.Shares.Create(ctx, share, owner.ID))
	opens := func() bool {
		got, err := st.Dashboards.ForUser(ctx, []string{d.ID}, member.ID, []string{g.ID})
		must(t, err)
		return len(got[d.ID].Shares) == 1
	}
	if !opens() {
		t.Fatal("the group opens nothing while it is there")
	}
	tick()
	_, err = st.Groups.Delete(ctx, g.ID)
	must(t, err)
	if opens() {
		t.Error("a deleted group opens a dashboard")
	}
	if got, err := st.Groups.Get(ctx, g.ID); got != nil || err != nil {
		t.Errorf("a deleted group is read: %+v, %v", got, err)
	}
	many, err := st.Groups.Many(ctx, []string{g.ID})
	list, listErr := st.Groups.List(ctx, core.PageArgs{First: 10})
	if len(many) != 0 || len(list.Nodes) != 0 || err != nil || listErr != nil {
		t.Errorf("a deleted group is found: %v, %v, %v, %v", many, list.Nodes, err, listErr)
	}
	_, err = st.Groups.AddMember(ctx, g.ID, owner.ID)
	wantCode(t, err, core.CodeNotFound)
	wantCode(t, st.Shares.Create(ctx, &core.Share{DashboardID: second.ID, TargetType: core.TargetGroup, TargetID: g.ID, Permission: core.PermissionViewer}, owner.ID), core.CodeNotFound)
	_, err = st.Groups.Delete(ctx, g.ID)
	wantCode(t, err, core.CodeNotFound)
	_, err = st.Groups.Rename(ctx, g.ID, 2, "x", "x")
	wantCode(t, err, core.CodeNotFound)
	st.group(t, "g") // its name is free

	tick()
	if got := st.sweep(t); !slices.Equal(got, []string{member.ID, share.ID()}) {
		t.Errorf("swept %q", got)
	}
	if got := st.sweep(t); got != nil {
		t.Errorf("swept again %q", got)
	}
	must(t, st.Groups.Swept(ctx, g.ID))
	if left, err := st.Groups.Unswept(ctx); len(left) != 0 || err != nil {
		t.Errorf("still to be swept: %v, %v", left, err)
	}
	st.wantHistory(t, g.ID, "created by ", "member_added by user_boss with "+member.ID, "deleted by user_boss", "member_removed by  with "+member.ID)
	st.wantMembers(t, []string{g.ID}, owner, member)
}

// meanwhile lets something happen right before the next transaction.
type meanwhile struct {
	table.Engine
	do func()
}

func (m *meanwhile) Transact(ctx context.Context, token string, ws []table.Write) error {
	if do := m.do; do != nil {
		m.do = nil
		do()
	}
	return m.Engine.Transact(ctx, token, ws)
}

// nothingComesToAGroupThatGoes: a membership and a share that were on their way
// when the group was deleted do not happen, and those that met a new name do.
func nothingComesToAGroupThatGoes(t *testing.T, st *world) {
	ctx, u, gone, stays := t.Context(), st.user(t, "u@example.com"), st.group(t, "a"), st.group(t, "b")
	d, e := st.dashboard(t, u.ID), &meanwhile{Engine: st.Engine()}
	slow := store.New(e)
	join := func(g *core.Group) error { _, err := slow.Groups.AddMember(ctx, g.ID, u.ID); return err }
	share := func(g *core.Group) error {
		return slow.Shares.Create(ctx, &core.Share{DashboardID: d.ID, TargetType: core.TargetGroup, TargetID: g.ID, Permission: core.PermissionViewer}, "user_boss")
	}
	for i, come := range []func(*core.Group) error{join, share} {
		e.do = func() {
			_, err := st.Groups.Rename(ctx, stays.ID, int64(i+1), fmt.Sprint("c", i), fmt.Sprint("c", i))
			must(t, err)
		}
		must(t, come(stays))
		g := st.group(t, fmt.Sprint("gone ", i))
		if i == 0 {
			g = gone
		}
		e.do = func() { _, err := st.Groups.Delete(ctx, g.ID); must(t, err) }
		wantCode(t, come(g), core.CodeNotFound)
	}
	st.wantMembers(t, []string{gone.ID, stays.ID}, u)
	shares, err := st.Shares.Of(ctx, d.ID)
	if err != nil || len(shares) != 1 || shares[0].TargetID != stays.ID {
		t.Errorf("shared with %v, %v", shares, err)
	}
}

// sweep sweeps every deleted group and tells what was taken away.
func (w *world) sweep(t *testing.T) (gone []string) {
	t.Helper()
	groups, err := w.Groups.Unswept(t.Context())
	must(t, err)
	for _, g := range groups {
		must(t, w.Groups.Sweep(t.Context(), g.ID, "user_boss", func(userID string) error {
			gone = append(gone, userID)
			return nil
		}, func(s *core.Share) error {
			gone = append(gone, s.ID())
			return nil
		}))
	}
	return gone
}

// wantGuards fails unless every group has the guard of its name, and no other
// guard is there.
func (w *world) wantGuards(t *testing.T) {
	t.Helper()
	page, err := w.Groups.List(t.Context(), core.PageArgs{First: 100})
	must(t, err)
	names := map[string]bool{}
	for _, g := range page.Nodes {
		guard, err := w.Engine().Get(t.Context(), table.Key{Table: table.Groups, PK: "NAME#" + g.Name, SK: "METADATA"})
		must(t, err)
		if guard.Str("group_id") != g.ID || names[g.Name] {
			t.Errorf("the guard of %s is %v, and the name was seen before: %t", g.Name, guard, names[g.Name])
		}
		names[g.Name] = true
	}
	for _, name := range []string{"a", "b", "c", "d", "n0", "n1", "n2", "n3", "n4", "n5"} {
		guard, err := w.Engine().Get(t.Context(), table.Key{Table: table.Groups, PK: "NAME#" + name, SK: "METADATA"})
		must(t, err)
		if (guard != nil) != names[name] {
			t.Errorf("the guard of %s is %v, a group has the name: %t", name, guard, names[name])
		}
	}
}

// wantMembers fails unless the groups' members are those who name the groups.
func (w *world) wantMembers(t *testing.T, groups []string, people ...*core.User) {
	t.Helper()
	for _, id := range groups {
		members, err := w.Groups.Members(t.Context(), id, core.PageArgs{First: 100})
		must(t, err)
		lives, err := w.Groups.Get(t.Context(), id)
		must(t, err)
		if lives == nil && len(members.Nodes) > 0 {
			t.Errorf("the deleted group %s has members: %v", id, members.Nodes)
		}
		for _, u := range people {
			u, err := w.Users.Get(t.Context(), u.ID)
			must(t, err)
			listed := slices.ContainsFunc(members.Nodes, func(m *core.Member) bool { return m.UserID == u.ID })
			if listed != slices.Contains(u.GroupIDs, id) {
				t.Errorf("%s lists %s: %t, who names it: %t", id, u.ID, listed, !listed)
			}
		}
	}
}

// groupsRace: fifty at once make, rename, delete, fill, empty, share and sweep the
// same groups. Afterwards each name is one group's, each guard is its group's,
// both sides of each membership agree, and nothing of a deleted group is left.
func groupsRace(t *testing.T, st *world) {
	ctx := t.Context()
	var people []*core.User
	for i := range 6 {
		people = append(people, st.user(t, fmt.Sprintf("%d@example.com", i)))
	}
	d := st.dashboard(t, people[0].ID)
	var mu sync.Mutex
	var groups []string
	any := func() string { mu.Lock(); defer mu.Unlock(); return groups[rand.IntN(len(groups))] }
	create := func(name string) error {
		g := &core.Group{ID: core.NewID(core.NounGroup), Name: name, CreatedAt: store.Now()}
		err := st.Groups.Create(ctx, g, name)
		if err == nil {
			mu.Lock()
			groups = append(groups, g.ID)
			mu.Unlock()
		}
		return err
	}
	for i := range 3 {
		must(t, create(fmt.Sprint("n", i)))
	}
	act := func() (err error) {
		id, u, name := any(), people[rand.IntN(len(people))], fmt.Sprint("n", rand.IntN(6))
		switch rand.IntN(10) {
		case 0, 1:
			return create(name)
		case 2:
			_, err = st.Groups.Delete(ctx, id)
		case 3, 4:
			var g *core.Group
			if g, err = st.Groups.Get(ctx, id); g != nil {
				_, err = st.Groups.Rename(ctx, id, g.Version, name, name)
			}
		case 5, 6:
			_, err = st.Groups.AddMember(ctx, id, u.ID)
		case 7:
			err = st.Groups.RemoveMember(ctx, id, u.ID)
		case 8:
			err = st.Shares.Create(ctx, &core.Share{DashboardID: d.ID, TargetType: core.TargetGroup, TargetID: id, Permission: core.PermissionViewer}, u.ID)
		case 9:
			var ended []*core.Group
			ended, err = st.Groups.Unswept(ctx)
			for _, g := range ended {
				err = errors.Join(err, st.Groups.Sweep(ctx, g.ID, u.ID, func(string) error { return nil }, func(*core.Share) error { return nil }))
			}
		}
		return err
	}
	var crowd sync.WaitGroup
	for range 50 {
		crowd.Go(func() {
			for range 4 {
				switch err := act(); core.CodeOf(err) {
				case "", core.CodeDuplicate, core.CodeNotFound, core.CodeConflict:
				default:
					t.Error(err)
				}
			}
		})
	}
	crowd.Wait()
	st.sweep(t)
	st.wantGuards(t)
	st.wantMembers(t, groups, people...)
	shares, err := st.Shares.Of(ctx, d.ID)
	must(t, err)
	for _, s := range shares {
		if g, err := st.Groups.Get(ctx, s.TargetID); g == nil || err != nil {
			t.Errorf("a share to the deleted group %s is left, %v", s.TargetID, err)
		}
	}
}
