package access_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/embedded"
)

// world is a random company and what a naive reading of the rules says of it.
type world struct {
	t          *testing.T
	st         *store.Store
	users      []*core.User
	groups     []string
	dashboards []*core.Dashboard
	cards      []*core.Card
	datasets   []*core.Dataset
	shares     map[string]map[string]core.Permission // dashboard → principal → level
}

func newWorld(t *testing.T, rnd *rand.Rand) *world {
	t.Helper()
	e, err := embedded.Open(filepath.Join(t.TempDir(), "karuta.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	if err := e.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, st: store.New(e), shares: map[string]map[string]core.Permission{}}
	w.people(rnd)
	w.things(rnd)
	w.share(rnd)
	w.copies(rnd)
	w.changes(rnd)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) people(rnd *rand.Rand) {
	ctx := w.t.Context()
	for i := range 3 {
		g := &core.Group{ID: core.NewID(core.NounGroup), Name: string(rune('a' + i))}
		w.must(w.st.Groups.Create(ctx, g, g.Name))
		w.groups = append(w.groups, g.ID)
	}
	for i := range 6 {
		u := &core.User{ID: core.NewID(core.NounUser), Email: string(rune('a'+i)) + "@example.com", Role: core.RoleUser}
		if i == 0 {
			u.Role = core.RoleAdmin
		}
		w.must(w.st.Users.Create(ctx, u))
		for _, g := range w.groups {
			if rnd.IntN(3) == 0 {
				_, err := w.st.Groups.AddMember(ctx, g, u.ID)
				w.must(err)
			}
		}
		u, err := w.st.Users.Get(ctx, u.ID)
		w.must(err)
		w.users = append(w.users, u)
	}
}

func (w *world) anyUser(rnd *rand.Rand) string { return w.users[rnd.IntN(len(w.users))].ID }

func (w *world) things(rnd *rand.Rand) {
	ctx := w.t.Context()
	for range 4 {
		job := &core.ImportJob{ID: core.NewID(core.NounJob), Status: core.StatusRunning, OwnerID: w.users[0].ID}
		w.must(w.st.Jobs.Create(ctx, job))
		ds := &core.Dataset{ID: core.NewID(core.NounDataset), Name: "d", OwnerID: w.anyUser(rnd), DataVersion: 1, Path: "secret", Parts: []string{"secret"}}
		w.must(w.st.Datasets.Publish(ctx, ds, &core.DatasetVersion{DatasetID: ds.ID, Number: 1}, job))
		w.datasets = append(w.datasets, ds)
		for range 2 {
			c := &core.Card{ID: core.NewID(core.NounCard), Kind: core.CardCode, Name: "c", Code: "secret", DatasetID: ds.ID, OwnerID: w.anyUser(rnd)}
			w.must(w.st.Cards.Create(ctx, c))
			w.cards = append(w.cards, c)
		}
	}
	for range 5 {
		d := &core.Dashboard{ID: core.NewID(core.NounDashboard), Name: "d", OwnerID: w.anyUser(rnd)}
		w.must(w.st.Dashboards.Create(ctx, d))
		datasetOf := map[string]string{}
		placed, err := w.st.Dashboards.Edit(ctx, d.ID, d.OwnerID, 0, datasetOf, func(d *core.Dashboard) error {
			for _, c := range w.cards {
				if rnd.IntN(4) == 0 {
					datasetOf[c.ID] = c.DatasetID
					d.Cards = append(d.Cards, core.Placement{CardID: c.ID, W: 1, H: 1})
				}
			}
			return nil
		})
		w.must(err)
		w.dashboards = append(w.dashboards, placed)
	}
}

func (w *world) share(rnd *rand.Rand) {
	levels := []core.Permission{core.PermissionViewer, core.PermissionEditor, core.PermissionOwner}
	for _, d := range w.dashboards {
		w.shares[d.ID] = map[string]core.Permission{}
		var targets []core.Target
		for _, u := range w.users {
			targets = append(targets, core.Target{Type: core.TargetUser, ID: u.ID})
		}
		for _, g := range w.groups {
			targets = append(targets, core.Target{Type: core.TargetGroup, ID: g})
		}
		for _, to := range targets {
			if rnd.IntN(5) == 0 && to.ID != d.OwnerID {
				level := levels[rnd.IntN(3)]
				w.must(w.st.Shares.Create(w.t.Context(), &core.Share{DashboardID: d.ID, TargetType: to.Type, TargetID: to.ID, Permission: level}, d.OwnerID))
				w.shares[d.ID][to.ID] = level
			}
		}
	}
}

// level is the naive model of a person's level on a dashboard.
func (w *world) level(u *core.User, d *core.Dashboard) core.Permission {
	best := core.PermissionNone
	if d.OwnerID == u.ID {
		best = core.PermissionOwner
	}
	for _, p := range append([]string{u.ID}, u.GroupIDs...) {
		best = core.Highest(best, w.shares[d.ID][p])
	}
	return best
}

func (w *world) dashboardCode(u *core.User, d *core.Dashboard, want access.Right) core.Code {
	level, admin := w.level(u, d), u.Role == core.RoleAdmin
	sees := admin || level != core.PermissionNone
	may := map[access.Right]bool{
		access.View:   sees,
		access.Edit:   level.Rank() >= 2,
		access.Manage: admin || level.Rank() == 3,
	}[want]
	switch {
	case may:
		return ""
	case sees:
		return core.CodeForbidden
	}
	return core.CodeNotFound
}

func (w *world) through(u *core.User, holds func(*core.Card) bool) bool {
	for _, d := range w.dashboards {
		if u.Role != core.RoleAdmin && w.level(u, d) == core.PermissionNone {
			continue
		}
		for _, p := range d.Cards {
			for _, c := range w.cards {
				if c.ID == p.CardID && w.chainOpen(u, p) && holds(c) {
					return true
				}
			}
		}
	}
	return false
}

func nounCode(u *core.User, ownerID string, through bool, want access.Right) core.Code {
	owner, admin := ownerID == u.ID, u.Role == core.RoleAdmin
	switch {
	case owner, want == access.View && (admin || through), want == access.Manage && admin:
		return ""
	case admin || through:
		return core.CodeForbidden
	}
	return core.CodeNotFound
}

// PRM: the gate agrees with the naive model for every person, thing and right,
// asked afresh and asked again within one request.
func TestGateAgreesWithNaiveModel(t *testing.T) {
	for seed := range uint64(6) {
		w := newWorld(t, rand.New(rand.NewPCG(seed, 1)))
		denials := 0
		gate := access.New(w.st, func(context.Context, access.Denial) { denials++ })
		for _, u := range w.users {
			shared := core.WithActor(t.Context(), &core.Actor{User: u})
			fresh := func() context.Context { return core.WithActor(t.Context(), &core.Actor{User: u}) }
			for _, want := range []access.Right{access.View, access.Edit, access.Manage} {
				for _, mode := range []func() context.Context{fresh, func() context.Context { return shared }} {
					w.check(gate, mode, u, want)
				}
			}
		}
		if denials == 0 {
			t.Error("no denial was reported")
		}
	}
}

func (w *world) check(gate *access.Gate, ctx func() context.Context, u *core.User, want access.Right) {
	w.t.Helper()
	for _, d := range w.dashboards {
		_, err := gate.RequireDashboard(ctx(), "id", d.ID, want)
		w.same("dashboard", err, w.dashboardCode(u, d, want))
	}
	w.checkAdmission(gate, ctx, u)
	for _, c := range w.cards {
		got, err := gate.RequireCard(ctx(), "id", c.ID, want)
		through := w.through(u, func(o *core.Card) bool { return o.ID == c.ID })
		w.same("card", err, nounCode(u, c.OwnerID, through, want))
		if err == nil && (got.Code == "") != (c.OwnerID != u.ID && u.Role != core.RoleAdmin) {
			w.t.Errorf("card's code: %q for %s", got.Code, u.Email)
		}
	}
	for _, ds := range w.datasets {
		got, err := gate.RequireDataset(ctx(), "id", ds.ID, want)
		through := w.through(u, func(o *core.Card) bool { return o.DatasetID == ds.ID })
		w.same("dataset", err, nounCode(u, ds.OwnerID, through, want))
		if err == nil && (got.Path == "") != (ds.OwnerID != u.ID && u.Role != core.RoleAdmin) {
			w.t.Errorf("dataset's place: %q for %s", got.Path, u.Email)
		}
	}
}

func (w *world) same(what string, err error, want core.Code) {
	w.t.Helper()
	if got := core.CodeOf(err); got != want {
		w.t.Errorf("%s: got %q (%v), want %q", what, got, err, want)
	}
}

func TestAnonymousOpensNothing(t *testing.T) {
	w := newWorld(t, rand.New(rand.NewPCG(9, 9)))
	gate := access.New(w.st, func(context.Context, access.Denial) {})
	ctx := t.Context()
	_, err := gate.RequireDashboard(ctx, "id", w.dashboards[0].ID, access.View)
	w.same("dashboard", err, core.CodeUnauthorized)
	_, err = gate.RequireAdmin(ctx)
	w.same("admin", err, core.CodeUnauthorized)
	open, err := gate.FilterCards(ctx, []string{w.cards[0].ID})
	if err != nil || len(open) != 0 {
		t.Errorf("a loader opened %v, %v", open, err)
	}
}

// API-3: one call decides on a dashboard, however many groups a person has,
// and a second question in the same request costs none.
func TestOneCallForADashboard(t *testing.T) {
	w := newWorld(t, rand.New(rand.NewPCG(3, 3)))
	calls := 0
	counted := table.Counted(w.st.Engine(), func(table.Call) { calls++ })
	gate := access.New(store.New(counted), func(context.Context, access.Denial) {})
	ctx := core.WithActor(t.Context(), &core.Actor{User: w.users[0]})
	for range 3 {
		if _, err := gate.RequireDashboard(ctx, "id", w.dashboards[0].ID, access.View); err != nil {
			t.Fatal(err)
		}
	}
	if calls != 1 {
		t.Errorf("%d calls, want 1", calls)
	}
}

func TestSharesSay403ToStrangersAnd404ToNobody(t *testing.T) {
	w := newWorld(t, rand.New(rand.NewPCG(4, 4)))
	gate := access.New(w.st, func(context.Context, access.Denial) {})
	for _, u := range w.users[1:] {
		for _, d := range w.dashboards {
			ctx := core.WithActor(t.Context(), &core.Actor{User: u})
			_, err := gate.RequireShareManagement(ctx, "id", d.ID)
			want := core.CodeForbidden // SH-2
			if w.level(u, d) == core.PermissionOwner {
				want = ""
			}
			w.same("share management", err, want)
			_, err = gate.RequireShareManagement(ctx, "id", core.NewID(core.NounDashboard))
			w.same("no dashboard", err, core.CodeNotFound) // SH-3
		}
	}
}
