package access

import (
	"context"

	"github.com/karuta-bi/karuta/internal/core"
)

// holdingLimit bounds how many dashboards are asked to open a thing through.
const holdingLimit = 500

// RequireDataset opens a dataset. To view, a dashboard that holds it is enough;
// then the dataset comes with its name, the columns that are not hidden from the
// actor and its freshness alone (Redacted).
// Editing is the owner's, managing the owner's or an administrator's.
func (g *Gate) RequireDataset(ctx context.Context, field, id string, want Right) (*core.Dataset, error) {
	if _, err := g.RequireOnlooker(ctx); err != nil {
		return nil, err
	}
	if err := core.CheckID(field, id, core.NounDataset); err != nil {
		return nil, err
	}
	found, err := g.store.Datasets.Get(ctx, id)
	if err != nil {
		return nil, core.Internal("access: read dataset", err)
	}
	if found == nil {
		return nil, core.NotFound(field)
	}
	opened, err := g.openDataset(ctx, found)
	if err != nil {
		return nil, err
	}
	if opened == nil || !owns(ctx, found.OwnerID, want) && (want != View) {
		return nil, g.refuse(ctx, core.NounDataset, field, id, want, opened != nil, reasonFor(want))
	}
	return opened, nil
}

// RequireDeletedDataset opens a dataset that was deleted, for its owner and
// administrators. Where the dataset is there it is nil for who may manage it, and
// refused to others as by RequireDataset.
func (g *Gate) RequireDeletedDataset(ctx context.Context, field, id string) (*core.DeletedDataset, error) {
	if _, err := g.RequireSignedIn(ctx); err != nil {
		return nil, err
	}
	if err := core.CheckID(field, id, core.NounDataset); err != nil {
		return nil, err
	}
	gone, err := g.store.Datasets.Deleted(ctx, id)
	if err != nil {
		return nil, core.Internal("access: read deleted dataset", err)
	}
	if gone == nil {
		_, err := g.RequireDataset(ctx, field, id, Manage)
		return nil, err
	}
	if !owns(ctx, gone.OwnerID, Manage) {
		return nil, g.refuse(ctx, core.NounDataset, field, id, Manage, false, "")
	}
	return gone, nil
}

// RequireCard opens a card; the rules are those of RequireDataset. Through a
// dashboard it comes without its code (Redacted).
func (g *Gate) RequireCard(ctx context.Context, field, id string, want Right) (*core.Card, error) {
	if _, err := g.RequireOnlooker(ctx); err != nil {
		return nil, err
	}
	if err := core.CheckID(field, id, core.NounCard); err != nil {
		return nil, err
	}
	found, err := g.store.Cards.Get(ctx, id)
	if err != nil {
		return nil, core.Internal("access: read card", err)
	}
	if found == nil {
		return nil, core.NotFound(field)
	}
	opened, err := g.openCard(ctx, found)
	if err != nil {
		return nil, err
	}
	if opened == nil || !owns(ctx, found.OwnerID, want) && (want != View) {
		return nil, g.refuse(ctx, core.NounCard, field, id, want, opened != nil, reasonFor(want))
	}
	return opened, nil
}

// FilterDatasets keeps the datasets the actor may view, by id, redacted where
// they are open through a dashboard only.
func (g *Gate) FilterDatasets(ctx context.Context, ids []string) (map[string]*core.Dataset, error) {
	if !core.ActorFrom(ctx).SignedIn() {
		return nil, nil
	}
	found, err := g.store.Datasets.ManyOnce(ctx, ids)
	if err != nil {
		return nil, core.Internal("access: read datasets", err)
	}
	return keep(ctx, g, core.NounDataset, found, g.openDataset)
}

// FilterCards keeps the cards the actor may view, by id, redacted where they
// are open through a dashboard only.
func (g *Gate) FilterCards(ctx context.Context, ids []string) (map[string]*core.Card, error) {
	if !core.ActorFrom(ctx).SignedIn() {
		return nil, nil
	}
	found, err := g.store.Cards.ManyOnce(ctx, ids)
	if err != nil {
		return nil, core.Internal("access: read cards", err)
	}
	return keep(ctx, g, core.NounCard, found, g.openCard)
}

// keep leaves out what the actor may not view, and tells the audit log of it.
func keep[T any](ctx context.Context, g *Gate, kind core.Noun, found map[string]*T, open func(context.Context, *T) (*T, error)) (map[string]*T, error) {
	out := make(map[string]*T, len(found))
	for id, noun := range found {
		opened, err := open(ctx, noun)
		if err != nil {
			return nil, err
		}
		if opened == nil {
			g.hide(ctx, kind, id)
			continue
		}
		out[id] = opened
	}
	return out, nil
}

// owns tells whether the actor may do what they want by owning; an administrator
// views and manages as an owner does, but neither edits nor runs.
func owns(ctx context.Context, ownerID string, want Right) bool {
	a := core.ActorFrom(ctx)
	return a.User != nil && a.Is(ownerID) || want != Edit && want != Run && a.IsAdmin()
}

// openDataset is the dataset as the actor may see it, nil when not at all.
func (g *Gate) openDataset(ctx context.Context, d *core.Dataset) (*core.Dataset, error) {
	if owns(ctx, d.OwnerID, View) {
		return d, nil
	}
	if a := core.ActorFrom(ctx); a.Asker != nil {
		if !a.Asker.Is(d.OwnerID) {
			return nil, nil
		}
		return g.openDataset(eyes(ctx, a), d)
	}
	if _, known := core.ActorFrom(ctx).Memo().Load(throughKey(d.ID)); !known {
		ids, err := g.store.Dashboards.HoldingDataset(ctx, d.ID, holdingLimit)
		if err != nil {
			return nil, core.Internal("access: dashboards holding dataset", err)
		}
		if open, err := g.anyOpen(ctx, ids); !open || err != nil {
			return nil, err
		}
	}
	sight, err := g.Sight(ctx, d)
	if err != nil {
		return nil, err
	}
	seen := *d
	seen.Columns, seen.Policies = sight.Columns(d.Columns), nil
	seen.Redacted, seen.Source, seen.S3, seen.Path, seen.Parts, seen.LastImportBy = true, core.CSVOptions{}, nil, "", nil, ""
	seen.TransformID, seen.SummaryKey = "", ""
	return &seen, nil
}

// openCard is the card as the actor may see it, nil when not at all.
func (g *Gate) openCard(ctx context.Context, c *core.Card) (*core.Card, error) {
	if owns(ctx, c.OwnerID, View) {
		return c, nil
	}
	open := g.onOpenDashboard(ctx, c.ID)
	if !open {
		ids, err := g.store.Dashboards.HoldingCard(ctx, c.ID, holdingLimit)
		if err != nil {
			return nil, core.Internal("access: dashboards holding card", err)
		}
		if open, err = g.anyOpen(ctx, ids); !open || err != nil {
			return nil, err
		}
	}
	core.ActorFrom(ctx).Memo().Store(throughKey(c.DatasetID), true)
	seen := *c
	seen.Redacted, seen.Code, seen.Params = true, "", ""
	return &seen, nil
}

// throughKey remembers that a dataset is open through a dashboard: a card on it
// was opened that way in this request.
func throughKey(datasetID string) string { return "access:through:" + datasetID }

// anyOpen tells whether the actor may view one of the dashboards.
func (g *Gate) anyOpen(ctx context.Context, ids []string) (bool, error) {
	for len(ids) > 0 {
		n := min(len(ids), 25)
		open, err := g.viewable(ctx, ids[:n], nil)
		if err != nil || len(open) > 0 {
			return len(open) > 0, err
		}
		ids = ids[n:]
	}
	return false, nil
}

// onOpenDashboard tells whether a dashboard that this request has already
// opened holds the card, so that a dashboard's own cards cost no further read. A
// copy does not count: the origin, which it led to, does.
func (g *Gate) onOpenDashboard(ctx context.Context, cardID string) bool {
	held := false
	core.ActorFrom(ctx).Memo().Range(func(_, v any) bool {
		gr, _ := v.(*Grant)
		if gr == nil || !gr.Allows(View) {
			return true
		}
		p, placed := gr.Dashboard.Place(cardID)
		held = placed && len(p.Grants) == 0
		return !held
	})
	return held
}
