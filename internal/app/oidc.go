package app

import (
	"context"
	"strings"

	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/oidc"
	"github.com/karuta-bi/karuta/server"
)

// openOIDC prepares the way to the issuer, where there is one. Nobody is asked yet.
func (a *App) openOIDC(secret string) {
	c := a.Config
	if !c.OIDC() {
		return
	}
	a.OIDC = oidc.New(oidc.Config{
		Issuer: c.OIDCIssuer, ClientID: c.OIDCClientID, ClientSecret: c.OIDCSecret.Reveal(), Redirect: c.PublicURL + server.OIDCCallback,
		Scopes: strings.Fields(c.OIDCScopes), GroupsClaim: c.OIDCGroups, Key: derived(secret, "sign-in flows"), Log: a.named("oidc"),
	})
	a.atClose(func(context.Context) error { a.OIDC.Close(); return nil })
}

// signInWays are how people may sign in.
func (a *App) signInWays() []graph.SignInWay {
	ways := []graph.SignInWay{{Kind: graph.SignInKindPassword}}
	if a.OIDC != nil {
		path, way := server.OIDCPath, graph.SignInWay{Kind: graph.SignInKindOidc}
		if way.Path = &path; a.Config.OIDCName != "" {
			way.Name = &a.Config.OIDCName
		}
		ways = append(ways, way)
	}
	return ways
}

// oidcCheck asks the issuer, and looks at who may come in.
func (a *App) oidcCheck(ctx context.Context) Check {
	const name = "sign-in"
	if err := a.OIDC.Check(ctx); err != nil {
		return bad(name, err, "OIDC_ISSUER is to be what the issuer calls itself, to the last slash, and reached from here; people sign in with passwords meanwhile")
	}
	if err := a.OIDC.CheckClient(ctx); err != nil {
		return bad(name, err, "copy OIDC_CLIENT_ID and OIDC_CLIENT_SECRET anew from the issuer, whose token address is to be reached from here; people sign in with passwords meanwhile")
	}
	found := a.Config.OIDCIssuer + " answers; it is to send people back to " + a.Config.PublicURL + server.OIDCCallback
	if len(a.Config.OIDCDomains) == 0 && a.Config.OIDCCreate {
		return Check{name, CheckWarn, found, "whoever the issuer knows gets an account: name your domains in OIDC_EMAIL_DOMAINS, unless the issuer knows your people alone"}
	}
	return good(name, found)
}
