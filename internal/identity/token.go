package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/karuta-bi/karuta/internal/core"
)

// Key signs tokens. It never prints itself.
type Key struct{ secret []byte }

// NewKey makes a key of a secret; "" is no key.
func NewKey(secret string) Key { return Key{[]byte(secret)} }

// String is the key's fingerprint.
func (k Key) String() string { return k.id() }

// Format shows the fingerprint whatever the verb of fmt.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.id()) }

// id is the key's fingerprint, the "kid" of its tokens; "" for no key.
func (k Key) id() string {
	if len(k.secret) == 0 {
		return ""
	}
	sum := sha256.Sum256(append([]byte("karuta token key\x00"), k.secret...))
	return hex.EncodeToString(sum[:8])
}

// Keys are the key that signs and the one before it, whose tokens are still
// accepted until they expire.
type Keys struct{ Current, Previous Key }

// claims is what a token says: sub is the user, sid the session.
type claims struct {
	jwt.RegisteredClaims
	SessionID string `json:"sid"`
}

func (k Keys) sign(s *core.Session) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Subject: s.UserID, IssuedAt: jwt.NewNumericDate(s.CreatedAt), ExpiresAt: jwt.NewNumericDate(s.ExpiresAt),
		},
		SessionID: s.ID,
	})
	t.Header["kid"] = k.Current.id()
	return t.SignedString(k.Current.secret)
}

// issuer is who signs: other programs may share the key.
const issuer = "karuta"

// maxToken is longer than every token Karuta makes.
const maxToken = 2048

// parse opens a token: TOKEN_EXPIRED for one that was good once, INVALID_TOKEN
// for everything else that is not good now.
func (k Keys) parse(token string, now time.Time) (*claims, error) {
	if len(token) > maxToken || strings.ContainsAny(token, "\r\n") { // line ends are nothing to the decoder
		return nil, invalidToken("", errors.New("longer than any token, or on several lines"))
	}
	var c claims
	_, err := jwt.ParseWithClaims(token, &c, k.pick,
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithStrictDecoding(),
		jwt.WithIssuer(issuer), jwt.WithExpirationRequired(), jwt.WithTimeFunc(func() time.Time { return now }))
	if errors.Is(err, jwt.ErrTokenExpired) && c.Issuer == issuer {
		return &c, &core.Error{Code: core.CodeTokenExpired, Cause: err}
	}
	if err == nil {
		err = errors.Join(core.CheckID("sub", c.Subject, core.NounUser), core.CheckID("sid", c.SessionID, core.NounSession))
	}
	if err != nil {
		return &c, invalidToken("", err)
	}
	return &c, nil
}

func (k Keys) pick(t *jwt.Token) (any, error) {
	kid, _ := t.Header["kid"].(string)
	for _, key := range []Key{k.Current, k.Previous} {
		if id := key.id(); id != "" && id == kid {
			return key.secret, nil
		}
	}
	return nil, errors.New("signed with a key this server does not have")
}

func invalidToken(reason string, cause error) error {
	return &core.Error{Code: core.CodeInvalidToken, Reason: reason, Cause: cause}
}
