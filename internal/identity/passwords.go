package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/text/unicode/norm"

	"github.com/karuta-bi/karuta/internal/core"
)

const (
	bcryptCost  = 12
	passwordMax = 128
	maxRepeat   = 2 // times in a row that a character may stand
)

// nobodysHash is compared where there is no hash to compare, so that the answer
// takes as long. It is the hash of a random text that was never written down.
const nobodysHash = "$2a$12$EJDkis5Z0XBOnTKtQa1Y5eeTwidzqJWmq77/DGrjFXd7umThBztdW"

// passwords holds the rules and does the heavy work, a few at a time: bcrypt
// takes a quarter of a second of a processor, and a flood of logins must not
// take them all.
type passwords struct {
	min      int
	workers  chan struct{}
	compare  func(hash, password []byte) error
	generate func(password []byte, cost int) ([]byte, error)
}

func newPasswords(minimum, workers int) *passwords {
	return &passwords{
		min: max(minimum, 8), workers: make(chan struct{}, max(workers, 1)),
		compare: bcrypt.CompareHashAndPassword, generate: bcrypt.GenerateFromPassword,
	}
}

// check holds a new password against the rules: length, an upper and a lower
// case letter, a digit, a symbol, no character three times in a row. Length
// counts characters after normalisation (NFKC), which is also what is hashed,
// so that the same password typed on another keyboard is the same.
func (p *passwords) check(field, password string) error {
	if password == "" {
		return core.Invalid(field, "required")
	}
	if len(password) > 8*passwordMax || !strong(norm.NFKC.String(password), p.min) {
		return core.Invalid(field, "password_weak", "min", p.min, "max", passwordMax)
	}
	return nil
}

func strong(password string, minimum int) bool {
	if n := utf8.RuneCountInString(password); n < minimum || n > passwordMax || !utf8.ValidString(password) {
		return false
	}
	var upper, lower, digit, symbol bool
	var last rune
	run := 0
	for _, r := range password {
		if run++; r != last {
			run = 1
		}
		if last = r; run > maxRepeat || unicode.IsControl(r) {
			return false
		}
		upper = upper || unicode.IsUpper(r)
		lower = lower || unicode.IsLower(r)
		digit = digit || unicode.IsDigit(r)
		symbol = symbol || unicode.IsPunct(r) || unicode.IsSymbol(r)
	}
	return upper && lower && digit && symbol
}

func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	if err := p.acquire(ctx); err != nil {
		return "", err
	}
	defer p.release()
	h, err := p.generate(digest(password), bcryptCost)
	if err != nil {
		return "", core.Internal("identity: hash password", err)
	}
	return string(h), nil
}

// matches compares once, whatever the hash: an empty one is compared with nobody's.
func (p *passwords) matches(ctx context.Context, hash, password string) (bool, error) {
	if err := p.acquire(ctx); err != nil {
		return false, err
	}
	defer p.release()
	against := hash
	if against == "" {
		against = nobodysHash
	}
	err := p.compare([]byte(against), digest(password))
	return err == nil && hash != "", nil
}

func (p *passwords) acquire(ctx context.Context) error {
	select {
	case p.workers <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *passwords) release() { <-p.workers }

func digest(password string) []byte {
	sum := sha256.Sum256([]byte(norm.NFKC.String(password)))
	return []byte(base64.StdEncoding.EncodeToString(sum[:]))
}
