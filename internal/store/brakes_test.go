package store_test

import (
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

func brakesAreChangedTogether(t *testing.T, st *world) {
	u := st.user(t, "brake@example.com")
	now := store.Now()
	ids, until := []string{"a", "b"}, now.Add(time.Hour)
	st.calls.Take()
	must(t, st.Brakes.Edit(t.Context(), ids, until, func(bs []*core.Brake) ([]core.Notice, error) {
		for _, b := range bs {
			if b.Version != 0 || b.Tries != nil {
				t.Errorf("a new brake is %+v", b)
			}
			b.Tries = []core.Try{{ID: "1", At: now, Open: true}, {ID: "2", At: now}}
		}
		bs[0].Failures, bs[0].Until = 7, now
		return []core.Notice{{UserID: u.ID, Kind: core.NoticeLoginLocked}}, nil
	}))
	st.wantCalls(t, "BatchGet sessions", "Transact outbox,sessions")
	if told, err := st.Outbox.Of(t.Context(), u.ID, true, core.PageArgs{First: 10}); err != nil || len(told.Nodes) != 1 {
		t.Errorf("told %+v, %v", told.Nodes, err)
	}
	no := errors.New("no")
	err := st.Brakes.Edit(t.Context(), ids, until, func(bs []*core.Brake) ([]core.Notice, error) {
		want := &core.Brake{ID: "a", Tries: []core.Try{{ID: "1", At: now, Open: true}, {ID: "2", At: now}}, Failures: 7, Until: now, Version: 1}
		if !reflect.DeepEqual(bs[0], want) {
			t.Errorf("read %+v, want %+v", bs[0], want)
		}
		bs[0].Failures = 8
		return nil, no
	})
	if !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	must(t, st.Brakes.Edit(t.Context(), ids, now.Add(-time.Minute), func(bs []*core.Brake) ([]core.Notice, error) {
		if bs[0].Failures != 7 {
			t.Errorf("what was refused is written: %+v", bs[0])
		}
		return nil, nil
	}))
	must(t, st.Brakes.Edit(t.Context(), ids, until, func(bs []*core.Brake) ([]core.Notice, error) { // its time is over
		if bs[0].Version != 0 || bs[0].Failures != 0 {
			t.Errorf("a forgotten brake is %+v", bs[0])
		}
		return nil, nil
	}))
}

func brakesRace(t *testing.T, st *world) {
	const writers = 20
	var crowd sync.WaitGroup
	for range writers {
		crowd.Go(func() {
			if err := st.Brakes.Edit(t.Context(), []string{"a", "b"}, store.Now().Add(time.Hour), func(bs []*core.Brake) ([]core.Notice, error) {
				bs[0].Failures++
				bs[1].Failures++
				return nil, nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	crowd.Wait()
	must(t, st.Brakes.Edit(t.Context(), []string{"b", "a"}, store.Now(), func(bs []*core.Brake) ([]core.Notice, error) {
		if bs[0].Failures != writers || bs[1].Failures != writers {
			t.Errorf("counted %d and %d", bs[0].Failures, bs[1].Failures)
		}
		return nil, nil
	}))
}
