package testkit

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// How programs are known to an [Issuer].
const (
	IssuerClient = "karuta"
	IssuerSecret = "a client's secret with 日本語, : and %"
)

// Issuer is an OpenID Connect issuer at which somebody is signed in already. It keeps
// the rules itself: codes are good once, for their client, redirect and verifier.
// What it does otherwise, a test sets with Set.
type Issuer struct {
	*httptest.Server
	mu    sync.Mutex
	codes map[string]grant
	calls map[string]int
	IssuerWays
}

// IssuerWays are what an issuer says and how.
type IssuerWays struct {
	Person   map[string]any                     // claims of who is signed in there
	UserInfo map[string]any                     // nil: there is none
	Document func(document map[string]any)      // changes the discovery document
	Answer   func(answer url.Values)            // changes what a browser brings back
	Token    func(claims jwt.MapClaims)         // changes what is signed
	Method   jwt.SigningMethod                  // of the issuer's key; nil: RS256
	Sign     func(claims jwt.MapClaims) string  // signs in another way
	Hold     func(path string, r *http.Request) // comes before each answer
	Refuse   func(path string) (status int)     // answers with a status, 0: does not
}

type grant struct{ redirect, challenge, nonce string }

// issuerKey is made once: that takes a while.
var issuerKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // the size is constant
	}
	return key
})

// NewIssuer is an issuer until the test ends, at which person is signed in.
func NewIssuer(t testing.TB, person map[string]any) *Issuer {
	t.Helper()
	i := &Issuer{codes: map[string]grant{}, calls: map[string]int{}, IssuerWays: IssuerWays{Person: person}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /keys", i.keys)
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	mux.HandleFunc("GET /userinfo", i.userInfo)
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		i.calls[r.URL.Path]++
		hold, refuse := i.Hold, i.Refuse
		i.mu.Unlock()
		_ = r.ParseForm() // who hangs up is noticed once the request is read
		if hold != nil {
			hold(r.URL.Path, r)
		}
		if refuse != nil {
			if status := refuse(r.URL.Path); status != 0 {
				w.WriteHeader(status)
				return
			}
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

// Set changes what the issuer does.
func (i *Issuer) Set(change func(*IssuerWays)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change(&i.IssuerWays)
}

// Calls is how often a path was asked for.
func (i *Issuer) Calls(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.calls[path]
}

func (i *Issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	document := map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"}, "code_challenge_methods_supported": []string{"S256"},
	}
	if i.UserInfo != nil {
		document["userinfo_endpoint"] = i.URL + "/userinfo"
	}
	if i.Document != nil {
		i.Document(document)
	}
	writeJSON(w, http.StatusOK, document)
}

func (i *Issuer) keys(w http.ResponseWriter, _ *http.Request) {
	public := issuerKey().PublicKey
	writeJSON(w, http.StatusOK, map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one",
		"n": base64.RawURLEncoding.EncodeToString(public.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
	}}})
}

// authorize sends the browser back at once.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	asked := r.URL.Query()
	if asked.Get("client_id") != IssuerClient || asked.Get("response_type") != "code" || asked.Get("code_challenge_method") != "S256" {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_request"})
		return
	}
	code := rand.Text()
	i.codes[code] = grant{asked.Get("redirect_uri"), asked.Get("code_challenge"), asked.Get("nonce")}
	answer := url.Values{"code": {code}, "state": {asked.Get("state")}}
	if i.Answer != nil {
		i.Answer(answer)
	}
	http.Redirect(w, r, asked.Get("redirect_uri")+"?"+answer.Encode(), http.StatusFound)
}

func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !isClient(r) {
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	code := r.PostFormValue("code")
	g, good := i.codes[code]
	delete(i.codes, code)
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !good || g.redirect != r.PostFormValue("redirect_uri") || g.challenge != base64.RawURLEncoding.EncodeToString(sum[:]) {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"access_token": "for user info", "token_type": "Bearer", "expires_in": 60, "id_token": i.signed(g.nonce),
	})
}

// isClient takes the client's secret in the header (RFC 6749 §2.3.1) or among the parameters.
func isClient(r *http.Request) bool {
	if id, secret, ok := r.BasicAuth(); ok {
		secret, err := url.QueryUnescape(secret)
		return err == nil && id == IssuerClient && secret == IssuerSecret
	}
	return r.PostFormValue("client_id") == IssuerClient && r.PostFormValue("client_secret") == IssuerSecret
}

func (i *Issuer) signed(nonce string) string {
	now := time.Now()
	claims := jwt.MapClaims{"iss": i.URL, "aud": IssuerClient, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "nonce": nonce}
	maps.Copy(claims, i.Person)
	if i.Token != nil {
		i.Token(claims)
	}
	if i.Sign != nil {
		return i.Sign(claims)
	}
	token := jwt.NewWithClaims(cmp.Or[jwt.SigningMethod](i.Method, jwt.SigningMethodRS256), claims)
	token.Header["kid"] = "one"
	text, err := token.SignedString(issuerKey())
	if err != nil {
		panic(err) // the key is one
	}
	return text
}

func (i *Issuer) userInfo(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.UserInfo == nil || r.Header.Get("Authorization") != "Bearer for user info" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	writeJSON(w, http.StatusOK, i.UserInfo)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		panic(err) // plain values
	}
}
