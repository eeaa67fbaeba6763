package identity

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

func sessionIDs(sessions []*core.Session) (ids []string) {
	for _, s := range sessions {
		ids = append(ids, s.ID)
	}
	return ids
}

// ATH-3: people see their own sessions that are open, newest first, and nobody else's.
func TestMySessions(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	w.account("taro")
	over, first := w.signedIn(u.Email), w.signedIn(u.Email)
	w.signedIn("taro@example.com")
	last := w.signedIn(u.Email)
	w.must(w.Logout(w.within(over.Token)))
	ctx := w.within(first.Token)
	mine, err := w.Sessions(ctx)
	w.must(err)
	want := []string{first.SessionID, last.SessionID}
	slices.Sort(want)
	slices.Reverse(want)
	if !slices.Equal(sessionIDs(mine), want) || mine[0].IP != "192.0.2.7" || mine[0].Agent != "Firefox/150" || mine[0].ExpiresAt.IsZero() {
		t.Errorf("got %+v, want %v", mine, want)
	}
	if one, err := w.Session(ctx, last.SessionID); err != nil || one.ID != last.SessionID {
		t.Errorf("got %+v, %v", one, err)
	}
	for what, id := range map[string]string{"ended": over.SessionID, "nobody's": core.NewID(core.NounSession), "a person": u.ID} {
		_, err := w.Session(ctx, id)
		accesstest.Code(t, what, err, core.CodeNotFound)
	}
	_, err = w.Session(w.As(w.User("jiro")), last.SessionID)
	accesstest.Code(t, "another's", err, core.CodeNotFound)
	for range sessionsMax {
		w.signedIn(u.Email)
	}
	if mine, err = w.Sessions(ctx); err != nil || len(mine) != sessionsMax {
		t.Errorf("%d are listed, %v", len(mine), err)
	}
}

// ATH-3: who may end which sessions, and which ones then end.
func TestRevokeSessions(t *testing.T) {
	const me, other, here, there, theirs, nothing = "me", "other", "here", "there", "theirs", ""
	for name, c := range map[string]struct {
		admin         bool
		user, session string
		want          core.Code
		ended         []string
	}{
		"all others of mine":         {false, nothing, nothing, "", []string{there}},
		"all of mine":                {false, me, nothing, "", []string{here, there}},
		"one of mine":                {false, nothing, there, "", []string{there}},
		"this one":                   {false, nothing, here, "", []string{here}},
		"one of another's":           {false, nothing, theirs, core.CodeNotFound, nil},
		"another's":                  {false, other, nothing, core.CodeForbidden, nil},
		"one of mine, as mine":       {false, me, there, "", []string{there}},
		"one of another's, as mine":  {true, me, theirs, core.CodeNotFound, nil},
		"an administrator's others":  {true, nothing, nothing, "", []string{there}},
		"one of another's, as admin": {true, nothing, theirs, "", []string{theirs}},
		"another's, as admin":        {true, other, nothing, "", []string{theirs}},
	} {
		w := newWorld(t)
		ids, tokens := map[string]*string{}, map[string]string{}
		for who, u := range map[string]*core.User{me: w.account("hanako"), other: w.account("taro")} {
			ids[who] = &u.ID
			if who == me && c.admin {
				_, err := w.SetRole(w.As(w.admin), u.ID, core.RoleAdmin)
				w.must(err)
			}
		}
		for place, email := range map[string]string{here: "hanako@example.com", there: "hanako@example.com", theirs: "taro@example.com"} {
			in := w.signedIn(email)
			ids[place], tokens[place] = &in.SessionID, in.Token
		}
		n, err := w.RevokeSessions(w.within(tokens[here]), Revocation{UserID: ids[c.user], SessionID: ids[c.session], Reason: "stolen laptop"})
		accesstest.Code(t, name, err, c.want)
		for place, token := range tokens {
			if over := w.code(token) == core.CodeInvalidToken; over != slices.Contains(c.ended, place) {
				t.Errorf("%s: session %s is over: %t", name, place, over)
			}
		}
		evs := w.Events(core.EventSessionRevoked)
		if n != len(c.ended) || (len(evs) == 1) != (n > 0) {
			t.Errorf("%s: %d ended, %d events", name, n, len(evs))
		}
		if n > 0 && (evs[0].Details["sessions"] != fmt.Sprint(n) || evs[0].Details["reason"] != "stolen laptop") {
			t.Errorf("%s: recorded %+v", name, evs[0])
		}
	}
}

// What ends all sessions asks no list of them, which may lag behind.
func TestSessionsEndWithoutTheirList(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	wantNoList(t, w, "new password", func() error { _, err := w.ResetPassword(w.As(w.admin), u.ID, goodPassword); return err })
	wantNoList(t, w, "own password", func() error {
		_, err := w.ChangePassword(w.within(w.signedIn(u.Email).Token), goodPassword, goodPassword)
		return err
	})
	wantNoList(t, w, "locked", func() error { _, err := w.Deactivate(w.As(w.admin), u.ID); return err })
}

func wantNoList(t *testing.T, w *world, name string, end func() error) {
	t.Helper()
	for _, call := range w.Calls(func() { w.must(end()) }) {
		if call.Index == table.SessionsByUser {
			t.Errorf("%s: asks the list of sessions", name)
		}
	}
}

// A sign-in that was under way while all sessions were ended is a new one: its
// token is good, and the session it had begun is not.
func TestSignInWhileSessionsEnd(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	before := w.signedIn(u.Email)
	w.during(func() {
		_, err := w.RevokeSessions(w.As(w.admin), Revocation{UserID: &u.ID})
		w.must(err)
	})
	in := w.signedIn(u.Email)
	if w.code(before.Token) != core.CodeInvalidToken || w.code(in.Token) != "" {
		t.Errorf("before %q, now %q", w.code(before.Token), w.code(in.Token))
	}
	mine, err := w.Sessions(w.within(in.Token))
	if err != nil || len(mine) != 1 || mine[0].ID != in.SessionID {
		t.Errorf("open are %v, %v", sessionIDs(mine), err)
	}
}

// ATH-3: many sign in while an administrator ends all sessions again and again.
// Once that has returned, no token that was there before opens anything; a token
// that was asked for afterwards is good.
func TestRevocationRacesWithSignIns(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	var mu sync.Mutex
	var known []string // tokens that have been given out
	ctx, stop := context.WithCancel(t.Context())
	var crowd sync.WaitGroup
	for range 4 {
		crowd.Go(func() {
			for ctx.Err() == nil {
				in, err := w.Login(w.visitor(), u.Email, goodPassword)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				known = append(known, in.Token)
				mu.Unlock()
			}
		})
	}
	for range 20 {
		mu.Lock()
		earlier := slices.Clone(known)
		mu.Unlock()
		_, err := w.RevokeSessions(w.As(w.admin), Revocation{UserID: &u.ID})
		w.must(err)
		for _, token := range earlier {
			if got := w.code(token); got != core.CodeInvalidToken {
				t.Fatalf("an earlier token is %q", got)
			}
		}
	}
	stop()
	crowd.Wait()
	if got := w.code(w.signedIn(u.Email).Token); got != "" {
		t.Errorf("a fresh token is %q", got)
	}
}
