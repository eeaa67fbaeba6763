package loaders_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/loaders"
)

// What is asked for twice, at once or later, by one operation is read once; the
// next operation reads it anew.
func TestAnOperationReadsOnce(t *testing.T) {
	s := &shelf{}
	ctx := context.Background()
	for operation := 1; operation <= 2; operation++ {
		cards := cardsFrom(s)
		var fields sync.WaitGroup
		for i := range 300 {
			fields.Go(func() {
				if c, err := cards.Load(ctx, fmt.Sprint("id", i%100)); err != nil || c.ID != fmt.Sprint("id", i%100) {
					t.Error(c, err)
				}
			})
		}
		fields.Wait()
		if again, err := cards.All(ctx, []string{"id1", "id2", "id1"}); err != nil || len(again) != 3 || again[2].ID != "id1" {
			t.Errorf("again: %v, %v", again, err)
		}
		asked := []string{}
		for _, batch := range s.asked {
			asked = append(asked, batch...)
		}
		if len(asked) != 100*operation {
			t.Errorf("operation %d: %d keys asked for in all, want %d", operation, len(asked), 100*operation)
		}
	}
}

// A failure is that of its batch; the others are well.
func TestAFailureStaysInItsBatch(t *testing.T) {
	down := errors.New("store is down")
	var mu sync.Mutex
	lost := map[string]bool{} // a busy machine may cut a batch short, so the batches themselves say what was in them
	cards := loaders.New(context.Background(), &loaders.Sources{Cards: func(_ context.Context, ids []string) (map[string]*core.Card, error) {
		if slices.Contains(ids, "id150") {
			mu.Lock()
			defer mu.Unlock()
			for _, id := range ids {
				lost[id] = true
			}
			return nil, down
		}
		found := map[string]*core.Card{}
		for _, id := range ids {
			found[id] = &core.Card{ID: id}
		}
		return found, nil
	}}).Cards
	var later []func() (*core.Card, error)
	for i := range 200 {
		later = append(later, cards.Later(context.Background(), fmt.Sprint("id", i)))
	}
	for i, get := range later {
		id := fmt.Sprint("id", i)
		c, err := get()
		mu.Lock()
		if errors.Is(err, down) != lost[id] || !lost[id] && (err != nil || c.ID != id) {
			t.Errorf("%s: %v, %v", id, c, err)
		}
		mu.Unlock()
	}
	if !lost["id150"] || len(lost) > 100 {
		t.Errorf("%d failed", len(lost))
	}
}

// A source that panics fails its askers, not the server.
func TestASourceThatPanics(t *testing.T) {
	cards := loaders.New(context.Background(), &loaders.Sources{Cards: func(context.Context, []string) (map[string]*core.Card, error) {
		panic("a bug")
	}}).Cards
	if c, err := cards.Load(context.Background(), "a"); c != nil || err == nil {
		t.Errorf("got %v, %v", c, err)
	}
}

// Nobody gets loaders that belong to no operation, and with them another's answers.
func TestLoadersBelongToAnOperation(t *testing.T) {
	l := loaders.New(context.Background(), &loaders.Sources{})
	if loaders.For(loaders.With(context.Background(), l)) != l {
		t.Error("an operation has other loaders than it was given")
	}
	defer func() {
		if recover() == nil {
			t.Error("a context of no operation has loaders")
		}
	}()
	loaders.For(context.Background())
}
