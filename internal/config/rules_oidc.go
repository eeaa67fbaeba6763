package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/karuta-bi/karuta/internal/core"
)

// nameMax is how many characters of an issuer's name fit on a button.
const nameMax = 60

// discovery begins the path below an issuer's address at which it tells of itself.
const discovery = "/.well-known/"

// checkOIDC finds what is wrong with the settings of an issuer: they are there
// together or not at all.
func (c *Config) checkOIDC() []error {
	var problems []error
	wrong := func(name, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: "+format, append([]any{name}, args...)...))
	}
	if c.PublicURL != "" && !c.safeURL(c.PublicURL, false) {
		wrong("PUBLIC_URL", "%q is not an address such as https://bi.example.com, without a path", c.PublicURL)
	}
	if c.OIDCIssuer == "" && c.OIDCClientID == "" && c.OIDCSecret == "" {
		return problems
	}
	for _, needed := range []struct{ name, value string }{
		{"OIDC_ISSUER", c.OIDCIssuer}, {"OIDC_CLIENT_ID", c.OIDCClientID}, {"OIDC_CLIENT_SECRET", c.OIDCSecret.Reveal()}, {"PUBLIC_URL", c.PublicURL},
	} {
		if needed.value == "" {
			wrong(needed.name, "signing in with OpenID Connect needs OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and PUBLIC_URL; set it, or none of the first three")
		}
	}
	if c.OIDCIssuer != "" && (!c.safeURL(c.OIDCIssuer, true) || strings.Contains(c.OIDCIssuer, discovery)) {
		wrong("OIDC_ISSUER", "%q is not an https address such as https://login.example.com, without %s...", c.OIDCIssuer, discovery)
	}
	if !slices.Contains(strings.Fields(c.OIDCScopes), "openid") {
		wrong("OIDC_SCOPES", "openid must be among it")
	}
	if utf8.RuneCountInString(c.OIDCName) > nameMax || strings.ContainsFunc(c.OIDCName, unicode.IsControl) {
		wrong("OIDC_NAME", "want one line of at most %d characters", nameMax)
	}
	for _, d := range c.OIDCDomains {
		if d != strings.ToLower(d) || !strings.Contains(d, ".") || strings.ContainsAny(d, "@/: *") {
			wrong("OIDC_EMAIL_DOMAINS", "%q is not a domain in lower case such as example.com", d)
		}
	}
	return problems
}

// safeURL tells whether it is an https address without anything behind the path. Plain
// http is for one's own machine: what goes there can be read on the way.
func (c *Config) safeURL(text string, path bool) bool {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Opaque != "" {
		return false
	}
	if u.Path != "" && !path {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && !c.deployed() && core.IsLoopback(u.Hostname())
}
