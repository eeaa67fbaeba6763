package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/identity"
	"github.com/karuta-bi/karuta/resolvers"
)

const (
	cookieName   = "karuta_session"
	clientHeader = "X-Karuta-Client" // "web" from pages of ours; no other site's page can send it
)

// who finds out who is asking. A credential that does not hold stops nobody
// here: public fields do not mind, all others answer with what is wrong.
func (s *server) who(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		client := r.Header.Get(clientHeader)
		if ownEventSource(r, s.origins) {
			client = "web"
		}
		var until time.Time
		token, err := s.credential(r, client)
		if err == nil {
			until, err = s.identify(ctx, token)
		}
		if err != nil {
			ctx = resolvers.WithCredentialProblem(ctx, err)
		}
		ctx = withSignedInUntil(ctx, until)
		if r.Header.Get(clientHeader) == "web" {
			ctx = resolvers.WithBrowser(ctx, s.cookie(w, r))
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// identify makes the request's actor whoever holds the token, a person or a
// program with a key, and tells until when it holds. Without a token the actor
// stays anonymous.
func (s *server) identify(ctx context.Context, token string) (until time.Time, err error) {
	if identity.IsAPIKey(token) {
		return s.withKey(ctx, token)
	}
	return s.signedIn(ctx, token)
}

func (s *server) signedIn(ctx context.Context, token string) (until time.Time, err error) {
	if token == "" {
		return until, nil
	}
	user, session, err := s.Resolver.Services.Identity.Authenticate(ctx, token)
	if err != nil {
		return until, err
	}
	actsFor(ctx, user).SessionID = session.ID
	return session.ExpiresAt, nil
}

func (s *server) withKey(ctx context.Context, token string) (until time.Time, err error) {
	user, key, err := s.Resolver.Services.Identity.AuthenticateKey(ctx, token)
	if err != nil {
		return until, err
	}
	actsFor(ctx, user).Key = key
	return key.ExpiresAt, nil
}

// actsFor makes the request's actor, which is its alone (see around), the user.
func actsFor(ctx context.Context, user *core.User) *core.Actor {
	actor := core.ActorFrom(ctx)
	actor.User = user
	if user.Locale != "" {
		actor.Locale = user.Locale
	}
	return actor
}

// credential is the token that the request carries, "" where it carries none.
// A cookie counts only together with proof that a page of ours sent it: its
// origin, and a client named "web".
func (s *server) credential(r *http.Request, client string) (string, error) {
	if token, found, err := bearer(r); found || err != nil {
		return token, err
	}
	c, err := r.Cookie(cookieName)
	if err != nil || c.Value == "" {
		return "", nil
	}
	switch {
	case client != "web" || !s.ownOrigin(r):
		return "", core.Forbidden("csrf")
	case identity.IsAPIKey(c.Value):
		return "", &core.Error{Code: core.CodeInvalidToken, Cause: errors.New("a key in a cookie")}
	}
	return c.Value, nil
}

// bearer is the token of the Authorization header (RFC 6750 §2.1).
func bearer(r *http.Request) (token string, found bool, err error) {
	switch values := r.Header.Values("Authorization"); len(values) {
	case 0:
		return "", false, nil
	case 1:
		token, err = parseBearer(values[0])
		return token, true, err
	}
	return "", true, &core.Error{Code: core.CodeUnauthorized, Cause: errors.New("two Authorization headers")}
}

func parseBearer(value string) (token string, err error) {
	scheme, token, _ := strings.Cut(value, " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" || strings.ContainsAny(token, " ,") {
		return "", &core.Error{Code: core.CodeUnauthorized, Cause: errors.New("malformed Authorization header")}
	}
	return token, nil
}

// cookie keeps a browser's session where no script can read it.
type cookie struct {
	w      http.ResponseWriter
	secure bool
}

func (s *server) cookie(w http.ResponseWriter, r *http.Request) *cookie {
	return &cookie{w, s.secure(r)}
}

// secure tells whether cookies are for TLS alone.
func (s *server) secure(r *http.Request) bool { return !s.Local || r.TLS != nil }

// SignedIn puts the token into the cookie for as long as it is good.
func (c *cookie) SignedIn(token string, lifetime time.Duration) {
	c.set(token, int(lifetime.Seconds()))
}

// SignedOut takes the cookie away.
func (c *cookie) SignedOut() { c.set("", -1) }

func (c *cookie) set(value string, maxAge int) {
	http.SetCookie(c.w, &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteStrictMode,
	})
}
