package identity

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
)

// GRP-2: of many who take a name at once, however they write it, one gets it.
func TestOneNameOneGroup(t *testing.T) {
	w := newWorld(t)
	forms := []string{"Sales Team", " sales team ", "SALES  TEAM", "ｓａｌｅｓ　ｔｅａｍ", "Ｓａｌｅｓ\u00a0Ｔｅａｍ"}
	var made, refused atomic.Int32
	var crowd sync.WaitGroup
	for i := range 15 {
		crowd.Go(func() {
			g, err := w.CreateGroup(w.As(w.admin), forms[i%len(forms)])
			switch e, _ := err.(*core.Error); {
			case err == nil && g.Name == strings.TrimSpace(forms[i%len(forms)]):
				made.Add(1)
			case e != nil && e.Code == core.CodeDuplicate && e.Reason == "group_name" && e.Field == "input.name":
				refused.Add(1)
			default:
				t.Error(g, err)
			}
		})
	}
	crowd.Wait()
	if made.Load() != 1 || refused.Load() != 14 || len(w.Events(core.EventGroupCreated)) != 1 {
		t.Errorf("%d made, %d refused", made.Load(), refused.Load())
	}
	for _, other := range []string{"Sales Teams", "Salesteam", "セールス", "ｾｰﾙｽ2", "Straße", "I"} {
		_, err := w.CreateGroup(w.As(w.admin), other)
		accesstest.Code(t, other, err, "")
	}
	for _, same := range []string{"セールス", "ｾｰﾙｽ", "STRASSE", "i"} {
		_, err := w.CreateGroup(w.As(w.admin), same)
		accesstest.Code(t, same, err, core.CodeDuplicate)
	}
}

func TestGroupNames(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct{ text, reason string }{
		"none":             {"", "required"},
		"spaces":           {" \u3000\t", "required"},
		"too long":         {strings.Repeat("営", 101), "too_long"},
		"megabyte":         {strings.Repeat("営", 1<<18), "too_long"},
		"grows too long":   {strings.Repeat("ﷺ", 100), "too_long"},
		"grows for a key":  {strings.Repeat("㌀", 100), "too_long"},
		"two lines":        {"a\nb", "control_characters"},
		"NUL":              {"a\x00b", "control_characters"},
		"not UTF-8":        {"a\xffb", "control_characters"},
		"longest":          {strings.Repeat("営", 100), ""},
		"longest, growing": {strings.Repeat("ﷺ", foldedSurely), ""},
		"emoji":            {"営業 🎴👨‍👩‍👧", ""},
		"right-to-left":    {"مبيعات \u200f1", ""},
		"looks like a key": {"NAME#x#METADATA", ""},
	} {
		g, err := w.CreateGroup(w.As(w.admin), c.text)
		if c.reason != "" {
			accesstest.Code(t, name, err, core.CodeValidation, c.reason)
		} else if err != nil || g.Name != c.text {
			t.Errorf("%s: %+v, %v", name, g, err)
		}
	}
}

func TestMembership(t *testing.T) {
	w := newWorld(t)
	g, err := w.CreateGroup(w.As(w.admin), "営業")
	w.must(err)
	u := w.account("hanako")
	member := func() bool {
		now, err := w.Store.Users.Get(t.Context(), u.ID)
		w.must(err)
		return slices.Contains(now.GroupIDs, g.ID)
	}
	calls := w.Calls(func() { _, err = w.AddMember(w.As(w.admin), g.ID, u.ID) })
	w.must(err)
	if !member() || !slices.ContainsFunc(calls, func(c call) bool { return c.Op == "Transact" && c.Table == "groups,users" }) {
		t.Errorf("not both sides in one transaction: %+v", calls)
	}
	page, err := w.Members(w.As(w.admin), g.ID, core.PageArgs{First: 10})
	if err != nil || len(page.Nodes) != 1 || page.Nodes[0].UserID != u.ID || page.Nodes[0].GroupID != g.ID || page.Nodes[0].AddedAt.IsZero() {
		t.Errorf("members %+v, %v", page, err)
	}
	_, err = w.AddMember(w.As(w.admin), g.ID, u.ID)
	accesstest.Code(t, "twice", err, core.CodeDuplicate, "member")
	calls = w.Calls(func() { _, err = w.RemoveMember(w.As(w.admin), g.ID, u.ID) })
	w.must(err)
	if member() || !slices.ContainsFunc(calls, func(c call) bool { return c.Op == "Transact" && c.Table == "groups,users" }) {
		t.Errorf("not both sides in one transaction: %+v", calls)
	}
	_, err = w.RemoveMember(w.As(w.admin), g.ID, u.ID)
	accesstest.Code(t, "removed twice", err, core.CodeNotFound)
}

func TestMembershipBadInput(t *testing.T) {
	w := newWorld(t)
	g, err := w.CreateGroup(w.As(w.admin), "営業")
	w.must(err)
	u, gone := w.account("hanako"), w.account("gone")
	_, err = w.Deactivate(w.As(w.admin), gone.ID)
	w.must(err)
	for name, c := range map[string]struct {
		group, user string
		want        core.Code
		field       string
	}{
		"no such group":       {core.NewID(core.NounGroup), u.ID, core.CodeNotFound, "input.groupId"},
		"a group of no kind":  {u.ID, u.ID, core.CodeNotFound, "input.groupId"},
		"no group":            {"", u.ID, core.CodeValidation, "input.groupId"},
		"no such person":      {g.ID, core.NewID(core.NounUser), core.CodeNotFound, "input.userId"},
		"a person of no kind": {g.ID, g.ID, core.CodeNotFound, "input.userId"},
		"no person":           {g.ID, "", core.CodeValidation, "input.userId"},
		"megabyte":            {g.ID, strings.Repeat("x", 1<<20), core.CodeValidation, "input.userId"},
	} {
		for verb, do := range map[string]func() error{
			"add":    func() error { _, err := w.AddMember(w.As(w.admin), c.group, c.user); return err },
			"remove": func() error { _, err := w.RemoveMember(w.As(w.admin), c.group, c.user); return err },
		} {
			err := do()
			accesstest.Code(t, verb+" "+name, err, c.want)
			if e, ok := err.(*core.Error); ok && e.Field != c.field {
				t.Errorf("%s %s: at %s", verb, name, e.Field)
			}
		}
	}
	_, err = w.AddMember(w.As(w.admin), g.ID, gone.ID)
	accesstest.Code(t, "a locked account", err, core.CodeValidation, "inactive")
	_, err = w.Store.Users.Edit(t.Context(), u.ID, func(u *core.User) error {
		for range groupsMax {
			u.GroupIDs = append(u.GroupIDs, core.NewID(core.NounGroup))
		}
		return nil
	})
	w.must(err)
	_, err = w.AddMember(w.As(w.admin), g.ID, u.ID)
	accesstest.Code(t, "one group too many", err, core.CodeValidation, "too_many")
}

// Whatever happens at once, both sides of a membership say the same.
func TestMembershipRaces(t *testing.T) {
	w := newWorld(t)
	var groups []*core.Group
	var people []*core.User
	for i := range 3 {
		g, err := w.CreateGroup(w.As(w.admin), fmt.Sprint("group ", i))
		w.must(err)
		groups, people = append(groups, g), append(people, w.User(fmt.Sprint("person", i)))
	}
	var crowd sync.WaitGroup
	for worker := range 6 {
		crowd.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(worker), 1))
			for range 20 {
				g, u := groups[rnd.IntN(3)].ID, people[rnd.IntN(3)].ID
				do := []func() error{
					func() error { _, err := w.AddMember(w.As(w.admin), g, u); return err },
					func() error { _, err := w.RemoveMember(w.As(w.admin), g, u); return err },
				}[rnd.IntN(2)]
				switch err := do(); core.CodeOf(err) {
				case "", core.CodeDuplicate, core.CodeNotFound, core.CodeConflict:
				default:
					t.Error(err)
				}
			}
		})
	}
	crowd.Wait()
	members := 0
	for _, g := range groups {
		page, err := w.Members(w.As(w.admin), g.ID, core.PageArgs{First: 10})
		w.must(err)
		members += len(page.Nodes)
		for _, u := range people {
			now, err := w.Store.Users.Get(t.Context(), u.ID)
			w.must(err)
			listed := slices.ContainsFunc(page.Nodes, func(m *core.Member) bool { return m.UserID == u.ID })
			times := 0
			for _, id := range now.GroupIDs {
				if id == g.ID {
					times++
				}
			}
			if listed && times != 1 || !listed && times != 0 {
				t.Errorf("%s lists %s: %v; they name it %d times", g.Name, u.Name, listed, times)
			}
		}
	}
	added, removed := len(w.Events(core.EventGroupMemberAdded)), len(w.Events(core.EventGroupMemberRemoved))
	if added-removed != members {
		t.Errorf("recorded %d added and %d removed, but there are %d", added, removed, members)
	}
}

// Lists run by name, for administrators over all groups, for others over their own.
func TestGroupLists(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	names := []string{"b", "A", "ｃ", "営業", "い", "あ", "D"}
	for i, name := range names {
		g, err := w.CreateGroup(w.As(w.admin), name)
		w.must(err)
		if i%2 == 0 {
			_, err = w.AddMember(w.As(w.admin), g.ID, u.ID)
			w.must(err)
		}
	}
	u, err := w.Store.Users.Get(t.Context(), u.ID)
	w.must(err)
	for who, want := range map[*core.User][]string{w.admin: {"A", "b", "ｃ", "D", "あ", "い", "営業"}, u: {"b", "ｃ", "D", "い"}} {
		for _, size := range []int{1, 2, 3, 50} {
			var got []string
			p := core.PageArgs{First: size}
			for {
				page, err := w.Groups(w.As(who), p)
				w.must(err)
				for _, g := range page.Nodes {
					got = append(got, g.Name)
				}
				if !page.HasNext {
					break
				}
				p.After = page.EndCursor()
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, %d a page: %v, want %v", who.Email, size, got, want)
			}
		}
		for _, cursor := range []string{"x", "AAAA", core.NewID(core.NounUser), core.NewID(core.NounGroup), "🎴", strings.Repeat("x", 512)} {
			_, err := w.Groups(w.As(who), core.PageArgs{First: 1, After: cursor})
			accesstest.Code(t, who.Email+" after "+cursor, err, core.CodeValidation, "bad_cursor")
		}
	}
	g, err := w.Groups(w.As(w.admin), core.PageArgs{First: 1})
	w.must(err)
	_, err = w.Members(w.As(w.admin), g.Nodes[0].ID, core.PageArgs{First: 1, After: "x"})
	accesstest.Code(t, "members after x", err, core.CodeValidation, "bad_cursor")
}
