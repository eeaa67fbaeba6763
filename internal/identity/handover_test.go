package identity

import (
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store/storetest"
	"github.com/karuta-bi/karuta/internal/table/embedded"
)

// FAIL-5: a hand-over that stops at any call of the table says how far it got,
// and goes on when it is asked for again.
func TestAHandOverGoesOn(t *testing.T) {
	for name, fault := range map[string]storetest.Fault{"refused": storetest.Refused, "answer lost": storetest.AnswerLost} {
		t.Run(name, func(t *testing.T) {
			engine, err := embedded.Open(filepath.Join(t.TempDir(), "karuta.db"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = engine.Close() })
			faults := storetest.NewFaults(engine)
			w := accesstest.Over(t, faults, slog.New(slog.DiscardHandler))
			s := New(Deps{Store: w.Store, Audit: w.Audit, Gate: w.Gate, Keys: Keys{Current: NewKey("k")}, PasswordMin: 8, Workers: 1})
			admin, owner, heir := w.Admin("admin"), w.User("owner"), w.User("heir")
			data := w.Dataset(owner)
			for range 3 {
				w.Dashboard(owner, nil, w.Card(owner, data))
			}
			_, err = s.Deactivate(w.As(admin), owner.ID)
			accesstest.Code(t, "lock", err, "")
			handed, stopped := 0, 0
			for n := int64(1); ; n++ {
				faults.Arm(n, fault)
				out, err := s.Depart(w.As(admin), Departure{UserID: owner.ID, HandOverTo: heir.ID})
				faults.Arm(0, fault)
				if err == nil && out.Owned.Count() == 0 {
					handed += out.HandedOver
					break
				}
				if problem, ok := errors.AsType[*core.Error](err); ok && problem.Reason == "hand_over" {
					stopped++
					handed += problem.Details["handedOver"].(int)
				}
			}
			left, err := s.Owned(w.As(admin), owner.ID)
			accesstest.Code(t, "owned by who left", err, "")
			got, err := s.Owned(w.As(admin), heir.ID)
			accesstest.Code(t, "owned by the heir", err, "")
			if left.Count() != 0 || got.Count() != 7 || stopped == 0 || fault == storetest.Refused && handed != 7 {
				t.Errorf("%d are left, %d handed over, %d counted, it stopped %d times", left.Count(), got.Count(), handed, stopped)
			}
		})
	}
}
