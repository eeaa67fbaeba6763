// Package accesstest makes a small world for the tests of the rooms above
// access: an embedded store with its audit log and gate, people and groups, and
// contexts of their requests. Only tests import it.
package accesstest

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/audit"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/embedded"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

// World is an empty store and what stands on it.
type World struct {
	Store *store.Store
	Audit *audit.Log
	Gate  *access.Gate
	Log   *slog.Logger

	t        testing.TB
	mu       sync.Mutex
	counting bool
	calls    []table.Call
}

// New makes a world that ends with the test.
func New(t testing.TB) *World {
	t.Helper()
	engine, err := embedded.Open(filepath.Join(t.TempDir(), "karuta.db"))
	if err != nil {
		t.Fatal(err)
	}
	w := Over(t, engine, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { w.must(engine.Close()) })
	return w
}

// Over makes a world of what is in the engine, which its caller closes.
func Over(t testing.TB, engine table.Engine, log *slog.Logger) *World {
	t.Helper()
	w := &World{t: t, Log: log}
	w.must(engine.Init(t.Context()))
	w.Store = store.New(table.Counted(engine, func(c table.Call) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.counting {
			w.calls = append(w.calls, c)
		}
	}))
	var err error
	w.Audit, err = audit.New(w.Store.Audit, filepath.Join(t.TempDir(), "spool"), w.Log, &telemetry.Metrics{})
	w.must(err)
	w.markDays()
	w.Gate = access.New(w.Store, func(ctx context.Context, d access.Denial) { w.Audit.Denied(ctx, d.TargetType, d.TargetID, d.Wanted) })
	return w
}

// markDays writes the marks of today and tomorrow for the audit log, so that what
// something costs does not depend on whether its event is the first of a partition.
func (w *World) markDays() {
	var all errgroup.Group
	for shard := range store.AuditShards {
		for _, day := range []time.Time{store.Now(), store.Now().AddDate(0, 0, 1)} {
			all.Go(func() error { return w.Store.Audit.Mark(w.t.Context(), day, shard) })
		}
	}
	w.must(all.Wait())
}

func (w *World) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// User makes a person who is a member of the groups.
func (w *World) User(name string, groups ...*core.Group) *core.User {
	return w.person(name, core.RoleUser, groups)
}

// Admin makes an administrator.
func (w *World) Admin(name string) *core.User { return w.person(name, core.RoleAdmin, nil) }

func (w *World) person(name string, role core.Role, groups []*core.Group) *core.User {
	w.t.Helper()
	u := &core.User{ID: core.NewID(core.NounUser), Email: name + "@example.com", Name: name, Role: role}
	for _, g := range groups {
		u.GroupIDs = append(u.GroupIDs, g.ID)
	}
	w.must(w.Store.Users.Create(w.t.Context(), u))
	return u
}

// Group makes a group.
func (w *World) Group(name string) *core.Group {
	w.t.Helper()
	g := &core.Group{ID: core.NewID(core.NounGroup), Name: name}
	w.must(w.Store.Groups.Create(w.t.Context(), g, name))
	return g
}

// As is the context of a new request of the person; nil is nobody.
func (w *World) As(u *core.User) context.Context {
	return core.WithActor(w.t.Context(), &core.Actor{User: u, IP: "192.0.2.1", RequestID: "req"})
}

// Events are the audited events of a type, newest first.
func (w *World) Events(t core.EventType) []*core.AuditEvent {
	w.t.Helper()
	found, _, err := w.Store.Audit.Query(w.t.Context(), store.AuditQuery{
		Index: table.LogsByType, PK: store.TypeMonth(t, store.Now()), Limit: 100,
	})
	w.must(err)
	return found
}

// Calls are the calls of the store that the function makes.
func (w *World) Calls(f func()) []table.Call {
	w.mu.Lock()
	w.calls, w.counting = nil, true
	w.mu.Unlock()
	f()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counting = false
	return w.calls
}

// Dataset makes a dataset with the columns in the store, without data.
func (w *World) Dataset(owner *core.User, columns ...core.Column) *core.Dataset {
	w.t.Helper()
	id := core.NewID(core.NounDataset)
	now := store.Now()
	d := &core.Dataset{
		ID: id, Name: "売上 " + id[len(id)-4:], SourceType: "csv", Columns: columns, RowCount: 3, DataVersion: 1, OwnerID: owner.ID,
		Path: "datasets/" + id + "/data/v000001/", Parts: []string{"datasets/" + id + "/data/v000001/part-0000.parquet"},
		LastImportAt: now, CreatedAt: now, UpdatedAt: now,
	}
	job := &core.ImportJob{ID: core.NewID(core.NounJob), Status: core.StatusRunning, DatasetID: id, OwnerID: owner.ID, CreatedAt: now}
	w.must(w.Store.Jobs.Create(w.t.Context(), job))
	job.Status, job.FinishedAt = core.StatusSucceeded, now
	v := &core.DatasetVersion{DatasetID: id, Number: 1, Columns: columns, Parts: d.Parts, Path: d.Path, CreatedAt: now, CreatedBy: owner.ID}
	w.must(w.Store.Datasets.Publish(w.t.Context(), d, v, job))
	return d
}

// Card makes a code card over the dataset in the store.
func (w *World) Card(owner *core.User, d *core.Dataset) *core.Card {
	w.t.Helper()
	now := store.Now()
	c := &core.Card{
		ID: core.NewID(core.NounCard), Kind: core.CardCode, Name: "card", DatasetID: d.ID, OwnerID: owner.ID,
		Code: "def render(dataset, filters, params): return ''", CreatedAt: now, UpdatedAt: now,
	}
	w.must(w.Store.Cards.Create(w.t.Context(), c))
	return c
}

// Dashboard makes a dashboard with the cards and filters in the store.
func (w *World) Dashboard(owner *core.User, filters []core.Filter, cards ...*core.Card) *core.Dashboard {
	w.t.Helper()
	now := store.Now()
	d := &core.Dashboard{ID: core.NewID(core.NounDashboard), Name: "dashboard", OwnerID: owner.ID, CreatedAt: now, UpdatedAt: now}
	w.must(w.Store.Dashboards.Create(w.t.Context(), d))
	datasetOf := map[string]string{}
	for _, c := range cards {
		datasetOf[c.ID] = c.DatasetID
	}
	d, err := w.Store.Dashboards.Edit(w.t.Context(), d.ID, owner.ID, 0, datasetOf, func(d *core.Dashboard) error {
		for i, c := range cards {
			d.Cards = append(d.Cards, core.Placement{CardID: c.ID, Y: i, W: core.GridColumns, H: 1})
		}
		d.Filters = filters
		return nil
	})
	w.must(err)
	return d
}

// Clone makes a copy of the dashboard for somebody without an own right to its cards.
func (w *World) Clone(by *core.User, from *core.Dashboard) *core.Dashboard {
	w.t.Helper()
	now := store.Now()
	d := &core.Dashboard{ID: core.NewID(core.NounDashboard), Name: "copy", Filters: from.Filters, OwnerID: by.ID, CreatedAt: now, UpdatedAt: now}
	for _, p := range from.Cards {
		p.Grants = append([]string{from.ID}, p.Grants...)
		d.Cards = append(d.Cards, p)
	}
	w.must(w.Store.Dashboards.Clone(w.t.Context(), d, from.ID, nil))
	return d
}

// Share shares the dashboard with a person.
func (w *World) Share(d *core.Dashboard, with *core.User, p core.Permission) {
	w.t.Helper()
	w.share(d, core.TargetUser, with.ID, p)
}

// ShareGroup shares the dashboard with a group.
func (w *World) ShareGroup(d *core.Dashboard, with *core.Group, p core.Permission) {
	w.t.Helper()
	w.share(d, core.TargetGroup, with.ID, p)
}

func (w *World) share(d *core.Dashboard, kind core.TargetType, id string, p core.Permission) {
	w.t.Helper()
	now := store.Now()
	w.must(w.Store.Shares.Create(w.t.Context(), &core.Share{
		DashboardID: d.ID, TargetType: kind, TargetID: id, Permission: p, CreatedBy: d.OwnerID, CreatedAt: now, UpdatedAt: now,
	}, d.OwnerID))
}

// Code fails the test unless the error has the code, and the reason where one is given.
func Code(t testing.TB, what string, err error, want core.Code, reason ...string) {
	t.Helper()
	if core.CodeOf(err) != want {
		t.Errorf("%s: got %v, want %q", what, err, want)
		return
	}
	if e, ok := err.(*core.Error); ok && len(reason) > 0 && e.Reason != reason[0] {
		t.Errorf("%s: got %v, want reason %q", what, err, reason[0])
	}
}
