package access_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/embedded"
)

// copies makes copies of dashboards, and copies of those, by people who see them.
func (w *world) copies(rnd *rand.Rand) {
	datasetOf := map[string]string{}
	for _, c := range w.cards {
		datasetOf[c.ID] = c.DatasetID
	}
	const originals = 5
	for i := range 40 {
		least := 0
		if i%2 == 1 && len(w.dashboards) > originals {
			least = originals // a copy of a copy
		}
		from, u := w.dashboards[least+rnd.IntN(len(w.dashboards)-least)], w.users[rnd.IntN(len(w.users))]
		if w.dashboardCode(u, from, access.View) != "" {
			continue
		}
		d := &core.Dashboard{ID: core.NewID(core.NounDashboard), Name: "copy", OwnerID: u.ID, CreatedAt: store.Now()}
		for _, p := range from.Cards {
			if w.ownRight(u, p.CardID) {
				p.Grants = nil
			} else {
				p.Grants = append([]string{from.ID}, p.Grants...)
			}
			d.Cards = append(d.Cards, p)
		}
		w.must(w.st.Dashboards.Clone(w.t.Context(), d, from.ID, datasetOf))
		w.dashboards, w.shares[d.ID] = append(w.dashboards, d), map[string]core.Permission{}
		other := w.users[rnd.IntN(len(w.users))].ID
		if other == u.ID {
			continue
		}
		w.must(w.st.Shares.Create(w.t.Context(), &core.Share{DashboardID: d.ID, TargetType: core.TargetUser, TargetID: other, Permission: core.PermissionViewer}, u.ID))
		w.shares[d.ID][other] = core.PermissionViewer
	}
}

// changes takes away shares, cards and dashboards that copies came from.
func (w *world) changes(rnd *rand.Rand) {
	ctx := w.t.Context()
	for i, d := range w.dashboards {
		for _, u := range w.users {
			if w.shares[d.ID][u.ID] != core.PermissionNone && rnd.IntN(6) == 0 {
				w.must(w.st.Shares.Delete(ctx, &core.Share{DashboardID: d.ID, TargetType: core.TargetUser, TargetID: u.ID}, d.OwnerID))
				delete(w.shares[d.ID], u.ID)
			}
		}
		if len(d.Cards) > 0 && rnd.IntN(3) == 0 {
			changed, err := w.st.Dashboards.Edit(ctx, d.ID, d.OwnerID, 0, nil, func(d *core.Dashboard) error {
				d.Cards = d.Cards[1:]
				return nil
			})
			w.must(err)
			w.dashboards[i] = changed
		}
	}
	gone := rnd.IntN(len(w.dashboards))
	w.must(w.st.Dashboards.Delete(ctx, w.dashboards[gone], "operator"))
	w.dashboards = slices.Delete(w.dashboards, gone, gone+1)
}

func (w *world) ownRight(u *core.User, cardID string) bool {
	if u.Role == core.RoleAdmin {
		return true
	}
	for _, c := range w.cards {
		for _, d := range w.datasets {
			if c.ID == cardID && c.OwnerID == u.ID && c.DatasetID == d.ID && d.OwnerID == u.ID {
				return true
			}
		}
	}
	return false
}

// chainOpen is the naive model of the way of a copied card.
func (w *world) chainOpen(u *core.User, p core.Placement) bool {
	open := 0
	for _, id := range p.Grants {
		for _, d := range w.dashboards {
			holds := slices.ContainsFunc(d.Cards, func(q core.Placement) bool { return q.CardID == p.CardID })
			if d.ID == id && holds && w.dashboardCode(u, d, access.View) == "" {
				open++
			}
		}
	}
	return open == len(p.Grants)
}

func (w *world) checkAdmission(gate *access.Gate, ctx func() context.Context, u *core.User) {
	w.t.Helper()
	for _, d := range w.dashboards {
		if w.dashboardCode(u, d, access.View) != "" {
			continue
		}
		asked := ctx()
		shown, err := gate.Admitted(asked, d)
		w.must(err)
		for _, p := range d.Cards {
			want := w.chainOpen(u, p) || w.ownRight(u, p.CardID)
			if shown.Shows(p.CardID) != want {
				w.t.Errorf("a card copied over %d: shown %v, want %v", len(p.Grants), !want, want)
			}
			code := core.CodeForbidden
			if want {
				code = ""
			}
			_, err := gate.RequireAdmitted(asked, "cardId", d, p.CardID)
			w.same("admission", err, code)
		}
	}
}

// SH-9: the worlds of the model do hold what it is about.
func TestWorldsHoldCopies(t *testing.T) {
	copied, refused, deep := 0, 0, 0
	for seed := range uint64(6) {
		w := newWorld(t, rand.New(rand.NewPCG(seed, 1)))
		for _, d := range w.dashboards {
			for _, p := range d.Cards {
				for _, u := range w.users {
					if len(p.Grants) > 0 {
						copied++
					}
					if len(p.Grants) > 1 {
						deep++
					}
					if w.dashboardCode(u, d, access.View) == "" && !w.chainOpen(u, p) {
						refused++
					}
				}
			}
		}
	}
	if copied == 0 || refused == 0 || deep == 0 {
		t.Errorf("%d copied cards, %d of copies, %d refused", copied, deep, refused)
	}
}

// API-3: the ways of all cards of a page are one call, for fields that run side
// by side too, and a page without copied cards costs none.
func TestOneCallForTheWays(t *testing.T) {
	e, err := embedded.Open(filepath.Join(t.TempDir(), "karuta.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	calls := &table.Recorder{}
	st := store.New(table.Counted(e, calls.Add))
	gate := access.New(st, func(context.Context, access.Denial) {})
	viewer := &core.User{ID: core.NewID(core.NounUser)}
	page, plain := &core.Dashboard{}, &core.Dashboard{}
	for range core.MaxDashboardCards {
		id := core.NewID(core.NounCard)
		plain.Cards = append(plain.Cards, core.Placement{CardID: id})
		from := &core.Dashboard{ID: core.NewID(core.NounDashboard), OwnerID: viewer.ID, CreatedAt: store.Now()}
		if err := st.Dashboards.Create(t.Context(), from); err != nil {
			t.Fatal(err)
		}
		page.Cards = append(page.Cards, core.Placement{CardID: id, Grants: []string{from.ID, core.NewID(core.NounDashboard)}})
	}
	for d, want := range map[*core.Dashboard]int{page: 2, plain: 0} { // the cards are asked for, too: none is shown by its way
		ctx := core.WithActor(t.Context(), &core.Actor{User: viewer})
		calls.Take()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, err := gate.Admitted(ctx, d); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := calls.Take(); len(got) != want {
			t.Errorf("%d calls, want %d: %+v", len(got), want, got)
		}
	}
}
