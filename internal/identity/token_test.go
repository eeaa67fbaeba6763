package identity

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/karuta-bi/karuta/internal/core"
)

const secret = "a secret of at least 32 characters"

var (
	keys = Keys{Current: NewKey(secret)}
	noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
)

func session() *core.Session {
	return &core.Session{ID: core.NewID(core.NounSession), UserID: core.NewID(core.NounUser), CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)}
}

// forge signs claims as a test wants them.
func forge(t *testing.T, method jwt.SigningMethod, key any, header, body map[string]any) string {
	t.Helper()
	s := session()
	claims := jwt.MapClaims{"iss": issuer, "sub": s.UserID, "sid": s.ID, "iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix()}
	for name, v := range body {
		if claims[name] = v; v == nil {
			delete(claims, name)
		}
	}
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = keys.Current.id()
	for name, v := range header {
		if token.Header[name] = v; v == nil {
			delete(token.Header, name)
		}
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestATokenOfOurs(t *testing.T) {
	s := session()
	text, err := keys.sign(s)
	if err != nil {
		t.Fatal(err)
	}
	c, err := keys.parse(text, noon)
	if err != nil || c.Subject != s.UserID || c.SessionID != s.ID || !c.ExpiresAt.Equal(s.ExpiresAt) {
		t.Errorf("got %+v, %v", c, err)
	}
	var header map[string]any
	raw, _ := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[0])
	if err := json.Unmarshal(raw, &header); err != nil || len(header) != 3 || header["alg"] != "HS256" || header["kid"] != keys.Current.id() {
		t.Errorf("the header is %v, %v", header, err)
	}
	if got := forge(t, jwt.SigningMethodHS256, []byte(secret), nil, nil); !parses(got) { // the forgeries below differ from it in one thing
		t.Error("the forger's own token is refused")
	}
}

func parses(token string) bool { _, err := keys.parse(token, noon); return err == nil }

// ATH-2: what is not ours is INVALID_TOKEN, whatever else is wrong with it.
func TestForgedTokens(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	good := forge(t, jwt.SigningMethodHS256, []byte(secret), nil, nil)
	parts := strings.Split(good, ".")
	hs := func(header, body map[string]any) string {
		return forge(t, jwt.SigningMethodHS256, []byte(secret), header, body)
	}
	for name, token := range map[string]string{
		"other key":               forge(t, jwt.SigningMethodHS256, []byte(strings.ToUpper(secret)), nil, nil),
		"other key, expired":      forge(t, jwt.SigningMethodHS256, []byte("x"), nil, map[string]any{"exp": 1}),
		"no signature":            forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, nil),
		"signature cut off":       parts[0] + "." + parts[1] + ".",
		"claims of another":       parts[0] + "." + strings.Split(hs(nil, nil), ".")[1] + "." + parts[2],
		"HS384":                   forge(t, jwt.SigningMethodHS384, []byte(secret), nil, nil),
		"HS512":                   forge(t, jwt.SigningMethodHS512, []byte(secret), nil, nil),
		"RS256":                   forge(t, jwt.SigningMethodRS256, private, nil, nil),
		"calls itself RS256":      hs(map[string]any{"alg": "RS256"}, nil),
		"calls itself none":       hs(map[string]any{"alg": "none"}, nil),
		"calls itself hs256":      hs(map[string]any{"alg": "hs256"}, nil),
		"without kid":             hs(map[string]any{"kid": nil}, nil),
		"empty kid":               hs(map[string]any{"kid": ""}, nil),
		"unknown kid":             hs(map[string]any{"kid": "0123456789abcdef"}, nil),
		"kid of another type":     hs(map[string]any{"kid": 7}, nil),
		"kid is a path":           hs(map[string]any{"kid": "../../../dev/null"}, nil),
		"other issuer":            hs(nil, map[string]any{"iss": "another"}),
		"other issuer, expired":   hs(nil, map[string]any{"iss": "another", "exp": 1}),
		"no issuer":               hs(nil, map[string]any{"iss": nil}),
		"endless":                 hs(nil, map[string]any{"exp": nil}),
		"exp of another type":     hs(nil, map[string]any{"exp": "never"}),
		"not yet good":            hs(nil, map[string]any{"nbf": noon.Add(time.Minute).Unix()}),
		"no user":                 hs(nil, map[string]any{"sub": nil}),
		"user of another noun":    hs(nil, map[string]any{"sub": core.NewID(core.NounGroup)}),
		"no session":              hs(nil, map[string]any{"sid": nil}),
		"session of another noun": hs(nil, map[string]any{"sid": core.NewID(core.NounUser)}),
		"too long":                hs(nil, map[string]any{"more": strings.Repeat("x", maxToken)}),
		"one part":                "abc", "two parts": "abc.def", "four parts": good + ".x", "no parts": "..", "spaces": " " + good, "line end": good + "\n",
		"padded":   parts[0] + "=." + parts[1] + "." + parts[2],
		"not JSON": "bm9wZQ." + parts[1] + "." + parts[2],
		"megabyte": strings.Repeat("a", 1<<20),
		"emoji":    "🎴.🎴.🎴",
	} {
		_, err := keys.parse(token, noon)
		if core.CodeOf(err) != core.CodeInvalidToken {
			t.Errorf("%s: got %v", name, err)
		}
		if r := keys.Inspect(token, noon); r.Verdict != core.CodeInvalidToken || r.Why == "" {
			t.Errorf("%s: inspected as %+v", name, r)
		}
	}
}

// Every single change of a bit spoils a token.
func TestASpoiltToken(t *testing.T) {
	good := []byte(forge(t, jwt.SigningMethodHS256, []byte(secret), nil, nil))
	for i := range good {
		for _, bit := range []byte{1, 2, 32} {
			spoilt := append([]byte(nil), good...)
			if spoilt[i] ^= bit; parses(string(spoilt)) {
				t.Errorf("byte %d, bit %d: accepted", i, bit)
			}
		}
	}
}

func TestExpiry(t *testing.T) {
	token := forge(t, jwt.SigningMethodHS256, []byte(secret), nil, nil)
	for after, want := range map[time.Duration]core.Code{
		-time.Minute: "", 0: "", time.Hour - time.Second: "", time.Hour: core.CodeTokenExpired, 24 * time.Hour: core.CodeTokenExpired,
	} {
		if _, err := keys.parse(token, noon.Add(after)); core.CodeOf(err) != want {
			t.Errorf("after %v: %v", after, err)
		}
	}
}

// Rotation: new tokens are signed with the new key, those of the key before are
// good until they expire, and those of the one before that are not.
func TestRotation(t *testing.T) {
	first, second, third := NewKey(secret+"1"), NewKey(secret+"2"), NewKey(secret+"3")
	old, err := Keys{Current: first}.sign(session())
	if err != nil {
		t.Fatal(err)
	}
	during := Keys{Current: second, Previous: first}
	fresh, err := during.sign(session())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		keys  Keys
		token string
		want  core.Code
		by    Key
	}{
		"old during":    {during, old, "", first},
		"new during":    {during, fresh, "", second},
		"new after":     {Keys{Current: second}, fresh, "", second},
		"old after":     {Keys{Current: second}, old, core.CodeInvalidToken, first},
		"old two on":    {Keys{Current: third, Previous: second}, old, core.CodeInvalidToken, first},
		"new elsewhere": {Keys{Current: first}, fresh, core.CodeInvalidToken, second},
		"no key at all": {Keys{}, old, core.CodeInvalidToken, first},
	} {
		if _, err := c.keys.parse(c.token, noon); core.CodeOf(err) != c.want {
			t.Errorf("%s: got %v", name, err)
		}
		if r := c.keys.Inspect(c.token, noon); r.KeyID != c.by.id() || r.Verdict != c.want {
			t.Errorf("%s: inspected as %+v", name, r)
		}
	}
	if during.Current.id() == during.Previous.id() || len(during.Current.id()) != 16 || NewKey(secret+"2").id() != second.id() {
		t.Errorf("fingerprints %s, %s", during.Current.id(), during.Previous.id())
	}
}

func TestInspect(t *testing.T) {
	s := session()
	text, err := keys.sign(s)
	if err != nil {
		t.Fatal(err)
	}
	r := keys.Inspect(text, noon.Add(2*time.Hour))
	if r.Algorithm != "HS256" || r.KeyID != keys.Current.id() || len(r.OurKeys) != 1 || r.UserID != s.UserID || r.SessionID != s.ID ||
		!r.IssuedAt.Equal(noon) || !r.ExpiresAt.Equal(s.ExpiresAt) || r.Verdict != core.CodeTokenExpired {
		t.Errorf("got %+v", r)
	}
}

// A key shows its fingerprint and never itself.
func TestAKeyNeverPrintsItself(t *testing.T) {
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", keys.Current, "keys", keys)
	asJSON, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	shown := log.String() + string(asJSON)
	for _, verb := range []string{"v", "+v", "#v", "s", "q", "x", "X", "d", "t", "U"} {
		shown += fmt.Sprintf("%"+verb+" %"+verb+" %"+verb+"\n", keys.Current, keys, &keys)
	}
	for _, form := range []string{"%s", "%x", "%X", "%d", "%v"} {
		if text := strings.Trim(fmt.Sprintf(form, []byte(secret)), "[]"); strings.Contains(shown, text) {
			t.Errorf("shown as %s", form)
		}
	}
}
