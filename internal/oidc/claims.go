package oidc

import (
	"context"
	"errors"
	"log/slog"
	"maps"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/karuta-bi/karuta/internal/core"
)

// groupsMax is how many groups are read; an issuer that lists more tells none.
const groupsMax = 1000

// claims reads the token. Issuers may keep what was asked for by scopes for their
// user info (OpenID Connect Core §5.4); it is asked where the token leaves something out.
// Without an address, or a word for it, there is no sign-in, so that it has to answer then.
func (p *Provider) claims(ctx context.Context, found *issuer, token *oauth2.Token, id *oidc.IDToken) (*core.Claims, error) {
	said := map[string]any{}
	if err := id.Claims(&said); err != nil {
		return nil, refused("sign_in_refused", err)
	}
	enough := said["email"] != nil && spoken(said)
	if (!enough || claim(said, p.c.GroupsClaim) == nil) && found.UserInfoEndpoint() != "" {
		err := addUserInfo(ctx, found, token, id.Subject, said)
		switch {
		case err != nil && !enough:
			return nil, err
		case err != nil:
			p.c.Log.WarnContext(ctx, "the issuer's user info cannot be used", slog.Any("error", err))
		}
	}
	c := &core.Claims{Issuer: p.c.Issuer, Subject: id.Subject, Email: text(said["email"]), Verified: vouched(said), Name: text(said["name"])}
	c.Groups, c.Grouped = p.groups(ctx, said)
	return c, nil
}

// addUserInfo adds what the token does not say. A word for an address is one for no other.
func addUserInfo(ctx context.Context, found *issuer, token *oauth2.Token, subject string, said map[string]any) error {
	info, err := found.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return unavailable(err)
	}
	if info.Subject != subject { // OpenID Connect Core §5.3.2
		return refused("sign_in_refused", errors.New("oidc: the user info is another person's"))
	}
	more := map[string]any{}
	if err := info.Claims(&more); err != nil {
		return refused("sign_in_refused", err)
	}
	switch {
	case said["email"] == nil:
		unspoken(said)
	case spoken(said) || text(more["email"]) != text(said["email"]):
		unspoken(more)
	}
	maps.Copy(more, said)
	maps.Copy(said, more)
	return nil
}

// claim is the claim of that name. Where there is none, its dots lead into objects, as
// in realm_access.roles.
func claim(said map[string]any, name string) any {
	if v := said[name]; v != nil {
		return v
	}
	for at, c := range name {
		if inner, ok := said[name[:at]].(map[string]any); ok && c == '.' {
			if v := claim(inner, name[at+1:]); v != nil {
				return v
			}
		}
	}
	return nil
}

// domainVerified is Entra ID's word for an address whose domain belongs to the tenant
// (a claim to be asked for; it does not send email_verified).
const domainVerified = "xms_edov"

// spoken tells whether anything is said of the address.
func spoken(said map[string]any) bool {
	return said["email_verified"] != nil || said[domainVerified] != nil
}

func unspoken(said map[string]any) {
	delete(said, "email_verified")
	delete(said, domainVerified)
}

func vouched(said map[string]any) bool {
	if v, told := said["email_verified"]; told {
		return truth(v)
	}
	return truth(said[domainVerified])
}

// truth reads a truth value in the forms in which issuers write it.
func truth(v any) bool { return v == true || v == "true" || v == 1.0 || v == "1" }

func text(v any) string {
	s, _ := v.(string)
	return s
}

// groups are the person's at the issuer. A claim that is missing tells nothing, and so
// does Entra ID's note that there are too many for the token.
func (p *Provider) groups(ctx context.Context, said map[string]any) (names []string, told bool) {
	switch v := claim(said, p.c.GroupsClaim).(type) {
	case nil:
		if elsewhere, _ := said["_claim_names"].(map[string]any); elsewhere[p.c.GroupsClaim] != nil {
			p.c.Log.WarnContext(ctx, "the issuer keeps the groups elsewhere because there are too many; memberships stay as they are")
		}
		return nil, false
	case string:
		return []string{v}, true
	case []any:
		return p.list(ctx, v)
	}
	p.c.Log.WarnContext(ctx, "the claim of groups is no list; memberships stay as they are", slog.String("claim", p.c.GroupsClaim))
	return nil, false
}

func (p *Provider) list(ctx context.Context, values []any) (names []string, told bool) {
	if len(values) > groupsMax {
		p.c.Log.WarnContext(ctx, "the claim of groups is too long; memberships stay as they are", slog.Int("groups", len(values)))
		return nil, false
	}
	for _, v := range values {
		if name := text(v); name != "" {
			names = append(names, name)
		}
	}
	return names, true
}
