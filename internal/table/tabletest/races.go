package tabletest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/karuta-bi/karuta/internal/table"
)

const writers = 8

// together runs the function in all writers at once and waits for them.
func together(do func(writer int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range writers {
		wg.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	wg.Wait()
}

// guardRace: of many writers who want one name exactly one gets it, and the
// others leave nothing behind.
func (s *suite) guardRace(t *testing.T) {
	for round := range 5 {
		guard := s.card(t, fmt.Sprintf("guard%d", round))
		mine := func(i int) table.Key { return s.card(t, fmt.Sprintf("round%d writer%d", round, i)) }
		var won atomic.Int64
		var winner atomic.Int64
		together(func(i int) {
			err := s.e.Transact(t.Context(), "", []table.Write{
				table.Put(mine(i), table.Item{"name": "x"}, table.IfAbsent()),
				table.Put(guard, table.Item{"owner": int64(i)}, table.IfAbsent()),
			})
			if err == nil {
				won.Add(1)
				winner.Store(int64(i))
			} else if f := table.ConditionFailed(err); f == nil || f.Index != 1 || f.Current == nil {
				t.Errorf("writer %d: %v", i, err)
			}
		})
		if won.Load() != 1 {
			t.Fatalf("%d writers got the name", won.Load())
		}
		s.want(t, guard, table.Item{"owner": winner.Load()})
		for i := range writers {
			if there := s.get(t, mine(i)) != nil; there != (int64(i) == winner.Load()) {
				t.Errorf("writer %d left an item: %v", i, there)
			}
		}
	}
}

// versionRace: a counter under optimistic locking counts every success once.
func (s *suite) versionRace(t *testing.T) {
	k := s.card(t, "counter")
	s.put(t, k, table.Item{"version": int64(0)})
	const each = 5
	together(func(int) {
		for done := 0; done < each; {
			it, err := s.e.Get(t.Context(), k)
			if err != nil {
				t.Error(err)
				return
			}
			v := it.Int("version")
			err = s.e.Write(t.Context(), table.Put(k, table.Item{"version": v + 1}, table.IfVersion(v)))
			switch {
			case err == nil:
				done++
			case table.ConditionFailed(err) == nil:
				t.Error(err)
				return
			}
		}
	})
	s.want(t, k, table.Item{"version": int64(writers * each)})
}
