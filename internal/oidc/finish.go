package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/karuta-bi/karuta/internal/core"
)

// finishWait is for everything between the answer and the claims.
const finishWait = 10 * time.Second

// Finish exchanges the code of a flow's answer for what the issuer says of the person.
// It is the caller's part that a flow is finished once. UNAUTHORIZED.sign_in_refused
// where what comes back does not hold, SERVICE_UNAVAILABLE.sign_in while the issuer
// does not answer; its addresses are looked up anew then.
func (p *Provider) Finish(ctx context.Context, f *Flow, code string) (_ *core.Claims, err error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.client), finishWait)
	defer cancel()
	defer func() {
		if core.CodeOf(err) == core.CodeUnavailable {
			p.doubt()
		}
	}()
	found, err := p.look(ctx)
	if err != nil {
		return nil, err
	}
	token, err := found.oauth.Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return nil, exchangeProblem(err)
	}
	id, err := found.verify(ctx, p.c.ClientID, token, f.Nonce)
	if err != nil {
		return nil, tokenProblem(err)
	}
	return p.claims(ctx, found, token, id)
}

// exchangeProblem tells a code that does not hold from an issuer that does not work.
func exchangeProblem(err error) error {
	if answer, ok := errors.AsType[*oauth2.RetrieveError](err); ok && answer.ErrorCode == "invalid_grant" {
		return refused("sign_in_refused", err)
	}
	return unavailable(err)
}

// keysProblem begins the library's error of keys that cannot be had, which passes on
// nothing else to know it by.
const keysProblem = "failed to verify signature: fetching keys"

// tokenProblem tells a token that does not hold from keys that cannot be had.
func tokenProblem(err error) error {
	if strings.HasPrefix(err.Error(), keysProblem) {
		return unavailable(err)
	}
	return refused("sign_in_refused", err)
}

// verify holds the token against OpenID Connect Core §3.1.3.7: its signature by a key
// of the issuer's, issuer, audience and time, which the library looks at, and the rest.
func (i *issuer) verify(ctx context.Context, clientID string, token *oauth2.Token, nonce string) (*oidc.IDToken, error) {
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return nil, errors.New("oidc: the issuer gives no token of identity")
	}
	id, err := i.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	var party struct {
		Authorized string `json:"azp"`
	}
	if err := id.Claims(&party); err != nil {
		return nil, err
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1:
		return nil, errors.New("oidc: the token belongs to another flow")
	case party.Authorized != clientID && (party.Authorized != "" || len(id.Audience) > 1):
		return nil, errors.New("oidc: the token was made for another program")
	case id.Subject == "" || len(id.Subject) > subjectMax:
		return nil, errors.New("oidc: the token names nobody")
	case id.AccessTokenHash != "":
		return id, id.VerifyAccessToken(token.AccessToken)
	}
	return id, nil
}

// subjectMax is in bytes (OpenID Connect Core §2).
const subjectMax = 255
