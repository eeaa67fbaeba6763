package store

import (
	"context"
	"slices"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Dashboards is bi_dashboards: DASHBOARD#id / METADATA with the layout and the
// filters, and CARD#id for each card on it, written in the layout's
// transaction, so that "which dashboards hold card C" is one query. A copied card
// has no such place: it opens nothing that its origin does not open, and must
// keep nobody from deleting it.
type Dashboards struct{ e table.Engine }

func dashboardKey(id string) table.Key {
	return table.Key{Table: table.Dashboards, PK: "DASHBOARD#" + id, SK: metadata}
}

func placedKey(dashboardID, cardID string) table.Key {
	return table.Key{Table: table.Dashboards, PK: "DASHBOARD#" + dashboardID, SK: "CARD#" + cardID}
}

func dashboardVersioned(id string) versioned[core.Dashboard] {
	return versioned[core.Dashboard]{
		key: dashboardKey(id), read: readDashboard, write: writeDashboard,
		version: func(d *core.Dashboard) *int64 { return &d.Version },
		touch:   func(d *core.Dashboard, t time.Time) { d.UpdatedAt = t },
	}
}

// Get reads a dashboard; nil when there is none.
func (r *Dashboards) Get(ctx context.Context, id string) (*core.Dashboard, error) {
	it, err := r.e.Get(ctx, dashboardKey(id))
	if err != nil || it == nil {
		return nil, err
	}
	return readDashboard(it), nil
}

// Many reads dashboards by id; the missing are absent.
func (r *Dashboards) Many(ctx context.Context, ids []string) (map[string]*core.Dashboard, error) {
	return getMany(ctx, r.e, ids, dashboardKey, readDashboard)
}

// Access is a dashboard with the shares that speak for somebody.
type Access struct {
	Dashboard *core.Dashboard
	Shares    []*core.Share // live ones to the user or to one of the groups that are there
}

// ForUser reads dashboards together with the shares to a user and to the user's
// groups, and whether the groups are still there: one call for each hundred keys.
// Missing dashboards are absent.
func (r *Dashboards) ForUser(ctx context.Context, ids []string, userID string, groupIDs []string) (map[string]*Access, error) {
	found, keys := make(map[string]*Access, len(ids)), []table.Key{}
	for _, id := range ids {
		if _, seen := found[id]; seen || id == "" {
			continue
		}
		found[id] = &Access{}
		keys = append(keys, dashboardKey(id), shareKey(id, core.TargetUser, userID))
		for _, g := range groupIDs {
			keys = append(keys, shareKey(id, core.TargetGroup, g))
		}
	}
	if len(found) == 0 {
		return found, nil
	}
	for _, g := range groupIDs {
		keys = append(keys, groupKey(g))
	}
	items, err := batchGet(ctx, r.e, keys)
	if err != nil {
		return nil, err
	}
	now := Now()
	for k, it := range items {
		switch k.Table {
		case table.Dashboards:
			d := readDashboard(it)
			found[d.ID].Dashboard = d
		case table.Shares:
			s := readShare(it)
			if s.Live(now) && (s.TargetType == core.TargetUser || isLive(items[groupKey(s.TargetID)])) {
				core.ActorFrom(ctx).Reading().Until(s.ExpiresAt)
				found[s.DashboardID].Shares = append(found[s.DashboardID].Shares, s)
			}
		}
	}
	for id, a := range found {
		if a.Dashboard == nil {
			delete(found, id)
		}
	}
	return found, nil
}

// Create writes a new, empty dashboard.
func (r *Dashboards) Create(ctx context.Context, d *core.Dashboard) error {
	d.Version = 1
	return r.e.Transact(ctx, "", append(onceWrites(ctx, d.ID),
		table.Put(dashboardKey(d.ID), writeDashboard(d), table.IfAbsent()),
		historyWrite(creation(d)),
	))
}

func creation(d *core.Dashboard) core.AccessChange {
	return core.AccessChange{DashboardID: d.ID, At: d.CreatedAt, Kind: "created",
		TargetType: core.TargetUser, TargetID: d.OwnerID, Permission: core.PermissionOwner, ActorID: d.OwnerID}
}

// Clone writes a new dashboard together with its cards, the copy of the one with
// the source's id. datasetOf is as for Edit. NOT_FOUND when the source or a card
// is gone by now, CONFLICT when a card reads another dataset by now.
func (r *Dashboards) Clone(ctx context.Context, d *core.Dashboard, sourceID string, datasetOf map[string]string) error {
	d.Version = 1
	err := guarded(func() error {
		placed, change, err := r.placementWrites(ctx, d, nil, d.OwnerID, datasetOf)
		if err != nil {
			return err
		}
		history := []core.AccessChange{creation(d)}
		if len(placed) > 0 {
			change.At = d.CreatedAt
			history = append(history, change)
		}
		ws := append(placed,
			table.Put(dashboardKey(d.ID), writeDashboard(d), table.IfAbsent()),
			table.Check(dashboardKey(sourceID), table.IfExists()))
		return apply(ctx, r.e, slices.Concat(ws, historyWrites(history...), onceWrites(ctx, d.ID)))
	})
	if table.ConditionFailed(err) != nil && core.CodeOf(err) != core.CodeConflict || core.CodeOf(err) == core.CodeNotFound {
		return core.NotFound("input.id")
	}
	return err
}

// Edit changes a dashboard under the version the caller saw (0: any); nil when
// there is none. Cards that come onto it or leave it are written along, with
// the access history, in the same transaction. datasetOf tells the dataset of
// each card that comes, "" for none: CONFLICT when it reads another one by now.
func (r *Dashboards) Edit(ctx context.Context, id, actorID string, want int64, datasetOf map[string]string, change func(*core.Dashboard) error) (*core.Dashboard, error) {
	d, err := edit(ctx, r.e, dashboardVersioned(id), want, func(d *core.Dashboard) ([]table.Write, error) {
		before := cardSet(d.Cards)
		if err := change(d); err != nil {
			return nil, err
		}
		ws, change, err := r.placementWrites(ctx, d, before, actorID, datasetOf)
		if len(ws) > 0 {
			ws = append(ws, historyWrite(change))
		}
		return ws, err
	})
	if table.ConditionFailed(err) != nil && core.CodeOf(err) != core.CodeConflict { // a card was deleted meanwhile
		return nil, core.NotFound("input.layout.cards")
	}
	return d, err
}

// Delete removes a dashboard at the given version with its cards' places, its
// shares, its filter views and the requests for access to it; the access history
// stays. What is beyond a transaction's size, or came meanwhile, goes after it:
// without their dashboard shares open nothing and views are not seen.
func (r *Dashboards) Delete(ctx context.Context, d *core.Dashboard, actorID string) error {
	beside, err := r.beside(ctx, d.ID)
	if err != nil {
		return err
	}
	ws := []table.Write{
		table.Delete(dashboardKey(d.ID), table.IfVersion(d.Version)),
		historyWrite(core.AccessChange{DashboardID: d.ID, At: Now(), Kind: "deleted", ActorID: actorID}),
	}
	for _, p := range d.Cards {
		ws = append(ws, table.Delete(placedKey(d.ID, p.CardID), table.Always()))
	}
	for _, k := range beside {
		ws = append(ws, table.Delete(k, table.Always()))
	}
	first := min(len(ws), table.MaxTransact)
	err = r.e.Transact(ctx, "", ws[:first])
	if failed := table.ConditionFailed(err); failed != nil {
		return core.Conflict(d.Version, failed.Current.Int("version"))
	}
	if err != nil {
		return err
	}
	return r.sweep(ctx, d.ID)
}

// sweep removes what is left beside a dashboard that is gone. Nothing new comes:
// whatever is written there checks that the dashboard exists.
func (r *Dashboards) sweep(ctx context.Context, id string) error {
	left, err := r.beside(ctx, id)
	for _, k := range left {
		if err == nil {
			err = r.e.Write(ctx, table.Delete(k, table.Always()))
		}
	}
	return err
}

// beside are the keys of a dashboard's shares, its filter views and the requests
// for access to it.
func (r *Dashboards) beside(ctx context.Context, id string) (keys []table.Key, err error) {
	shares, err := (&Shares{r.e}).Of(ctx, id)
	if err != nil {
		return nil, err
	}
	requests, err := (&Requests{r.e}).of(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, s := range shares {
		keys = append(keys, shareKey(id, s.TargetType, s.TargetID))
	}
	for _, q := range requests {
		keys = append(keys, requestKey(id, q.UserID))
	}
	views, err := (&FilterViews{r.e}).keysOf(ctx, id)
	return append(keys, views...), err
}

// ByOwner lists a person's dashboards, newest first, at most limit, from the
// one after the given id on ("" is the start).
func (r *Dashboards) ByOwner(ctx context.Context, ownerID, after string, limit int) ([]*core.Dashboard, error) {
	start, err := afterID("DASHBOARD#", metadata, after, core.NounDashboard)
	if err != nil {
		return nil, err
	}
	return collectAs(ctx, r.e, table.Query{Table: table.Dashboards, Index: table.DashboardsByOwner, PK: ownerID, Desc: true, Start: start}, limit, readDashboard)
}

// HoldingCard lists the ids of the dashboards that a card lies on otherwise than
// as a copy, newest first, at most limit (0: all).
func (r *Dashboards) HoldingCard(ctx context.Context, cardID string, limit int) ([]string, error) {
	return r.holding(ctx, table.DashboardsByCard, cardID, limit)
}

// HoldingDataset lists the ids of the dashboards with a card that reads a
// dataset and is no copy, newest first, each once, out of at most limit places
// (0: all).
func (r *Dashboards) HoldingDataset(ctx context.Context, datasetID string, limit int) ([]string, error) {
	return r.holding(ctx, table.DashboardsByDataset, datasetID, limit)
}

func (r *Dashboards) holding(ctx context.Context, index, pk string, limit int) ([]string, error) {
	items, err := collect(ctx, r.e, table.Query{Table: table.Dashboards, Index: index, PK: pk, Desc: true}, limit)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, it := range items {
		if id := it.Str("placed_on"); len(ids) == 0 || ids[len(ids)-1] != id {
			ids = append(ids, id)
		}
	}
	return ids, nil
}
