package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/store/storetest"
	"github.com/karuta-bi/karuta/internal/table"
)

// leaning is a card that reads a dataset, with a page and another dataset that it
// may come to.
type leaning struct {
	reads, other *core.Dataset
	card         *core.Card
	page         *core.Dashboard
}

func (w *world) leaning(t *testing.T, owner string) leaning {
	t.Helper()
	x := leaning{reads: w.dataset(t, owner, "reads"), other: w.dataset(t, owner, "other"), page: w.dashboard(t, owner)}
	x.card = w.card(t, owner, x.reads.ID)
	return x
}

func (x leaning) lay(st *store.Store, pageID string, cards ...core.Placement) error {
	_, err := st.Dashboards.Edit(context.Background(), pageID, x.page.OwnerID, 0, map[string]string{x.card.ID: x.reads.ID}, func(d *core.Dashboard) error {
		d.Cards = cards
		return nil
	})
	return err
}

func (x leaning) place(st *store.Store) error {
	return x.lay(st, x.page.ID, core.Placement{CardID: x.card.ID, W: 1, H: 1})
}

func (x leaning) placeAndTakeAway(st *store.Store) error {
	if err := x.place(st); err != nil {
		return err
	}
	return x.lay(st, x.page.ID)
}

func (x leaning) copy(st *store.Store) error {
	d := &core.Dashboard{ID: core.NewID(core.NounDashboard), Name: "copy", OwnerID: x.page.OwnerID, Cards: []core.Placement{{CardID: x.card.ID, W: 1, H: 1}}}
	return st.Dashboards.Clone(context.Background(), d, x.page.ID, map[string]string{x.card.ID: x.reads.ID})
}

func (x leaning) deleteCard(st *store.Store) error {
	return st.Cards.Delete(context.Background(), x.card)
}

func (x leaning) readOther(st *store.Store) error {
	_, err := st.Cards.Edit(context.Background(), x.card.ID, 0, func(c *core.Card) error { c.DatasetID = x.other.ID; return nil })
	return err
}

func (x leaning) create(st *store.Store) error {
	c := &core.Card{ID: core.NewID(core.NounCard), Kind: core.CardCode, Name: "c", OwnerID: x.page.OwnerID, DatasetID: x.other.ID}
	return st.Cards.Create(context.Background(), c)
}

func (x leaning) deleteOther(st *store.Store) error {
	return st.Datasets.Delete(context.Background(), x.other, store.Now())
}

// crossings are each two things of which one happens right before the transaction
// of the other, and how the slow one ends.
var crossings = []struct {
	name        string
	slow, quick func(leaning, *store.Store) error
	want        core.Code
}{
	{"deleted, placed", leaning.deleteCard, leaning.place, core.CodeValidation},
	{"deleted, copied", leaning.deleteCard, leaning.copy, core.CodeValidation},
	{"deleted, placed and taken away", leaning.deleteCard, leaning.placeAndTakeAway, ""},
	{"moved, placed", leaning.readOther, leaning.place, core.CodeValidation},
	{"moved, its new dataset deleted", leaning.readOther, leaning.deleteOther, core.CodeNotFound},
	{"placed, deleted", leaning.place, leaning.deleteCard, core.CodeNotFound},
	{"placed, moved", leaning.place, leaning.readOther, core.CodeConflict},
	{"placed, copied", leaning.place, leaning.copy, ""},
	{"copied, deleted", leaning.copy, leaning.deleteCard, core.CodeNotFound},
	{"copied, moved", leaning.copy, leaning.readOther, core.CodeConflict},
	{"copied, placed", leaning.copy, leaning.place, ""},
	{"dataset deleted, card made", leaning.deleteOther, leaning.create, core.CodeValidation},
	{"dataset deleted, card moved to it", leaning.deleteOther, leaning.readOther, core.CodeValidation},
	{"card made, dataset deleted", leaning.create, leaning.deleteOther, core.CodeNotFound},
	{"card made, another too", leaning.create, leaning.create, ""},
}

// cross lets all of them happen, the slow one over an engine of its own and after
// the world was prepared.
func cross(t *testing.T, st *world, slow func(table.Engine) table.Engine, prepare func(leaning, table.Engine)) {
	for _, c := range crossings {
		t.Run(c.name, func(t *testing.T) {
			l := storetest.NewLedger(st.Engine())
			quick, e := &world{Store: store.New(l), calls: st.calls}, &meanwhile{Engine: slow(l)}
			x := quick.leaning(t, quick.user(t, core.NewID(core.NounUser)+"@example.com").ID)
			prepare(x, l)
			e.do = func() { must(t, c.quick(x, quick.Store)) }
			err := c.slow(x, store.New(e))
			if got := core.CodeOf(err); got != c.want {
				t.Errorf("ended with %q (%v), want %q", got, err, c.want)
			}
			l.Items(t).Check(t)
		})
	}
}

// nothingThatLeansIsLeftBehind: no page holds a card that is gone, no card reads a
// dataset that is gone, and each place says what its card reads.
func nothingThatLeansIsLeftBehind(t *testing.T, st *world) {
	cross(t, st, func(e table.Engine) table.Engine { return e }, func(leaning, table.Engine) {})
}

// lagging is an engine whose indexes have not heard of anything yet.
type lagging struct{ table.Engine }

func (l lagging) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if q.Index != "" {
		return table.Page{}, nil
	}
	return l.Engine.Query(ctx, q)
}

func anIndexThatLagsLetsNothingGo(t *testing.T, st *world) {
	cross(t, st, func(e table.Engine) table.Engine { return lagging{e} }, func(leaning, table.Engine) {})
}

func whatWasMadeBeforeTheGuardsGetsThem(t *testing.T, st *world) {
	cross(t, st, func(e table.Engine) table.Engine { return e }, func(x leaning, e table.Engine) {
		for _, k := range []table.Key{
			{Table: table.Cards, PK: "CARD#" + x.card.ID, SK: "PLACES"},
			{Table: table.Datasets, PK: "DATASET#" + x.reads.ID, SK: "CARDS"}, {Table: table.Datasets, PK: "DATASET#" + x.other.ID, SK: "CARDS"},
		} {
			must(t, e.Write(t.Context(), table.Delete(k, table.IfExists())))
		}
	})
}

func aRaceThatNeverEndsIsAConflict(t *testing.T, st *world) {
	e := &meanwhile{Engine: st.Engine()}
	x, slow := st.leaning(t, core.NewID(core.NounUser)), store.New(e)
	var again func()
	for _, c := range []struct {
		slow, quick func(leaning, *store.Store) error
	}{
		{leaning.deleteCard, leaning.placeAndTakeAway}, {leaning.copy, leaning.placeAndTakeAway}, {leaning.create, leaning.create},
	} {
		again = func() { must(t, c.quick(x, st.Store)); e.do = again }
		e.do = again
		wantCode(t, c.slow(x, slow), core.CodeConflict)
	}
}

// aGuardNamesTheLatestAlone: however often a card is placed, its guard stays small.
func aGuardNamesTheLatestAlone(t *testing.T, st *world) {
	x := st.leaning(t, core.NewID(core.NounUser))
	var last string
	for range 25 {
		last = st.dashboard(t, x.page.OwnerID).ID
		must(t, x.lay(st.Store, last, core.Placement{CardID: x.card.ID, W: 1, H: 1}))
	}
	must(t, x.place(st.Store))
	must(t, x.lay(st.Store, x.page.ID))
	must(t, x.place(st.Store))
	it, err := st.Engine().Get(t.Context(), table.Key{Table: table.Cards, PK: "CARD#" + x.card.ID, SK: "PLACES"})
	must(t, err)
	latest := it.Strings("latest")
	if len(latest) != 20 || latest[19] != x.page.ID || latest[18] != last || it.Int("version") != 28 || it.Str("dataset_id") != x.reads.ID {
		t.Errorf("the guard is %v", it)
	}
	size, err := table.ItemBytes(it)
	if err != nil || size > 1<<10 {
		t.Errorf("the guard has %d bytes, %v", size, err)
	}
}

// fight is what fifty at once make, place, take away, move and delete.
type fight struct {
	*world
	owner           string
	pages           []string
	mu              sync.Mutex
	cards, datasets []string
}

func (f *fight) any(ids *[]string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return (*ids)[rand.IntN(len(*ids))]
}

func (f *fight) add(ids *[]string, id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	*ids = append(*ids, id)
}

func (f *fight) act(t *testing.T) (err error) {
	ctx := t.Context()
	switch rand.IntN(11) {
	case 0, 1:
		c := &core.Card{ID: core.NewID(core.NounCard), Kind: core.CardCode, Name: "c", OwnerID: f.owner, DatasetID: f.any(&f.datasets)}
		if err = f.Cards.Create(ctx, c); err == nil {
			f.add(&f.cards, c.ID)
		}
	case 2, 3, 4:
		return f.lay(ctx, f.any(&f.cards), f.any(&f.cards))
	case 5:
		return f.lay(ctx)
	case 6:
		_, err = f.Cards.Edit(ctx, f.any(&f.cards), 0, func(c *core.Card) error { c.DatasetID = f.any(&f.datasets); return nil })
	case 7, 8:
		var c *core.Card
		if c, err = f.Cards.Get(ctx, f.any(&f.cards)); c != nil {
			return f.Cards.Delete(ctx, c)
		}
	case 9:
		var d *core.Dataset
		if d, err = f.Datasets.Get(ctx, f.any(&f.datasets)); d != nil {
			f.add(&f.datasets, f.dataset(t, f.owner, "d").ID)
			return f.Datasets.Delete(ctx, d, store.Now())
		}
	case 10:
		var gone *core.DeletedDataset
		if gone, err = f.Datasets.Deleted(ctx, f.any(&f.datasets)); gone != nil {
			_, err = f.Datasets.Undelete(ctx, gone)
		}
	}
	return err
}

// lay puts the cards on one of the pages, as they are read now.
func (f *fight) lay(ctx context.Context, ids ...string) error {
	cards, err := f.Cards.Many(ctx, ids)
	if err != nil {
		return err
	}
	datasetOf, placed := map[string]string{}, []core.Placement{}
	for id, c := range cards {
		datasetOf[id] = c.DatasetID
		placed = append(placed, core.Placement{CardID: id, W: 1, H: 1})
	}
	_, err = f.Dashboards.Edit(ctx, f.any(&f.pages), f.owner, 0, datasetOf, func(d *core.Dashboard) error { d.Cards = placed; return nil })
	return err
}

func leaningRaces(t *testing.T, st *world) {
	l := storetest.NewLedger(st.Engine())
	f := &fight{world: &world{Store: store.New(l), calls: st.calls}}
	f.owner = f.user(t, "o@example.com").ID
	for i := range 4 {
		f.datasets = append(f.datasets, f.dataset(t, f.owner, fmt.Sprint("d", i)).ID)
		f.pages = append(f.pages, f.world.dashboard(t, f.owner).ID)
		f.cards = append(f.cards, f.card(t, f.owner, f.datasets[0]).ID)
	}
	var crowd sync.WaitGroup
	for range 50 {
		crowd.Go(func() {
			for range 6 {
				switch err := f.act(t); core.CodeOf(err) {
				case "", core.CodeNotFound, core.CodeConflict, core.CodeValidation:
				default:
					t.Error(err)
				}
			}
		})
	}
	crowd.Wait()
	l.Items(t).Check(t)
}
