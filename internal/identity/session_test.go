package identity

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
)

// ATH-3: whatever ends a session ends it at once, and no other.
func TestWhatEndsASession(t *testing.T) {
	for name, c := range map[string]struct {
		end          func(*world, *core.User, context.Context) error // by the one session's context
		one, another core.Code                                       // what becomes of it and of the person's other one
	}{
		"logout": {func(w *world, _ *core.User, ctx context.Context) error { return w.Logout(ctx) }, core.CodeInvalidToken, ""},
		"revocation": {func(w *world, u *core.User, _ context.Context) error {
			n, err := w.RevokeSessions(w.As(w.admin), Revocation{UserID: &u.ID, Reason: "stolen laptop"})
			if err == nil && n != 2 {
				err = errors.New("not two sessions were ended")
			}
			return err
		}, core.CodeInvalidToken, core.CodeInvalidToken},
		"locked account": {func(w *world, u *core.User, _ context.Context) error {
			_, err := w.Deactivate(w.As(w.admin), u.ID)
			return err
		}, core.CodeUnauthorized, core.CodeUnauthorized},
		"own new password": {func(w *world, _ *core.User, ctx context.Context) error {
			_, err := w.ChangePassword(ctx, goodPassword, "Akai-hana-22")
			return err
		}, "", core.CodeInvalidToken},
		"reset password": {func(w *world, u *core.User, _ context.Context) error {
			_, err := w.ResetPassword(w.As(w.admin), u.ID, "Akai-hana-22")
			return err
		}, core.CodeInvalidToken, core.CodeInvalidToken},
		"time": {func(w *world, _ *core.User, _ context.Context) error { w.later(24*time.Hour + time.Second); return nil },
			core.CodeTokenExpired, core.CodeTokenExpired},
		"nothing": {func(*world, *core.User, context.Context) error { return nil }, "", ""},
	} {
		w := newWorld(t)
		u := w.account("hanako")
		w.account("taro")
		one, another, stranger := w.signedIn(u.Email), w.signedIn(u.Email), w.signedIn("taro@example.com")
		within := w.within(one.Token)
		if err := c.end(w, u, within); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := w.code(one.Token); got != c.one {
			t.Errorf("%s: the session itself is %q, want %q", name, got, c.one)
		}
		if who, err := w.Resume(t.Context(), core.ActorFrom(within).SignIn()); (err == nil) != (c.one == "") || err == nil && who.User.ID != u.ID {
			t.Errorf("%s: the session is resumed: %v", name, err)
		}
		if got := w.code(another.Token); got != c.another {
			t.Errorf("%s: the other session is %q, want %q", name, got, c.another)
		}
		if got := w.code(stranger.Token); got != "" && name != "time" {
			t.Errorf("%s: another person's session is %q", name, got)
		}
	}
}

// A role counts from the next request on, without signing in again.
func TestARoleCountsAtOnce(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	token := w.signedIn(u.Email).Token
	for _, role := range []core.Role{core.RoleAdmin, core.RoleUser} {
		_, err := w.SetRole(w.As(w.admin), u.ID, role)
		w.must(err)
		if got := core.ActorFrom(w.within(token)).User.Role; got != role {
			t.Errorf("got %s, want %s", got, role)
		}
	}
}

// The store forgets a session when its time is over; that it expired is told all the same.
func TestAForgottenSessionHasExpired(t *testing.T) {
	w := newWorld(t)
	w.later(-48 * time.Hour)
	u := w.account("hanako")
	in := w.signedIn(u.Email)
	w.later(24 * time.Hour) // the store, by the real clock, has forgotten it by now
	if session, _, err := w.Store.Sessions.WithUser(t.Context(), in.SessionID, u.ID); session != nil || err != nil {
		t.Fatalf("the store still has %+v, %v", session, err)
	}
	for _, after := range []time.Duration{0, time.Second, 4 * time.Second, time.Hour} {
		w.later(after)
		if got := w.code(in.Token); got != core.CodeTokenExpired {
			t.Errorf("%v later: %q", after, got)
		}
	}
	moments := []time.Time{in.ExpiresAt.Add(-time.Millisecond), in.ExpiresAt} // its time ends while it is looked for
	w.now = func() time.Time {
		defer func() { moments = moments[1:] }()
		return moments[0]
	}
	if got := w.code(in.Token); got != core.CodeTokenExpired {
		t.Errorf("at the very moment: %q", got)
	}
}

// A token names its session and its person; neither opens anything alone.
func TestATokenOpensItsOwnSessionAlone(t *testing.T) {
	w := newWorld(t)
	a, b := w.account("hanako"), w.account("taro")
	in := w.signedIn(a.Email)
	for name, s := range map[string]*core.Session{
		"session of another": {ID: in.SessionID, UserID: b.ID},
		"no such session":    {ID: core.NewID(core.NounSession), UserID: a.ID},
		"no such person":     {ID: in.SessionID, UserID: core.NewID(core.NounUser)},
	} {
		s.CreatedAt, s.ExpiresAt = time.Now(), time.Now().Add(time.Hour)
		token, err := w.keys.sign(s)
		w.must(err)
		if got := w.code(token); got != core.CodeInvalidToken {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := w.code(""); got != core.CodeUnauthorized {
		t.Errorf("no token: %q", got)
	}
}

func TestLogoutTwiceAndByTheOperator(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	ctx := w.within(w.signedIn(u.Email).Token)
	w.must(w.Logout(ctx))
	w.must(w.Logout(ctx))
	w.must(w.Logout(core.AsSystem(t.Context(), "operator")))
	if evs := w.Events(core.EventLogout); len(evs) != 2 || evs[0].UserID != u.ID || evs[0].SessionID == "" {
		t.Errorf("got %+v", evs)
	}
}

func TestRevokeSessionsBadInput(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	long := make([]rune, core.MaxName+1)
	for name, c := range map[string]struct {
		user, reason string
		want         core.Code
	}{
		"nobody":      {core.NewID(core.NounUser), "", core.CodeNotFound},
		"a group":     {core.NewID(core.NounGroup), "", core.CodeNotFound},
		"no id":       {"hanako", "", core.CodeValidation},
		"long reason": {u.ID, string(long), core.CodeValidation},
	} {
		_, err := w.RevokeSessions(w.As(w.admin), Revocation{UserID: &c.user, Reason: c.reason})
		accesstest.Code(t, name, err, c.want)
	}
	if evs := w.Events(core.EventSessionRevoked); len(evs) != 0 {
		t.Errorf("recorded %+v", evs)
	}
}
