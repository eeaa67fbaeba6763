package identity

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
)

// Of many who make the same account at once, one does.
func TestOneAddressOneAccount(t *testing.T) {
	w := newWorld(t)
	var made, refused atomic.Int32
	var crowd sync.WaitGroup
	forms := []string{"hanako@example.com", "HANAKO@example.com", " hanako@EXAMPLE.com ", "ｈａｎａｋｏ＠example.com"}
	for i := range 16 {
		crowd.Go(func() {
			_, err := w.CreateUser(w.As(w.admin), NewUser{Email: forms[i%len(forms)], Role: core.RoleUser, Password: goodPassword})
			switch e, _ := err.(*core.Error); {
			case err == nil:
				made.Add(1)
			case e != nil && e.Code == core.CodeDuplicate && e.Reason == "email" && e.Field == "input.email":
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	crowd.Wait()
	page, err := w.AllUsers(w.As(w.admin), core.PageArgs{First: 50})
	if made.Load() != 1 || refused.Load() != 15 || err != nil || len(page.Nodes) != 2 || len(w.Events(core.EventUserCreated)) != 1 {
		t.Errorf("%d made, %d refused, %d accounts, %v", made.Load(), refused.Load(), len(page.Nodes), err)
	}
}

func TestCreateUserBadInput(t *testing.T) {
	w := newWorld(t)
	good := NewUser{Email: "hanako@example.com", Name: "花子", Role: core.RoleUser, Password: goodPassword}
	for name, c := range map[string]struct {
		change        func(*NewUser)
		field, reason string
	}{
		"no address":           {func(u *NewUser) { u.Email = "" }, "input.email", "required"},
		"spaces":               {func(u *NewUser) { u.Email = " \t " }, "input.email", "required"},
		"long address":         {func(u *NewUser) { u.Email = strings.Repeat("a", 243) + "@example.com" }, "input.email", "too_long"},
		"long local part":      {func(u *NewUser) { u.Email = strings.Repeat("a", 65) + "@example.com" }, "input.email", "bad_email"},
		"megabyte":             {func(u *NewUser) { u.Email = strings.Repeat("a", 1<<20) }, "input.email", "too_long"},
		"no at":                {func(u *NewUser) { u.Email = "hanako" }, "input.email", "bad_email"},
		"two ats":              {func(u *NewUser) { u.Email = "a@b@example.com" }, "input.email", "bad_email"},
		"a display name":       {func(u *NewUser) { u.Email = "Hanako <hanako@example.com>" }, "input.email", "bad_email"},
		"quoted":               {func(u *NewUser) { u.Email = `"a b"@example.com` }, "input.email", "bad_email"},
		"an address of digits": {func(u *NewUser) { u.Email = "a@[127.0.0.1]" }, "input.email", "bad_email"},
		"space inside":         {func(u *NewUser) { u.Email = "ha nako@example.com" }, "input.email", "bad_email"},
		"control character":    {func(u *NewUser) { u.Email = "hanako\x07@example.com" }, "input.email", "bad_email"},
		"line end":             {func(u *NewUser) { u.Email = "hanako@example.com\nBcc: x@example.com" }, "input.email", "bad_email"},
		"right-to-left mark":   {func(u *NewUser) { u.Email = "hanako\u202e@example.com" }, "input.email", "bad_email"},
		"separator of keys":    {func(u *NewUser) { u.Email = "a#b@example.com" }, "input.email", "bad_email"},
		"mark in the domain":   {func(u *NewUser) { u.Email = "a@example.com!x" }, "input.email", "bad_email"},
		"not UTF-8":            {func(u *NewUser) { u.Email = "a\xff@example.com" }, "input.email", "bad_email"},
		"long name":            {func(u *NewUser) { u.Name = strings.Repeat("花", 101) }, "input.name", "too_long"},
		"name of two lines":    {func(u *NewUser) { u.Name = "a\nb" }, "input.name", "control_characters"},
		"no role":              {func(u *NewUser) { u.Role = "" }, "input.role", "bad_choice"},
		"unknown role":         {func(u *NewUser) { u.Role = "ROOT" }, "input.role", "bad_choice"},
		"weak password":        {func(u *NewUser) { u.Password = "hanako" }, "input.password", "password_weak"},
	} {
		in := good
		c.change(&in)
		var err error
		calls := w.Calls(func() { _, err = w.CreateUser(w.As(w.admin), in) })
		accesstest.Code(t, name, err, core.CodeValidation, c.reason)
		if e, ok := err.(*core.Error); ok && (e.Field != c.field || len(calls) != 0) {
			t.Errorf("%s: at %s, after %v", name, e.Field, calls)
		}
	}
}

func TestGoodAddresses(t *testing.T) {
	for email, want := range map[string]string{
		"A.b+c@Example.co.jp": "a.b+c@example.co.jp", "o'neil@x-y.example": "o'neil@x-y.example", "a@localhost": "a@localhost",
		"花子@例え.jp": "花子@例え.jp", strings.Repeat("a", 64) + "@example.com": strings.Repeat("a", 64) + "@example.com",
	} {
		if got, err := checkEmail("f", email); got != want || err != nil {
			t.Errorf("%q is %q, %v", email, got, err)
		}
	}
}

func TestANameIsTheAddressUnlessOneIsGiven(t *testing.T) {
	w := newWorld(t)
	for given, want := range map[string]string{"": "花子@example.com", " 山田 花子 ": "山田 花子"} {
		u, err := w.newUser(NewUser{Email: "花子@example.com", Name: given, Role: core.RoleUser, Password: goodPassword})
		if err != nil || u.Name != want {
			t.Errorf("%q is %q, %v", given, u.Name, err)
		}
	}
}

// ATH-5: whoever is not stored as an administrator is an ordinary user.
func TestStoredRoles(t *testing.T) {
	w := newWorld(t)
	u := w.Admin("old")
	key := table.Key{Table: table.Users, PK: "USER#" + u.ID, SK: "METADATA"}
	stored, err := w.Store.Engine().Get(t.Context(), key)
	w.must(err)
	for word, want := range map[any]core.Role{"admin": core.RoleAdmin, "user": core.RoleUser, "member": core.RoleUser, "": core.RoleUser, "ADMIN": core.RoleUser} {
		stored["role"] = word
		w.must(w.Store.Engine().Write(t.Context(), table.Put(key, stored, table.Always())))
		got, err := w.UserByEmail(w.As(w.admin), u.Email)
		if err != nil || got.Role != want {
			t.Errorf("%q reads as %v, %v", word, got, err)
		}
	}
}

// However they go about it, one administrator stays.
func TestTheLastAdministratorStays(t *testing.T) {
	w := newWorld(t)
	_, err := w.SetRole(w.As(w.admin), w.admin.ID, core.RoleUser)
	accesstest.Code(t, "role", err, core.CodeValidation, "last_admin")
	_, err = w.Deactivate(w.As(w.admin), w.admin.ID)
	accesstest.Code(t, "lock", err, core.CodeValidation, "last_admin")
	stale := *w.admin
	stale.Role = core.RoleUser // as it was read before somebody else promoted them
	_, err = w.changeRights(w.As(w.admin), &stale, func(u *core.User) { u.DeactivatedAt = store.Now() })
	accesstest.Code(t, "read before", err, core.CodeValidation, "last_admin")
	if evs := w.Events(core.EventRoleChanged); len(evs) != 0 {
		t.Errorf("recorded %+v", evs)
	}
	locked := w.Admin("locked")
	_, err = w.Deactivate(w.As(w.admin), locked.ID)
	w.must(err)
	_, err = w.SetRole(w.As(w.admin), w.admin.ID, core.RoleUser)
	accesstest.Code(t, "a locked one is none", err, core.CodeValidation, "last_admin")
}

func TestAdministratorsRemoveEachOther(t *testing.T) {
	for range 10 {
		w := newWorld(t)
		admins := []*core.User{w.admin, w.Admin("b"), w.Admin("c")}
		var crowd sync.WaitGroup
		for i, a := range admins {
			crowd.Go(func() {
				other := admins[(i+1)%len(admins)]
				var err error
				if i%2 == 0 {
					_, err = w.SetRole(w.As(a), other.ID, core.RoleUser)
				} else {
					_, err = w.Deactivate(w.As(a), other.ID)
				}
				if got := core.CodeOf(err); got != "" && got != core.CodeValidation && got != core.CodeConflict {
					t.Error(err)
				}
			})
		}
		crowd.Wait()
		left, err := w.Store.Users.Search(t.Context(), "", isAdmin, 10)
		if err != nil || len(left) == 0 {
			t.Fatalf("%d left, %v", len(left), err)
		}
	}
}

func TestSetRoleAndDeactivateBadInput(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	for id, want := range map[string]core.Code{
		core.NewID(core.NounUser): core.CodeNotFound, core.NewID(core.NounCard): core.CodeNotFound, "": core.CodeValidation,
		"hanako": core.CodeValidation, u.ID + "\x00": core.CodeValidation, strings.Repeat("u", 1<<20): core.CodeValidation,
	} {
		_, err := w.SetRole(w.As(w.admin), id, core.RoleAdmin)
		accesstest.Code(t, "role of "+id[:min(len(id), 40)], err, want)
		_, err = w.Deactivate(w.As(w.admin), id)
		accesstest.Code(t, "lock of "+id[:min(len(id), 40)], err, want)
		_, err = w.ResetPassword(w.As(w.admin), id, "Akai-hana-22")
		accesstest.Code(t, "reset of "+id[:min(len(id), 40)], err, want)
	}
	_, err := w.SetRole(w.As(w.admin), u.ID, "ROOT")
	accesstest.Code(t, "no role", err, core.CodeValidation, "bad_choice")
	for range 2 { // once more changes nothing
		_, err = w.Deactivate(w.As(w.admin), u.ID)
		w.must(err)
		_, err = w.SetRole(w.As(w.admin), u.ID, core.RoleUser)
		w.must(err)
	}
	if locked, same := w.Events(core.EventUserDeactivated), w.Events(core.EventRoleChanged); len(locked) != 1 || len(same) != 0 {
		t.Errorf("recorded %+v, %+v", locked, same)
	}
}
