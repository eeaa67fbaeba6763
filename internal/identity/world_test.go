package identity

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

const goodPassword = "Kirei-na-hana-1"

// world is a service over an empty store whose password hashes cost little: the
// price of the real ones is paid in TestHashing alone.
type world struct {
	*accesstest.World
	*Service
	t        testing.TB
	admin    *core.User
	compared atomic.Int32 // passwords
	ahead    atomic.Int64 // of the real clock, nanoseconds
	stands   time.Time    // where set, the clock moves with later alone, however busy the machine is

	mu        sync.Mutex
	onCompare func() // what happens while a password is compared
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return worldOf(t, accesstest.New(t))
}

func worldOf(t testing.TB, beneath *accesstest.World) *world {
	t.Helper()
	w := &world{World: beneath, t: t}
	w.Service = New(Deps{
		Store: w.Store, Audit: w.Audit, Gate: w.Gate, Keys: Keys{Current: NewKey(strings.Repeat("k", 32))},
		Lifetime: 24 * time.Hour, PasswordMin: 8, Workers: 4, RootFields: []string{"Query.me", "Query.dashboards"},
		Clock: func() time.Time {
			now := store.Now()
			if !w.stands.IsZero() {
				now = w.stands
			}
			return now.Add(time.Duration(w.ahead.Load()))
		},
	})
	w.passwords.generate = func(password []byte, _ int) ([]byte, error) {
		return bcrypt.GenerateFromPassword(password, bcrypt.MinCost)
	}
	w.passwords.compare = w.compare
	w.admin = w.Admin("admin")
	return w
}

func (w *world) compare(hash, password []byte) error {
	w.compared.Add(1)
	w.mu.Lock()
	meanwhile := w.onCompare
	w.onCompare = nil
	w.mu.Unlock()
	if meanwhile != nil {
		meanwhile()
	}
	if string(hash) == nobodysHash {
		return bcrypt.ErrMismatchedHashAndPassword
	}
	return bcrypt.CompareHashAndPassword(hash, password)
}

// during lets something happen while the next password is compared.
func (w *world) during(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onCompare = f
}

// later moves the clock.
func (w *world) later(d time.Duration) { w.ahead.Add(int64(d)) }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// account makes a person who can sign in with [goodPassword].
func (w *world) account(name string) *core.User {
	w.t.Helper()
	u, err := w.CreateUser(w.As(w.admin), NewUser{Email: name + "@example.com", Role: core.RoleUser, Password: goodPassword})
	w.must(err)
	return u
}

// visitor is the context of a request by nobody.
func (w *world) visitor() context.Context {
	return core.WithActor(w.t.Context(), &core.Actor{IP: "192.0.2.7", Agent: "Firefox/150", RequestID: "request-7"})
}

// from is a visitor from another address.
func (w *world) from(ip string) context.Context {
	return core.WithActor(w.t.Context(), &core.Actor{IP: ip, RequestID: "request-7"})
}

func (w *world) signedIn(email string) *SignIn {
	w.t.Helper()
	in, err := w.Login(w.visitor(), email, goodPassword)
	w.must(err)
	return in
}

// code is what becomes of a request with the token.
func (w *world) code(token string) core.Code {
	_, _, err := w.Authenticate(w.t.Context(), token)
	return core.CodeOf(err)
}

// within is the context of a request with the token.
func (w *world) within(token string) context.Context {
	w.t.Helper()
	user, session, err := w.Authenticate(w.t.Context(), token)
	w.must(err)
	return core.WithActor(w.t.Context(), &core.Actor{User: user, SessionID: session.ID, IP: "192.0.2.8", Agent: "curl/9", RequestID: "request-8"})
}
