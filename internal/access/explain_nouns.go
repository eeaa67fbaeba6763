package access

import (
	"context"
	"slices"

	"github.com/karuta-bi/karuta/internal/core"
)

// dataThing is a dataset or a card.
func dataThing(noun core.Noun, id string) *thing {
	t := &thing{
		id: id,
		door: func(ctx context.Context, g *Gate, want Right) (err error) {
			if noun == core.NounCard {
				_, err = g.RequireCard(ctx, "resource", id, want)
			} else {
				_, err = g.RequireDataset(ctx, "resource", id, want)
			}
			return err
		},
		paths: func(ctx context.Context, g *Gate) ([]core.AccessPath, error) {
			ownerID, holding, err := g.aroundData(ctx, noun, id)
			if err != nil {
				return nil, err
			}
			if own := ownPaths(ctx, ownerID); len(own) > 0 {
				return own, nil
			}
			return g.pathsThrough(ctx, holding)
		},
		missing: func(ctx context.Context, g *Gate) ([]core.MissingAccess, error) {
			ownerID, holding, err := g.aroundData(ctx, noun, id)
			if err != nil {
				return nil, err
			}
			return g.missingDashboard(ctx, ownerID, holding)
		},
	}
	if noun == core.NounCard {
		t.cards = func(context.Context, *Gate) ([]string, error) { return []string{id}, nil }
	} else {
		t.dataset = id
	}
	return t
}

// aroundData are the owner of a dataset or card and the dashboards that hold it.
func (g *Gate) aroundData(ctx context.Context, noun core.Noun, id string) (ownerID string, holding []string, err error) {
	if noun == core.NounCard {
		c, err := g.store.Cards.Get(ctx, id)
		if err != nil || c == nil {
			return "", nil, err
		}
		holding, err = g.store.Dashboards.HoldingCard(ctx, id, holdingLimit)
		return c.OwnerID, holding, err
	}
	d, err := g.store.Datasets.Get(ctx, id)
	if err != nil || d == nil {
		return "", nil, err
	}
	holding, err = g.store.Dashboards.HoldingDataset(ctx, id, holdingLimit)
	return d.OwnerID, holding, err
}

// ownPaths are the ways to a thing that need no dashboard.
func ownPaths(ctx context.Context, ownerID string) (paths []core.AccessPath) {
	actor := core.ActorFrom(ctx)
	if actor.UserID() == ownerID {
		paths = append(paths, core.AccessPath{Kind: core.PathOwner})
	}
	if actor.IsAdmin() {
		paths = append(paths, core.AccessPath{Kind: core.PathAdmin})
	}
	return paths
}

// pathsThrough are the ways through dashboards, the newest first.
func (g *Gate) pathsThrough(ctx context.Context, ids []string) (paths []core.AccessPath, err error) {
	for part := range slices.Chunk(ids, 25) {
		open, err := g.viewable(ctx, part, nil)
		if err != nil {
			return nil, err
		}
		for _, id := range part {
			if gr := open[id]; gr != nil {
				paths = append(paths, leading(core.PathDashboard, id, sortedPaths(gr.Paths))...)
			}
		}
	}
	return paths, nil
}

// missingDashboard is a dashboard that shows the data: its owner, or that of a
// dashboard which does, can give it.
func (g *Gate) missingDashboard(ctx context.Context, ownerID string, holding []string) ([]core.MissingAccess, error) {
	dashboards, err := g.store.Dashboards.Many(ctx, holding[:min(len(holding), maxGivers)])
	if err != nil {
		return nil, core.Internal("access: dashboards that show data", err)
	}
	givers := []string{ownerID}
	for _, id := range holding {
		if d := dashboards[id]; d != nil && !slices.Contains(givers, d.OwnerID) {
			givers = append(givers, d.OwnerID)
		}
	}
	return []core.MissingAccess{{Kind: core.MissingDashboard, GiverIDs: givers}}, nil
}

func groupThing(id string) *thing {
	return &thing{
		id: id,
		door: func(ctx context.Context, g *Gate, want Right) error {
			actor := core.ActorFrom(ctx)
			if !SeesGroup(actor, id) || want != View && !actor.IsAdmin() {
				return g.refuse(ctx, core.NounGroup, "resource", id, want, SeesGroup(actor, id), "admin_only")
			}
			group, err := g.store.Groups.Get(ctx, id)
			if err == nil && group == nil {
				return core.NotFound("resource")
			}
			return err
		},
		paths: func(ctx context.Context, g *Gate) (paths []core.AccessPath, err error) {
			actor := core.ActorFrom(ctx)
			if actor.User != nil && slices.Contains(actor.User.GroupIDs, id) {
				paths = append(paths, core.AccessPath{Kind: core.PathGroup, GroupID: id})
			}
			return append(paths, ownPaths(ctx, "")...), nil
		},
		missing: func(ctx context.Context, g *Gate) ([]core.MissingAccess, error) {
			admins, err := g.admins(ctx)
			return []core.MissingAccess{{Kind: core.MissingMember, GiverIDs: admins}}, err
		},
	}
}

// SeesGroup tells whether the actor sees a group that is there: its members and
// administrators do.
func SeesGroup(actor *core.Actor, groupID string) bool {
	return actor.IsAdmin() || actor.User != nil && actor.Is(actor.User.ID) && slices.Contains(actor.User.GroupIDs, groupID)
}

func viewThing(id string) *thing {
	dashboardID, _ := core.FilterViewDashboard(id)
	read := func(ctx context.Context, g *Gate) (*core.FilterView, error) {
		return g.store.FilterViews.For(ctx, id, core.ActorFrom(ctx).UserID())
	}
	return &thing{
		id: id,
		door: func(ctx context.Context, g *Gate, want Right) error {
			_, err := g.RequireFilterView(ctx, "resource", id, want)
			return err
		},
		paths: func(ctx context.Context, g *Gate) ([]core.AccessPath, error) {
			v, err := read(ctx, g)
			if err != nil || v == nil {
				return nil, err
			}
			if v.OwnerID == core.ActorFrom(ctx).UserID() {
				return []core.AccessPath{{Kind: core.PathOwner}}, nil
			}
			return g.pathsThrough(ctx, []string{dashboardID})
		},
		missing: func(ctx context.Context, g *Gate) ([]core.MissingAccess, error) {
			v, err := read(ctx, g)
			if err != nil || v == nil {
				return nil, err
			}
			if v.Shared {
				return g.missingShare(ctx, core.MissingShare, dashboardID)
			}
			return []core.MissingAccess{{Kind: core.MissingView, GiverIDs: []string{v.OwnerID}}}, nil
		},
	}
}
