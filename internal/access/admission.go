package access

import (
	"context"
	"slices"
	"sync"

	"github.com/karuta-bi/karuta/internal/core"
)

// A card that was copied with a dashboard is shown to those alone to whom every
// dashboard on the way from its origin is open and still shows it, and to those
// who may read the card and its data by their own right. The copied place carries
// the way with it (core.Placement.Grants), and each request walks it again.
//
// So a copy opens no card or dataset that the origin does not open, and what is
// open through a dashboard at all is found without looking at copies.

// Admission is what of a dashboard is shown to somebody.
type Admission struct {
	page *core.Dashboard
	ways map[string][]*core.Dashboard // of each card that is shown, those it was copied over
}

// Shows tells whether a card of the dashboard is shown.
func (a *Admission) Shows(cardID string) bool {
	_, shown := a.ways[cardID]
	return shown
}

// Way is what a card that is shown was copied over, for what takes more than to
// see it; nothing where the actor may read it by their own right.
func (a *Admission) Way(cardID string) []*core.Dashboard { return a.ways[cardID] }

// Filters are the page filters that reach a card of the dashboard. Whoever copies
// a dashboard may give the copy other filters; a copied card is narrowed by those
// alone that every dashboard on its way has for the same column.
func (a *Admission) Filters(cardID string) []core.Filter {
	filters := a.page.Filters
	for _, d := range a.ways[cardID] {
		filters = slices.DeleteFunc(slices.Clone(filters), func(f core.Filter) bool { return !choosesAs(d, f) })
	}
	return filters
}

func choosesAs(d *core.Dashboard, f core.Filter) bool {
	return slices.ContainsFunc(d.Filters, func(has core.Filter) bool { return has.Column == f.Column && has.Type == f.Type })
}

// Admitted tells what of a dashboard that the actor may view is shown to them. A
// page without copied cards costs no call, any other one for all of them.
func (g *Gate) Admitted(ctx context.Context, d *core.Dashboard) (*Admission, error) {
	chain, err := g.chain(ctx, d)
	if err != nil {
		return nil, err
	}
	a := &Admission{page: d, ways: make(map[string][]*core.Dashboard, len(d.Cards))}
	for _, p := range d.Cards {
		if way, open := walk(chain, p); open {
			a.ways[p.CardID] = way
		}
	}
	if len(chain) == 0 && len(a.ways) == len(d.Cards) {
		return a, nil
	}
	own, err := g.OwnRight(ctx, d.CardIDs())
	for id := range own {
		a.ways[id] = nil
	}
	return a, err
}

// walk gives the dashboards that a card was copied over; open tells whether each
// of them is open and still holds it.
func walk(chain map[string]*Grant, p core.Placement) (way []*core.Dashboard, open bool) {
	for _, id := range p.Grants {
		gr := chain[id]
		if gr == nil || !gr.Allows(View) {
			return nil, false
		}
		if _, held := gr.Dashboard.Place(p.CardID); !held {
			return nil, false
		}
		way = append(way, gr.Dashboard)
	}
	return way, true
}

// RequireAdmitted refuses with FORBIDDEN.not_admitted where a card on a dashboard
// that the actor may view is not shown to them there.
func (g *Gate) RequireAdmitted(ctx context.Context, field string, d *core.Dashboard, cardID string) (*Admission, error) {
	a, err := g.Admitted(ctx, d)
	if err != nil || a.Shows(cardID) {
		return a, err
	}
	return nil, g.refuse(ctx, core.NounCard, field, cardID, View, true, "not_admitted")
}

// OwnRight finds among cards those that the actor may read with their data by
// their own right, as owner or administrator. Only such cards can be shown to
// others.
func (g *Gate) OwnRight(ctx context.Context, cardIDs []string) (map[string]bool, error) {
	cards, err := g.store.Cards.ManyOnce(ctx, cardIDs)
	if err != nil {
		return nil, core.Internal("access: read cards", err)
	}
	var datasetIDs []string
	for _, c := range cards {
		if owns(ctx, c.OwnerID, View) && c.DatasetID != "" {
			datasetIDs = append(datasetIDs, c.DatasetID)
		}
	}
	datasets, err := g.store.Datasets.ManyOnce(ctx, datasetIDs)
	if err != nil {
		return nil, core.Internal("access: read datasets of cards", err)
	}
	own := map[string]bool{}
	for id, c := range cards {
		d := datasets[c.DatasetID]
		if owns(ctx, c.OwnerID, View) && (c.DatasetID == "" || d != nil && owns(ctx, d.OwnerID, View)) {
			own[id] = true
		}
	}
	return own, nil
}

// chainLock finds the lock of a request under which ways are read: fields that
// run side by side read each of them once.
type chainLock struct{}

// chain reads what the actor may do with all dashboards that cards of the page
// were copied from.
func (g *Gate) chain(ctx context.Context, d *core.Dashboard) (map[string]*Grant, error) {
	var ids []string
	for _, p := range d.Cards {
		ids = append(ids, p.Grants...)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	slices.Sort(ids)
	lock, _ := core.ActorFrom(ctx).Memo().LoadOrStore(chainLock{}, &sync.Mutex{})
	lock.(*sync.Mutex).Lock()
	defer lock.(*sync.Mutex).Unlock()
	return g.grants(ctx, slices.Compact(ids))
}
