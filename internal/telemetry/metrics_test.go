package telemetry

import (
	"sync"
	"testing"
)

func TestCounters(t *testing.T) {
	var m Metrics
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 100 {
				m.Counter("b_total", "counts").Add(1)
				m.Counter("a_depth", "stands").Set(7)
				m.Snapshot()
			}
		})
	}
	wg.Wait()
	got := m.Snapshot()
	want := []Sample{{"a_depth", "stands", 7}, {"b_total", "counts", 1600}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNobodyNeedsMetrics(t *testing.T) {
	var none *Metrics
	c := none.Counter("x", "y")
	c.Add(1)
	var nothing *Counter
	nothing.Add(1)
	nothing.Set(1)
	if c.Value() != 1 || nothing.Value() != 0 {
		t.Errorf("got %d and %d", c.Value(), nothing.Value())
	}
}
