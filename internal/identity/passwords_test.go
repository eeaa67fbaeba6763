package identity

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
)

// ATH-1: what is stored is bcrypt at cost 12, and so is what an unknown address
// is compared with. The one test that pays for it.
func TestHashing(t *testing.T) {
	p := newPasswords(8, 1)
	hash, err := p.hash(t.Context(), goodPassword)
	if err != nil || strings.Contains(hash, goodPassword) {
		t.Fatal(hash, err)
	}
	for name, h := range map[string]string{"a hash": hash, "nobody's": nobodysHash} {
		if cost, err := bcrypt.Cost([]byte(h)); err != nil || cost != 12 {
			t.Errorf("%s has cost %d, %v", name, cost, err)
		}
	}
}

// ATH-6, and what people write in other scripts.
func TestPasswordRules(t *testing.T) {
	p := newPasswords(8, 1)
	unlike := func(n int) string { // n characters, none repeated three times
		return (strings.Repeat("aB3-", n/4+1))[:n]
	}
	for password, good := range map[string]bool{
		"Kirei-1a":                        true,
		"Kirei1a":                         false, // seven
		"kirei-1a":                        false, // no upper case
		"KIREI-1A":                        false, // no lower case
		"Kirei-aa":                        false, // no digit
		"Kireii1a":                        false, // no symbol
		"Kirei 1a":                        false, // a space is no symbol
		"Kireei-1":                        true,  // twice is well
		"Kireeei-1":                       false, // three times is not
		"Kirei-111":                       false,
		"Kirei---1":                       false,
		"AaAaAa-1":                        true, // repeated, but not in a row
		unlike(128):                       true,
		unlike(129):                       false,
		"Ünïcödé-1":                       true,
		"きれいな花Aa-1":                       true, // letters without case count as characters only
		"きれいな花きれいな花１－":                    false,
		"Ｋｉｒｅｉ－１ａ":                        true, // full width is the same as half width
		"Kirei🎴1a":                        true, // an emoji is a symbol
		"Kirei-1a\x00":                    false,
		"Kirei-1a\n":                      false,
		"Kirei-1\xff":                     false,
		"Kirei-1a\u202e":                  true,  // a mark of right-to-left writing is text
		"Kire\u0301i-1a":                  true,  // e and accent are one character: eight
		"Kire\u0301i-1":                   false, // and here seven
		"a\u0301a\u0301a\u0301B-12":       false, // á three times, however it is written
		strings.Repeat("ﷺ", 120) + "Aa-1": false,
	} {
		err := p.check("input.password", password)
		if good && err != nil || !good && core.CodeOf(err) != core.CodeValidation {
			t.Errorf("%q: %v, good is %v", password, err, good)
		}
		if e, ok := err.(*core.Error); ok && (e.Reason != "password_weak" || e.Field != "input.password" || e.Args["min"] != 8 || e.Args["max"] != 128) {
			t.Errorf("%q: %+v", password, e)
		}
	}
	accesstest.Code(t, "none", p.check("f", ""), core.CodeValidation, "required")
	accesstest.Code(t, "megabyte", p.check("f", strings.Repeat("Aa-1", 1<<18)), core.CodeValidation, "password_weak")
	if newPasswords(12, 1).check("f", "Kirei-1a") == nil || newPasswords(0, 0).check("f", "Kirei-1") == nil {
		t.Error("the setting may ask for more characters, and not for fewer than eight")
	}
}

// bcrypt reads 72 bytes at most and stops at a NUL: every character counts all the same.
func TestEveryCharacterOfALongPasswordCounts(t *testing.T) {
	p := newPasswords(8, 1)
	p.generate = func(password []byte, _ int) ([]byte, error) {
		return bcrypt.GenerateFromPassword(password, bcrypt.MinCost)
	}
	long := strings.Repeat("きれいな花Aa-1", 14) // 126 characters, 294 bytes
	hash, err := p.hash(t.Context(), long)
	if err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]bool{
		long: true, long[:len(long)-1] + "2": false, long + "x": false, long[:72]: false, "": false,
		strings.ReplaceAll(long, "Aa-1", "Ａａ－１"): true, // as another keyboard writes it
	} {
		if got, err := p.matches(t.Context(), hash, password); got != want || err != nil {
			t.Errorf("%q: %v, %v", password, got, err)
		}
	}
	p.compare = func([]byte, []byte) error { return nil }
	if ok, err := p.matches(t.Context(), "", long); ok || err != nil {
		t.Errorf("where there is no hash everything matches: %v, %v", ok, err)
	}
}

// A flood of logins takes no more processors than it may, and who gives up
// waiting does not wait.
func TestAtMostSoManyAtOnce(t *testing.T) {
	p := newPasswords(8, 2)
	var now, most atomic.Int32
	both, release := make(chan struct{}, 8), make(chan struct{})
	p.compare = func([]byte, []byte) error {
		n := now.Add(1)
		defer now.Add(-1)
		most.Store(max(most.Load(), n))
		both <- struct{}{}
		<-release
		return nil
	}
	var crowd sync.WaitGroup
	for range 8 {
		crowd.Go(func() { _, _ = p.matches(context.Background(), "x", "y") })
	}
	<-both
	<-both
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.matches(gone, "x", "y"); err == nil {
		t.Error("who had gone away was served")
	}
	if _, err := p.hash(gone, "y"); err == nil {
		t.Error("who had gone away got a hash")
	}
	close(release)
	crowd.Wait()
	if most.Load() != 2 {
		t.Errorf("%d at once", most.Load())
	}
}

func TestChangePassword(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	ctx := w.within(w.signedIn(u.Email).Token)
	for name, c := range map[string]struct{ current, next, field, reason string }{
		"wrong current":   {"Kirei-na-hana-2", "Akai-hana-22", "input.currentPassword", "password_wrong"},
		"no current":      {"", "Akai-hana-22", "input.currentPassword", "required"},
		"endless current": {strings.Repeat("x", 1<<20), "Akai-hana-22", "input.currentPassword", "too_long"},
		"weak":            {goodPassword, "akai", "input.newPassword", "password_weak"},
		"none":            {goodPassword, "", "input.newPassword", "required"},
	} {
		_, err := w.ChangePassword(ctx, c.current, c.next)
		accesstest.Code(t, name, err, core.CodeValidation, c.reason)
		if e, ok := err.(*core.Error); ok && e.Field != c.field {
			t.Errorf("%s: at %s", name, e.Field)
		}
	}
	if evs := w.Events(core.EventPasswordChanged); len(evs) != 1 || evs[0].Outcome != core.OutcomeFailure {
		t.Errorf("recorded %+v", evs)
	}
	_, err := w.ChangePassword(ctx, goodPassword, "Akai-hana-22")
	w.must(err)
	_, err = w.Login(w.visitor(), u.Email, goodPassword)
	accesstest.Code(t, "the old password", err, core.CodeUnauthorized)
	_, err = w.Login(w.visitor(), u.Email, "Akai-hana-22")
	accesstest.Code(t, "the new password", err, "")
}

// Of several changes with one old password, one wins.
func TestChangesOfOnePasswordRace(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	ctx := w.within(w.signedIn(u.Email).Token)
	var won, lost atomic.Int32
	var crowd sync.WaitGroup
	for _, next := range []string{"Akai-hana-01", "Akai-hana-02", "Akai-hana-03", "Akai-hana-04"} {
		crowd.Go(func() {
			switch _, err := w.ChangePassword(ctx, goodPassword, next); core.CodeOf(err) {
			case "":
				won.Add(1)
			case core.CodeValidation:
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	crowd.Wait()
	if won.Load() != 1 || lost.Load() != 3 {
		t.Errorf("%d won, %d lost", won.Load(), lost.Load())
	}
}
