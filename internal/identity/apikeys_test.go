package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
)

const week = 7 * 24 * time.Hour

// key makes a key of the person.
func (w *world) key(u *core.User, scopes ...string) *IssuedKey {
	w.t.Helper()
	issued, err := w.CreateAPIKey(w.As(u), NewAPIKey{Name: "帳票", Scopes: scopes, ExpiresAt: w.now().Add(week)})
	w.must(err)
	return issued
}

func (w *world) keyCode(token string) core.Code {
	_, _, err := w.AuthenticateKey(w.t.Context(), token)
	return core.CodeOf(err)
}

// ATH-8: a key acts for its owner, in its form, with its scopes, and its secret
// is in no answer but the first and in no item.
func TestAnAPIKeyOpens(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	issued := w.key(u, "Query.me", "Query.dashboards", "Query.me")
	if !apiKeyForm.MatchString(issued.Secret) || issued.Key.Hash != "" || !IsAPIKey(issued.Secret) {
		t.Errorf("got %+v", issued)
	}
	user, key, err := w.AuthenticateKey(t.Context(), issued.Secret)
	w.must(err)
	if user.ID != u.ID || user.PasswordHash != "" || key.ID != issued.Key.ID || key.Hash != "" || !slices.Equal(key.Scopes, []string{"Query.dashboards", "Query.me"}) {
		t.Errorf("got %+v, %+v", user, key)
	}
	stored, err := w.Store.APIKeys.Get(t.Context(), key.ID)
	w.must(err)
	_, secret, _ := strings.Cut(strings.TrimPrefix(issued.Secret, apiKeyPrefix), "_")
	if all := fmt.Sprintf("%+v %+v", stored, w.Events(core.EventKeyCreated)[0]); strings.Contains(all, secret[33:]) || strings.Contains(all, issued.Secret) {
		t.Errorf("the secret is kept: %s", all)
	}
	if evs := w.Events(core.EventKeyCreated); len(evs) != 1 || evs[0].TargetID != key.ID || evs[0].UserID != u.ID || strings.Contains(fmt.Sprint(evs[0].Details), stored.Hash) {
		t.Errorf("recorded %+v", evs)
	}
	if w.code(issued.Secret) != core.CodeInvalidToken || w.keyCode(w.signedIn(u.Email).Token) != core.CodeInvalidToken {
		t.Error("keys and tokens open each other's doors")
	}
}

// ATH-8: a key that does not open costs the same calls and comparison whatever
// is wrong with it, and says no more than that. Only who has the secret is told
// that it expired.
func TestKeysThatDoNotOpen(t *testing.T) {
	w := newWorld(t)
	u, other, gone := w.account("hanako"), w.account("taro"), w.account("gone")
	good, revoked, lost := w.key(u, "Query.me"), w.key(u, "Query.me"), w.key(gone, "Query.me")
	_, err := w.RevokeAPIKey(w.As(u), revoked.Key.ID)
	w.must(err)
	_, err = w.Store.Users.Edit(t.Context(), gone.ID, func(u *core.User) error { u.DeactivatedAt = w.now(); return nil })
	w.must(err)
	part := func(id string) string { _, hex, _ := strings.Cut(id, "_"); return hex }
	secret := good.Secret[len(good.Secret)-43:]
	wrong := strings.Repeat("A", 43)
	token := func(keyID, ownerID, secret string) string {
		return apiKeyPrefix + part(keyID) + "_" + part(ownerID) + "_" + secret
	}
	answers := map[string]bool{}
	for name, c := range map[string]struct {
		token string
		want  core.Code
	}{
		"unknown key":    {token(core.NewID(core.NounAPIKey), u.ID, secret), core.CodeInvalidToken},
		"unknown owner":  {token(good.Key.ID, core.NewID(core.NounUser), secret), core.CodeInvalidToken},
		"another owner":  {token(good.Key.ID, other.ID, secret), core.CodeInvalidToken},
		"wrong secret":   {token(good.Key.ID, u.ID, wrong), core.CodeInvalidToken},
		"revoked":        {revoked.Secret, core.CodeInvalidToken},
		"revoked, wrong": {token(revoked.Key.ID, u.ID, wrong), core.CodeInvalidToken},
		"locked account": {lost.Secret, core.CodeUnauthorized},
		"locked, wrong":  {token(lost.Key.ID, gone.ID, wrong), core.CodeInvalidToken},
	} {
		var got core.Code
		calls := w.Calls(func() { got = w.keyCode(c.token) })
		if got != c.want || len(calls) != 1 {
			t.Errorf("%s: %q after %v", name, got, calls)
		}
		for _, call := range calls {
			answers[fmt.Sprint(call.Op, " ", call.Table)] = true
		}
	}
	if len(answers) != 1 || !answers["BatchGet api_keys,users"] {
		t.Errorf("the work differs: %v", answers)
	}
	for _, bad := range []string{
		"krt_", good.Secret + "A", good.Secret[:len(good.Secret)-1], strings.ToUpper(good.Secret), "krt_" + strings.Repeat("x", 1<<20), good.Secret + "\n", " " + good.Secret,
	} {
		if calls := w.Calls(func() {
			if got := w.keyCode(bad); got != core.CodeInvalidToken {
				t.Errorf("%.80q: %q", bad, got)
			}
		}); len(calls) != 0 {
			t.Errorf("%.80q costs %v", bad, calls)
		}
	}
	if got := w.keyCode(good.Secret); got != "" {
		t.Errorf("the good one is %q", got)
	}
	w.later(week)
	if right, guess := w.keyCode(good.Secret), w.keyCode(token(good.Key.ID, u.ID, wrong)); right != core.CodeTokenExpired || guess != core.CodeInvalidToken {
		t.Errorf("expired: %q, with a wrong secret %q", right, guess)
	}
}

// The last use is noted to the hour, with one write an hour.
func TestAKeysLastUse(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	issued := w.key(u, "Query.me")
	for hour := range 3 {
		writes := 0
		for range 5 {
			for _, call := range w.Calls(func() { w.keyCode(issued.Secret) }) {
				if call.Op == "Write" {
					writes++
				}
			}
		}
		key, err := w.APIKey(w.As(u), issued.Key.ID)
		w.must(err)
		if writes > 2 || hour == 0 && writes == 0 || key.LastUsedAt.Minute() != 0 || w.now().Sub(key.LastUsedAt) > time.Hour+time.Minute {
			t.Errorf("%d writes, last used at %v", writes, key.LastUsedAt)
		}
		w.later(time.Hour)
	}
}

// ATH-8: what a key may be.
func TestNewKeys(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	ok := NewAPIKey{Name: "x", Scopes: []string{"Query.me"}, ExpiresAt: w.now().Add(week)}
	for name, c := range map[string]struct {
		change func(*NewAPIKey)
		field  string
		reason string
	}{
		"no name":         {func(k *NewAPIKey) { k.Name = " " }, "input.name", "required"},
		"no scopes":       {func(k *NewAPIKey) { k.Scopes = nil }, "input.scopes", "required"},
		"too many":        {func(k *NewAPIKey) { k.Scopes = slices.Repeat(k.Scopes, scopesMax+1) }, "input.scopes", "too_many"},
		"unknown field":   {func(k *NewAPIKey) { k.Scopes = []string{"Query.me", "Query.x"} }, "input.scopes.1", "bad_scope"},
		"a field's field": {func(k *NewAPIKey) { k.Scopes = []string{"User.email"} }, "input.scopes.0", "bad_scope"},
		"the past":        {func(k *NewAPIKey) { k.ExpiresAt = w.now() }, "input.expiresAt", "in_past"},
		"for ever":        {func(k *NewAPIKey) { k.ExpiresAt = w.now().AddDate(1, 0, 2) }, "input.expiresAt", "too_far"},
	} {
		in := ok
		c.change(&in)
		_, err := w.CreateAPIKey(w.As(u), in)
		accesstest.Code(t, name, err, core.CodeValidation, c.reason)
		if e, is := err.(*core.Error); is && e.Field != c.field {
			t.Errorf("%s: at %s", name, e.Field)
		}
	}
	for _, scope := range []string{"Mutation.login", "Mutation.createApiKey", "Mutation.registerOperation", "Query.viewAs", "operation:", "operation:*x", "operation:-a", "operation:a b"} {
		in := ok
		in.Scopes = []string{scope}
		w.rootFields[scope] = true
		_, err := w.CreateAPIKey(w.As(u), in)
		accesstest.Code(t, scope, err, core.CodeValidation, "bad_scope")
	}
	byKey := core.WithActor(t.Context(), &core.Actor{User: u, Key: &core.APIKey{Scopes: []string{"Mutation.createApiKey"}}})
	_, err := w.CreateAPIKey(byKey, ok)
	accesstest.Code(t, "by a key", err, core.CodeForbidden)
	last := ""
	for range apiKeysMax {
		last = w.key(u, "Query.me").Key.ID
	}
	_, err = w.CreateAPIKey(w.As(u), ok)
	accesstest.Code(t, "one too many", err, core.CodeValidation, "too_many_keys")
	_, err = w.RevokeAPIKey(w.As(u), last)
	w.must(err)
	w.key(u, "Query.me")
}

// Keys are their owner's and the administrators'.
func TestWhoseKeys(t *testing.T) {
	w := newWorld(t)
	u, other := w.account("hanako"), w.account("taro")
	mine, theirs := w.key(u, "Query.me"), w.key(other, "Query.me")
	p := core.PageArgs{First: 10}
	ids := func(ctx context.Context, all bool) []string {
		page, err := w.APIKeys(ctx, all, p)
		w.must(err)
		got := []string{}
		for _, k := range page.Nodes {
			if got = append(got, k.ID); k.Hash != "" {
				t.Error("a hash is shown")
			}
		}
		slices.Sort(got)
		return got
	}
	both := []string{mine.Key.ID, theirs.Key.ID}
	slices.Sort(both)
	if got := ids(w.As(u), false); !slices.Equal(got, []string{mine.Key.ID}) {
		t.Errorf("mine are %v", got)
	}
	if got := ids(w.As(w.admin), true); !slices.Equal(got, both) {
		t.Errorf("all are %v", got)
	}
	_, err := w.APIKeys(w.As(u), true, p)
	accesstest.Code(t, "all", err, core.CodeForbidden)
	for what, call := range map[string]func(context.Context) error{
		"read": func(c context.Context) error { _, err := w.APIKey(c, theirs.Key.ID); return err },
		"end":  func(c context.Context) error { _, err := w.RevokeAPIKey(c, theirs.Key.ID); return err },
	} {
		accesstest.Code(t, what, call(w.As(u)), core.CodeNotFound)
		accesstest.Code(t, what+" as admin", call(w.As(w.admin)), "")
	}
	if got := w.keyCode(theirs.Secret); got != core.CodeInvalidToken {
		t.Errorf("a revoked key is %q", got)
	}
	for range 2 {
		_, err = w.RevokeAPIKey(w.As(w.admin), theirs.Key.ID)
		w.must(err)
	}
	if evs := w.Events(core.EventKeyRevoked); len(evs) != 1 || evs[0].UserID != w.admin.ID || evs[0].TargetID != theirs.Key.ID {
		t.Errorf("recorded %+v", evs)
	}
}
