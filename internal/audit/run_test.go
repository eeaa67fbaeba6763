package audit

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

// running lets the log bring its spool to the store until the test ends.
func (w *world) running() {
	ctx, stop := context.WithCancel(w.t.Context())
	var done sync.WaitGroup
	done.Go(func() { w.Run(ctx) })
	w.t.Cleanup(func() { stop(); done.Wait() })
}

// arrivals tells of each event that reaches the store.
func (w *world) arrivals(room int) <-chan string {
	arrived := make(chan string, room)
	w.engine.set(well, func(_ context.Context, put table.Write) error { arrived <- put.Key.PK; return nil })
	return arrived
}

// Run brings what an earlier process left, and what an outage leaves.
func TestRunEmptiesTheSpool(t *testing.T) {
	w := newWorld(t)
	ids := w.fillSpool(3)
	w.restart()
	arrived := w.arrivals(10)
	w.running()
	for _, want := range ids {
		if got := <-arrived; got != want {
			t.Fatalf("brought %s, want %s", got, want)
		}
	}
	w.engine.begin()
	w.Record(as(core.RoleUser), core.AuditEvent{Type: core.EventLogout})
	arrived = w.arrivals(10)
	<-arrived
}

// Between two attempts lies more and more time, up to half a minute.
func TestRetriesSlowDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []time.Time
		engine := &outage{Engine: &unordered{}, before: func(context.Context, table.Write) error { asked = append(asked, time.Now()); return errOutage }}
		l, err := New(store.New(engine).Audit, t.TempDir(), telemetry.NewLogger(&speech{}, telemetry.Options{}), &telemetry.Metrics{})
		must(t, err)
		l.Record(as(core.RoleUser), core.AuditEvent{Type: core.EventLogin})
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
		defer stop()
		l.Run(ctx)
		waits := []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second, 30 * time.Second}
		if len(asked) < len(waits)+1 {
			t.Fatalf("asked %d times", len(asked))
		}
		for i, want := range waits {
			if got := asked[i+1].Sub(asked[i]); got != want {
				t.Errorf("wait %d is %v, want %v", i, got, want)
			}
		}
	})
}

// A store that hangs costs one operation two seconds, and the others nothing.
func TestAStoreThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := &outage{Engine: &unordered{}, before: func(ctx context.Context, _ table.Write) error { <-ctx.Done(); return ctx.Err() }}
		l, err := New(store.New(engine).Audit, t.TempDir(), telemetry.NewLogger(&speech{}, telemetry.Options{}), &telemetry.Metrics{})
		must(t, err)
		for _, want := range []time.Duration{writeTimeout, 0, 0} {
			began := time.Now()
			l.Record(as(core.RoleUser), core.AuditEvent{Type: core.EventLogin})
			if got := time.Since(began); got != want {
				t.Errorf("took %v, want %v", got, want)
			}
		}
	})
}

// Many at once, through outages, from two processes on one folder: every event
// is stored once.
func TestNothingIsLostInACrowd(t *testing.T) {
	w := newWorld(t)
	w.running()
	verb, err := New(store.New(w.engine).Audit, w.dir, w.log, &telemetry.Metrics{}) // an operator's verb beside the server
	must(t, err)
	const writers, each = 8, 25
	var crowd sync.WaitGroup
	for i := range writers {
		crowd.Go(func() {
			for n := range each {
				if i == 0 && n%5 == 0 {
					w.engine.begin()
				} else if i == 0 && n%5 == 2 {
					w.engine.end()
				}
				[]*Log{w.Log, verb}[i%2].Record(as(core.RoleUser), core.AuditEvent{Type: core.EventLogin})
			}
		})
	}
	crowd.Wait()
	w.engine.end()
	for len(w.spooled()) > 0 { // ends: either process brings what waits
		must(t, verb.Flush(t.Context()))
	}
	seen := map[string]bool{}
	for _, id := range w.engine.ids() {
		seen[id] = true
	}
	if len(seen) != writers*each || len(w.engine.ids()) != len(seen) {
		t.Errorf("%d events in %d writes, want %d", len(seen), len(w.engine.ids()), writers*each)
	}
}
