package oidc

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// FlowTime is how long a person may take at the issuer.
const FlowTime = 10 * time.Minute

// Flow is a sign-in that is under way.
type Flow struct {
	State    string    `json:"s"` // the answer repeats it; names the flow
	Nonce    string    `json:"n"` // the token repeats it
	Verifier string    `json:"v"` // of PKCE
	Return   string    `json:"r"` // where the person wants to be afterwards
	Until    time.Time `json:"u"`
}

// Kept is what a browser keeps of a flow until it comes back.
type Kept struct {
	Tag    string // [Tag] of the flow
	Sealed string // the flow, to be opened by [Provider.Resume] alone
}

// Begin begins a flow. It gives the issuer's address to go to, and what to keep.
// SERVICE_UNAVAILABLE.sign_in while the issuer is away.
func (p *Provider) Begin(ctx context.Context, returnTo string) (address string, kept Kept, err error) {
	found, err := p.look(ctx)
	if err != nil {
		return "", Kept{}, err
	}
	f := Flow{
		State: rand.Text() + rand.Text(), Nonce: rand.Text() + rand.Text(), Verifier: oauth2.GenerateVerifier(),
		Return: returnTo, Until: p.c.Clock().Add(FlowTime),
	}
	address = found.oauth.AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier))
	return address, Kept{Tag(f.State), p.sealed(f)}, nil
}

// tagLen is in characters. So few tell flows of one browser apart and help nobody to
// guess the rest of the state.
const tagLen = 8

// Tag tells the flows of one browser apart, which may have several under way in its
// tabs: the beginning of the state that an answer repeats. "" where that is none of ours.
func Tag(state string) string {
	if len(state) <= tagLen || strings.Trim(state[:tagLen], "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" { // of rand.Text
		return ""
	}
	return state[:tagLen]
}

// Resume finds the flow that an answer of the issuer belongs to, in what the browser
// kept. A flow that is known comes with the error, too.
// UNAUTHORIZED.sign_in_expired where the answer belongs to none, UNAUTHORIZED.sign_in_cancelled
// where the person or the issuer did not want to, UNAUTHORIZED.sign_in_refused for an
// answer of somebody else, SERVICE_UNAVAILABLE.sign_in where the issuer tells of an error.
func (p *Provider) Resume(ctx context.Context, sealed string, answer url.Values) (*Flow, error) {
	f, err := p.opened(sealed)
	switch {
	case err != nil && answer.Has("error"): // some issuers leave out the state then
		return nil, refused("sign_in_expired", errors.Join(err, problemOf(answer)))
	case err != nil:
		return nil, refused("sign_in_expired", err)
	case len(answer["state"]) != 1 || subtle.ConstantTimeCompare([]byte(answer.Get("state")), []byte(f.State)) != 1:
		return nil, refused("sign_in_expired", errors.New("oidc: the answer belongs to another flow"))
	case !p.c.Clock().Before(f.Until):
		return f, refused("sign_in_expired", errors.New("oidc: the flow is over"))
	}
	return f, p.checkAnswer(ctx, answer)
}

// checkAnswer takes an answer with a code, and from no other issuer (RFC 9207 §2.4).
func (p *Provider) checkAnswer(ctx context.Context, answer url.Values) error {
	found, err := p.look(ctx)
	if err != nil {
		return err
	}
	if from := answer["iss"]; len(from) > 0 && !slices.Equal(from, []string{p.c.Issuer}) || len(from) == 0 && found.told.NamesItself {
		return refused("sign_in_refused", fmt.Errorf("oidc: the answer is from %.300q", from))
	}
	if answer.Get("error") != "" {
		return answerProblem(answer)
	}
	if len(answer["code"]) != 1 || answer.Get("code") == "" {
		return refused("sign_in_refused", errors.New("oidc: the answer has no code"))
	}
	return nil
}

// answerProblem tells what became of a person at the issuer (RFC 6749 §4.1.2.1 and
// OpenID Connect Core §3.1.2.6). What neither they nor the issuer's state explain is
// a matter of how Karuta is known there.
func answerProblem(answer url.Values) error {
	switch answer.Get("error") {
	case "access_denied", "login_required", "interaction_required", "consent_required", "account_selection_required":
		return refused("sign_in_cancelled", problemOf(answer))
	}
	return unavailable(problemOf(answer))
}

func problemOf(answer url.Values) error {
	return fmt.Errorf("oidc: the issuer answers %.100q: %.500q", answer.Get("error"), answer.Get("error_description"))
}

func newSeal(key string) cipher.AEAD {
	sum := sha256.Sum256([]byte(key))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		panic(err) // the key has 32 bytes
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // the block is AES
	}
	return seal
}

func (p *Provider) sealed(f Flow) string {
	text, err := json.Marshal(f)
	if err != nil {
		panic(err) // plain values
	}
	return base64.RawURLEncoding.EncodeToString(p.seal.Seal(nil, nil, text, nil))
}

func (p *Provider) opened(sealed string) (*Flow, error) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || sealed == "" {
		return nil, errors.New("oidc: the browser brings no flow")
	}
	text, err := p.seal.Open(nil, nil, raw, nil)
	if err != nil {
		return nil, fmt.Errorf("oidc: the flow was not sealed here: %w", err)
	}
	f := &Flow{}
	return f, json.Unmarshal(text, f)
}
