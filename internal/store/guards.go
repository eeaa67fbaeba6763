package store

import (
	"context"
	"slices"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// A guard lies beside a card (PLACES) and beside a dataset (CARDS), is made with
// it and goes with it. Whatever comes to lean on the noun, a place on a dashboard,
// a card or a transform, writes the guard anew under the version that it read, in its own
// transaction. So what must not happen while something leans on the noun reads the
// guard, then looks for what leans, and happens only where nothing came since. The
// index that is looked in may lag; the guard names what came last, to be read itself.
type guard struct {
	key       table.Key
	version   int64
	latest    []string // ids of what came last, the newest at the end
	datasetID string   // of a card: what it reads
}

// latestKept is how many ids a guard names: more than come while an index lags,
// and few enough for one write unit.
const latestKept = 20

const (
	placesGuard = "PLACES"
	cardsGuard  = "CARDS"
)

func guardKey(noun table.Key) table.Key {
	sk := placesGuard
	if noun.Table == table.Datasets {
		sk = cardsGuard
	}
	return table.Key{Table: noun.Table, PK: noun.PK, SK: sk}
}

// guardLost tells whether a transaction failed because a guard was written meanwhile.
func guardLost(err error) bool {
	failed := table.ConditionFailed(err)
	return failed != nil && (failed.Key.SK == placesGuard || failed.Key.SK == cardsGuard)
}

// newGuard is the guard of a noun, which is given as its item, before anything leans on it.
func newGuard(noun table.Key, it table.Item) table.Write {
	g := guard{key: guardKey(noun)}
	if noun.Table == table.Cards {
		g.datasetID = it.Str("dataset_id")
	}
	return g.write(table.IfAbsent())
}

func (g guard) write(cond table.Condition) table.Write {
	it := table.Item{"version": g.version + 1}
	putStrings(it, "latest", g.latest)
	putStr(it, "dataset_id", g.datasetID)
	return table.Put(g.key, it, cond)
}

// renewed is the guard written anew over the one that was read.
func (g guard) renewed() table.Write { return g.write(table.IfVersion(g.version)) }

// joinedBy is renewed for something that comes to lean on the noun.
func (g guard) joinedBy(id string) table.Write {
	others := slices.DeleteFunc(slices.Clone(g.latest), func(other string) bool { return other == id })
	g.latest = append(others[max(0, len(others)-latestKept+1):], id)
	return g.renewed()
}

func readGuard(k table.Key, it table.Item) guard {
	return guard{key: k, version: it.Int("version"), latest: it.Strings("latest"), datasetID: it.Str("dataset_id")}
}

// guardsOf reads the guards of nouns, by noun, in one call; a noun that is gone
// has none. Nouns from before there were guards get theirs here.
func guardsOf(ctx context.Context, e table.Engine, nouns ...table.Key) (map[table.Key]guard, error) {
	keys := make([]table.Key, len(nouns))
	for i, noun := range nouns {
		keys[i] = guardKey(noun)
	}
	items, err := batchGet(ctx, e, keys)
	if err != nil {
		return nil, err
	}
	found := make(map[table.Key]guard, len(nouns))
	for i, noun := range nouns {
		it := items[keys[i]]
		if it == nil {
			if it, err = makeGuard(ctx, e, noun); err != nil {
				return nil, err
			}
		}
		if it != nil {
			found[noun] = readGuard(keys[i], it)
		}
	}
	return found, nil
}

// makeGuard writes the guard of a noun that has none, or reads the one that
// somebody else just wrote; nil where the noun is gone.
func makeGuard(ctx context.Context, e table.Engine, noun table.Key) (table.Item, error) {
	for range editTries {
		it, err := e.Get(ctx, noun)
		if err != nil || it == nil {
			return nil, err
		}
		w := newGuard(noun, it)
		err = e.Transact(ctx, "", []table.Write{w, table.Check(noun, table.IfVersion(it.Int("version")))})
		if table.ConditionFailed(err) == nil {
			return w.Item, err
		}
		if it, err = e.Get(ctx, w.Key); err != nil || it != nil {
			return it, err
		}
	}
	return nil, &core.Error{Code: core.CodeConflict}
}

// guarded does a transaction over guards, and again where one was written
// meanwhile; CONFLICT when that goes on.
func guarded(do func() error) error {
	for try := 0; ; try++ {
		err := do()
		if !guardLost(err) {
			return err
		}
		if try >= editTries {
			return &core.Error{Code: core.CodeConflict, Cause: err}
		}
	}
}
