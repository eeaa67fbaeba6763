package app

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/testkit"
)

// visited is a Karuta whose people may sign in at the issuer.
func visited(t *testing.T, i *testkit.Issuer, change func(*config.Config)) *App {
	t.Helper()
	a := &App{Log: slog.New(slog.DiscardHandler)}
	a.Config = config.Config{
		OIDCIssuer: i.URL, OIDCClientID: testkit.IssuerClient, OIDCSecret: testkit.IssuerSecret, OIDCScopes: "openid email", OIDCGroups: "groups",
		OIDCDomains: []string{"example.com"}, OIDCCreate: true, PublicURL: "https://bi.example.com",
	}
	change(&a.Config)
	a.openOIDC("secret")
	t.Cleanup(a.OIDC.Close)
	return a
}

// DIA-1: the doctor asks the issuer, says where it is to send people back to, and
// warns where anybody would get an account.
func TestDoctorLooksAtTheIssuer(t *testing.T) {
	anybody := func(c *config.Config) { c.OIDCDomains = nil }
	for name, c := range map[string]struct {
		config func(*config.Config)
		issuer func(*testkit.IssuerWays)
		want   CheckStatus
		found  string
		fix    string
	}{
		"well":              {func(*config.Config) {}, func(*testkit.IssuerWays) {}, CheckOK, "https://bi.example.com/auth/oidc/callback", ""},
		"of any domain":     {anybody, func(*testkit.IssuerWays) {}, CheckWarn, "answers", "OIDC_EMAIL_DOMAINS"},
		"makes none":        {func(c *config.Config) { anybody(c); c.OIDCCreate = false }, func(*testkit.IssuerWays) {}, CheckOK, "answers", ""},
		"away":              {anybody, away, CheckFail, "503", "OIDC_ISSUER"},
		"without S256":      {func(*config.Config) {}, plain, CheckFail, "S256", "OIDC_ISSUER"},
		"another secret":    {func(c *config.Config) { c.OIDCSecret = "x" }, func(*testkit.IssuerWays) {}, CheckFail, "invalid_client", "OIDC_CLIENT_SECRET"},
		"not known at all":  {func(c *config.Config) { c.OIDCClientID = "x" }, func(*testkit.IssuerWays) {}, CheckFail, "does not know us", "OIDC_CLIENT_ID"},
		"exchanges nowhere": {func(*config.Config) {}, unreached, CheckFail, "127.0.0.1:1", "OIDC_CLIENT_ID"},
		"another's name":    {func(c *config.Config) { c.OIDCIssuer += "/" }, func(*testkit.IssuerWays) {}, CheckFail, "did not match", "OIDC_ISSUER"},
	} {
		t.Run(name, func(t *testing.T) {
			i := testkit.NewIssuer(t, nil)
			i.Set(c.issuer)
			got := visited(t, i, c.config).oidcCheck(t.Context())
			if got.Name != "sign-in" || got.Status != c.want || !strings.Contains(got.Found, c.found) || !strings.Contains(got.Fix, c.fix) || (got.Fix == "") != (c.fix == "") {
				t.Errorf("%+v", got)
			}
		})
	}
}

func away(w *testkit.IssuerWays) {
	w.Refuse = func(string) int { return http.StatusServiceUnavailable }
}

func unreached(w *testkit.IssuerWays) {
	w.Document = func(d map[string]any) { d["token_endpoint"] = "http://127.0.0.1:1/token" }
}

func plain(w *testkit.IssuerWays) {
	w.Document = func(d map[string]any) { d["code_challenge_methods_supported"] = []string{"plain"} }
}

// HLT-2: an issuer is a part of the system, without which it serves on.
func TestAnIssuerIsNotNeeded(t *testing.T) {
	for _, c := range []struct {
		issuer func(*testkit.IssuerWays)
		want   graph.HealthStatus
	}{{func(*testkit.IssuerWays) {}, graph.HealthStatusOk}, {away, graph.HealthStatusDown}} {
		i := testkit.NewIssuer(t, nil)
		i.Set(c.issuer)
		a := visited(t, i, func(c *config.Config) { c.DynamoDBTablePrefix = "bi_" })
		a.Store, a.Blobs, a.Executor, a.Audit = store.New(&halfStore{}), emptyBlobs{err: blob.ErrNotFound}, unreachable(), quietAudit(t)
		health := a.newMonitor().Health(core.AsSystem(t.Context(), "test"))
		at := slices.IndexFunc(health.Components, func(c graph.HealthComponent) bool { return c.Name == "sign-in" })
		if at < 0 || health.Components[at].Status != c.want || health.Status == graph.HealthStatusDown {
			t.Errorf("%s: %+v", health.Status, health.Components)
		}
	}
}
