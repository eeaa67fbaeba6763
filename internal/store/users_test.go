package store_test

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

func userAddressIsUnique(t *testing.T, st *world) {
	u := st.user(t, "a@example.com")
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

func eightWritersOneAddress(t *testing.T, st *world) {
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

func usersAreReadAndEdited(t *testing.T, st *world) {
	u := &core.User{
		ID: core.NewID(core.NounUser), Email: "かるた@example.com", Name: "山田 太郎 😀", Role: core.RoleAdmin, Locale: "ja",
		PasswordHash: "$2a$12$x", Attributes: map[string][]string{"department": {"営業"}}, PIIAccess: true, CreatedAt: store.Now(),
	}
	must(t, st.Users.Create(t.Context(), u))
	st.wantCalls(t, "Transact users")
	got, err := st.Users.ByEmail(t.Context(), u.Email)
	if err != nil || !reflect.DeepEqual(got, u) {
		t.Fatalf("read %+v, %v, wrote %+v", got, err, u)
	}
	st.wantCalls(t, "Get users", "Get users")
	edited, err := st.Users.Edit(t.Context(), u.ID, func(u *core.User) error { u.DeactivatedAt = store.Now(); return nil })
	if err != nil || edited.Version != 2 || edited.Active() {
		t.Fatalf("edited to %+v, %v", edited, err)
	}
	st.wantCalls(t, "Get users", "Transact users")
	refused := core.Invalid("input.name", "required")
	if _, err := st.Users.Edit(t.Context(), u.ID, func(*core.User) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("a refused edit gave %v", err)
	}
	if none, err := st.Users.Edit(t.Context(), core.NewID(core.NounUser), func(*core.User) error { return nil }); none != nil || err != nil {
		t.Errorf("an unknown user was edited: %v, %v", none, err)
	}
	if none, err := st.Users.ByEmail(t.Context(), "nobody@example.com"); none != nil || err != nil {
		t.Errorf("an unknown address: %v, %v", none, err)
	}
	st.calls.Take()
	many, err := st.Users.Many(t.Context(), []string{u.ID, core.NewID(core.NounUser), u.ID, ""})
	if err != nil || len(many) != 1 || many[u.ID].Version != 2 {
		t.Errorf("many: %v, %v", many, err)
	}
	st.wantCalls(t, "BatchGet users")
}

func usersAreSearchedByAddress(t *testing.T, st *world) {
	for _, name := range []string{"c", "a", "b", "d"} {
		st.user(t, name+"@example.com")
	}
	var seen []string
	found, err := st.Users.Search(t.Context(), "", func(u *core.User) bool {
		seen = append(seen, u.Email[:1])
		return u.Email[0] == 'b' || u.Email[0] == 'c'
	}, 2)
	if err != nil || len(found) != 2 || found[0].Email != "b@example.com" {
		t.Errorf("found %v, %v", found, err)
	}
	wantIDs(t, "looked at", seen, []string{"a", "b", "c"}) // and at no guard
}

func theLastAdministratorStays(t *testing.T, st *world) {
	var admins []*core.User
	for _, name := range []string{"a", "b"} {
		admins = append(admins, &core.User{ID: core.NewID(core.NounUser), Email: name + "@example.com", Role: core.RoleAdmin})
		must(t, st.Users.Create(t.Context(), admins[len(admins)-1]))
	}
	stepDown := func(id string) error {
		_, err := st.Users.StepDown(t.Context(), id, func(u *core.User) error { u.Role = core.RoleUser; return nil })
		return err
	}
	errs := make([]error, len(admins))
	var both sync.WaitGroup
	for i, a := range admins {
		both.Go(func() { errs[i] = stepDown(a.ID) })
	}
	both.Wait()
	stepped := 0
	for i, a := range admins {
		u, err := st.Users.Get(t.Context(), a.ID)
		must(t, err)
		if (errs[i] == nil) != (u.Role == core.RoleUser) {
			t.Errorf("%v and the role is %s", errs[i], u.Role)
		}
		if errs[i] == nil {
			stepped++
		} else {
			wantCode(t, errs[i], core.CodeValidation)
			wantCode(t, stepDown(a.ID), core.CodeValidation)
		}
	}
	if stepped != 1 {
		t.Errorf("%d of two administrators stepped down at once", stepped)
	}
}
