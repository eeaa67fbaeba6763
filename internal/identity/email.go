package identity

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/karuta-bi/karuta/internal/core"
)

// normalEmail is the form in which addresses are stored and compared. Lower
// case letters may combine with marks that upper case ones do not combine with,
// hence the second normalisation.
func normalEmail(email string) string {
	return norm.NFKC.String(strings.ToLower(strings.TrimSpace(norm.NFKC.String(email))))
}

// checkEmail brings an address into its stored form and refuses what is none.
func checkEmail(field, email string) (string, error) {
	email = normalEmail(email)
	switch {
	case email == "":
		return "", core.Invalid(field, "required")
	case len(email) > emailMax:
		return "", core.Invalid(field, "too_long", "max", emailMax)
	}
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || strings.ContainsFunc(email, unwanted) {
		return "", core.Invalid(field, "bad_email")
	}
	local, domain, _ := strings.Cut(email, "@")
	if len(local) > 64 || strings.ContainsFunc(domain, notInDomain) {
		return "", core.Invalid(field, "bad_email")
	}
	return email, nil
}

func notInDomain(r rune) bool {
	return r != '.' && r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
}

func unwanted(r rune) bool {
	return r == utf8.RuneError || unicode.IsSpace(r) || !unicode.IsPrint(r) || strings.ContainsRune(`"<>()#`, r)
}
