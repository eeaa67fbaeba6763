package loaders_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/loaders"
)

// shelf is a source that knows some nouns and remembers what it was asked.
type shelf struct {
	mu    sync.Mutex
	asked [][]string
	err   error
}

func (s *shelf) fetch(_ context.Context, ids []string) (map[string]*core.Card, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, slices.Sorted(slices.Values(ids)))
	found := map[string]*core.Card{}
	for _, id := range ids {
		if id != "hidden" {
			found[id] = &core.Card{ID: id}
		}
	}
	return found, s.err
}

func cardsFrom(s *shelf) loaders.Loader[core.Card] {
	return loaders.New(context.Background(), &loaders.Sources{Cards: s.fetch}).Cards
}

// API-3: what is asked for at the same time is read in one call, each once. The time
// is synctest's, in which a busy machine does not cut the batch short.
func TestBatch(t *testing.T) { synctest.Test(t, batch) }

func batch(t *testing.T) {
	s := &shelf{}
	cards := cardsFrom(s)
	ctx := context.Background()
	first, second, again := cards.Later(ctx, "a"), cards.Later(ctx, "b"), cards.Later(ctx, "a")
	hidden, none := cards.Later(ctx, "hidden"), cards.Later(ctx, "")
	for want, get := range map[string]func() (*core.Card, error){"a": first, "b": second, "a ": again} {
		if c, err := get(); err != nil || c.ID != want[:1] {
			t.Errorf("%s: %v %v", want, c, err)
		}
	}
	for _, get := range []func() (*core.Card, error){hidden, none} {
		if c, err := get(); c != nil || err != nil {
			t.Errorf("what may not be seen: %v %v", c, err)
		}
	}
	if len(s.asked) != 1 || !slices.Equal(s.asked[0], []string{"a", "b", "hidden"}) {
		t.Errorf("asked %v", s.asked)
	}
}

func TestAtMostAHundredKeysACall(t *testing.T) {
	s := &shelf{}
	ids := make([]string, 250)
	for i := range ids {
		ids[i] = fmt.Sprint("id", i)
	}
	cards, err := cardsFrom(s).All(context.Background(), append(ids, "hidden"))
	if err != nil || len(cards) != 250 || cards[249].ID != "id249" {
		t.Fatal(len(cards), err)
	}
	for _, batch := range s.asked {
		if len(batch) > 100 {
			t.Errorf("%d keys in a call", len(batch))
		}
	}
}

func TestFailureReachesEveryAsker(t *testing.T) {
	s := &shelf{err: errors.New("store is down")}
	if _, err := cardsFrom(s).All(context.Background(), []string{"a", "b"}); !errors.Is(err, s.err) {
		t.Fatal(err)
	}
}

func TestTheActorIsKnown(t *testing.T) {
	me := &core.User{ID: "user_me"}
	ctx := core.WithActor(context.Background(), &core.Actor{User: me})
	l := loaders.New(ctx, &loaders.Sources{Users: func(context.Context, []string) (map[string]*core.User, error) {
		return nil, errors.New("asked for what is known")
	}})
	if u, err := l.Users.Load(ctx, me.ID); u != me || err != nil {
		t.Fatal(u, err)
	}
}
