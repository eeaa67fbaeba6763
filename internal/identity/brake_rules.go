package identity

import (
	"math"
	"slices"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

const (
	brakeWindow = time.Minute
	brakeTries  = 5           // in a window, and failures in a row that lock an account
	firstDelay  = brakeWindow // of a lock; each further failure doubles it
	maxDelay    = 15 * time.Minute
	brakeMemory = 24 * time.Hour // since the last try
)

// admission forgets the tries that are over, and tells how long to wait before
// the next one, or that open ones take its place. While as many have failed in
// a row as lock an account, one try at a time is left.
func admission(b *core.Brake, now time.Time) (wait time.Duration, crowded bool) {
	b.Tries = slices.DeleteFunc(b.Tries, func(t core.Try) bool { return now.Sub(t.At) >= brakeWindow })
	failed := failures(b)
	open := len(b.Tries) - failed
	switch {
	case now.Before(b.Until):
		return b.Until.Sub(now), false
	case failed >= brakeTries:
		return b.Tries[0].At.Add(brakeWindow).Sub(now), false
	}
	return 0, len(b.Tries) >= brakeTries || open > 0 && b.Failures+open >= brakeTries
}

func failures(b *core.Brake) (failed int) {
	for _, t := range b.Tries {
		if !t.Open {
			failed++
		}
	}
	return failed
}

// succeed gives a try back. The account begins anew; the client does not, for an
// account of one's own must not help to guess those of others.
func succeed(account, client *core.Brake, try string) {
	account.Failures, account.Until = 0, time.Time{}
	account.Tries = slices.DeleteFunc(account.Tries, func(t core.Try) bool { return t.ID == try || !t.Open })
	client.Tries = slices.DeleteFunc(client.Tries, func(t core.Try) bool { return t.ID == try })
}

// lockAccount counts a failure, and tells for how long it locks the account.
func lockAccount(b *core.Brake, try string, now time.Time) (lock time.Duration) {
	fail(b, try)
	if b.Failures++; b.Failures < brakeTries {
		return 0
	}
	lock = delay(b.Failures)
	b.Until = now.Add(lock)
	return lock
}

// lockClient counts a failure, and tells whether the client must wait now.
func lockClient(b *core.Brake, try string) bool {
	fail(b, try)
	return failures(b) == brakeTries
}

func fail(b *core.Brake, try string) {
	for i := range b.Tries {
		if b.Tries[i].ID == try {
			b.Tries[i].Open = false
		}
	}
}

// delay is how long an account is locked after so many failures in a row.
func delay(failures int) time.Duration {
	d := firstDelay
	for range failures - brakeTries {
		if d *= 2; d >= maxDelay {
			return maxDelay
		}
	}
	return d
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
