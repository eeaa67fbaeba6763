package store_test

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

func membershipChangesBothSides(t *testing.T, st *world) {
	u := st.user(t, "m@example.com")
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

func groupPagesAreCompleteAndRefuseForgedCursors(t *testing.T, st *world) {
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
	forged := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	id := core.NewID(core.NounGroup)
	for _, bad := range []string{"x", "????", id, forged(id), forged(id + "\x00"), forged(id + "\x00\xff"), forged(id + "\x00" + strings.Repeat("x", 801)),
		forged(core.NewID(core.NounUser) + "\x00a"), forged("grp_\x00a"), forged("\x00" + id)} {
		_, err := st.Groups.List(t.Context(), core.PageArgs{First: 4, After: bad})
		wantCode(t, err, core.CodeValidation)
	}
}

func groupNamesAreUnique(t *testing.T, st *world) {
	g := st.group(t, "sales")
	got, err := st.Groups.Get(t.Context(), g.ID)
	if err != nil || !reflect.DeepEqual(got, g) {
		t.Errorf("read %+v, %v, wrote %+v", got, err, g)
	}
	created := make(chan error, 8)
	for range cap(created) {
		go func() {
			created <- st.Groups.Create(t.Context(), &core.Group{ID: core.NewID(core.NounGroup), Name: "Race"}, "race")
		}()
	}
	won := 0
	for range cap(created) {
		if err := <-created; err == nil {
			won++
		} else if core.CodeOf(err) != core.CodeDuplicate {
			t.Errorf("unexpected: %v", err)
		}
	}
	page, err := st.Groups.List(t.Context(), core.PageArgs{First: 10})
	if err != nil || won != 1 || len(page.Nodes) != 2 {
		t.Errorf("%d groups got one name, %d are listed, %v", won, len(page.Nodes), err)
	}
}

// membershipsRace: who joins many groups at once ends in all of them.
func membershipsRace(t *testing.T, st *world) {
	u := st.user(t, "m@example.com")
	groups := make([]*core.Group, 5)
	for i := range groups {
		groups[i] = st.group(t, fmt.Sprint("g", i))
	}
	var all sync.WaitGroup
	for _, g := range groups {
		all.Go(func() {
			if _, err := st.Groups.AddMember(t.Context(), g.ID, u.ID); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, err := st.Users.Get(t.Context(), u.ID)
	if err != nil || len(got.GroupIDs) != len(groups) || got.GroupsVersion != int64(len(groups)) {
		t.Errorf("the user is in %q at %d, %v", got.GroupIDs, got.GroupsVersion, err)
	}
	for _, g := range groups {
		if p, err := st.Groups.Members(t.Context(), g.ID, core.PageArgs{First: 10}); err != nil || len(p.Nodes) != 1 {
			t.Errorf("group %s has %d members, %v", g.Name, len(p.Nodes), err)
		}
	}
}

func membersRunByPage(t *testing.T, st *world) {
	g, other := st.group(t, "g"), st.group(t, "other")
	var want []string
	for i := range 5 {
		u := st.user(t, fmt.Sprintf("%d@example.com", i))
		want = append(want, u.ID)
		if _, err := st.Groups.AddMember(t.Context(), g.ID, u.ID); err != nil {
			t.Fatal(err)
		}
	}
	_, err := st.Groups.AddMember(t.Context(), other.ID, want[0])
	must(t, err)
	got := walk(t, func(p core.PageArgs) (core.Page[*core.Member], error) {
		st.calls.Take()
		defer st.wantCalls(t, "Query groups")
		return st.Groups.Members(t.Context(), g.ID, p)
	}, func(m *core.Member) string { return m.UserID })
	wantIDs(t, "members", got, slices.Sorted(slices.Values(want)))
	for _, bad := range []string{"x", g.ID, "METADATA"} {
		_, err := st.Groups.Members(t.Context(), g.ID, core.PageArgs{First: 2, After: bad})
		wantCode(t, err, core.CodeValidation)
	}
}
