package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Cards is bi_cards: CARD#id / METADATA, PLACES, HISTORY#time#… or RUN#id.
type Cards struct{ e table.Engine }

func cardKey(id string) table.Key {
	return table.Key{Table: table.Cards, PK: "CARD#" + id, SK: metadata}
}

func cardVersioned(id string) versioned[core.Card] {
	return versioned[core.Card]{
		key: cardKey(id), read: readCard, write: writeCard,
		version: func(c *core.Card) *int64 { return &c.Version },
		touch:   func(c *core.Card, t time.Time) { c.UpdatedAt = t },
	}
}

func writeCard(c *core.Card) table.Item {
	it := table.Item{
		"card_id": c.ID, "kind": strings.ToLower(string(c.Kind)), "name": c.Name, "code": c.Code,
		"owner_id": c.OwnerID, "version": c.Version,
	}
	putStr(it, "description", c.Description)
	putStr(it, "dataset_id", c.DatasetID)
	putStr(it, "params", c.Params)
	if c.IgnoresFilters {
		it["ignores_filters"] = true
	}
	putList(it, "parameters", c.Parameters)
	putTime(it, "created_at", c.CreatedAt)
	putTime(it, "updated_at", c.UpdatedAt)
	return it
}

func readCard(it table.Item) *core.Card {
	return &core.Card{
		ID: it.Str("card_id"), Kind: core.CardKind(strings.ToUpper(it.Str("kind"))), Name: it.Str("name"),
		Description: it.Str("description"), DatasetID: it.Str("dataset_id"), Code: it.Str("code"),
		Params: it.Str("params"), IgnoresFilters: it.Bool("ignores_filters"), OwnerID: it.Str("owner_id"),
		Version: it.Int("version"), CreatedAt: getTime(it, "created_at"), UpdatedAt: getTime(it, "updated_at"),
		Parameters: getList[core.CardParameter](it, "parameters"),
	}
}

// Get reads a card; nil when there is none.
func (r *Cards) Get(ctx context.Context, id string) (*core.Card, error) {
	it, err := r.e.Get(ctx, cardKey(id))
	if err != nil || it == nil {
		return nil, err
	}
	return readCard(it), nil
}

// Many reads cards by id; the missing are absent.
func (r *Cards) Many(ctx context.Context, ids []string) (map[string]*core.Card, error) {
	return getMany(ctx, r.e, ids, cardKey, readCard)
}

// ManyOnce is Many, reading each card at most once a request. Nobody may change
// the cards that it gives.
func (r *Cards) ManyOnce(ctx context.Context, ids []string) (map[string]*core.Card, error) {
	return once(ctx, table.Cards, ids, r.Many)
}

// Create writes a new card. NOT_FOUND when its dataset is gone by now.
func (r *Cards) Create(ctx context.Context, c *core.Card) error {
	c.Version = 1
	created := rightsChange(ctx, c.ID, core.RightsCreated, c.OwnerID)
	key, it := cardKey(c.ID), writeCard(c)
	ws := append(onceWrites(ctx, c.ID), table.Put(key, it, table.IfAbsent()), newGuard(key, it))
	if c.DatasetID == "" {
		return apply(ctx, r.e, append(ws, rightsWrite(key, created)))
	}
	created.Details = map[string]string{"dataset": c.DatasetID}
	return guarded(func() error {
		joins, err := joinDataset(ctx, r.e, c.DatasetID, c.ID)
		if err != nil {
			return err
		}
		return apply(ctx, r.e, slices.Concat(ws, []table.Write{joins, rightsWrite(key, created)}))
	})
}

// Edit changes a card under the version the caller saw (0: any); nil when there
// is none. Another dataset is VALIDATION_ERROR.card_in_use while the card lies on
// dashboards, and NOT_FOUND when it is gone.
func (r *Cards) Edit(ctx context.Context, id string, want int64, change func(*core.Card) error) (*core.Card, error) {
	defer forget[core.Card](ctx, table.Cards, id)
	return edit(ctx, r.e, cardVersioned(id), want, func(c *core.Card) (ws []table.Write, err error) {
		was := *c
		if err := change(c); err != nil {
			return nil, err
		}
		if c.DatasetID != was.DatasetID {
			if ws, err = r.readOther(ctx, c); err != nil {
				return nil, err
			}
		}
		if c.OwnerID != was.OwnerID {
			ws = append(ws, rightsWrite(cardKey(id), rightsChange(ctx, id, core.RightsOwner, c.OwnerID)))
		}
		return ws, nil
	})
}

// readOther are the writes that go with another dataset of a card.
func (r *Cards) readOther(ctx context.Context, c *core.Card) ([]table.Write, error) {
	g, err := unplaced(ctx, r.e, c.ID)
	if err != nil {
		return nil, err
	}
	g.datasetID = c.DatasetID
	ws := []table.Write{g.renewed(), rightsWrite(cardKey(c.ID), rightsChange(ctx, c.ID, core.RightsDataset, c.DatasetID))}
	if c.DatasetID == "" {
		return ws, nil
	}
	joins, err := joinDataset(ctx, r.e, c.DatasetID, c.ID)
	return append(ws, joins), err
}

// Delete removes a card at the given version; CONFLICT when it changed meanwhile,
// NOT_FOUND when it is gone, VALIDATION_ERROR.card_in_use while it lies on
// dashboards.
func (r *Cards) Delete(ctx context.Context, c *core.Card) error {
	defer forget[core.Card](ctx, table.Cards, c.ID)
	return guarded(func() error {
		g, err := unplaced(ctx, r.e, c.ID)
		if err != nil {
			return err
		}
		err = r.e.Transact(ctx, "", []table.Write{
			table.Delete(cardKey(c.ID), table.IfVersion(c.Version)),
			table.Delete(g.key, table.IfVersion(g.version)),
			rightsWrite(cardKey(c.ID), rightsChange(ctx, c.ID, core.RightsDeleted, "")),
		})
		if failed := table.ConditionFailed(err); failed != nil && failed.Index == 0 {
			return core.Conflict(c.Version, failed.Current.Int("version"))
		}
		return err
	})
}

// ByOwner lists a person's cards, newest first; the cursor is the last id.
func (r *Cards) ByOwner(ctx context.Context, ownerID string, p core.PageArgs) (core.Page[*core.Card], error) {
	return r.list(ctx, table.CardsByOwner, ownerID, p)
}

// ByDataset lists the cards that read a dataset, newest first; the cursor is the last id.
func (r *Cards) ByDataset(ctx context.Context, datasetID string, p core.PageArgs) (core.Page[*core.Card], error) {
	return r.list(ctx, table.CardsByDataset, datasetID, p)
}

func (r *Cards) list(ctx context.Context, index, pk string, p core.PageArgs) (core.Page[*core.Card], error) {
	start, err := afterID("CARD#", metadata, p.After, core.NounCard)
	if err != nil {
		return core.Page[*core.Card]{}, err
	}
	out, err := collectAs(ctx, r.e, table.Query{Table: table.Cards, Index: index, PK: pk, Desc: true, Start: start}, p.First+1, readCard)
	if err != nil {
		return core.Page[*core.Card]{}, err
	}
	return pageOf(out, p.First, func(c *core.Card) string { return c.ID }), nil
}
