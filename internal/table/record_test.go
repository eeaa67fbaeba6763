package table_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/embedded"
)

func counted(t *testing.T) (table.Engine, *table.Recorder) {
	t.Helper()
	e, err := embedded.Open(filepath.Join(t.TempDir(), "karuta.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	if err := e.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	rec := &table.Recorder{}
	return table.Counted(e, rec.Add), rec
}

// TestEveryCallIsCountedOnce, with its tables, its size and its error.
func TestEveryCallIsCountedOnce(t *testing.T) {
	e, rec := counted(t)
	user, card := table.Key{Table: table.Users, PK: "u", SK: "METADATA"}, table.Key{Table: table.Cards, PK: "c", SK: "METADATA"}
	ctx := t.Context()
	mine := table.Item{"owner_id": "u", "card_id": "c"}
	_ = e.Write(ctx, table.Put(card, mine, table.Always()))
	_ = e.Transact(ctx, "", []table.Write{table.Put(user, nil, table.Always()), table.Put(card, mine, table.Always())})
	_, _ = e.Get(ctx, user)
	_, _ = e.BatchGet(ctx, []table.Key{user, card, {Table: table.Cards, PK: "none", SK: "METADATA"}})
	_, _ = e.Query(ctx, table.Query{Table: table.Cards, Index: table.CardsByOwner, PK: "u"})
	failed := e.Write(ctx, table.Put(user, nil, table.IfAbsent()))
	got := rec.Take()
	for i := range got {
		if got[i].Took <= 0 {
			t.Errorf("%s took %v", got[i].Op, got[i].Took)
		}
		got[i].Took = 0
	}
	want := []table.Call{
		{Op: "Write", Table: "cards", Items: 1},
		{Op: "Transact", Table: "cards,users", Items: 2},
		{Op: "Get", Table: "users", Items: 1},
		{Op: "BatchGet", Table: "cards,users", Items: 3},
		{Op: "Query", Table: "cards", Index: table.CardsByOwner, Items: 1},
		{Op: "Write", Table: "users", Items: 1, Err: failed},
	}
	if table.ConditionFailed(failed) == nil || !reflect.DeepEqual(got, want) {
		t.Errorf("calls are\n%+v, want\n%+v", got, want)
	}
	if again := rec.Take(); again != nil {
		t.Errorf("taken calls are taken again: %v", again)
	}
}

func TestCallsAreCountedFromManyGoroutines(t *testing.T) {
	e, rec := counted(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if _, err := e.Get(t.Context(), table.Key{Table: "nothing"}); !errors.Is(err, table.ErrLimit) {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := len(rec.Take()); n != 400 {
		t.Errorf("%d calls of 400", n)
	}
}
