package oidc_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/oidc"
	"github.com/karuta-bi/karuta/internal/testkit"
)

// desk is an issuer and the way to it, at a time that stands still.
type desk struct {
	*oidc.Provider
	issuer *testkit.Issuer
	log    bytes.Buffer
	now    time.Time
}

func newDesk(t *testing.T, change func(*testkit.IssuerWays)) *desk {
	t.Helper()
	d := &desk{issuer: testkit.NewIssuer(t, map[string]any{"sub": "1"}), now: time.Now()}
	d.issuer.Set(change)
	d.Provider = d.provider(d.issuer.URL, "key")
	t.Cleanup(d.Close)
	return d
}

func (d *desk) provider(issuer, key string, change ...func(*oidc.Config)) *oidc.Provider {
	c := oidc.Config{
		Issuer: issuer, ClientID: testkit.IssuerClient, ClientSecret: testkit.IssuerSecret, Redirect: "https://bi.example.com/back",
		Scopes: []string{"openid"}, GroupsClaim: "groups", Key: key,
		Log: slog.New(slog.NewTextHandler(&d.log, nil)), Clock: func() time.Time { return d.now },
	}
	for _, f := range change {
		f(&c)
	}
	return oidc.New(c)
}

// begin goes to the issuer; it gives what the browser keeps and what it brings back.
func (d *desk) begin(t *testing.T) (sealed string, answer url.Values) {
	t.Helper()
	address, kept, err := d.Begin(t.Context(), "/")
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	back, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	if kept.Tag == "" || kept.Tag != oidc.Tag(back.Query().Get("state")) {
		t.Errorf("kept as %q", kept.Tag)
	}
	return kept.Sealed, back.Query()
}

func (d *desk) signIn(t *testing.T) (*core.Claims, error) {
	t.Helper()
	sealed, answer := d.begin(t)
	f, err := d.Resume(t.Context(), sealed, answer)
	if err != nil {
		return nil, err
	}
	return d.Finish(t.Context(), f, answer.Get("code"))
}

func (d *desk) said(t *testing.T) *core.Claims {
	t.Helper()
	c, err := d.signIn(t)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// person is what an issuer says of a person: a few claims besides the subject.
func person(claims ...any) map[string]any {
	p := map[string]any{"sub": "1"}
	for i := 0; i < len(claims); i += 2 {
		p[claims[i].(string)] = claims[i+1]
	}
	return p
}

func wantProblem(t *testing.T, err error, code core.Code, reason string) {
	t.Helper()
	want := &core.Error{Code: code, Reason: reason}
	if got, ok := err.(*core.Error); !ok || got.Code != want.Code || got.Reason != want.Reason {
		t.Errorf("%v, want %s.%s", err, code, reason)
	}
}

// long is more than an answer may have.
var long = strings.Repeat("x", 2<<20)

func status(at string, code int) func(string) int {
	return func(path string) int {
		if path == at {
			return code
		}
		return 0
	}
}

var discovery = "/.well-known/openid-configuration"

// Whatever cannot be had of the issuer is an outage, and nobody's fault.
func TestAnIssuerThatCannotBeUsed(t *testing.T) {
	document := func(name string, value any) func(*testkit.IssuerWays) {
		return func(w *testkit.IssuerWays) { w.Document = func(d map[string]any) { d[name] = value } }
	}
	for name, change := range map[string]func(*testkit.IssuerWays){
		"away":                func(w *testkit.IssuerWays) { w.Refuse = status(discovery, 503) },
		"names another":       document("issuer", "https://evil.example"),
		"no keys":             document("jwks_uri", ""),
		"nowhere to exchange": document("token_endpoint", ""),
		"endless document":    document("padding", long),
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, change)
			for range 2 { // what failed is not kept
				_, _, err := d.Begin(t.Context(), "/")
				wantProblem(t, err, core.CodeUnavailable, "sign_in")
			}
			if d.Check(t.Context()) == nil {
				t.Error("the check finds nothing")
			}
			d.issuer.Set(func(w *testkit.IssuerWays) { w.Refuse, w.Document = nil, nil })
			if c := d.said(t); c.Subject != "1" || c.Issuer != d.issuer.URL {
				t.Errorf("%+v", c)
			}
		})
	}
	for name, change := range map[string]func(*testkit.IssuerWays){
		"keys away":         func(w *testkit.IssuerWays) { w.Refuse = status("/keys", 500) },
		"keys nowhere":      document("jwks_uri", "http://127.0.0.1:1/keys"),
		"endless token":     func(w *testkit.IssuerWays) { w.Token = func(c jwt.MapClaims) { c["padding"] = long } },
		"exchange is away":  func(w *testkit.IssuerWays) { w.Refuse = status("/token", 502) },
		"we are not known":  func(w *testkit.IssuerWays) { w.Refuse = status("/token", 401) },
		"exchange hung up":  document("token_endpoint", "http://127.0.0.1:1/token"),
		"answer says wrong": func(w *testkit.IssuerWays) { w.Answer = func(a url.Values) { a.Set("error", "server_error") } },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, change)
			_, err := d.signIn(t)
			wantProblem(t, err, core.CodeUnavailable, "sign_in")
			d.issuer.Set(func(w *testkit.IssuerWays) { *w = testkit.IssuerWays{Person: w.Person} })
			d.said(t) // what did not work is not believed for an hour
		})
	}
}

// What the issuer said of itself is believed for an hour, and longer while it is away.
func TestWhatIsKnownHoldsOn(t *testing.T) {
	d := newDesk(t, func(*testkit.IssuerWays) {})
	for _, step := range []struct {
		after time.Duration
		away  bool
		calls int // to the issuer, in all
	}{
		{0, false, 1}, {59 * time.Minute, true, 1}, {time.Minute, true, 2}, {59 * time.Second, true, 2}, {time.Second, true, 3},
		{time.Minute, false, 4}, {59 * time.Minute, false, 4},
	} {
		d.now = d.now.Add(step.after)
		d.issuer.Set(func(w *testkit.IssuerWays) {
			if w.Refuse = nil; step.away {
				w.Refuse = status(discovery, 500)
			}
		})
		address, _, err := d.Begin(t.Context(), "/")
		if err != nil || !strings.HasPrefix(address, d.issuer.URL+"/authorize?") || d.issuer.Calls(discovery) != step.calls {
			t.Errorf("%+v: %q %v after %d calls", step, address, err, d.issuer.Calls(discovery))
		}
	}
	if !strings.Contains(d.log.String(), "what it said before holds on") {
		t.Error(d.log.String())
	}
}

// An issuer may sign in another way from now on, with a key that it shows.
func TestTokensMaySignInAnotherWay(t *testing.T) {
	d := newDesk(t, func(*testkit.IssuerWays) {})
	for _, method := range []jwt.SigningMethod{nil, jwt.SigningMethodPS256, jwt.SigningMethodRS512} { // the document names RS256 alone of them
		d.issuer.Set(func(w *testkit.IssuerWays) { w.Method = method })
		if c := d.said(t); c.Subject != "1" {
			t.Errorf("%v: %+v", method, c)
		}
	}
}

// Flows are told apart by what only our own states begin with.
func TestTag(t *testing.T) {
	for state, want := range map[string]string{
		"ABCDEFGHIJ": "ABCDEFGH", "A2345672XYZ": "A2345672", "ABCDEFGH": "", "": "", "abcdefghij": "", "ABCDEFG;path=/": "", "ABC=DEFGHIJ": "", "日本語日本語": "",
	} {
		if got := oidc.Tag(state); got != want {
			t.Errorf("%q: %q", state, got)
		}
	}
}

// The secret goes where the issuer wants it, and nowhere else.
func TestTheSecretGoesOneWay(t *testing.T) {
	for _, c := range []struct {
		methods any
		basic   bool
	}{
		{nil, true}, {[]string{"client_secret_basic"}, true}, {[]string{"client_secret_post", "client_secret_basic"}, true},
		{[]string{"client_secret_post"}, false}, {[]string{"private_key_jwt", "client_secret_post"}, false},
	} {
		basic, body := false, ""
		d := newDesk(t, func(w *testkit.IssuerWays) {
			w.Document = func(d map[string]any) { d["token_endpoint_auth_methods_supported"] = c.methods }
			w.Hold = func(path string, r *http.Request) {
				if path == "/token" {
					_, _, basic = r.BasicAuth()
					body = r.PostFormValue("client_secret")
				}
			}
		})
		if d.said(t); basic != c.basic || (body == "") != c.basic || d.issuer.Calls("/token") != 1 {
			t.Errorf("%v: basic %t, %q among the parameters, %d calls", c.methods, basic, body, d.issuer.Calls("/token"))
		}
	}
}

// A flow ends in time, under the key that it began with, with an answer of its issuer.
func TestFlowsThatCannotEnd(t *testing.T) {
	d := newDesk(t, func(w *testkit.IssuerWays) {
		w.Document = func(d map[string]any) { d["authorization_response_iss_parameter_supported"] = true }
		w.Answer = func(a url.Values) { a.Set("iss", "placeholder") }
	})
	sealed, answer := d.begin(t)
	resume := func(p *oidc.Provider, sealed string) error {
		_, err := p.Resume(t.Context(), sealed, answer)
		return err
	}
	answer.Set("iss", d.issuer.URL)
	if err := resume(d.Provider, sealed); err != nil {
		t.Fatal(err)
	}
	other := d.provider(d.issuer.URL, "another key")
	t.Cleanup(other.Close)
	wantProblem(t, resume(other, sealed), core.CodeUnauthorized, "sign_in_expired")
	wantProblem(t, resume(d.Provider, ""), core.CodeUnauthorized, "sign_in_expired")
	if _, err := d.Resume(t.Context(), "", url.Values{"error": {"invalid_request"}}); !strings.Contains(err.Error(), "invalid_request") {
		t.Errorf("the log does not tell what the issuer says: %v", err)
	}
	answer.Set("iss", d.issuer.URL+"/")
	wantProblem(t, resume(d.Provider, sealed), core.CodeUnauthorized, "sign_in_refused")
	answer.Del("iss")
	wantProblem(t, resume(d.Provider, sealed), core.CodeUnauthorized, "sign_in_refused")
	answer.Set("iss", d.issuer.URL)
	d.now = d.now.Add(oidc.FlowTime - time.Second)
	if err := resume(d.Provider, sealed); err != nil {
		t.Error(err)
	}
	d.now = d.now.Add(time.Second)
	wantProblem(t, resume(d.Provider, sealed), core.CodeUnauthorized, "sign_in_expired")
	if f, _ := d.Resume(t.Context(), sealed, answer); f == nil || f.Return != "/" {
		t.Errorf("where the person wanted to be: %+v", f)
	}
}

// A check finds an issuer without PKCE, and asks it twice a minute at most.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		methods any
		good    bool
	}{{[]string{"plain"}, false}, {[]string{"plain", "S256"}, true}, {[]string{}, true}, {nil, true}} {
		d := newDesk(t, func(w *testkit.IssuerWays) {
			w.Document = func(d map[string]any) { d["code_challenge_methods_supported"] = c.methods }
		})
		if err := d.Check(t.Context()); (err == nil) != c.good {
			t.Errorf("%v: %v", c.methods, err)
		}
	}
	d := newDesk(t, func(w *testkit.IssuerWays) { w.Refuse = status(discovery, 500) })
	for _, step := range []struct {
		after time.Duration
		good  bool
		calls int
	}{{0, false, 1}, {29 * time.Second, false, 1}, {time.Second, true, 2}, {29 * time.Second, true, 2}, {time.Second, true, 3}} {
		d.now = d.now.Add(step.after)
		if err := d.Check(context.WithoutCancel(t.Context())); (err == nil) != step.good || d.issuer.Calls(discovery) != step.calls {
			t.Errorf("%+v: %v after %d calls", step, err, d.issuer.Calls(discovery))
		}
		d.issuer.Set(func(w *testkit.IssuerWays) { w.Refuse = nil })
	}
}
