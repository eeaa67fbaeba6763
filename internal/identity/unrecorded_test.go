package identity

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/audit"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/embedded"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

// unaudited is an engine whose audit table is away.
type unaudited struct {
	table.Engine
	away atomic.Bool
}

func (u *unaudited) Write(ctx context.Context, w table.Write) error {
	if w.Key.Table == table.AuditLogs && u.away.Load() {
		return errors.New("the audit table is away")
	}
	return u.Engine.Write(ctx, w)
}

// AU-9: rights do not change where nobody could tell afterwards who changed
// them; everything else goes on, and so do rights while the spool takes events.
func TestRightsDoNotChangeUnrecorded(t *testing.T) {
	engine, err := embedded.Open(filepath.Join(t.TempDir(), "karuta.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	broken := &unaudited{Engine: engine}
	w := accesstest.Over(t, broken, slog.New(slog.DiscardHandler))
	spool := t.TempDir()
	log, err := audit.New(w.Store.Audit, spool, w.Log, &telemetry.Metrics{})
	if err != nil {
		t.Fatal(err)
	}
	s := New(Deps{Store: w.Store, Audit: log, Gate: w.Gate, Keys: keys, Lifetime: time.Hour, Workers: 1})
	s.passwords.generate = func(password []byte, _ int) ([]byte, error) {
		return bcrypt.GenerateFromPassword(password, bcrypt.MinCost)
	}
	by, u := w.As(w.Admin("admin")), w.User("hanako")
	in, err := s.CreateGroup(by, "営業")
	if err != nil {
		t.Fatal(err)
	}
	strict := map[string]func() error{
		"create": func() error {
			_, err := s.CreateUser(by, NewUser{Email: core.NewID(core.NounUser) + "@example.com", Role: core.RoleUser, Password: goodPassword})
			return err
		},
		"promote": func() error { _, err := s.SetRole(by, u.ID, core.RoleAdmin); return err },
		"demote":  func() error { _, err := s.SetRole(by, u.ID, core.RoleUser); return err },
		"add":     func() error { _, err := s.AddMember(by, in.ID, u.ID); return err },
		"remove":  func() error { _, err := s.RemoveMember(by, in.ID, u.ID); return err },
		"reset":   func() error { _, err := s.ResetPassword(by, u.ID, goodPassword); return err },
		"facts": func() error {
			_, err := s.SetAttributes(by, u.ID, []core.Attribute{{Name: core.NewID(core.NounUser), Values: []string{"a"}}})
			return err
		},
		"personal data": func() error { _, err := s.SetPIIAccess(by, u.ID, true); return err },
		"lock":          func() error { _, err := s.Deactivate(by, u.ID); return err },
		"delete":        func() error { _, err := s.DeleteGroup(by, in.ID, false); return err },
	}
	broken.away.Store(true)
	for _, name := range []string{"create", "promote", "demote", "add", "remove", "facts"} {
		accesstest.Code(t, name+" with a spool", strict[name](), "")
	}
	waiting := filepath.Join(spool, "waiting.jsonl")
	if err := errors.Join(os.Remove(waiting), os.Mkdir(waiting, 0o700)); err != nil {
		t.Fatal(err)
	}
	delete(strict, "demote") // an ordinary user already
	for name, do := range strict {
		calls := w.Calls(func() { err = do() })
		accesstest.Code(t, name+" without a spool", err, core.CodeUnavailable)
		for _, c := range calls {
			if c.Op == "Write" || c.Op == "Transact" {
				t.Errorf("%s without a spool: %+v", name, c)
			}
		}
	}
	if _, err := s.CreateGroup(by, "人事"); err != nil {
		t.Errorf("a group, which gives nobody anything: %v", err)
	}
}
