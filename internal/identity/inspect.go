package identity

import (
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/karuta-bi/karuta/internal/core"
)

// TokenReport is what an operator wants to know of a token.
type TokenReport struct {
	Algorithm string
	KeyID     string // fingerprint of the key that the token names
	OurKeys   []string
	UserID    string
	SessionID string
	IssuedAt  time.Time
	ExpiresAt time.Time
	Verdict   core.Code // "" when token and signature are good; the session may still have been ended
	Why       string    // technical reason of the verdict
}

// Inspect tells what a token says and whether it is good, by the keys alone:
// no store is asked. What a forged token says is shown as it stands, so the
// verdict comes first.
func (k Keys) Inspect(token string, now time.Time) TokenReport {
	var r TokenReport
	for _, key := range []Key{k.Current, k.Previous} {
		if id := key.id(); id != "" {
			r.OurKeys = append(r.OurKeys, id)
		}
	}
	if _, err := k.parse(token, now); err != nil {
		r.Verdict, r.Why = core.CodeOf(err), err.Error()
	}
	if len(token) > maxToken {
		return r
	}
	var c claims
	t, _, err := jwt.NewParser().ParseUnverified(token, &c)
	if err != nil {
		return r
	}
	r.Algorithm, _ = t.Header["alg"].(string)
	r.KeyID, _ = t.Header["kid"].(string)
	r.UserID, r.SessionID, r.IssuedAt, r.ExpiresAt = c.Subject, c.SessionID, timeOf(c.IssuedAt), timeOf(c.ExpiresAt)
	return r
}

func timeOf(d *jwt.NumericDate) time.Time {
	if d == nil {
		return time.Time{}
	}
	return d.UTC()
}
