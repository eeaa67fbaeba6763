package store

import (
	"context"
	"slices"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// placesOf counts the dashboards that a card lies on otherwise than as a copy, in
// the index and by those that its guard names. The guard was read before.
func placesOf(ctx context.Context, e table.Engine, cardID string, g guard) (int, error) {
	on, err := (&Dashboards{e}).HoldingCard(ctx, cardID, 0)
	if err != nil {
		return 0, err
	}
	keys := []table.Key{}
	for _, id := range g.latest {
		if !slices.Contains(on, id) {
			keys = append(keys, placedKey(id, cardID))
		}
	}
	late, err := batchGet(ctx, e, keys)
	return len(on) + len(late), err
}

// unplaced is the guard of a card that lies nowhere; VALIDATION_ERROR.card_in_use
// where it does, NOT_FOUND where it is gone.
func unplaced(ctx context.Context, e table.Engine, cardID string) (guard, error) {
	guards, err := guardsOf(ctx, e, cardKey(cardID))
	if err != nil {
		return guard{}, err
	}
	g, ok := guards[cardKey(cardID)]
	if !ok {
		return g, core.NotFound("input.id")
	}
	n, err := placesOf(ctx, e, cardID, g)
	if err == nil && n > 0 {
		err = core.Invalid("input.id", "card_in_use", "count", n)
	}
	return g, err
}

// manyReaders is up to how many cards, and how many transforms, of a dataset are
// counted before its deletion.
const manyReaders = 1000

// unread is the guard of a dataset that no card and no transform reads;
// VALIDATION_ERROR.in_use where one does, NOT_FOUND where it is gone.
func unread(ctx context.Context, e table.Engine, datasetID string) (guard, error) {
	guards, err := guardsOf(ctx, e, datasetKey(datasetID))
	if err != nil {
		return guard{}, err
	}
	g, ok := guards[datasetKey(datasetID)]
	if !ok {
		return g, core.NotFound("input.id")
	}
	cards, err := cardsReading(ctx, e, datasetID, g)
	if err != nil {
		return g, err
	}
	transforms, err := transformsReading(ctx, e, datasetID, g)
	if err == nil && cards+transforms > 0 {
		err = core.Invalid("input.id", "in_use", "cards", cards, "transforms", transforms)
	}
	return g, err
}

// cardsReading counts the cards that read a dataset, as placesOf counts places.
func cardsReading(ctx context.Context, e table.Engine, datasetID string, g guard) (int, error) {
	cards := &Cards{e}
	found, err := cards.ByDataset(ctx, datasetID, core.PageArgs{First: manyReaders})
	if err != nil {
		return 0, err
	}
	late, err := cards.Many(ctx, named(g.latest, core.NounCard))
	for _, c := range found.Nodes {
		delete(late, c.ID)
	}
	n := len(found.Nodes)
	for _, c := range late {
		if c.DatasetID == datasetID {
			n++
		}
	}
	return n, err
}

// transformsReading counts the transforms that read a dataset, as placesOf counts
// places.
func transformsReading(ctx context.Context, e table.Engine, datasetID string, g guard) (int, error) {
	found, err := (&Transforms{e}).ByInput(ctx, datasetID, manyReaders)
	if err != nil {
		return 0, err
	}
	keys := []table.Key{}
	for _, id := range named(g.latest, core.NounTransform) {
		if !slices.Contains(found, id) {
			keys = append(keys, inputKey(id, datasetID))
		}
	}
	late, err := batchGet(ctx, e, keys)
	return len(found) + len(late), err
}

// named are those of the ids that name the noun.
func named(ids []string, noun core.Noun) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { n, _ := core.NounOf(id); return n != noun })
}

// unwritten is VALIDATION_ERROR.written_by_transform while the transform is there
// that writes the dataset. Once gone it never comes back, so nothing needs to be
// held for it.
func unwritten(ctx context.Context, e table.Engine, d *core.Dataset) error {
	if d.TransformID == "" {
		return nil
	}
	t, err := (&Transforms{e}).Get(ctx, d.TransformID)
	if err == nil && t != nil {
		err = core.Invalid("input.id", "written_by_transform", "name", t.Name)
	}
	return err
}

// joinDataset is the write by which a card comes to read a dataset; NOT_FOUND
// where the dataset is gone.
func joinDataset(ctx context.Context, e table.Engine, datasetID, cardID string) (table.Write, error) {
	guards, err := guardsOf(ctx, e, datasetKey(datasetID))
	if err != nil {
		return table.Write{}, err
	}
	g, ok := guards[datasetKey(datasetID)]
	if !ok {
		return table.Write{}, core.NotFound("input.datasetId")
	}
	return g.joinedBy(cardID), nil
}
