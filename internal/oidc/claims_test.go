package oidc_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/oidc"
	"github.com/karuta-bi/karuta/internal/testkit"
)

// User info is asked for what the token leaves out; it is the same person's, and an
// address is vouched for by what names it.
func TestUserInfo(t *testing.T) {
	const mail, other = "a@example.com", "b@example.com"
	groups := []string{"sales"}
	for name, c := range map[string]struct {
		token, info map[string]any
		asked       bool
		email       string
		verified    bool
		groups      []string
	}{
		"token says all":              {person("email", mail, "email_verified", true, "groups", groups), person("email", other), false, mail, true, groups},
		"word left out":               {person("email", mail, "groups", groups), person("email", mail, "email_verified", true), true, mail, true, groups},
		"word against it left out":    {person("email", mail, "groups", groups), person("email", mail, "email_verified", false), true, mail, false, groups},
		"two words":                   {person("email", mail, "xms_edov", false), person("email", mail, "email_verified", true), true, mail, false, nil},
		"there is none":               {person("email", mail, "email_verified", true), nil, false, mail, true, nil},
		"groups left out":             {person("email", mail, "email_verified", true), person("groups", groups), true, mail, true, groups},
		"all left out":                {person(), person("email", mail, "email_verified", true, "groups", groups), true, mail, true, groups},
		"token holds":                 {person("email", mail, "email_verified", false), person("email", other, "email_verified", true, "groups", groups), true, mail, false, groups},
		"vouches for another address": {person("email", mail), person("email", other, "email_verified", true), true, mail, false, nil},
		"edov of another address":     {person("email", mail), person("email", other, "xms_edov", true), true, mail, false, nil},
		"token vouches for none":      {person("email_verified", true, "xms_edov", true), person("email", other), true, other, false, nil},
		"groups of somebody else":     {person("email", mail, "email_verified", true), person("sub", "2", "groups", groups), true, mail, true, nil},
		"endless":                     {person("email", mail, "email_verified", true), person("groups", groups, "padding", long), true, mail, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, func(w *testkit.IssuerWays) { w.Person, w.UserInfo = c.token, c.info })
			got := d.said(t)
			if got.Subject != "1" || got.Email != c.email || got.Verified != c.verified || !slices.Equal(got.Groups, c.groups) || got.Grouped != (c.groups != nil) {
				t.Errorf("%+v", got)
			}
			if asked := d.issuer.Calls("/userinfo") > 0; asked != c.asked {
				t.Errorf("asked: %t", asked)
			}
		})
	}
	d := newDesk(t, func(w *testkit.IssuerWays) {
		w.Person, w.UserInfo, w.Refuse = person("email", mail, "email_verified", true), person(), status("/userinfo", 500)
	})
	if got := d.said(t); got.Email != mail || !got.Verified || got.Grouped {
		t.Errorf("user info is away: %+v", got)
	}
}

// There is no sign-in by user info that is needed and cannot be had, or is another person's.
func TestUserInfoThatIsMissed(t *testing.T) {
	all := person("email", "a@example.com", "email_verified", true)
	for name, c := range map[string]struct {
		token, info map[string]any
		status      int
		code        core.Code
		reason      string
	}{
		"away, with the address":  {person(), all, 500, core.CodeUnavailable, "sign_in"},
		"away, with the word":     {person("email", "a@example.com"), all, 500, core.CodeUnavailable, "sign_in"},
		"does not take the token": {person(), all, 401, core.CodeUnavailable, "sign_in"},
		"somebody else's":         {person(), person("sub", "2", "email", "b@example.com", "email_verified", true), 0, core.CodeUnauthorized, "sign_in_refused"},
		"nobody's":                {person(), person("sub", nil, "email", "b@example.com", "email_verified", true), 0, core.CodeUnauthorized, "sign_in_refused"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, func(w *testkit.IssuerWays) {
				w.Person, w.UserInfo, w.Refuse = c.token, c.info, status("/userinfo", c.status)
			})
			_, err := d.signIn(t)
			wantProblem(t, err, c.code, c.reason)
		})
	}
}

// An address counts as confirmed by the words that issuers have for it, and by no others.
func TestWordsForAConfirmedAddress(t *testing.T) {
	for _, c := range []struct {
		claims []any
		want   bool
	}{
		{nil, false}, {[]any{"email_verified", true}, true}, {[]any{"email_verified", "true"}, true}, {[]any{"email_verified", false}, false},
		{[]any{"email_verified", "false"}, false}, {[]any{"email_verified", nil}, false}, {[]any{"email_verified", []any{true}}, false},
		{[]any{"xms_edov", true}, true}, {[]any{"xms_edov", "1"}, true}, {[]any{"xms_edov", 1}, true}, {[]any{"xms_edov", 0}, false}, {[]any{"xms_edov", "yes"}, false},
		{[]any{"email_verified", false, "xms_edov", true}, false}, {[]any{"verified_primary_email", []string{"a@example.com"}}, false},
	} {
		d := newDesk(t, func(w *testkit.IssuerWays) { w.Person = person(append(c.claims, "email", "a@example.com")...) })
		if got := d.said(t); got.Verified != c.want {
			t.Errorf("%v: %t", c.claims, got.Verified)
		}
	}
}

// Groups may stand within other claims, as roles do with some issuers.
func TestGroupsWithinClaims(t *testing.T) {
	roles := map[string]any{"roles": []string{"sales"}}
	for name, c := range map[string]struct {
		claim string
		said  map[string]any
		told  bool
	}{
		"in an object":         {"realm_access.roles", person("realm_access", roles), true},
		"of a dotted program":  {"resource_access.bi.example.roles", person("resource_access", map[string]any{"bi.example": roles}), true},
		"named by an address":  {"https://example.com/roles", person("https://example.com/roles", []string{"sales"}), true},
		"called so as a whole": {"realm_access.roles", person("realm_access.roles", "sales", "realm_access", map[string]any{"roles": "board"}), true},
		"not in it":            {"realm_access.roles", person("realm_access", map[string]any{}), false},
		"no object":            {"realm_access.roles", person("realm_access", "roles"), false},
		"no name":              {"", person("realm_access", roles), false},
		"dots alone":           {"..", person("", map[string]any{"": map[string]any{}}), false},
	} {
		d := newDesk(t, func(w *testkit.IssuerWays) { w.Person = c.said })
		d.Provider = d.provider(d.issuer.URL, "key", func(p *oidc.Config) { p.GroupsClaim = c.claim })
		if got := d.said(t); got.Grouped != c.told || c.told && !slices.Equal(got.Groups, []string{"sales"}) {
			t.Errorf("%s: %q, told %t", name, got.Groups, got.Grouped)
		}
		d.Close()
	}
}

// Groups are told or are not: what cannot be read says nothing of memberships.
func TestGroups(t *testing.T) {
	many := make([]string, 1001)
	for i := range many {
		many[i] = fmt.Sprint("group ", i)
	}
	elsewhere, sources := map[string]string{"groups": "src1"}, map[string]any{"src1": map[string]string{"endpoint": "https://graph.example/x"}}
	for name, c := range map[string]struct {
		claims []any
		want   []string
		told   bool
		log    string
	}{
		"none told":         {nil, nil, false, ""},
		"null":              {[]any{"groups", nil}, nil, false, ""},
		"in none":           {[]any{"groups", []string{}}, nil, true, ""},
		"one":               {[]any{"groups", "sales"}, []string{"sales"}, true, ""},
		"some":              {[]any{"groups", []string{"sales", "board"}}, []string{"sales", "board"}, true, ""},
		"some are none":     {[]any{"groups", []any{1, nil, "", "sales"}}, []string{"sales"}, true, ""},
		"as many as read":   {[]any{"groups", many[:1000]}, many[:1000], true, ""},
		"too many":          {[]any{"groups", many}, nil, false, "too long"},
		"kept elsewhere":    {[]any{"_claim_names", elsewhere, "_claim_sources", sources}, nil, false, "too many"},
		"others are":        {[]any{"_claim_names", map[string]string{"roles": "src1"}, "_claim_sources", sources}, nil, false, ""},
		"told all the same": {[]any{"groups", "sales", "_claim_names", elsewhere, "_claim_sources", sources}, []string{"sales"}, true, ""},
		"no list":           {[]any{"groups", map[string]any{"sales": true}}, nil, false, "no list"},
		"a number":          {[]any{"groups", 7}, nil, false, "no list"},
	} {
		d := newDesk(t, func(w *testkit.IssuerWays) { w.Person = person(c.claims...) })
		got := d.said(t)
		if !slices.Equal(got.Groups, c.want) || got.Grouped != c.told {
			t.Errorf("%s: %d %q, told %t", name, len(got.Groups), got.Groups, got.Grouped)
		}
		if text := d.log.String(); (text != "") != (c.log != "") || !strings.Contains(text, c.log) {
			t.Errorf("%s: in the log: %q", name, text)
		}
	}
}
