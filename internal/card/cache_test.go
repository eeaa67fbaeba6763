package card_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

func TestCacheIsByContent(t *testing.T) { // CD-4
	w := newWorld(t)
	value := core.FilterValue{Column: "地域", Values: []string{"a", "b"}}
	runs := func(what string, cached bool, u *core.User, values ...core.FilterValue) {
		t.Helper()
		before := w.executor.Runs.Load()
		r := w.mustOnPage(t, u, values...)
		if ran := w.executor.Runs.Load() - before; r.Cached != cached || (ran == 0) != cached {
			t.Errorf("%s: cached %v after %d runs, want %v", what, r.Cached, ran, cached)
		}
	}
	runs("first", false, w.viewer)
	runs("same again", true, w.viewer)
	runs("another person", true, w.owner)
	runs("other filter", false, w.viewer, value)
	runs("same values in another order", true, w.viewer, core.FilterValue{Column: "地域", Values: []string{"b", "a", "b"}})
	runs("with nulls", false, w.viewer, core.FilterValue{Column: "地域", Values: []string{"a", "b"}, IncludeNull: true})
	runs("undefined filter", true, w.viewer, core.FilterValue{Column: "支店", Values: []string{"a"}})
	code := w.card.Code + "\n"
	if _, err := w.s.Update(w.As(w.owner), card.Change{ID: w.card.ID, Version: 1, Code: &code}); err != nil {
		t.Fatal(err)
	}
	runs("other code", false, w.viewer)
	params := `{"a":1}`
	if _, err := w.s.Update(w.As(w.owner), card.Change{ID: w.card.ID, Version: 2, Params: &params}); err != nil {
		t.Fatal(err)
	}
	runs("other params", false, w.viewer)
	if _, err := w.Store.Datasets.Edit(t.Context(), w.data.ID, 0, func(d *core.Dataset) error { d.DataVersion++; return nil }); err != nil {
		t.Fatal(err)
	}
	runs("other data", false, w.viewer)
	runs("other data again", true, w.viewer)
	r, err := w.s.Execute(w.As(w.viewer), card.ExecuteInput{CardID: w.card.ID, DashboardID: w.page.ID})
	if err != nil || r.Cached {
		t.Errorf("without the cache: %+v, %v", r, err)
	}
}

func TestCacheIsSharedAndEnds(t *testing.T) { // CD-4
	w := newWorld(t)
	last := w.mustOnPage(t, w.viewer)
	in := card.ExecuteInput{CardID: w.card.ID, DashboardID: w.page.ID, UseCache: true}
	for name, c := range map[string]struct {
		cfg    card.Config
		cached bool
	}{
		"another process":  {card.Config{CacheTTL: time.Hour}, true},
		"another platform": {card.Config{CacheTTL: time.Hour, Platform: "2"}, false},
		"too old":          {card.Config{CacheTTL: time.Nanosecond}, false},
		"no cache":         {card.Config{}, false},
	} {
		s := w.service(t, c.cfg)
		for !store.Now().After(last.ExecutedAt) { // nothing is too old in the millisecond that it was made in
			runtime.Gosched()
		}
		r, err := s.Execute(w.As(w.viewer), in)
		if err != nil || r.Cached != c.cached {
			t.Errorf("%s: got %+v, %v", name, r, err)
			continue
		}
		last = r
		if !strings.Contains(w.read(t, s, r), r.HTML) {
			t.Errorf("%s: the page is another", name)
		}
	}
}

func TestManyAskOneRuns(t *testing.T) { // CD-4
	w := newWorld(t)
	began, release := make(chan struct{}), make(chan struct{})
	w.executor.Card = func(client.CardRequest) client.CardReply {
		began <- struct{}{}
		<-release
		return client.CardReply{HTML: "x"}
	}
	first, leave := context.WithCancel(w.As(w.viewer))
	var wg sync.WaitGroup
	in := card.ExecuteInput{CardID: w.card.ID, DashboardID: w.page.ID, UseCache: true}
	left := make(chan error)
	go func() {
		_, err := w.s.Execute(first, in)
		left <- err
	}()
	<-began
	for range 9 {
		wg.Go(func() {
			if r, err := w.s.Execute(w.As(w.owner), in); err != nil || r.HTML != "x" {
				t.Errorf("got %+v, %v", r, err)
			}
		})
	}
	for w.s.Waiting() < 10 {
		time.Sleep(time.Millisecond)
	}
	leave()
	if err := <-left; err != context.Canceled {
		t.Errorf("who left got %v", err)
	}
	close(release)
	wg.Wait()
	if n := w.executor.Runs.Load(); n != 1 || w.s.Waiting() != 0 {
		t.Errorf("%d runs, and %d wait", n, w.s.Waiting())
	}
}

// A run for which nobody waits any more ends, and does not stand in the way of the next.
func TestARunEndsWithWhoWaitsForIt(t *testing.T) {
	w := newWorld(t)
	began, release, gone := make(chan struct{}), make(chan struct{}), make(chan struct{})
	w.executor.CardLeft = sync.OnceFunc(func() { close(gone) })
	w.executor.Card = func(client.CardRequest) client.CardReply {
		began <- struct{}{}
		<-release
		return client.CardReply{HTML: "x"}
	}
	in := card.ExecuteInput{CardID: w.card.ID, DashboardID: w.page.ID, UseCache: true}
	asks := func(ctx context.Context) (ended chan error) {
		ended = make(chan error, 1)
		go func() {
			_, err := w.s.Execute(ctx, in)
			ended <- err
		}()
		<-began
		return ended
	}
	first, leave := context.WithCancel(w.As(w.viewer))
	ended := asks(first)
	leave()
	if err := <-ended; err != context.Canceled {
		t.Errorf("who left got %v", err)
	}
	<-gone
	ended = asks(w.As(w.viewer))
	close(release)
	if err := <-ended; err != nil {
		t.Errorf("the next got %v", err)
	}
	if n := len(w.Events(core.EventCardFailed)); n != 0 {
		t.Errorf("%d runs failed", n)
	}
}

func TestExecutorAway(t *testing.T) { // FAIL-7
	w := newWorld(t)
	value := core.FilterValue{Column: "地域", Values: []string{"a"}}
	good := w.mustOnPage(t, w.viewer)
	w.executor.Away.Store(true)
	if _, err := w.Store.Datasets.Edit(t.Context(), w.data.ID, 0, func(d *core.Dataset) error { d.DataVersion++; return nil }); err != nil {
		t.Fatal(err)
	}
	r := w.mustOnPage(t, w.viewer)
	if !r.Stale || !r.Cached || r.HTML != good.HTML || !r.ExecutedAt.Equal(good.ExecutedAt) || r.DatasetVersion != 1 {
		t.Errorf("got %+v", r)
	}
	_, err := w.onPage(w.viewer, value)
	accesstest.Code(t, "never made", err, core.CodeUnavailable)
	_, err = w.s.Preview(w.As(w.owner), card.PreviewInput{DatasetID: w.data.ID, Code: "x"})
	accesstest.Code(t, "preview", err, core.CodeUnavailable)
	w.executor.Away.Store(false)
	if r := w.mustOnPage(t, w.viewer); r.Stale || r.Cached {
		t.Errorf("back again: %+v", r)
	}
}
