package server

import (
	"bytes"
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/guard"
	"github.com/karuta-bi/karuta/internal/oidc"
	"github.com/karuta-bi/karuta/web"
)

// OIDCPath is where a sign-in at the issuer begins, and [OIDCCallback] where it comes back.
const (
	OIDCPath     = "/auth/oidc"
	OIDCCallback = OIDCPath + "/callback"
)

// home is where people go who do not say where they want to be.
const home = "/graphiql"

// beginOIDC sends a browser to the issuer. The flow stays in a cookie: only the
// browser that began it can end it.
func (s *server) beginOIDC(w http.ResponseWriter, r *http.Request) {
	to := localPath(r.URL.Query().Get("return"))
	address, kept, err := "", oidc.Kept{}, s.admitAnonymous(r.Context())
	if err == nil {
		address, kept, err = s.OIDC.Begin(r.Context(), to)
	}
	if err != nil {
		s.refuseSignIn(w, r, err, to)
		return
	}
	s.forgetFlows(w, r)
	s.setFlow(w, r, s.flowPrefix(r)+kept.Tag, kept.Sealed, int(oidc.FlowTime.Seconds()))
	http.Redirect(w, r, address, http.StatusSeeOther)
}

// endOIDC signs in whom the issuer sends back.
func (s *server) endOIDC(w http.ResponseWriter, r *http.Request) {
	answer, flow := r.URL.Query(), (*oidc.Flow)(nil)
	kept := s.takeFlow(w, r, oidc.Tag(answer.Get("state")))
	err := s.admitAnonymous(r.Context())
	if err == nil {
		flow, err = s.OIDC.Resume(r.Context(), kept, answer)
	}
	to := home
	if flow != nil {
		to = flow.Return
	}
	if err != nil {
		s.refuseSignIn(w, r, err, to)
		return
	}
	in, err := s.Resolver.Services.Identity.LoginExternal(r.Context(), flow.State, func(ctx context.Context) (*core.Claims, error) {
		return s.OIDC.Finish(ctx, flow, answer.Get("code"))
	})
	if err != nil {
		s.refuseSignIn(w, r, err, to)
		return
	}
	s.cookie(w, r).SignedIn(in.Token, in.Lifetime)
	var page bytes.Buffer
	if err := entered.Execute(&page, to); err != nil {
		panic(err) // a buffer takes everything
	}
	sendHTML(w, http.StatusOK, web.PagesPolicy, page.Bytes())
}

func (s *server) admitAnonymous(ctx context.Context) error {
	return s.Resolver.Services.Guard.Admit(ctx, guard.Charge{Class: core.RateAll, N: 1})
}

// entered goes on to where the person wanted to be. A redirect would not do: it is
// still the issuer's, and browsers send a cookie with SameSite=Strict to where a page
// of ours leads alone.
var entered = template.Must(template.New("entered").Parse(`<!doctype html>
<html lang="ja">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <meta http-equiv="refresh" content="0;url={{.}}">
    <title>Karuta</title>
  </head>
  <body><p><a href="{{.}}">続ける <span lang="en">Continue</span></a></p></body>
</html>
`))

// flowsMax is how many flows a browser keeps, in as many tabs.
const flowsMax = 5

// setFlow keeps a flow in the browser. The issuer's answer comes from another site, so
// the cookie is Lax; with TLS its name keeps other hosts of the domain from setting it.
func (s *server) setFlow(w http.ResponseWriter, r *http.Request, name, sealed string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: sealed, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode,
	})
}

// takeFlow is what the browser kept of the flow. It is needed once.
func (s *server) takeFlow(w http.ResponseWriter, r *http.Request, tag string) (sealed string) {
	name := s.flowPrefix(r) + tag
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	s.setFlow(w, r, name, "", -1)
	return c.Value
}

// forgetFlows makes room for one more flow. Browsers send the cookie first that they
// have had for longest (RFC 6265 §5.4).
func (s *server) forgetFlows(w http.ResponseWriter, r *http.Request) {
	var names []string
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, s.flowPrefix(r)) {
			names = append(names, c.Name)
		}
	}
	for _, name := range names[:max(0, len(names)-flowsMax+1)] {
		s.setFlow(w, r, name, "", -1)
	}
}

// flowPrefix begins the names of the cookies with flows.
func (s *server) flowPrefix(r *http.Request) string {
	if s.secure(r) {
		return "__Host-karuta_flow_"
	}
	return "karuta_flow_"
}

// refuseSignIn shows the sign-in page with what is wrong. What a technician needs is in the log.
func (s *server) refuseSignIn(w http.ResponseWriter, r *http.Request, err error, to string) {
	problem := s.engine.known(r.Context(), err, "")
	if status := problem.Code.HTTPStatus(); status < http.StatusInternalServerError {
		s.Log.WarnContext(r.Context(), "nobody was signed in by the issuer", slog.Any("error", problem))
	}
	setRetryAfter(w, problem.Details)
	s.signInPage(w, r, problem.Code.HTTPStatus(), signInView{Problem: map[core.Locale]string{
		core.Japanese: core.Sentence(core.Japanese, problem), core.English: core.Sentence(core.English, problem),
	}, Over: problem.Reason == "sign_in_expired", Return: to})
}

// localPath is a path on this server, [home] for everything else. What browsers read as
// another host (//host, /\host, with line ends and tabs left out) is none.
func localPath(path string) string {
	u, err := url.Parse(path)
	if err != nil || len(path) > 1000 || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsFunc(path, unsafeInPath) ||
		u.Scheme != "" || u.Host != "" || strings.HasPrefix(u.Path, OIDCPath) {
		return home
	}
	u.Fragment = "" // a page that is open already would not be loaded for it
	return u.String()
}

func unsafeInPath(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }
