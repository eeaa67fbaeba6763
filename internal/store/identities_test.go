package store_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

const issuer = "https://login.example.com/tenant"

func anybody(*core.User) error { return nil }

// wantSubject wants the subject of the issuer to be the person, "" for nobody.
func (w *world) wantSubject(t *testing.T, issuer, subject, userID string) {
	t.Helper()
	u, err := w.Users.ByIdentity(t.Context(), issuer, subject)
	must(t, err)
	if u == nil {
		u = &core.User{}
	}
	if u.ID != userID {
		t.Errorf("%s at %s is %q, want %q", subject, issuer, u.ID, userID)
	}
}

func aSubjectIsOnePerson(t *testing.T, st *world) {
	known := func(email, issuer, subject string) (*core.User, error) {
		u := &core.User{ID: core.NewID(core.NounUser), Email: email, Role: core.RoleUser, CreatedAt: store.Now()}
		return u, st.Users.CreateKnown(t.Context(), u, issuer, subject)
	}
	a, err := known("a@example.com", issuer, "1")
	must(t, err)
	st.wantCalls(t, "Transact users")
	st.wantSubject(t, issuer, "1", a.ID)
	st.wantCalls(t, "Get users", "Get users")
	for _, other := range []struct{ issuer, subject string }{{issuer, "2"}, {issuer + "1", ""}, {issuer + "/", "1"}, {"", "1"}} {
		st.wantSubject(t, other.issuer, other.subject, "")
	}
	b, err := known("b@example.com", issuer, "1")
	wantCode(t, err, core.CodeDuplicate)
	if got, err := st.Users.Get(t.Context(), b.ID); got != nil || err != nil {
		t.Errorf("half of a refused person was written: %v, %v", got, err)
	}
	c, err := known("a@example.com", issuer, "3")
	wantCode(t, err, core.CodeDuplicate)
	st.wantSubject(t, issuer, "3", "")
	b = st.user(t, "b@example.com")
	wantCode(t, st.Users.Link(t.Context(), b.ID, issuer, "1", anybody), core.CodeDuplicate)
	wantCode(t, st.Users.Link(t.Context(), c.ID, issuer, "3", anybody), core.CodeNotFound)
	must(t, st.Users.Link(t.Context(), b.ID, issuer+"/", "1", anybody)) // another issuer's people are others
	st.wantSubject(t, issuer, "1", a.ID)
	st.wantSubject(t, issuer+"/", "1", b.ID)
}

func aPersonIsOneSubject(t *testing.T, st *world) {
	u := st.user(t, "a@example.com")
	must(t, st.Users.Link(t.Context(), u.ID, issuer, "1", anybody))
	for _, subject := range []string{"1", "2"} {
		wantCode(t, st.Users.Link(t.Context(), u.ID, issuer, subject, anybody), core.CodeDuplicate)
	}
	st.wantSubject(t, issuer, "1", u.ID)
	st.wantSubject(t, issuer, "2", "")
	if got, err := st.Users.Get(t.Context(), u.ID); err != nil || got.Version != 1 {
		t.Errorf("linking changed the person: %+v, %v", got, err)
	}
}

func aPersonIsPartedFromAllIssuersAtOnce(t *testing.T, st *world) {
	u, other := st.user(t, "a@example.com"), st.user(t, "b@example.com")
	must(t, st.Users.Link(t.Context(), u.ID, issuer, "1", anybody))
	must(t, st.Users.Link(t.Context(), u.ID, issuer+"/", "1", anybody))
	must(t, st.Users.Link(t.Context(), other.ID, issuer, "2", anybody))
	st.calls.Take()
	known, err := st.Users.Linked(t.Context(), issuer+"/", []string{u.ID, other.ID})
	if err != nil || len(known) != 1 || known[u.ID].Issuer != issuer+"/" || known[u.ID].Since.IsZero() {
		t.Errorf("linked: %v, %v", known, err)
	}
	st.wantCalls(t, "BatchGet users")
	got, links, err := st.Users.Unlink(t.Context(), u.ID)
	if err != nil || len(links) != 2 || got.SessionEra != u.SessionEra+1 {
		t.Errorf("parted: %+v, %v, %v", got, links, err)
	}
	st.wantCalls(t, "Get users", "Query users", "Transact users")
	st.wantSubject(t, issuer, "1", "")
	st.wantSubject(t, issuer+"/", "1", "")
	st.wantSubject(t, issuer, "2", other.ID)
	if again, links, err := st.Users.Unlink(t.Context(), u.ID); err != nil || len(links) != 0 || again.Version != got.Version {
		t.Errorf("a second time: %+v, %v, %v", again, links, err)
	}
	_, _, err = st.Users.Unlink(t.Context(), core.NewID(core.NounUser))
	wantCode(t, err, core.CodeNotFound)
	must(t, st.Users.Link(t.Context(), u.ID, issuer, "3", anybody))
	must(t, st.Users.Link(t.Context(), other.ID, issuer+"/", "1", anybody))
}

// firstOnesAtOnce: whoever comes first is the person, however many come.
func firstOnesAtOnce(t *testing.T, st *world) {
	u := st.user(t, "linked@example.com")
	var all sync.WaitGroup
	race := func(subject string, enter func() error) {
		var mu sync.Mutex
		won := 0
		for range 6 {
			all.Go(func() {
				err := enter()
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				} else if core.CodeOf(err) != core.CodeDuplicate {
					t.Errorf("unexpected: %v", err)
				}
			})
		}
		if all.Wait(); won != 1 {
			t.Errorf("%d are subject %s", won, subject)
		}
	}
	race("made", func() error {
		id := core.NewID(core.NounUser)
		return st.Users.CreateKnown(t.Context(), &core.User{ID: id, Email: id + "@example.com", Role: core.RoleUser}, issuer, "made")
	})
	race("linked", func() error { return st.Users.Link(t.Context(), u.ID, issuer, "linked", anybody) })
	people, err := st.Users.Search(t.Context(), "", func(*core.User) bool { return true }, 10)
	if err != nil || len(people) != 2 {
		t.Errorf("%d people, %v", len(people), err)
	}
}

// aPersonWhoChangesIsLookedAtAgain: nobody is linked on a look that is out of date.
func aPersonWhoChangesIsLookedAtAgain(t *testing.T, st *world) {
	refused := errors.New("an administrator")
	change := func(role core.Role) (looks int, id string, err error) {
		u := st.user(t, string(role)+"@example.com")
		err = st.Users.Link(t.Context(), u.ID, issuer, string(role), func(seen *core.User) error {
			if looks++; looks == 1 {
				_, err := st.Users.Edit(t.Context(), u.ID, func(u *core.User) error { u.Role, u.Name = role, "another"; return nil })
				must(t, err)
			} else if seen.Role == core.RoleAdmin {
				return refused
			}
			return nil
		})
		return looks, u.ID, err
	}
	if looks, _, err := change(core.RoleAdmin); looks != 2 || !errors.Is(err, refused) {
		t.Errorf("%d looks, %v", looks, err)
	}
	st.wantSubject(t, issuer, string(core.RoleAdmin), "")
	looks, id, err := change(core.RoleUser)
	if looks != 2 || err != nil {
		t.Errorf("%d looks, %v", looks, err)
	}
	st.wantSubject(t, issuer, string(core.RoleUser), id)
}

func aClaimBelongsToOneGroup(t *testing.T, st *world) {
	a, b := st.group(t, "a"), st.group(t, "b")
	set := func(g *core.Group, claim string) error {
		got, err := st.Groups.SetClaim(t.Context(), g.ID, g.Version, claim)
		if err == nil {
			*g = *got
		}
		return err
	}
	wantClaimed := func(want map[string]string) {
		t.Helper()
		for _, claim := range []string{"sales", "board"} {
			got, err := st.Groups.Claimed(t.Context(), []string{claim, "unknown"})
			if err != nil || len(got) > 1 || (want[claim] == "") != (len(got) == 0) || want[claim] != "" && (got[want[claim]] == nil || got[want[claim]].Claim != claim) {
				t.Errorf("%s: %v, %v, want %q", claim, got, err, want[claim])
			}
		}
	}
	wantClaimed(nil)
	stale := *a
	must(t, set(a, "sales"))
	wantCode(t, set(&stale, "board"), core.CodeConflict)
	wantCode(t, set(b, "sales"), core.CodeDuplicate)
	wantClaimed(map[string]string{"sales": a.ID})
	must(t, set(a, "sales"))
	must(t, set(b, "board"))
	wantClaimed(map[string]string{"sales": a.ID, "board": b.ID})
	must(t, set(a, ""))
	must(t, set(b, "sales")) // and lets go of the other
	wantClaimed(map[string]string{"sales": b.ID})
	_, err := st.Groups.Delete(t.Context(), b.ID)
	must(t, err)
	wantClaimed(nil)
	must(t, set(a, "sales"))
	wantClaimed(map[string]string{"sales": a.ID})
	if got, err := st.Groups.Claimed(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("no claims: %v, %v", got, err)
	}
	wantCode(t, set(&core.Group{ID: core.NewID(core.NounGroup), Version: 1}, "x"), core.CodeNotFound)
}
