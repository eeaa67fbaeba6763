package identity

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// ATH-1: what a person gets who signs in, and that it opens the door.
func TestLogin(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	began := time.Now()
	in := w.signedIn("hanako@example.com")
	if in.Lifetime != 24*time.Hour || in.User.ID != u.ID || in.User.Email != u.Email || in.User.Role != core.RoleUser || in.User.PasswordHash != "" {
		t.Errorf("got %+v, %+v", in, in.User)
	}
	if ends := in.ExpiresAt.Add(-24 * time.Hour); ends.Before(began.Add(-time.Second)) || ends.After(time.Now()) {
		t.Errorf("good until %v, asked for at %v", in.ExpiresAt, began)
	}
	user, session, err := w.Authenticate(t.Context(), in.Token)
	if err != nil || user.ID != u.ID || user.PasswordHash != "" || session.ID != in.SessionID || session.IP != "192.0.2.7" || session.Agent != "Firefox/150" {
		t.Errorf("got %+v, %+v, %v", user, session, err)
	}
}

// The same person, however they write their address.
func TestLoginFoldsTheAddress(t *testing.T) {
	w := newWorld(t)
	w.account("Hanako.Yamada")
	for _, email := range []string{"hanako.yamada@example.com", " HANAKO.Yamada@EXAMPLE.com\n", "ｈａｎａｋｏ．ｙａｍａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ"} {
		if in := w.signedIn(email); in.User.Email != "hanako.yamada@example.com" {
			t.Errorf("%q is %s", email, in.User.Email)
		}
	}
}

func TestNormalAddressesStayThemselves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		once := normalEmail(rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("Aaİıſß\u030c\u0331JHKΩﬁ＠@.㌀")))).Draw(t, "address"))
		if twice := normalEmail(once); twice != once {
			t.Fatalf("%q became %q", once, twice)
		}
	})
}

// braked are the calls that count a try, and those that end it.
const braked = "BatchGet sessions, Transact sessions, "

// ATH-4: nobody learns from the answer or from the work behind it whether an
// address has an account: one comparison, and the same calls of the store.
func TestARefusalTellsNothing(t *testing.T) {
	w := newWorld(t)
	w.account("hanako")
	gone := w.account("gone")
	_, err := w.Deactivate(w.As(w.admin), gone.ID)
	w.must(err)
	minted := w.User("minted") // has no password at all
	answers := map[string]bool{}
	for name, try := range map[string][2]string{
		"wrong password":          {"hanako@example.com", "Kirei-na-hana-2"},
		"unknown address":         {"nobody@example.com", goodPassword},
		"locked account":          {gone.Email, goodPassword},
		"locked, wrong password":  {gone.Email, "x"},
		"no password":             {minted.Email, goodPassword},
		"no address":              {"hanako", goodPassword},
		"only spaces":             {"   ", goodPassword},
		"grows when it is folded": {strings.Repeat("ﷺ", 84), goodPassword},
		"not UTF-8":               {"a\xff@example.com", goodPassword},
		"control characters":      {"hanako@example.com\x00", goodPassword},
		"key of another item":     {"x#METADATA", goodPassword},
		"longest that is allowed": {strings.Repeat("a", emailMax), strings.Repeat("p", loginPassword)},
		"hostile":                 {`" OR "1"="1`, "'; DROP TABLE users; --"},
	} {
		before := w.compared.Load()
		var err error
		calls := w.Calls(func() { _, err = w.Login(w.from(name), try[0], try[1]) })
		accesstest.Code(t, name, err, core.CodeUnauthorized, "credentials")
		var seen strings.Builder
		for _, c := range calls {
			fmt.Fprintf(&seen, "%s %s, ", c.Op, c.Table)
		}
		e := err.(*core.Error)
		answers[fmt.Sprintf("%d comparisons, %s: %s %s %v", w.compared.Load()-before, seen.String(), e.Code, core.Sentence(core.English, e), e.Details)] = true
	}
	if len(answers) != 1 {
		t.Errorf("the answers differ: %v", answers)
	}
	for a := range answers {
		if !strings.HasPrefix(a, "1 comparisons, "+braked+"Get users, Get users, "+braked+"Write audit_logs, : ") {
			t.Errorf("got %s", a)
		}
	}
}

func TestLoginBounds(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct{ email, password, field, reason string }{
		"no address":       {"", "x", "input.email", "required"},
		"no password":      {"a@example.com", "", "input.password", "required"},
		"long address":     {strings.Repeat("a", emailMax+1), "x", "input.email", "too_long"},
		"endless address":  {strings.Repeat("a", 1<<20), "x", "input.email", "too_long"},
		"endless password": {"a@example.com", strings.Repeat("x", 1<<20), "input.password", "too_long"},
	} {
		var err error
		calls := w.Calls(func() { _, err = w.Login(w.visitor(), c.email, c.password) })
		accesstest.Code(t, name, err, core.CodeValidation, c.reason)
		if e, ok := err.(*core.Error); !ok || e.Field != c.field || len(calls) != 0 || w.compared.Load() != 0 {
			t.Errorf("%s: %v after %v", name, err, calls)
		}
	}
}

// A client may send anything as its name.
func TestLoginWithAStrangeAgent(t *testing.T) {
	w := newWorld(t)
	w.account("hanako")
	ctx := core.WithActor(t.Context(), &core.Actor{Agent: "\xff\xfe" + strings.Repeat("長", 5000)})
	in, err := w.Login(ctx, "hanako@example.com", goodPassword)
	w.must(err)
	_, session, err := w.Authenticate(t.Context(), in.Token)
	if err != nil || len([]rune(session.Agent)) != 300 || !strings.HasPrefix(session.Agent, "\uFFFD") {
		t.Errorf("the agent is %q, %v", session.Agent, err)
	}
}

// Who locks an account or changes its password while somebody is signing in
// cannot end a session that does not exist yet.
func TestLoginLosesAgainstWhatHappensMeanwhile(t *testing.T) {
	for name, meanwhile := range map[string]func(*world, *core.User) error{
		"locked": func(w *world, u *core.User) error { _, err := w.Deactivate(w.As(w.admin), u.ID); return err },
		"password": func(w *world, u *core.User) error {
			_, err := w.ResetPassword(w.As(w.admin), u.ID, "Akai-hana-22")
			return err
		},
	} {
		w := newWorld(t)
		u := w.account("hanako")
		w.during(func() { w.must(meanwhile(w, u)) })
		_, err := w.Login(w.visitor(), u.Email, goodPassword)
		accesstest.Code(t, name, err, core.CodeUnauthorized, "credentials")
		sessions, err := w.Store.Sessions.ByUser(t.Context(), u.ID)
		if err != nil || len(sessions) != 1 || sessions[0].RevokedAt.IsZero() {
			t.Errorf("%s: sessions %+v, %v", name, sessions, err)
		}
	}
}

// The failure is recorded, without what may be a password typed into the wrong field.
func TestFailedLoginsAreRecorded(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	for _, email := range []string{u.Email, "nobody@example.com", "Kirei-na-hana-1"} {
		_, err := w.Login(w.visitor(), email, "wrong")
		accesstest.Code(t, email, err, core.CodeUnauthorized)
	}
	evs := w.Events(core.EventLoginFailed)
	got := map[string]string{}
	for _, ev := range evs {
		if ev.Outcome != core.OutcomeFailure || ev.ActorIP != "192.0.2.7" || ev.RequestID != "request-7" || ev.Agent != "Firefox/150" {
			t.Errorf("got %+v", ev)
		}
		got[ev.UserID+" "+ev.TargetID] += fmt.Sprint(ev.Details)
	}
	if len(evs) != 3 || got[u.ID+" "+u.ID] != "map[email:h***@example.com]" || len(got["anonymous "]) != len("map[email:n***@example.com]map[]") {
		t.Errorf("got %v", got)
	}
}

// Signing in costs the same few calls, however many people there are.
func TestLoginCalls(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	calls := w.Calls(func() { w.signedIn(u.Email) })
	if len(calls) != 9 { // the try, guard, user, session, user again, end of the try, audit
		t.Errorf("got %+v", calls)
	}
	token := w.signedIn(u.Email).Token
	calls = w.Calls(func() { w.code(token) })
	if len(calls) != 1 || calls[0].Op != "BatchGet" || calls[0].Table != table.Sessions+","+table.Users {
		t.Errorf("a request costs %+v", calls)
	}
}

// Only the system signs people in without a password.
func TestMint(t *testing.T) {
	w := newWorld(t)
	u := w.User("taro")
	in, err := w.Mint(core.AsSystem(t.Context(), "operator"), u.ID)
	w.must(err)
	if got := w.code(in.Token); got != "" {
		t.Errorf("the token is %q", got)
	}
	for name, ctx := range map[string]*core.User{"an administrator": w.admin, "nobody": nil} {
		_, err := w.Mint(w.As(ctx), u.ID)
		accesstest.Code(t, name, err, core.CodeForbidden)
	}
	_, err = w.Deactivate(w.As(w.admin), u.ID)
	w.must(err)
	_, err = w.Mint(core.AsSystem(t.Context(), "operator"), u.ID)
	accesstest.Code(t, "locked", err, core.CodeValidation, "inactive")
}
