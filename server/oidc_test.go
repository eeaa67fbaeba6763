package server_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"html"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/identity"
	"github.com/karuta-bi/karuta/internal/oidc"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/testkit"
	"github.com/karuta-bi/karuta/server"
)

const publicURL = "https://bi.example.com"

// hanako is who is signed in at the issuer.
func hanako() map[string]any {
	return map[string]any{"sub": "0001", "email": "Hanako@Example.com", "email_verified": true, "name": "山田 花子"}
}

// foyer is a house whose people may sign in with an issuer.
type foyer struct {
	*house
	issuer *testkit.Issuer
}

// ofCompany admits who has an address of the company, and makes accounts.
var ofCompany = identity.Admission{Domains: []string{"example.com"}, Create: true}

func newFoyer(t *testing.T, admits identity.Admission, change ...func(*server.Deps)) *foyer {
	t.Helper()
	f := &foyer{issuer: testkit.NewIssuer(t, hanako())}
	admits.Issuer = f.issuer.URL
	provider := oidc.New(oidc.Config{
		Issuer: f.issuer.URL, ClientID: testkit.IssuerClient, ClientSecret: testkit.IssuerSecret, Redirect: publicURL + server.OIDCCallback,
		Scopes: []string{"openid", "email", "profile"}, GroupsClaim: "groups", Key: secret, Log: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(provider.Close)
	f.house = openHouse(t, site{file: filepath.Join(t.TempDir(), "karuta.db"), blobs: accesstest.NewBlobs(), admits: admits},
		append([]func(*server.Deps){func(d *server.Deps) {
			d.OIDC, d.OIDCName, d.PublicURL, d.Local = provider, "Entra ID", publicURL, false
		}}, change...)...)
	return f
}

// browser keeps cookies as one does.
type browser struct {
	*foyer
	cookies map[string]string
	since   map[string]int // which answer made a cookie
}

// flowPrefix begins the names of the cookies with flows.
const flowPrefix = "__Host-karuta_flow_"

// flow is the cookie of the flow that an answer belongs to.
func (b *browser) flow(back string) (name, sealed string) {
	b.t.Helper()
	u, err := url.Parse(back)
	must(b.t, err)
	name = flowPrefix + u.Query().Get("state")[:8]
	return name, b.cookies[name]
}

func (f *foyer) browser() *browser { return &browser{f, map[string]string{}, map[string]int{}} }

// get asks Karuta. Cookies of another site's redirect are those that are Lax; older ones come first.
func (b *browser) get(path string) *answered {
	b.t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	for _, name := range slices.SortedFunc(maps.Keys(b.cookies), func(x, y string) int { return b.since[x] - b.since[y] }) {
		r.AddCookie(&http.Cookie{Name: name, Value: b.cookies[name]})
	}
	a := b.raw(r)
	for _, c := range a.Cookies() {
		b.since[c.Name] = len(b.since)
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return a
}

// begin goes to the issuer, and stops where that sends the browser back to.
func (b *browser) begin(path string) (back string) {
	b.t.Helper()
	a := b.get(path)
	if a.StatusCode != http.StatusSeeOther {
		b.t.Fatalf("%d %s", a.StatusCode, a.text)
	}
	return b.follow(a.Header.Get("Location"))
}

func (b *browser) follow(address string) (back string) {
	b.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(address)
	must(b.t, err)
	defer func() { _ = resp.Body.Close() }()
	to, found := strings.CutPrefix(resp.Header.Get("Location"), publicURL)
	if !found || !strings.HasPrefix(to, server.OIDCCallback+"?") {
		b.t.Fatalf("the issuer sends to %q (%d)", resp.Header.Get("Location"), resp.StatusCode)
	}
	return to
}

func (b *browser) signIn() *answered {
	b.t.Helper()
	return b.get(b.begin(server.OIDCPath))
}

// me is who the browser is signed in as.
func (b *browser) me() string {
	b.t.Helper()
	r := post(`{"query":"{ me { id email role groups { name } } }"}`, "X-Karuta-Client", "web", "Sec-Fetch-Site", "same-origin")
	r.AddCookie(&http.Cookie{Name: "karuta_session", Value: b.cookies["karuta_session"]})
	a := b.send(r)
	if a.code() != "" {
		return ""
	}
	return a.at("me.email")
}

// view is what the sign-in page is told.
type view struct {
	Issuer  struct{ Name, Address string }
	Problem map[string]string
	Over    bool
	Return  string
}

var slot = regexp.MustCompile(`name="sign-in" content="([^"]*)"`)

func (a *answered) view(t *testing.T) (v view) {
	t.Helper()
	found := slot.FindStringSubmatch(a.text)
	if found == nil {
		t.Fatalf("no sign-in page: %d %s", a.StatusCode, a.text)
	}
	must(t, json.Unmarshal([]byte(html.UnescapeString(found[1])), &v))
	return v
}

// turnedAway wants the sign-in page with a sentence, and nobody signed in.
func (b *browser) turnedAway(t *testing.T, a *answered, code core.Code, reason string) {
	t.Helper()
	want := &core.Error{Code: code, Reason: reason}
	v := a.view(t)
	if a.StatusCode != code.HTTPStatus() || v.Over != (reason == "sign_in_expired") || v.Problem["ja"] != core.Sentence(core.Japanese, want) || v.Problem["en"] != core.Sentence(core.English, want) {
		t.Errorf("%d %v, want %s.%s", a.StatusCode, v.Problem, code, reason)
	}
	if b.cookies["karuta_session"] != "" || b.me() != "" {
		t.Error("somebody is signed in")
	}
	if len(b.cookies) != 0 && reason != "sign_in_expired" { // an answer of another flow ends none of this browser's
		t.Errorf("left in the browser: %v", b.cookies)
	}
}

// ATH-9: a first and a second sign-in, as a browser does it.
func TestSignInWithAnIssuer(t *testing.T) {
	f := newFoyer(t, ofCompany)
	b := f.browser()
	page := b.get("/graphiql")
	if v := page.view(t); v.Issuer.Name != "Entra ID" || v.Issuer.Address != publicURL+"/auth/oidc?return=%2Fgraphiql" || v.Problem != nil || v.Over {
		t.Errorf("%+v", v)
	}
	a := b.get("/auth/oidc?return=%2Fgraphiql%3Fquery%3D1")
	asked, err := url.Parse(a.Header.Get("Location"))
	must(t, err)
	for name, want := range map[string]string{
		"client_id": testkit.IssuerClient, "response_type": "code", "scope": "openid email profile",
		"redirect_uri": publicURL + "/auth/oidc/callback", "code_challenge_method": "S256",
	} {
		if got := asked.Query().Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	flow := a.Cookies()[0]
	if flow.Name != flowPrefix+asked.Query().Get("state")[:8] || !flow.HttpOnly || !flow.Secure || flow.SameSite != http.SameSiteLaxMode || flow.Path != "/" || flow.MaxAge != 600 {
		t.Errorf("%+v", flow)
	}
	for _, hidden := range []string{"state", "nonce"} {
		if value := asked.Query().Get(hidden); len(value) < 40 || strings.Contains(flow.Value, value) {
			t.Errorf("%s %q", hidden, value)
		}
	}
	a = b.get(b.follow(asked.String()))
	if a.StatusCode != 200 || !strings.Contains(a.text, `content="0;url=/graphiql?query=1"`) || a.Header.Get("Content-Security-Policy") == "" {
		t.Fatalf("%d %s", a.StatusCode, a.text)
	}
	session := a.Cookies()[slices.IndexFunc(a.Cookies(), func(c *http.Cookie) bool { return c.Name == "karuta_session" })]
	if !session.HttpOnly || !session.Secure || session.SameSite != http.SameSiteStrictMode || session.MaxAge != 24*60*60 {
		t.Errorf("%+v", session)
	}
	if b.me() != "hanako@example.com" || len(b.cookies) != 1 {
		t.Fatalf("%q %v", b.me(), b.cookies)
	}
	first, err := f.store.Users.ByEmail(t.Context(), "hanako@example.com")
	must(t, err)
	if first.Name != "山田 花子" || first.Role != core.RoleUser || first.PasswordHash != "" {
		t.Errorf("%+v", first)
	}
	// The address changes at the issuer, and it is the same person.
	f.issuer.Set(func(w *testkit.IssuerWays) { w.Person["email"] = "hanako.suzuki@example.com" })
	other := f.browser()
	other.signIn()
	if other.me() != "hanako@example.com" {
		t.Errorf("the second time %q", other.me())
	}
	f.wantAudit(t, core.EventLogin, first.ID, "method", "oidc")
	f.wantAudit(t, core.EventUserCreated, "oidc", "method", "oidc")
	if f.ask("", `mutation { login(input: {email: "hanako@example.com", password: "Correct-Horse-9"}) { tokenType } }`, nil).code() != "UNAUTHORIZED" {
		t.Error("an account without a password has one")
	}
}

// wantAudit wants an event by the user with the detail.
func (h *house) wantAudit(t *testing.T, event core.EventType, userID, name, value string) {
	t.Helper()
	page, err := h.Audit.Search(core.AsSystem(context.Background(), "test"), core.AuditFilter{EventTypes: []core.EventType{event}, From: lately()}, core.PageArgs{First: 100})
	must(t, err)
	for _, ev := range page.Nodes {
		if ev.UserID == userID && ev.Details[name] == value {
			return
		}
	}
	t.Errorf("no %s by %s with %s=%s in %+v", event, userID, name, value, page.Nodes)
}

// What comes back and does not hold lets nobody in.
func TestForgedSignIns(t *testing.T) {
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	token := func(change func(jwt.MapClaims)) func(*testkit.IssuerWays) {
		return func(w *testkit.IssuerWays) { w.Token = change }
	}
	signed := func(sign func(jwt.MapClaims) string) func(*testkit.IssuerWays) {
		return func(w *testkit.IssuerWays) { w.Sign = sign }
	}
	by := func(method jwt.SigningMethod, key any) func(jwt.MapClaims) string {
		return func(claims jwt.MapClaims) string {
			token := jwt.NewWithClaims(method, claims)
			token.Header["kid"] = "one"
			text, err := token.SignedString(key)
			must(t, err)
			return text
		}
	}
	const refused, unavailable = core.CodeUnauthorized, core.CodeUnavailable
	f := newFoyer(t, ofCompany)
	for name, c := range map[string]struct {
		change func(*testkit.IssuerWays)
		code   core.Code
		reason string
	}{
		"another flow's token":     {token(func(c jwt.MapClaims) { c["nonce"] = "another" }), refused, "sign_in_refused"},
		"token without a flow":     {token(func(c jwt.MapClaims) { delete(c, "nonce") }), refused, "sign_in_refused"},
		"for another program":      {token(func(c jwt.MapClaims) { c["aud"] = "another" }), refused, "sign_in_refused"},
		"for nobody":               {token(func(c jwt.MapClaims) { delete(c, "aud") }), refused, "sign_in_refused"},
		"for us and another":       {token(func(c jwt.MapClaims) { c["aud"] = []string{"karuta", "another"} }), refused, "sign_in_refused"},
		"authorized for another":   {token(func(c jwt.MapClaims) { c["azp"] = "another" }), refused, "sign_in_refused"},
		"of another issuer":        {token(func(c jwt.MapClaims) { c["iss"] = "https://evil.example" }), refused, "sign_in_refused"},
		"over":                     {token(func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Second).Unix() }), refused, "sign_in_refused"},
		"never over":               {token(func(c jwt.MapClaims) { delete(c, "exp") }), refused, "sign_in_refused"},
		"not yet":                  {token(func(c jwt.MapClaims) { c["nbf"] = time.Now().Add(time.Hour).Unix() }), refused, "sign_in_refused"},
		"of nobody":                {token(func(c jwt.MapClaims) { delete(c, "sub") }), refused, "sign_in_refused"},
		"of another access token":  {token(func(c jwt.MapClaims) { c["at_hash"] = "AAAA" }), refused, "sign_in_refused"},
		"not signed":               {signed(by(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType)), refused, "sign_in_refused"},
		"signed with our secret":   {signed(by(jwt.SigningMethodHS256, []byte(testkit.IssuerSecret))), refused, "sign_in_refused"},
		"signed by a stranger":     {signed(by(jwt.SigningMethodRS256, stranger)), refused, "sign_in_refused"},
		"no token":                 {signed(func(jwt.MapClaims) string { return "" }), refused, "sign_in_refused"},
		"no claims":                {signed(func(jwt.MapClaims) string { return "a.b.c" }), refused, "sign_in_refused"},
		"another code":             {answer("code", "another"), refused, "sign_in_refused"},
		"no code":                  {answer("code", ""), refused, "sign_in_refused"},
		"answer of another issuer": {answer("iss", "https://evil.example"), refused, "sign_in_refused"},
		"another flow's state":     {answer("state", "another"), refused, "sign_in_expired"},
		"no state":                 {answer("state", ""), refused, "sign_in_expired"},
		"cancelled":                {answer("error", "access_denied"), refused, "sign_in_cancelled"},
		"wrong scope":              {answer("error", "invalid_scope"), unavailable, "sign_in"},
		"issuer is unwell":         {answer("error", "temporarily_unavailable"), unavailable, "sign_in"},
		"address not confirmed":    {token(func(c jwt.MapClaims) { c["email_verified"] = false }), core.CodeForbidden, "email_unverified"},
		"nothing said of it":       {token(func(c jwt.MapClaims) { delete(c, "email_verified") }), core.CodeForbidden, "email_unverified"},
		"no address":               {token(func(c jwt.MapClaims) { delete(c, "email") }), core.CodeForbidden, "email_unverified"},
		"no real address":          {token(func(c jwt.MapClaims) { c["email"] = "a@b@example.com" }), core.CodeForbidden, "email_unverified"},
		"of another company":       {token(func(c jwt.MapClaims) { c["email"] = "a@example.org" }), core.CodeForbidden, "email_domain"},
		"of a part of it":          {token(func(c jwt.MapClaims) { c["email"] = "a@evil.example.com" }), core.CodeForbidden, "email_domain"},
		"of a like one":            {token(func(c jwt.MapClaims) { c["email"] = "a@evilexample.com" }), core.CodeForbidden, "email_domain"},
		"token endpoint broken":    {func(w *testkit.IssuerWays) { w.Refuse = status("/token", 500) }, unavailable, "sign_in"},
		"we are not known":         {func(w *testkit.IssuerWays) { w.Refuse = status("/token", 401) }, unavailable, "sign_in"},
	} {
		t.Run(name, func(t *testing.T) {
			f.issuer.Set(func(w *testkit.IssuerWays) { *w = testkit.IssuerWays{Person: hanako()}; c.change(w) })
			b := f.browser()
			b.turnedAway(t, b.signIn(), c.code, c.reason)
		})
	}
	if u, err := f.store.Users.ByEmail(t.Context(), "hanako@example.com"); err != nil || u != nil {
		t.Errorf("somebody has got an account: %v %v", u, err)
	}
	f.issuer.Set(func(w *testkit.IssuerWays) { *w = testkit.IssuerWays{Person: hanako()} })
	if b := f.browser(); b.signIn().StatusCode != 200 || b.me() == "" {
		t.Error("after all this nobody can sign in")
	}
	f.wantAudit(t, core.EventLoginFailed, "anonymous", "reason", "email_domain")
	f.wantAudit(t, core.EventLoginFailed, "anonymous", "reason", "sign_in_refused")
}

// answer changes what the browser brings back; "" takes it away.
func answer(name, value string) func(*testkit.IssuerWays) {
	return func(w *testkit.IssuerWays) {
		w.Answer = func(back url.Values) {
			if back.Set(name, value); value == "" {
				back.Del(name)
			}
			if name == "error" {
				back.Del("code")
			}
		}
	}
}

func status(at string, code int) func(string) int {
	return func(path string) int {
		if path == at {
			return code
		}
		return 0
	}
}

// A sign-in ends once, in the browser that began it, and with the verifier that it began with.
func TestSignInBelongsToOneBrowser(t *testing.T) {
	f := newFoyer(t, ofCompany)
	const expired = "sign_in_expired"
	t.Run("replayed", func(t *testing.T) {
		b := f.browser()
		back := b.begin(server.OIDCPath)
		name, flow := b.flow(back)
		if b.get(back).StatusCode != 200 {
			t.Fatal("the first time")
		}
		again := f.browser()
		again.cookies[name] = flow // somebody has read the disk
		calls := f.issuer.Calls("/token")
		again.turnedAway(t, again.get(back), core.CodeUnauthorized, expired)
		if f.issuer.Calls("/token") != calls {
			t.Error("the issuer was asked again")
		}
	})
	t.Run("of somebody else", func(t *testing.T) { // login CSRF: a link that signs the victim in as the attacker
		attacker, victim := f.browser(), f.browser()
		back := attacker.begin(server.OIDCPath)
		victim.turnedAway(t, victim.get(back), core.CodeUnauthorized, expired)
		own := victim.begin(server.OIDCPath)
		if a := victim.get(back); a.StatusCode != http.StatusUnauthorized || victim.me() != "" {
			t.Errorf("%d %s", a.StatusCode, a.text)
		}
		if victim.get(own).StatusCode != 200 {
			t.Error("the victim cannot sign in any more")
		}
	})
	t.Run("somebody else's code", func(t *testing.T) { // an injected code fails by its challenge
		attacker, victim := f.browser(), f.browser()
		theirs, err := url.Parse(attacker.begin(server.OIDCPath))
		must(t, err)
		ours, err := url.Parse(victim.begin(server.OIDCPath))
		must(t, err)
		mixed := ours.Query()
		mixed.Set("code", theirs.Query().Get("code"))
		victim.turnedAway(t, victim.get(server.OIDCCallback+"?"+mixed.Encode()), core.CodeUnauthorized, "sign_in_refused")
	})
	t.Run("a cookie that we did not make", func(t *testing.T) {
		for _, forged := range []string{"x", "AAAA", strings.Repeat("A", 400)} {
			b := f.browser()
			back := b.begin(server.OIDCPath)
			name, _ := b.flow(back)
			b.cookies[name] = forged
			b.turnedAway(t, b.get(back), core.CodeUnauthorized, expired)
		}
	})
	t.Run("in several tabs", func(t *testing.T) {
		b := f.browser()
		var backs []string
		for range 6 {
			backs = append(backs, b.begin(server.OIDCPath+"?return=/tab"))
		}
		for i, back := range backs {
			a := b.get(back)
			if i > 0 && a.StatusCode != 200 {
				t.Errorf("tab %d: %d %s", i, a.StatusCode, a.text)
			}
			if i == 0 && a.view(t).Problem["en"] == "" { // of the oldest
				t.Error("one browser keeps any number of flows")
			}
		}
		if len(b.cookies) != 1 {
			t.Errorf("left in the browser: %v", b.cookies)
		}
	})
	t.Run("twice the same", func(t *testing.T) {
		b := f.browser()
		back := b.begin(server.OIDCPath)
		b.turnedAway(t, b.get(back+"&state=x"), core.CodeUnauthorized, expired)
		b.turnedAway(t, b.get(b.begin(server.OIDCPath)+"&code=x"), core.CodeUnauthorized, "sign_in_refused")
	})
}

// Nobody is led to another site.
func TestSignInReturnsHere(t *testing.T) {
	f := newFoyer(t, ofCompany)
	for given, want := range map[string]string{
		"": "/graphiql", "/": "/", "/x?a=1&b=2": "/x?a=1&amp;b=2", "/x#y": "/x", "/日本": "/%e6%97%a5%e6%9c%ac",
		"https://evil.example": "/graphiql", "//evil.example": "/graphiql", `/\evil.example`: "/graphiql", `\/evil.example`: "/graphiql", "/\t/evil.example": "/graphiql",
		"javascript:alert(1)": "/graphiql", "evil": "/graphiql", "/\n/evil.example": "/graphiql", "///evil.example": "/graphiql", "/auth/oidc": "/graphiql",
		"/auth/oidc/callback?x": "/graphiql", "/" + strings.Repeat("x", 1000): "/graphiql", "/%zz": "/graphiql", `/"><script>`: "/%22%3e%3cscript%3e",
	} {
		b := f.browser()
		a := b.get(b.begin(server.OIDCPath + "?return=" + url.QueryEscape(given)))
		if a.StatusCode != 200 || !strings.Contains(strings.ToLower(a.text), `content="0;url=`+want+`"`) {
			t.Errorf("%q: %d %s", given, a.StatusCode, a.text)
		}
	}
	f.issuer.Set(func(w *testkit.IssuerWays) { answer("error", "access_denied")(w) })
	for given, want := range map[string]string{"//evil.example": "/graphiql", "/x": "/x"} {
		b := f.browser()
		if v := b.get(b.begin(server.OIDCPath + "?return=" + given)).view(t); v.Return != want {
			t.Errorf("%q: cancelled: %+v", given, v)
		}
	}
}

// An issuer that is away or slow keeps nobody from their password.
func TestIssuerAway(t *testing.T) {
	f := newFoyer(t, ofCompany)
	_, _ = f.user(core.RoleUser)
	local := func(t *testing.T) {
		t.Helper()
		if a := f.ask("", `mutation { login(input: {email: "u@example.com", password: "`+password+`"}) { tokenType } }`, nil); a.code() != "" {
			t.Error(a.text)
		}
	}
	t.Run("from the start", func(t *testing.T) {
		f.issuer.Set(func(w *testkit.IssuerWays) { w.Refuse = status("/.well-known/openid-configuration", 503) })
		b := f.browser()
		b.turnedAway(t, b.get(server.OIDCPath), core.CodeUnavailable, "sign_in")
		local(t)
	})
	t.Run("back again", func(t *testing.T) {
		f.issuer.Set(func(w *testkit.IssuerWays) { w.Refuse = nil })
		if b := f.browser(); b.signIn().StatusCode != 200 {
			t.Error("nobody is let in")
		}
	})
	t.Run("slow", func(t *testing.T) {
		f.issuer.Set(func(w *testkit.IssuerWays) {
			w.Hold = func(path string, r *http.Request) {
				if path == "/token" {
					<-r.Context().Done() // until the caller hangs up
				}
			}
		})
		b := f.browser()
		back := b.begin(server.OIDCPath)
		r := httptest.NewRequest("GET", back, nil)
		name, flow := b.flow(back)
		r.AddCookie(&http.Cookie{Name: name, Value: flow})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if a := f.raw(r.WithContext(ctx)); a.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%d %s", a.StatusCode, a.text)
		}
		local(t)
	})
}

// Two first sign-ins at once make one person.
func TestFirstSignInsAtOnce(t *testing.T) {
	f := newFoyer(t, ofCompany)
	const many = 8
	browsers := make([]*browser, many)
	backs := make([]string, many)
	for i := range browsers {
		browsers[i] = f.browser()
		backs[i] = browsers[i].begin(server.OIDCPath)
	}
	var all sync.WaitGroup
	for i, b := range browsers {
		all.Go(func() { b.get(backs[i]) })
	}
	all.Wait()
	for _, b := range browsers {
		if b.me() != "hanako@example.com" {
			t.Errorf("signed in as %q", b.me())
		}
	}
	people, err := f.store.Users.Search(t.Context(), "", func(*core.User) bool { return true }, 10)
	must(t, err)
	if len(people) != 1 {
		t.Errorf("%d people", len(people))
	}
}

// account is a person with a password.
func (f *foyer) account(t *testing.T, email string, role core.Role) *core.User {
	t.Helper()
	u := &core.User{ID: core.NewID(core.NounUser), Email: email, Name: "花子", Role: role, PasswordHash: hash(), CreatedAt: store.Now(), UpdatedAt: store.Now()}
	must(t, f.store.Users.Create(t.Context(), u))
	return u
}

// An address opens an account that is there only where the company vouches for it.
func TestLinkingAccounts(t *testing.T) {
	const mail = "hanako@example.com"
	system := core.AsSystem(t.Context(), "test")
	t.Run("of a named domain", func(t *testing.T) {
		f := newFoyer(t, ofCompany)
		u := f.account(t, mail, core.RoleUser)
		b := f.browser()
		b.signIn()
		if b.me() != mail {
			t.Fatal("is not let in")
		}
		f.wantAudit(t, core.EventUserUpdated, "oidc", "linked", f.issuer.URL)
		if f.ask("", `mutation { login(input: {email: "`+mail+`", password: "`+password+`"}) { tokenType } }`, nil).code() != "" {
			t.Error("the password is gone")
		}
		// The address is given to somebody else at the issuer: they are not Hanako.
		f.issuer.Set(func(w *testkit.IssuerWays) { w.Person["sub"] = "0002" })
		other := f.browser()
		other.turnedAway(t, other.signIn(), core.CodeForbidden, "account_exists")
		f.wantAudit(t, core.EventLoginFailed, u.ID, "reason", "account_exists")
	})
	t.Run("parted and linked anew", func(t *testing.T) {
		f := newFoyer(t, ofCompany)
		adminID, admin := f.user(core.RoleAdmin)
		b := f.browser()
		b.signIn()
		u, err := f.store.Users.ByEmail(t.Context(), mail)
		must(t, err)
		unlink := func(dry bool) int { // how often the issuer is named
			a := f.ask(admin, `mutation($input: UnlinkUserInput!) { unlinkUser(input: $input) { user { issuerLink { issuer since } } links { issuer since } } }`, input("userId", u.ID, "dryRun", dry))
			if a.code() != "" {
				t.Errorf("%s", a.text)
			}
			return strings.Count(a.text, f.issuer.URL)
		}
		if n := unlink(true); n != 2 || b.me() != mail {
			t.Errorf("told only: %d, signed in as %q", n, b.me())
		}
		if n := unlink(false); n != 1 || b.me() != "" {
			t.Errorf("parted: %d, signed in as %q", n, b.me())
		}
		f.wantAudit(t, core.EventUserUpdated, adminID, "unlinked", f.issuer.URL)
		if n := unlink(false); n != 0 {
			t.Errorf("parted again: %d", n)
		}
		f.issuer.Set(func(w *testkit.IssuerWays) { w.Person["sub"] = "0002" })
		if b := f.browser(); b.signIn().StatusCode != 200 || b.me() != mail {
			t.Error("the account that replaces the old one is not let in")
		}
	})
	t.Run("of any domain", func(t *testing.T) {
		f := newFoyer(t, identity.Admission{Create: true})
		f.account(t, mail, core.RoleUser)
		b := f.browser()
		b.turnedAway(t, b.signIn(), core.CodeForbidden, "account_exists")
	})
	t.Run("an administrator's", func(t *testing.T) {
		f := newFoyer(t, ofCompany)
		f.account(t, mail, core.RoleAdmin)
		b := f.browser()
		b.turnedAway(t, b.signIn(), core.CodeForbidden, "account_exists")
	})
	t.Run("made an administrator afterwards", func(t *testing.T) {
		f := newFoyer(t, ofCompany)
		f.browser().signIn()
		u, err := f.store.Users.ByEmail(t.Context(), mail)
		must(t, err)
		_, err = f.identity.SetRole(system, u.ID, core.RoleAdmin)
		must(t, err)
		if b := f.browser(); b.signIn().StatusCode != 200 {
			t.Error("is not let in any more")
		}
	})
	t.Run("deactivated", func(t *testing.T) {
		f := newFoyer(t, ofCompany)
		f.user(core.RoleAdmin)
		u := f.account(t, mail, core.RoleUser)
		_, err := f.identity.Deactivate(system, u.ID)
		must(t, err)
		b := f.browser()
		b.turnedAway(t, b.signIn(), core.CodeForbidden, "sign_in_deactivated")
	})
	t.Run("deactivated afterwards", func(t *testing.T) {
		f := newFoyer(t, ofCompany)
		f.browser().signIn()
		u, err := f.store.Users.ByEmail(t.Context(), mail)
		must(t, err)
		_, err = f.identity.Deactivate(system, u.ID)
		must(t, err)
		b := f.browser()
		b.turnedAway(t, b.signIn(), core.CodeForbidden, "sign_in_deactivated")
		f.wantAudit(t, core.EventLoginFailed, u.ID, "reason", "sign_in_deactivated")
	})
	t.Run("nobody's, and none are made", func(t *testing.T) {
		f := newFoyer(t, identity.Admission{Domains: ofCompany.Domains})
		b := f.browser()
		b.turnedAway(t, b.signIn(), core.CodeForbidden, "no_account")
	})
}

// Groups that have a claim follow it at each sign-in, all others are left alone.
func TestGroupsFollowTheirClaims(t *testing.T) {
	f := newFoyer(t, ofCompany)
	_, admin := f.user(core.RoleAdmin)
	group := func(name, claim string) string {
		id := f.ask(admin, `mutation($input: CreateGroupInput!) { createGroup(input: $input) { group { id } } }`, input("name", name)).at("createGroup.group.id")
		if claim != "" {
			a := f.ask(admin, `mutation($input: SetGroupClaimInput!) { setGroupClaim(input: $input) { group { claim version } } }`, input("id", id, "version", 1, "claim", claim))
			if a.at("setGroupClaim.group.claim") != claim {
				t.Fatal(a.text)
			}
		}
		return id
	}
	sales, board, own := group("営業", "sales"), group("役員", "b0a2-4a55"), group("有志", "")
	signIn := func(groups any) (in []string) {
		t.Helper()
		f.issuer.Set(func(w *testkit.IssuerWays) {
			if w.Person["groups"] = groups; groups == nil {
				delete(w.Person, "groups")
			}
		})
		if a := f.browser().signIn(); a.StatusCode != 200 {
			t.Fatalf("%d %s", a.StatusCode, a.text)
		}
		u, err := f.store.Users.ByEmail(t.Context(), "hanako@example.com")
		must(t, err)
		return slices.Sorted(slices.Values(u.GroupIDs))
	}
	sorted := func(ids ...string) []string { return slices.Sorted(slices.Values(ids)) }
	user := ""
	for _, c := range []struct {
		name   string
		claim  any
		before func()
		want   []string
	}{
		{"first", []string{"sales", "unknown"}, nil, sorted(sales)},
		{"moved", []string{"b0a2-4a55"}, func() {
			u, err := f.store.Users.ByEmail(t.Context(), "hanako@example.com")
			must(t, err)
			user = u.ID
			if a := f.ask(admin, `mutation($input: AddGroupMemberInput!) { addGroupMember(input: $input) { group { id } } }`, input("groupId", own, "userId", user)); a.code() != "" {
				t.Fatal(a.text)
			}
		}, sorted(board, own)},
		{"nothing said", nil, nil, sorted(board, own)},
		{"something else said", map[string]any{"a": 1}, nil, sorted(board, own)},
		{"one alone", "sales", nil, sorted(sales, own)},
		{"in none", []string{}, nil, sorted(own)},
		{"bad names", []any{1, nil, "", strings.Repeat("x", 3000), "sales\n", "Sales", "sales"}, nil, sorted(sales, own)},
		{"no claim any more", []string{}, func() {
			a := f.ask(admin, `mutation($input: SetGroupClaimInput!) { setGroupClaim(input: $input) { group { claim } } }`, input("id", sales, "version", 2))
			if a.code() != "" || a.at("setGroupClaim.group.claim") != "<nil>" {
				t.Fatal(a.text)
			}
		}, sorted(sales, own)},
	} {
		if c.before != nil {
			c.before()
		}
		if got := signIn(c.claim); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	f.wantAudit(t, core.EventGroupMemberAdded, "oidc", "user", user)
	f.wantAudit(t, core.EventGroupMemberRemoved, "oidc", "user", user)
	// Entra ID keeps more than 200 groups for itself.
	f.issuer.Set(func(w *testkit.IssuerWays) {
		w.Token = func(c jwt.MapClaims) {
			delete(c, "groups")
			c["_claim_names"], c["_claim_sources"] = map[string]string{"groups": "src1"}, map[string]any{"src1": map[string]string{"endpoint": "https://graph.example/x"}}
		}
	})
	if got := signIn(nil); !slices.Equal(got, sorted(sales, own)) {
		t.Errorf("too many: %v", got)
	}
}

// Whoever fails often from one place waits, as with passwords, and may sign in with theirs;
// an outage counts for nobody.
func TestSignInIsBraked(t *testing.T) {
	f := newFoyer(t, ofCompany)
	f.close()
	provider := oidc.New(oidc.Config{
		Issuer: f.issuer.URL, ClientID: testkit.IssuerClient, ClientSecret: testkit.IssuerSecret, Redirect: publicURL + server.OIDCCallback,
		Scopes: []string{"openid"}, GroupsClaim: "groups", Key: secret, Log: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(provider.Close)
	f.house = openHouse(t, site{file: filepath.Join(t.TempDir(), "karuta.db"), blobs: accesstest.NewBlobs(), admits: ofCompany, brakes: true},
		func(d *server.Deps) { d.OIDC = provider })
	f.issuer.Set(func(w *testkit.IssuerWays) { w.Refuse = status("/token", 500) })
	for range 7 {
		if a := f.browser().signIn(); a.StatusCode != 503 {
			t.Fatalf("%d %s", a.StatusCode, a.text)
		}
	}
	f.issuer.Set(func(w *testkit.IssuerWays) { w.Refuse = nil; w.Person["email_verified"] = false })
	for range 5 {
		if a := f.browser().signIn(); a.StatusCode != 403 {
			t.Fatalf("%d %s", a.StatusCode, a.text)
		}
	}
	calls := f.issuer.Calls("/token")
	a := f.browser().signIn()
	if a.StatusCode != 429 || a.Header.Get("Retry-After") == "" || a.view(t).Problem["ja"] == "" || f.issuer.Calls("/token") != calls {
		t.Errorf("%d %v %s", a.StatusCode, a.Header, a.text)
	}
	f.account(t, "local@example.com", core.RoleUser)
	if a := f.ask("", `mutation { login(input: {email: "local@example.com", password: "`+password+`"}) { tokenType } }`, nil); a.code() != "" {
		t.Error(a.text)
	}
}

// Without an issuer there is no way to it, and the page offers none.
func TestNoIssuer(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{server.OIDCPath, server.OIDCCallback} {
		if a := h.send(get(path)); a.StatusCode != 404 {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
	if v := h.raw(get("/graphiql")).view(t); v.Issuer.Address != "" || v.Return != "/graphiql" {
		t.Errorf("%+v", v)
	}
}
