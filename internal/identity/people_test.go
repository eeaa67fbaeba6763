package identity

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

type call = table.Call

func emails(page core.Page[*core.User]) []string {
	got := []string{}
	for _, u := range page.Nodes {
		got = append(got, u.Email)
	}
	return got
}

// USR-1: people are found by a part of their address; nothing asked, nobody found.
func TestUsers(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	w.account("Taro.Yamada")
	gone := w.account("hana-gone")
	_, err := w.Deactivate(w.As(w.admin), gone.ID)
	w.must(err)
	for query, want := range map[string][]string{
		"":         {},
		"   ":      {},
		"hana":     {"hanako@example.com"},
		" YAMADA ": {"taro.yamada@example.com"},
		"ｙａｍａｄａ":   {"taro.yamada@example.com"},
		"example":  {"admin@example.com", "hanako@example.com", "taro.yamada@example.com"},
		"o.y":      {"taro.yamada@example.com"},
		"%":        {}, "*": {}, ".*": {}, "a' OR 'a'='a": {}, "\x00": {}, "🎴": {}, "\xff": {},
	} {
		page, err := w.Users(w.As(u), query, core.PageArgs{First: 20})
		if got := emails(page); err != nil || !slices.Equal(got, want) || page.HasNext {
			t.Errorf("%q finds %v, %v, want %v", query, got, err, want)
		}
	}
	page, err := w.Users(w.As(w.admin), "hana", core.PageArgs{First: 20})
	if got := emails(page); err != nil || !slices.Equal(got, []string{"hana-gone@example.com", "hanako@example.com"}) {
		t.Errorf("an administrator finds %v, %v", got, err)
	}
	_, err = w.Users(w.As(u), strings.Repeat("a", emailMax+1), core.PageArgs{First: 20})
	accesstest.Code(t, "long", err, core.CodeValidation, "too_long")
}

// A page after the other gives what one page gives.
func TestUsersPages(t *testing.T) {
	w := newWorld(t)
	want := []string{"admin@example.com"}
	for i := range 23 {
		name := fmt.Sprintf("p%c%d", 'a'+i%3, i)
		w.User(name)
		want = append(want, name+"@example.com")
	}
	slices.Sort(want)
	for _, size := range []int{1, 2, 7, 24, 100} {
		var got []string
		for p := (core.PageArgs{First: size}); ; {
			page, err := w.Users(w.As(w.admin), "@", p)
			w.must(err)
			if got = append(got, emails(page)...); !page.HasNext {
				break
			}
			p.After = page.EndCursor()
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d a page: %v", size, got)
		}
	}
	calls := w.Calls(func() {
		page, err := w.AllUsers(w.As(w.admin), core.PageArgs{First: 100, After: base64.RawURLEncoding.EncodeToString([]byte(want[20]))})
		if got := emails(page); err != nil || !slices.Equal(got, want[21:]) {
			t.Errorf("the end of the list is %v, %v", got, err)
		}
	})
	if len(calls) != 1 || calls[0].Items > 4 {
		t.Errorf("the end of the list is read from its beginning: %+v", calls)
	}
	for _, cursor := range []string{"%", "=", "YQ==", "🎴", "a b", strings.Repeat("x", 512), base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("x", emailMax+1))), base64.RawURLEncoding.EncodeToString([]byte("a\xff"))} {
		_, err := w.Users(w.As(w.admin), "@", core.PageArgs{First: 1, After: cursor})
		accesstest.Code(t, "after "+cursor, err, core.CodeValidation, "bad_cursor")
		_, err = w.AllUsers(w.As(w.admin), core.PageArgs{First: 1, After: cursor})
		accesstest.Code(t, "all after "+cursor, err, core.CodeValidation, "bad_cursor")
	}
}

// Others see of a person what a share dialog needs; nobody sees a hash.
func TestWhatOthersSeeOfAPerson(t *testing.T) {
	w := newWorld(t)
	u, other := w.account("hanako"), w.account("taro")
	in := w.signedIn(u.Email)
	seen := map[string]*core.User{"login": in.User, "request": core.ActorFrom(w.within(in.Token)).User}
	keep := func(name string, got *core.User, err error) { w.must(err); seen[name] = got }
	for who, by := range map[string]*core.User{"admin": w.admin, "self": u, "other": other} {
		page, err := w.Users(w.As(by), u.Email, core.PageArgs{First: 1})
		w.must(err)
		keep(who+" searches", page.Nodes[0], err)
		byID, err := w.UsersByID(w.As(by), []string{u.ID, core.NewID(core.NounUser)})
		if keep(who+" loads", byID[u.ID], err); len(byID) != 1 {
			t.Errorf("%s loads %v", who, byID)
		}
	}
	got, err := w.UserByEmail(w.As(w.admin), " HANAKO@example.com")
	keep("by address", got, err)
	got, err = w.SetRole(w.As(w.admin), u.ID, core.RoleAdmin)
	keep("role", got, err)
	got, err = w.ChangePassword(w.within(in.Token), goodPassword, "Akai-hana-22")
	keep("password", got, err)
	got, err = w.ResetPassword(w.As(w.admin), u.ID, "Akai-hana-23")
	keep("reset", got, err)
	got, err = w.Deactivate(w.As(w.admin), u.ID)
	keep("locked", got, err)
	for name, v := range seen {
		if v.PasswordHash != "" || v.ID != u.ID || v.Email != u.Email || v.Name != u.Name {
			t.Errorf("%s: %+v", name, v)
		}
		if private := v.Role != "" && !v.CreatedAt.IsZero(); private == strings.HasPrefix(name, "other") {
			t.Errorf("%s sees %+v", name, v)
		}
	}
	_, err = w.UserByEmail(w.As(w.admin), "nobody@example.com")
	accesstest.Code(t, "nobody", err, core.CodeNotFound)
}
