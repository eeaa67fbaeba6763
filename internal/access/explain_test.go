package access_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// asks are the things of a world that can be asked about, each with the door
// that it is opened by.
func (w *world) asks(gate *access.Gate) map[string]func(ctx context.Context, want access.Right) error {
	doors := map[string]func(context.Context, access.Right) error{}
	for _, d := range w.dashboards {
		doors[d.ID] = func(ctx context.Context, want access.Right) error {
			_, err := gate.RequireDashboard(ctx, "id", d.ID, want)
			return err
		}
		for id, level := range w.shares[d.ID] {
			kind := core.TargetUser
			if n, _ := core.NounOf(id); n == core.NounGroup {
				kind = core.TargetGroup
			}
			if level != core.PermissionNone {
				doors[core.ShareID(d.ID, kind, id)] = func(ctx context.Context, _ access.Right) error {
					_, err := gate.RequireDashboard(ctx, "id", d.ID, access.Manage)
					return err
				}
			}
		}
		for _, p := range d.Cards {
			doors[core.DashboardCardID(d.ID, p.CardID)] = func(ctx context.Context, want access.Right) error {
				if _, err := gate.RequireDashboard(ctx, "id", d.ID, want); err != nil {
					return err
				}
				_, err := gate.RequireAdmitted(ctx, "id", d, p.CardID)
				return err
			}
		}
	}
	for _, c := range w.cards {
		doors[c.ID] = func(ctx context.Context, want access.Right) error {
			_, err := gate.RequireCard(ctx, "id", c.ID, want)
			return err
		}
	}
	for _, d := range w.datasets {
		doors[d.ID] = func(ctx context.Context, want access.Right) error {
			_, err := gate.RequireDataset(ctx, "id", d.ID, want)
			return err
		}
	}
	return doors
}

// Explain says yes exactly where the door opens, gives a way for each yes, and
// says for each no what is missing and who can give it. It is no denial of the
// one who is asked about.
func TestExplainAgreesWithTheDoors(t *testing.T) { // SH-7, PRM-5
	for seed := range uint64(4) {
		w := newWorld(t, rand.New(rand.NewPCG(seed, 1)))
		gate := access.New(w.st, func(_ context.Context, d access.Denial) { t.Errorf("a denial was told: %+v", d) })
		quiet := access.New(w.st, func(context.Context, access.Denial) {})
		locked := w.users[5]
		_, err := w.st.Users.Edit(t.Context(), locked.ID, func(u *core.User) error { u.DeactivatedAt = store.Now(); return nil })
		w.must(err)
		admin := core.WithActor(t.Context(), &core.Actor{User: w.users[0]})
		yes, no := 0, 0
		for id, door := range w.asks(quiet) {
			for _, u := range w.users {
				e, err := gate.Explain(admin, u.ID, id)
				w.must(err)
				for want, got := range map[access.Right]bool{access.View: e.Allowed, access.Edit: e.CanEdit, access.Manage: e.CanManage} {
					fresh := core.WithActor(t.Context(), &core.Actor{User: u})
					if opens := door(fresh, want) == nil && u != locked; opens != got {
						t.Errorf("%s of %s by %s: said %v, the door %v", want, id, u.Email, got, opens)
					}
				}
				if e.Allowed != (len(e.Paths) > 0) || e.Allowed == (len(e.Missing) > 0) {
					t.Errorf("%s by %s: allowed %v, ways %+v, missing %+v", id, u.Email, e.Allowed, e.Paths, e.Missing)
				}
				for _, m := range e.Missing {
					if len(m.GiverIDs) == 0 {
						t.Errorf("%s by %s: nobody can give %s", id, u.Email, m.Kind)
					}
				}
				if e.Allowed {
					yes++
				} else {
					no++
				}
			}
		}
		if yes == 0 || no == 0 {
			t.Errorf("%d times yes, %d times no", yes, no)
		}
	}
}

// What an explanation calls missing opens the door when it is given.
func TestWhatIsMissingOpens(t *testing.T) { // PRM-5, SH-9
	for seed := range uint64(3) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		w := newWorld(t, rnd)
		gate := access.New(w.st, func(context.Context, access.Denial) {})
		admin := core.WithActor(t.Context(), &core.Actor{User: w.users[0]})
		given := 0
		for id := range w.asks(gate) {
			u := w.users[1+rnd.IntN(len(w.users)-1)]
			e, err := gate.Explain(admin, u.ID, id)
			w.must(err)
			noun, _ := core.NounOf(id)
			if e.Allowed || noun != core.NounDashboard && noun != core.NounDashboardCard {
				continue
			}
			for range 2 { // first the page, then what its card was copied over
				for _, m := range e.Missing {
					if m.DashboardID != "" {
						w.must(w.st.Shares.Create(t.Context(), &core.Share{DashboardID: m.DashboardID, TargetType: core.TargetUser, TargetID: u.ID, Permission: core.PermissionViewer}, m.GiverIDs[0]))
						given++
					}
				}
				e, err = gate.Explain(admin, u.ID, id)
				w.must(err)
			}
			for _, m := range e.Missing {
				if m.Kind != core.MissingOrigin {
					t.Errorf("%s: all was given, and %s is missing", id, m.Kind)
				}
			}
		}
		if given == 0 {
			t.Error("nothing was missing")
		}
	}
}

// Who may ask: whoever manages the thing about anybody, everybody about
// themselves where they see it, and that it exists is told to nobody else.
func TestWhoMayAskWhy(t *testing.T) { // SH-7
	w := newWorld(t, rand.New(rand.NewPCG(7, 1)))
	gate := access.New(w.st, func(context.Context, access.Denial) {})
	for id, door := range w.asks(gate) {
		for _, u := range w.users {
			own := func() context.Context { return core.WithActor(t.Context(), &core.Actor{User: u}) }
			noun, _ := core.NounOf(id)
			if noun == core.NounDashboardCard {
				continue // its page is asked for
			}
			_, err := gate.Explain(own(), u.ID, id)
			w.same("about oneself: "+id, err, core.CodeOf(door(own(), access.View)))
			_, err = gate.Explain(own(), w.users[(2+len(w.users)-1)%len(w.users)].ID, id)
			if u == w.users[1] {
				continue
			}
			w.same("about another: "+id, err, core.CodeOf(door(own(), access.Manage)))
		}
	}
	_, err := gate.Explain(core.WithActor(t.Context(), &core.Actor{User: w.users[0]}), core.NewID(core.NounUser), w.dashboards[0].ID)
	w.same("about nobody", err, core.CodeNotFound)
	_, err = gate.Explain(t.Context(), w.users[0].ID, w.dashboards[0].ID)
	w.same("by nobody", err, core.CodeUnauthorized)
	for _, id := range []string{core.NewID(core.NounJob), core.NewID(core.NounDashboard), core.DashboardCardID(w.dashboards[0].ID, core.NewID(core.NounCard))} {
		_, err = gate.Explain(core.WithActor(t.Context(), &core.Actor{User: w.users[0]}), w.users[1].ID, id)
		w.same("about what is not there", err, core.CodeNotFound)
	}
}
