package dashboard_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dashboard"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/store/storetest"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/embedded"
)

// The size of a large house.
const (
	benchUsers      = 10_000
	benchGroups     = 1_000
	benchDashboards = 5_000
	benchShares     = 50_000
)

// large is a house of that size: everybody is in three groups, each dashboard
// is shared ten times, seven of them with groups.
type large struct {
	*accesstest.World
	s      *dashboard.Service
	users  []*core.User
	boards []*core.Dashboard
	shares map[string][]*core.Share // by dashboard
}

// BenchmarkPermission shows what a permission costs in a large house, in calls
// of the table and in time. The calls are held: one for a dashboard, the same
// for a list whoever asks.
func BenchmarkPermission(b *testing.B) {
	w := newLarge(b)
	b.Run("decision/items-read", func(b *testing.B) {
		ctx, d := w.As(w.users[0]), w.boards[0]
		shares := w.shares[d.ID]
		b.ResetTimer()
		for range b.N {
			w.Gate.Prime(ctx, d, shares)
		}
	})
	b.Run("decision/asked-again", func(b *testing.B) {
		ctx, d := w.As(w.owner(w.boards[0])), w.boards[0]
		for range b.N {
			_, err := w.Gate.RequireDashboard(ctx, "id", d.ID, access.Edit)
			must(b, err)
		}
	})
	b.Run("dashboard", func(b *testing.B) {
		w.calls(b, 1, func(i int) {
			_, _ = w.Gate.RequireDashboard(w.As(w.users[i%benchUsers]), "id", w.boards[i%benchDashboards].ID, access.View)
		})
	})
	b.Run("list", func(b *testing.B) {
		w.calls(b, listCalls, func(i int) {
			_, err := w.s.Dashboards(w.As(w.users[i%benchUsers]), core.PageArgs{First: 50})
			must(b, err)
		})
	})
}

// listCalls are the calls for somebody in three groups: the groups, what they
// own, what is shared with them and with each group, and the dashboards of these
// shares.
const listCalls = 7

// calls measures what is asked for and holds the most calls of one asking.
func (w *large) calls(b *testing.B, most int, ask func(i int)) {
	worst := 0
	for i := range b.N {
		reads := slices.DeleteFunc(w.Calls(func() { ask(i) }), func(c table.Call) bool { return c.Op == "Write" }) // of a denial's record
		worst = max(worst, len(reads))
	}
	b.ReportMetric(float64(worst), "calls")
	if worst > most {
		b.Errorf("%d calls of the table, not %d", worst, most)
	}
}

func (w *large) owner(d *core.Dashboard) *core.User {
	for _, u := range w.users {
		if u.ID == d.OwnerID {
			return u
		}
	}
	return nil
}

func newLarge(b *testing.B) *large {
	b.Helper()
	engine, err := embedded.Open(filepath.Join(b.TempDir(), "karuta.db"))
	must(b, err)
	b.Cleanup(func() { must(b, engine.Close()) })
	w := &large{World: accesstest.Over(b, engine, slog.New(slog.DiscardHandler)), shares: map[string][]*core.Share{}}
	w.s = dashboard.New(w.Store, w.Gate, w.Audit)
	bulk := &storetest.Bulk{Engine: engine}
	groups := w.fill(b, store.New(bulk))
	must(b, bulk.Flush(context.Background())) // shares are checked against what is there
	w.share(b, store.New(bulk), groups)
	must(b, bulk.Flush(context.Background()))
	return w
}

// fill makes the people, the groups that they are in, and their dashboards.
func (w *large) fill(b *testing.B, st *store.Store) []*core.Group {
	ctx, rnd, now := b.Context(), rand.New(rand.NewPCG(1, 1)), store.Now()
	groups := make([]*core.Group, benchGroups)
	for i := range groups {
		groups[i] = &core.Group{ID: core.NewID(core.NounGroup), Name: fmt.Sprint("group ", i), CreatedAt: now, UpdatedAt: now}
		must(b, st.Groups.Create(ctx, groups[i], groups[i].Name))
	}
	for i := range benchUsers {
		u := &core.User{ID: core.NewID(core.NounUser), Email: fmt.Sprintf("u%d@example.com", i), Role: core.RoleUser, CreatedAt: now, UpdatedAt: now}
		for range 3 {
			u.GroupIDs = append(u.GroupIDs, groups[rnd.IntN(benchGroups)].ID)
		}
		must(b, st.Users.Create(ctx, u))
		w.users = append(w.users, u)
	}
	for range benchDashboards {
		d := &core.Dashboard{ID: core.NewID(core.NounDashboard), Name: "x", OwnerID: w.users[rnd.IntN(benchUsers)].ID, CreatedAt: now, UpdatedAt: now}
		must(b, st.Dashboards.Create(ctx, d))
		w.boards = append(w.boards, d)
	}
	return groups
}

// share shares each dashboard ten times, three times with a person.
func (w *large) share(b *testing.B, st *store.Store, groups []*core.Group) {
	ctx, rnd, now := b.Context(), rand.New(rand.NewPCG(2, 2)), store.Now()
	for _, d := range w.boards {
		first := rnd.IntN(benchUsers)
		for i := range benchShares / benchDashboards {
			s := &core.Share{DashboardID: d.ID, TargetType: core.TargetGroup, TargetID: groups[(first+i)%benchGroups].ID,
				Permission: core.PermissionViewer, CreatedBy: d.OwnerID, CreatedAt: now, UpdatedAt: now}
			if i < 3 {
				s.TargetType, s.TargetID = core.TargetUser, w.users[(first+i)%benchUsers].ID
			}
			if s.TargetID == d.OwnerID {
				continue
			}
			must(b, st.Shares.Create(ctx, s, d.OwnerID))
			w.shares[d.ID] = append(w.shares[d.ID], s)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
