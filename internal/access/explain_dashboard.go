package access

import (
	"cmp"
	"context"
	"slices"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

const maxGivers = 20 // people who are named as able to give what is missing

func dashboardThing(id string) *thing {
	return &thing{
		id: id,
		door: func(ctx context.Context, g *Gate, want Right) error {
			_, err := g.RequireDashboard(ctx, "resource", id, want)
			return err
		},
		paths: func(ctx context.Context, g *Gate) ([]core.AccessPath, error) { return g.pathsTo(ctx, id) },
		missing: func(ctx context.Context, g *Gate) ([]core.MissingAccess, error) {
			return g.missingShare(ctx, core.MissingShare, id)
		},
		cards: func(ctx context.Context, g *Gate) ([]string, error) { return g.shownCards(ctx, id) },
	}
}

// shownCards are the cards of a dashboard that are shown to the actor.
func (g *Gate) shownCards(ctx context.Context, id string) ([]string, error) {
	gr, err := g.Standing(ctx, id)
	if err != nil || gr == nil {
		return nil, err
	}
	shown, err := g.Admitted(ctx, gr.Dashboard)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(gr.Dashboard.CardIDs(), func(id string) bool { return !shown.Shows(id) }), nil
}

// shareThing is a share, which only those see who manage its dashboard.
func shareThing(id string) *thing {
	dashboardID, kind, targetID, _ := core.ParseShareID(id)
	return &thing{
		id: id,
		door: func(ctx context.Context, g *Gate, _ Right) error {
			if _, err := g.RequireDashboard(ctx, "resource", dashboardID, Manage); err != nil {
				return err
			}
			sh, err := g.store.Shares.Get(ctx, dashboardID, kind, targetID)
			if err == nil && sh == nil {
				return core.NotFound("resource")
			}
			return err
		},
		paths: func(ctx context.Context, g *Gate) ([]core.AccessPath, error) {
			paths, err := g.pathsTo(ctx, dashboardID)
			return slices.DeleteFunc(paths, func(p core.AccessPath) bool {
				return p.Kind != core.PathAdmin && !p.Permission.AtLeast(core.PermissionOwner)
			}), err
		},
		missing: func(ctx context.Context, g *Gate) ([]core.MissingAccess, error) {
			return g.missingShare(ctx, core.MissingOwner, dashboardID)
		},
	}
}

// placeQuestion is about a card in its place on a dashboard. Whoever may view
// the dashboard knows that the card lies there, and may ask for themselves why
// it is not shown.
func (g *Gate) placeQuestion(ctx context.Context, id string, right Right) (*thing, error) {
	dashboardID, cardID, ok := core.ParseDashboardCardID(id)
	if !ok {
		return nil, core.NotFound("resource")
	}
	gr, err := g.RequireDashboard(ctx, "resource", dashboardID, right)
	if err != nil {
		return nil, err
	}
	place, held := gr.Dashboard.Place(cardID)
	if !held {
		return nil, core.NotFound("resource")
	}
	return &thing{
		id: id,
		door: func(ctx context.Context, g *Gate, want Right) error {
			gr, err := g.RequireDashboard(ctx, "resource", dashboardID, want)
			if err == nil {
				_, err = g.RequireAdmitted(ctx, "resource", gr.Dashboard, cardID)
			}
			return err
		},
		paths: func(ctx context.Context, g *Gate) ([]core.AccessPath, error) {
			return g.pathsToPlace(ctx, dashboardID, place)
		},
		missing: func(ctx context.Context, g *Gate) ([]core.MissingAccess, error) {
			return g.missingAt(ctx, gr.Dashboard, place)
		},
		cards: func(context.Context, *Gate) ([]string, error) { return []string{cardID}, nil },
	}, nil
}

// pathsTo are the ways by which a dashboard is open to the actor, in a fixed order.
func (g *Gate) pathsTo(ctx context.Context, id string) ([]core.AccessPath, error) {
	gr, err := g.Standing(ctx, id)
	if err != nil || gr == nil {
		return nil, err
	}
	return sortedPaths(gr.Paths), nil
}

func sortedPaths(paths []core.AccessPath) []core.AccessPath {
	sorted := slices.Clone(paths)
	slices.SortFunc(sorted, func(a, b core.AccessPath) int {
		return cmp.Or(cmp.Compare(order[a.Kind], order[b.Kind]), cmp.Compare(b.DashboardID, a.DashboardID), cmp.Compare(a.ShareID, b.ShareID))
	})
	return sorted
}

var order = map[core.PathKind]int{
	core.PathOwner: 1, core.PathShare: 2, core.PathGroup: 3, core.PathAdmin: 4, core.PathGrant: 5, core.PathDashboard: 6,
}

// pathsToPlace are the ways to the dashboard, and to those that its card was
// copied over.
func (g *Gate) pathsToPlace(ctx context.Context, dashboardID string, p core.Placement) ([]core.AccessPath, error) {
	paths, err := g.pathsTo(ctx, dashboardID)
	if err != nil {
		return nil, err
	}
	own, err := g.OwnRight(ctx, []string{p.CardID})
	if err != nil || own[p.CardID] {
		return paths, err
	}
	for _, id := range p.Grants {
		way, err := g.pathsTo(ctx, id)
		if err != nil {
			return nil, err
		}
		paths = append(paths, leading(core.PathGrant, id, way)...)
	}
	return paths, nil
}

// leading are the ways to a dashboard as ways to what it shows.
func leading(kind core.PathKind, dashboardID string, way []core.AccessPath) []core.AccessPath {
	paths := slices.Clone(way)
	for i := range paths {
		paths[i].Kind, paths[i].DashboardID = kind, dashboardID
	}
	return paths
}

// missingAt is what keeps the actor from a card in its place.
func (g *Gate) missingAt(ctx context.Context, d *core.Dashboard, p core.Placement) ([]core.MissingAccess, error) {
	standing, err := g.Standing(ctx, d.ID)
	if err != nil {
		return nil, err
	}
	if standing == nil || !standing.Allows(View) {
		return g.missingShare(ctx, core.MissingShare, d.ID)
	}
	chain, err := g.chain(ctx, d)
	if err != nil {
		return nil, err
	}
	var missing []core.MissingAccess
	for _, id := range p.Grants {
		if _, open := walk(chain, core.Placement{CardID: p.CardID, Grants: []string{id}}); open {
			continue
		}
		m, err := g.missingGrant(ctx, id, p.CardID)
		if err != nil {
			return nil, err
		}
		missing = append(missing, m...)
	}
	return missing, nil
}

// missingGrant is a dashboard that a card was copied over and that does not
// show it to the actor.
func (g *Gate) missingGrant(ctx context.Context, id, cardID string) ([]core.MissingAccess, error) {
	from, err := g.Standing(ctx, id)
	if err != nil {
		return nil, err
	}
	if from != nil {
		if _, held := from.Dashboard.Place(cardID); held {
			return g.missingShare(ctx, core.MissingAdmission, id)
		}
	}
	cards, err := g.store.Cards.ManyOnce(ctx, []string{cardID})
	if err != nil {
		return nil, core.Internal("access: read copied card", err)
	}
	m := core.MissingAccess{Kind: core.MissingOrigin}
	if c := cards[cardID]; c != nil {
		m.GiverIDs = []string{c.OwnerID}
	}
	return []core.MissingAccess{m}, nil
}

// missingShare is a share of a dashboard, which its owners can give.
func (g *Gate) missingShare(ctx context.Context, kind core.MissingKind, id string) ([]core.MissingAccess, error) {
	standing, err := g.Standing(ctx, id)
	if err != nil || standing == nil {
		return nil, err
	}
	shares, err := g.store.Shares.Of(ctx, id)
	if err != nil {
		return nil, core.Internal("access: read shares", err)
	}
	givers, now := []string{standing.Dashboard.OwnerID}, store.Now()
	for _, sh := range shares {
		if sh.Live(now) && sh.TargetType == core.TargetUser && sh.Permission == core.PermissionOwner && len(givers) < maxGivers {
			givers = append(givers, sh.TargetID)
		}
	}
	return []core.MissingAccess{{Kind: kind, DashboardID: id, GiverIDs: givers}}, nil
}

// admins are the administrators who can sign in, some of them where there are many.
func (g *Gate) admins(ctx context.Context) (ids []string, err error) {
	found, err := g.store.Users.Search(ctx, "", isAdmin, maxGivers)
	if err != nil {
		return nil, core.Internal("access: read administrators", err)
	}
	for _, u := range found {
		ids = append(ids, u.ID)
	}
	return ids, nil
}
