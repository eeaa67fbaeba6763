package oidc

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"github.com/karuta-bi/karuta/internal/core"
)

// Config is how Karuta is known to an issuer.
type Config struct {
	Issuer       string // its address, as it stands in its tokens
	ClientID     string
	ClientSecret string
	Redirect     string // the address to come back to, as it is registered with the issuer
	Scopes       []string
	GroupsClaim  string // claim that lists a person's groups
	Key          string // seals flows; every task has the same
	Log          *slog.Logger
	Clock        func() time.Time // nil is the present
}

const (
	lookWait  = 5 * time.Second // for the addresses of the issuer
	lookAgain = time.Minute     // after a look that failed, while an earlier one is known
	lookGood  = time.Hour       // how long the addresses are believed

	checkGood = 30 * time.Second // how long an answer of Check is given again
)

// Provider is the issuer. It may be used by any number of goroutines.
type Provider struct {
	c      Config
	client *http.Client
	seal   cipher.AEAD
	looks  singleflight.Group

	mu    sync.Mutex
	known *issuer
	until time.Time // the known one is looked up again

	checking sync.Mutex
	checked  time.Time
	problem  error // that the last check found
}

// issuer is what an issuer says of itself, and what checks its tokens.
type issuer struct {
	*oidc.Provider
	oauth    *oauth2.Config
	verifier *oidc.IDTokenVerifier
	told     metadata
}

// algorithms are those of tokens. All of them need a key that the issuer shows, so that
// it may change from one to another between two looks; none goes by our secret.
var algorithms = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA,
}

// metadata are the entries of the discovery document that the library leaves to us.
type metadata struct {
	AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	Challenges  []string `json:"code_challenge_methods_supported"`
	NamesItself bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 §3
	KeysURL     string   `json:"jwks_uri"`
}

// New makes a provider. Nobody is asked yet.
func New(c Config) *Provider {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return &Provider{c: c, client: newClient(), seal: newSeal(c.Key)}
}

// Close ends the connections that wait for a next call.
func (p *Provider) Close() { p.client.CloseIdleConnections() }

// look is what the issuer says of itself. Many who ask at once share one call,
// which none of them ends by leaving.
func (p *Provider) look(ctx context.Context) (*issuer, error) {
	if found := p.current(); found != nil {
		return found, nil
	}
	result := p.looks.DoChan("issuer", func() (any, error) { return p.discover(context.WithoutCancel(ctx)) })
	select {
	case r := <-result:
		if r.Err != nil {
			return nil, unavailable(r.Err)
		}
		return r.Val.(*issuer), nil
	case <-ctx.Done():
		return nil, unavailable(ctx.Err())
	}
}

func (p *Provider) current() *issuer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.c.Clock().Before(p.until) {
		return p.known
	}
	return nil
}

// doubt has what is known looked up again, for the issuer may have moved.
func (p *Provider) doubt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = time.Time{}
}

// discover asks the issuer. Where it does not answer, what it said before holds on.
func (p *Provider) discover(ctx context.Context) (*issuer, error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.client), lookWait)
	defer cancel()
	found, err := p.ask(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err == nil:
		p.known, p.until = found, p.c.Clock().Add(lookGood)
	case p.known != nil:
		p.until = p.c.Clock().Add(lookAgain)
		p.c.Log.WarnContext(ctx, "the issuer does not say where it is; what it said before holds on", slog.Any("error", err))
	default:
		return nil, err
	}
	return p.known, nil
}

func (p *Provider) ask(ctx context.Context) (*issuer, error) {
	provider, err := oidc.NewProvider(ctx, p.c.Issuer)
	if err != nil {
		return nil, err
	}
	found := &issuer{Provider: provider, verifier: provider.Verifier(&oidc.Config{ClientID: p.c.ClientID, Now: p.c.Clock, SupportedSigningAlgs: algorithms})}
	if err := provider.Claims(&found.told); err != nil {
		return nil, err
	}
	endpoint := provider.Endpoint()
	if endpoint.AuthURL == "" || endpoint.TokenURL == "" || found.told.KeysURL == "" {
		return nil, errors.New("oidc: the issuer leaves out an address that is needed")
	}
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if m := found.told.AuthMethods; len(m) > 0 && !slices.Contains(m, "client_secret_basic") { // the standard where nothing is said
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	found.oauth = &oauth2.Config{
		ClientID: p.c.ClientID, ClientSecret: p.c.ClientSecret, RedirectURL: p.c.Redirect, Scopes: p.c.Scopes, Endpoint: endpoint,
	}
	return found, nil
}

// Check tells whether the issuer answers now and knows PKCE. It asks twice a minute at most.
func (p *Provider) Check(ctx context.Context) error {
	p.checking.Lock()
	defer p.checking.Unlock()
	if now := p.c.Clock(); now.Sub(p.checked) >= checkGood {
		p.checked, p.problem = now, p.check(ctx)
	}
	return p.problem
}

func (p *Provider) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.client), lookWait)
	defer cancel()
	found, err := p.ask(ctx)
	if err != nil {
		return err
	}
	if m := found.told.Challenges; len(m) > 0 && !slices.Contains(m, "S256") {
		return fmt.Errorf("oidc: %s does not take PKCE with S256", p.c.Issuer)
	}
	return nil
}

// CheckClient tells whether the issuer takes our id and secret. It is asked for a code
// that nobody was given; only whom it knows it tells so (RFC 6749 §5.2).
func (p *Provider) CheckClient(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.client), lookWait)
	defer cancel()
	found, err := p.ask(ctx)
	if err != nil {
		return err
	}
	_, err = found.oauth.Exchange(ctx, "none", oauth2.VerifierOption(oauth2.GenerateVerifier()))
	answer, answered := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case !answered:
		return err
	case answer.Response.StatusCode == http.StatusUnauthorized, answer.ErrorCode == "invalid_client", answer.ErrorCode == "unauthorized_client":
		return fmt.Errorf("oidc: %s does not know us: %w", p.c.Issuer, err)
	}
	return nil
}

// unavailable is an error of the issuer's or of the way to it.
func unavailable(cause error) error {
	return &core.Error{Code: core.CodeUnavailable, Reason: "sign_in", Cause: cause}
}

// refused is an error of what came back, which nobody is let in with.
func refused(reason string, cause error) error {
	return &core.Error{Code: core.CodeUnauthorized, Reason: reason, Cause: cause}
}
