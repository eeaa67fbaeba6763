package identity

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// The word of an issuer is for a mailbox, and not for one that is written alike.
func TestAddressesOfClaims(t *testing.T) {
	w := newWorld(t)
	w.admission = Admission{Domains: []string{"example.com"}, Create: true}
	hanako := w.account("hanako")
	for i, c := range []struct {
		email string
		code  core.Code
	}{
		{"ｈanako@example.com", core.CodeForbidden}, {"hanako＠example.com", core.CodeForbidden}, {"hanako@ｅxample.com", core.CodeForbidden},
		{"hanako@example.com.", core.CodeForbidden}, {"hanako@example.com@evil.example", core.CodeForbidden}, {"Hanako@EXAMPLE.com", ""},
	} {
		in, err := w.LoginExternal(w.from(fmt.Sprint("192.0.2.", i)), rand.Text(), func(context.Context) (*core.Claims, error) {
			return &core.Claims{Issuer: "https://issuer.example.com", Subject: c.email, Email: c.email, Verified: true}, nil
		})
		if core.CodeOf(err) != c.code || err == nil && in.User.ID != hanako.ID {
			t.Errorf("%s: %v", c.email, err)
		}
	}
}
