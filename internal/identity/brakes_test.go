package identity

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

const wrongPassword = "Kirei-na-hana-2"

// wait is after how many seconds the refusal says to try again, 0 for another answer.
func wait(t *testing.T, err error) int {
	t.Helper()
	if core.CodeOf(err) != core.CodeRateLimit {
		return 0
	}
	e := err.(*core.Error)
	for _, locale := range []core.Locale{core.Japanese, core.English} {
		if said := core.Sentence(locale, e); !strings.Contains(said, fmt.Sprint(e.Details["retryAfter"])) {
			t.Errorf("says %q", said)
		}
	}
	return e.Details["retryAfter"].(int)
}

// ATH-4: after five failures an account waits, longer each time, from wherever
// it is tried; the right password then opens it, and all is forgotten. An
// address without an account is told the same.
func TestAnAccountIsBraked(t *testing.T) {
	for _, email := range []string{"hanako@example.com", "nobody@example.com", "no address"} {
		w := newWorld(t)
		w.stands = store.Now()
		u := w.account("hanako")
		clients := 0
		guess := func(password string) error {
			clients++
			_, err := w.Login(w.from(fmt.Sprintf("192.0.2.%d", clients)), email, password)
			return err
		}
		for range brakeTries {
			accesstest.Code(t, email, guess(wrongPassword), core.CodeUnauthorized, "credentials")
		}
		waits := []int{}
		for _, lock := range []int{60, 120, 240, 480, 900, 900} {
			compared := w.compared.Load()
			if got := wait(t, guess(goodPassword)); got != lock || w.compared.Load() != compared {
				t.Errorf("%s: wait %d s, want %d", email, got, lock)
			}
			w.later(time.Duration(lock-1) * time.Second)
			if got := wait(t, guess(goodPassword)); got != 1 {
				t.Errorf("%s: wait %d s just before the end", email, got)
			}
			w.later(time.Second)
			accesstest.Code(t, email, guess(wrongPassword), core.CodeUnauthorized, "credentials")
			waits = append(waits, lock)
		}
		locks := w.Events(core.EventLoginLocked)
		if len(locks) != len(waits)+1 || locks[0].TargetType != "user" || locks[0].Details["seconds"] != "900" || locks[len(locks)-1].Details["seconds"] != "60" {
			t.Errorf("%s: recorded %d locks, %+v", email, len(locks), locks)
		}
		notices, err := w.Store.Outbox.Of(t.Context(), u.ID, true, core.PageArgs{First: 10})
		w.must(err)
		if email != u.Email {
			if len(notices.Nodes) != 0 || locks[0].TargetID != "" {
				t.Errorf("%s: somebody else was told: %+v", email, notices.Nodes)
			}
			continue
		}
		if len(notices.Nodes) != 1 || notices.Nodes[0].Kind != core.NoticeLoginLocked || locks[0].TargetID != u.ID {
			t.Errorf("the person was told %+v", notices.Nodes)
		}
		w.later(maxDelay)
		w.must(guess(goodPassword))
		for range brakeTries - 1 {
			accesstest.Code(t, email, guess(wrongPassword), core.CodeUnauthorized)
		}
		w.must(guess(goodPassword))
	}
}

// ATH-4: a client that fails five times a minute waits, whatever accounts it
// tries; others do not, and an account of its own does not help it.
func TestAClientIsBraked(t *testing.T) {
	w := newWorld(t)
	w.stands = store.Now()
	w.account("own")
	const client, other = "2001:db8:1:2::1", "2001:db8:1:3::1"
	guess := func(ip, email, password string) error { _, err := w.Login(w.from(ip), email, password); return err }
	for i := range brakeTries {
		w.must(guess(client, "own@example.com", goodPassword))
		accesstest.Code(t, "guess", guess(client, fmt.Sprintf("u%d@example.com", i), wrongPassword), core.CodeUnauthorized)
		w.later(time.Second)
	}
	for _, same := range []string{client, "2001:db8:1:2:ffff::9", "2001:db8:1:2::1%eth0"} {
		if got := wait(t, guess(same, "own@example.com", goodPassword)); got < 50 || got > 55 {
			t.Errorf("%s waits %d s", same, got)
		}
	}
	w.must(guess(other, "own@example.com", goodPassword))
	if locks := w.Events(core.EventLoginLocked); len(locks) != 1 || locks[0].TargetType != "client" || locks[0].TargetID != client {
		t.Errorf("recorded %+v", locks)
	}
	w.later(55 * time.Second)
	w.must(guess(client, "own@example.com", goodPassword))
}

// ATH-4: of 50 guesses at the same time only five are compared, from one client
// as from fifty.
func TestGuessesAtTheSameTime(t *testing.T) {
	for name, client := range map[string]func(int) string{
		"one client":    func(int) string { return "192.0.2.9" },
		"fifty clients": func(i int) string { return fmt.Sprintf("192.0.2.%d", i) },
	} {
		w := newWorld(t)
		w.stands = store.Now()
		u := w.account("hanako")
		compared := w.compared.Load()
		var braked atomic.Int32
		var crowd sync.WaitGroup
		for i := range 50 {
			crowd.Go(func() {
				_, err := w.Login(w.from(client(i)), u.Email, wrongPassword)
				if core.CodeOf(err) == core.CodeRateLimit {
					braked.Add(1)
				}
			})
		}
		crowd.Wait()
		if got := w.compared.Load() - compared; got != brakeTries || braked.Load() != 50-brakeTries {
			t.Errorf("%s: %d passwords were compared, %d braked", name, got, braked.Load())
		}
		if locks := w.Events(core.EventLoginLocked); len(locks) > 2 { // of the account and of the client
			t.Errorf("%s: %d locks are recorded", name, len(locks))
		}
	}
}

// Good passwords do not count: fifty people behind one address sign in at once.
func TestACrowdSignsIn(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	var crowd sync.WaitGroup
	for range 50 {
		crowd.Go(func() {
			if _, err := w.Login(w.visitor(), u.Email, goodPassword); err != nil {
				t.Error(err)
			}
		})
	}
	crowd.Wait()
}

// The current password cannot be guessed either, and by no second door: both
// count as one.
func TestChangePasswordIsBraked(t *testing.T) {
	w := newWorld(t)
	w.stands = store.Now()
	u := w.account("hanako")
	ctx := w.within(w.signedIn(u.Email).Token)
	change := func(current string) error { _, err := w.ChangePassword(ctx, current, "Akai-hana-22"); return err }
	for range brakeTries - 1 {
		accesstest.Code(t, "wrong", change(wrongPassword), core.CodeValidation, "password_wrong")
	}
	_, err := w.Login(w.visitor(), u.Email, wrongPassword)
	accesstest.Code(t, "login", err, core.CodeUnauthorized)
	if got := wait(t, change(goodPassword)); got != 60 {
		t.Errorf("wait %d s", got)
	}
	w.later(firstDelay)
	w.must(change(goodPassword))
}

// Who may try as often as they like is not braked at all.
func TestUnlimitedTries(t *testing.T) {
	w := newWorld(t)
	u := w.account("hanako")
	w.unlimited = true
	for range 3 * brakeTries {
		_, err := w.Login(w.visitor(), u.Email, wrongPassword)
		accesstest.Code(t, "guess", err, core.CodeUnauthorized)
	}
	w.signedIn(u.Email)
}

// Whatever happens, no more than five tries of an account fail within a minute
// of the first of them, and who has waited as long as they were told gets in.
func TestBrakeRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1_800_000_000, 0)
		account, client := &core.Brake{}, &core.Brake{}
		var failed []time.Time
		for i := range rapid.IntRange(1, 60).Draw(t, "tries") {
			now = now.Add(time.Duration(rapid.IntRange(0, 40_000).Draw(t, "ms")) * time.Millisecond)
			wait, crowded := admission(account, now)
			if crowded {
				t.Fatal("nobody else is there")
			}
			if wait > 0 {
				now = now.Add(wait)
				if again, _ := admission(account, now); again > 0 {
					t.Fatalf("%v more after %v", again, wait)
				}
			}
			id := fmt.Sprint(i)
			account.Tries = append(account.Tries, core.Try{ID: id, At: now, Open: true})
			if rapid.IntRange(0, 9).Draw(t, "luck") == 0 {
				succeed(account, client, id)
				failed = nil
				continue
			}
			lockAccount(account, id, now)
			if failed = append(failed, now); len(failed) > brakeTries && now.Sub(failed[len(failed)-1-brakeTries]) < brakeWindow {
				t.Fatalf("six failures in %v", now.Sub(failed[len(failed)-1-brakeTries]))
			}
		}
	})
}
