package identity

import (
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// Nobody is given a language that they did not choose: until they choose one,
// what their browser asks for counts.
func TestANewAccountHasNoLanguage(t *testing.T) {
	s := New(Deps{PasswordMin: 8})
	u, err := s.newUser(NewUser{Email: "hanako@example.com", Role: core.RoleUser, Password: "Kirei-na-hana-1"})
	if err != nil || u.Locale != "" {
		t.Errorf("%+v, %v", u, err)
	}
}
