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
func (p *Provider) claims(ctx context.Context, found *issuer, token *oauth2.Token, id *oidc.IDToken) (*core.Claims, error) {
	said := map[string]any{}
	if err := id.Claims(&said); err != nil {
		return nil, refused("sign_in_refused", err)
	}
	if (said["email"] == nil || said[p.c.GroupsClaim] == nil) && found.UserInfoEndpoint() != "" {
		if err := addUserInfo(ctx, found, token, id.Subject, said); err != nil {
			p.c.Log.WarnContext(ctx, "the issuer's user info cannot be used", slog.Any("error", err))
		}
	}
	c := &core.Claims{Issuer: p.c.Issuer, Subject: id.Subject, Email: text(said["email"]), Verified: vouched(said), Name: text(said["name"])}
	c.Groups, c.Grouped = p.groups(ctx, said)
	return c, nil
}

// addUserInfo adds what the token does not say.
func addUserInfo(ctx context.Context, found *issuer, token *oauth2.Token, subject string, said map[string]any) error {
	info, err := found.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return err
	}
	if info.Subject != subject { // OpenID Connect Core §5.3.2
		return errors.New("oidc: the user info is another person's")
	}
	more := map[string]any{}
	if err := info.Claims(&more); err != nil {
		return err
	}
	other := more // address and what is said of it come from one place
	if said["email"] == nil {
		other = said
	}
	delete(other, "email_verified")
	delete(other, domainVerified)
	maps.Copy(more, said)
	maps.Copy(said, more)
	return nil
}

// domainVerified is Entra ID's word for an address whose domain belongs to the tenant
// (a claim to be asked for; it does not send email_verified).
const domainVerified = "xms_edov"

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
	switch v := said[p.c.GroupsClaim].(type) {
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
