package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

func TestOnce(t *testing.T) {
	ctx := core.WithActor(t.Context(), &core.Actor{})
	var mu sync.Mutex
	var batches [][]string
	fetch := func(_ context.Context, ids []string) (map[string]*string, error) {
		mu.Lock()
		batches = append(batches, ids)
		mu.Unlock()
		found := map[string]*string{}
		for _, id := range ids {
			if id != "missing" {
				found[id] = &id
			}
		}
		return found, nil
	}
	var readers sync.WaitGroup
	for range 16 {
		readers.Go(func() {
			got, err := once(ctx, "t", []string{"a", "b", "a", "missing"}, fetch)
			if err != nil || len(got) != 2 || *got["a"] != "a" || *got["b"] != "b" {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
	readers.Wait()
	if len(batches) != 1 || !slices.Equal(batches[0], []string{"a", "b", "missing"}) {
		t.Errorf("16 readers made the batches %v", batches)
	}
	forget[string](ctx, "t", "b")
	if _, err := once(ctx, "t", []string{"a", "b", "c"}, fetch); err != nil || !slices.Equal(batches[1], []string{"b", "c"}) {
		t.Errorf("after b was forgotten %v, %v", batches, err)
	}
	if _, err := once(core.WithActor(t.Context(), &core.Actor{}), "t", []string{"a"}, fetch); err != nil || len(batches) != 3 {
		t.Errorf("another request read from this one's memory: %v", batches)
	}
}

func TestOnceAfterAFailure(t *testing.T) {
	ctx := core.WithActor(t.Context(), &core.Actor{})
	broken := errors.New("broken")
	fail := func(context.Context, []string) (map[string]*int, error) { return nil, broken }
	if _, err := once(ctx, "t", []string{"a"}, fail); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	one := 1
	got, err := once(ctx, "t", []string{"a"}, func(context.Context, []string) (map[string]*int, error) { return map[string]*int{"a": &one}, nil })
	if err != nil || got["a"] != &one {
		t.Errorf("got %v, %v", got, err)
	}
}
