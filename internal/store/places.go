package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

func cardSet(ps []core.Placement) map[string]bool {
	set := make(map[string]bool, len(ps))
	for _, p := range ps {
		set[p.CardID] = true
	}
	return set
}

// placementWrites are at most four for each place on the page, which a
// transaction holds even where every card is changed for another, and the line
// of history that belongs to them where there are any.
func (r *Dashboards) placementWrites(ctx context.Context, d *core.Dashboard, before map[string]bool, actorID string, datasetOf map[string]string) (ws []table.Write, change core.AccessChange, err error) {
	change = core.AccessChange{DashboardID: d.ID, At: Now(), Kind: "cards_changed", Grants: map[string][]string{}, ActorID: actorID}
	var coming []string
	for _, p := range d.Cards {
		if before[p.CardID] {
			continue
		}
		change.Added = append(change.Added, p.CardID)
		if len(p.Grants) > 0 {
			change.Grants[p.CardID] = p.Grants
			ws = append(ws, table.Check(cardKey(p.CardID), table.IfExists()))
		} else {
			coming = append(coming, p.CardID)
		}
	}
	places, err := r.placeWrites(ctx, d.ID, coming, datasetOf)
	if err != nil {
		return nil, change, err
	}
	ws = slices.Concat(ws, places, placedWrites(change, datasetOf))
	after := cardSet(d.Cards)
	for _, id := range slices.Sorted(maps.Keys(before)) {
		if !after[id] {
			ws = append(ws, table.Delete(placedKey(d.ID, id), table.Always()))
			change.Removed = append(change.Removed, id)
		}
	}
	return ws, change, nil
}

// placeWrites put cards on a page, each over the guard that is there now.
func (r *Dashboards) placeWrites(ctx context.Context, dashboardID string, cardIDs []string, datasetOf map[string]string) (ws []table.Write, err error) {
	keys := make([]table.Key, len(cardIDs))
	for i, id := range cardIDs {
		keys[i] = cardKey(id)
	}
	guards, err := guardsOf(ctx, r.e, keys...)
	if err != nil {
		return nil, err
	}
	for i, id := range cardIDs {
		g, there := guards[keys[i]]
		if !there {
			return nil, core.NotFound("input.layout.cards")
		}
		if g.datasetID != datasetOf[id] {
			return nil, &core.Error{Code: core.CodeConflict}
		}
		it := table.Item{"placed_card_id": id, "placed_on": dashboardID}
		putStr(it, "placed_dataset_id", g.datasetID)
		ws = append(ws, g.joinedBy(dashboardID), table.Put(placedKey(dashboardID, id), it, table.Always()))
	}
	return ws, nil
}

// placedWrites tell the history of each dataset which of its cards came onto the
// dashboard; a card without a dataset has its own. When they left again is told
// by the dashboard's history alone.
func placedWrites(change core.AccessChange, datasetOf map[string]string) (ws []table.Write) {
	placed := map[string][]string{}
	for _, id := range change.Added {
		subject := cmp.Or(datasetOf[id], id)
		placed[subject] = append(placed[subject], id)
	}
	for _, subject := range slices.Sorted(maps.Keys(placed)) {
		key := cardKey(subject)
		if datasetOf[placed[subject][0]] != "" {
			key = datasetKey(subject)
		}
		ws = append(ws, rightsWrite(key, core.RightsChange{SubjectID: subject, At: change.At, Kind: core.RightsPlaced, ActorID: change.ActorID,
			OtherID: change.DashboardID, Details: map[string]string{"cards": strings.Join(placed[subject], ",")}}))
	}
	return ws
}
