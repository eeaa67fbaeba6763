package bus_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/bus"
	"github.com/karuta-bi/karuta/internal/testkit"
)

const patience = 2 * time.Minute

// both runs the test against each engine. two gives two processes' views of one bus;
// in memory there is one process.
func both(t *testing.T, test func(t *testing.T, one, two bus.Bus)) {
	t.Run("memory", func(t *testing.T) {
		b := bus.OpenMemory()
		t.Cleanup(func() { closes(t, b) })
		test(t, b, b)
	})
	t.Run("redis", func(t *testing.T) {
		server := testkit.Redis(t, false)
		test(t, open(t, server), open(t, server))
	})
}

func open(t *testing.T, server *testkit.RedisServer) bus.Bus {
	t.Helper()
	b, err := bus.OpenRedisAt(t.Context(), server.URL, 2*time.Second, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closes(t, b) })
	return b
}

func closes(t *testing.T, b bus.Bus) {
	if err := b.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// watcher keeps what it was told.
type watcher struct {
	mu    sync.Mutex
	got   []bus.Event
	wrong []string
	more  chan struct{}
	sub   *bus.Subscription
}

func watch(t *testing.T, b bus.Bus, topic string, after int64) *watcher {
	t.Helper()
	w := &watcher{more: make(chan struct{}, 1)}
	var err error
	if w.sub, err = b.Subscribe(topic, after, w.take); err != nil {
		t.Fatalf("Subscribe %s after %d: %v", topic, after, err)
	}
	t.Cleanup(w.sub.Close)
	return w
}

func (w *watcher) take(e bus.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.got); n > 0 && w.got[n-1].Seq >= e.Seq {
		w.wrong = append(w.wrong, fmt.Sprintf("%d after %d", e.Seq, w.got[n-1].Seq))
	}
	w.got = append(w.got, e)
	select {
	case w.more <- struct{}{}:
	default:
	}
}

// until waits until what was told is enough.
func (w *watcher) until(t *testing.T, enough func([]bus.Event) bool) []bus.Event {
	t.Helper()
	for end := time.After(patience); ; {
		w.mu.Lock()
		got, wrong := append([]bus.Event{}, w.got...), w.wrong
		w.mu.Unlock()
		switch {
		case len(wrong) > 0:
			t.Fatalf("out of order: %q", wrong)
		case enough(got):
			return got
		}
		select {
		case <-w.more:
		case <-end:
			t.Fatalf("waited in vain; got %d events: %s", len(got), texts(got))
		}
	}
}

func (w *watcher) count(t *testing.T, n int) []bus.Event {
	t.Helper()
	return w.until(t, func(got []bus.Event) bool { return len(got) >= n })
}

func texts(events []bus.Event) string {
	all := make([]string, len(events))
	for i, e := range events {
		if all[i] = string(e.Data); e.Gap {
			all[i] = "gap"
		}
	}
	return strings.Join(all, " ")
}

func publish(t *testing.T, b bus.Bus, topic, text string) int64 {
	t.Helper()
	seq, err := b.Publish(t.Context(), topic, []byte(text))
	if err != nil {
		t.Fatalf("Publish %s: %v", text, err)
	}
	return seq
}

func TestEventsComeInOrderToAllWhoWatchTheirTopic(t *testing.T) {
	both(t, func(t *testing.T, one, two bus.Bus) {
		first, second, other := watch(t, one, "a", 0), watch(t, two, "a", 0), watch(t, two, "b", 0)
		before := time.Now().UnixMicro()
		var seqs []int64
		for i := range 50 {
			seqs = append(seqs, publish(t, []bus.Bus{one, two}[i%2], "a", fmt.Sprint(i)))
		}
		publish(t, one, "b", "other")
		for _, w := range []*watcher{first, second} {
			for i, e := range w.count(t, 50) {
				if e.Seq != seqs[i] || string(e.Data) != fmt.Sprint(i) || e.Gap {
					t.Errorf("event %d is %d %q, want %d", i, e.Seq, e.Data, seqs[i])
				}
			}
		}
		if got := texts(other.count(t, 1)); got != "other" {
			t.Errorf("b got %s", got)
		}
		if seqs[0] < before || seqs[49] > time.Now().UnixMicro()+1000 || seqs[49] >= 1<<53 {
			t.Errorf("numbers from %d to %d are no microseconds of now", seqs[0], seqs[49])
		}
	})
}

func TestWhoResumesGetsWhatCameSince(t *testing.T) {
	both(t, func(t *testing.T, one, two bus.Bus) {
		witness := watch(t, two, "a", 0)
		seen := publish(t, one, "a", "0")
		for i := 1; i <= 5; i++ {
			publish(t, one, "a", fmt.Sprint(i))
			publish(t, one, "b", "noise")
		}
		witness.count(t, 6)
		w := watch(t, two, "a", seen)
		w.count(t, 5)
		publish(t, two, "a", "6")
		if got := texts(w.count(t, 6)); got != "1 2 3 4 5 6" {
			t.Errorf("got %s", got)
		}
		if w.sub.From != seen {
			t.Errorf("From is %d, want %d", w.sub.From, seen)
		}
	})
}

func TestWhatIsReadAfterSubscribingIsAsNewAsFrom(t *testing.T) {
	both(t, func(t *testing.T, one, _ bus.Bus) {
		seq := publish(t, one, "a", "0")
		watch(t, one, "a", 0)
		w := watch(t, one, "b", 0)
		publish(t, one, "b", "1")
		if got := w.count(t, 1); w.sub.From >= got[0].Seq {
			t.Errorf("From is %d, the next event %d", w.sub.From, got[0].Seq)
		}
		again := watch(t, one, "b", max(w.sub.From, seq))
		if got := texts(again.count(t, 1)); got != "1" {
			t.Errorf("from From on came %s", got)
		}
	})
}

func TestATailThatIsGoneIsTold(t *testing.T) {
	both(t, func(t *testing.T, one, _ bus.Bus) {
		w := watch(t, one, "a", 0)
		early := publish(t, one, "a", "early")
		for i := range 300 {
			publish(t, one, "a", fmt.Sprint(i))
		}
		got := w.count(t, 301)
		for name, after := range map[string]int64{"a": early, "b": 1, "c": time.Now().Add(time.Hour).UnixMicro()} {
			if _, err := one.Subscribe(name, after, func(bus.Event) {}); !errors.Is(err, bus.ErrGone) {
				t.Errorf("%s after %d: %v", name, after, err)
			}
		}
		if n := len(watch(t, one, "a", got[250].Seq).count(t, 50)); n != 50 {
			t.Errorf("%d events of the tail", n)
		}
	})
}

func TestManyTopicsAndWhoComesAndGoes(t *testing.T) {
	both(t, func(t *testing.T, one, two bus.Bus) {
		var watchers []*watcher
		for i := range 500 {
			watchers = append(watchers, watch(t, two, fmt.Sprint("topic/", i), 0))
		}
		var group sync.WaitGroup
		for g := range 4 {
			group.Go(func() {
				for i := g; i < 500; i += 4 {
					if _, err := one.Publish(t.Context(), fmt.Sprint("topic/", i), []byte(fmt.Sprint(i))); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		for i, w := range watchers {
			if got := texts(w.count(t, 1)); got != fmt.Sprint(i) {
				t.Errorf("topic %d got %s", i, got)
			}
			w.sub.Close()
			w.sub.Close()
		}
		publish(t, one, "topic/0", "after the end")
		last := watch(t, two, "last", 0)
		publish(t, one, "last", "x")
		last.count(t, 1)
		if got := texts(watchers[0].count(t, 1)); got != "0" {
			t.Errorf("who had left got %s", got)
		}
	})
}

func TestASlowSubscriberHoldsNoPublisherUp(t *testing.T) {
	both(t, func(t *testing.T, one, _ bus.Bus) {
		held := make(chan struct{})
		release := sync.OnceFunc(func() { close(held) })
		slow := &watcher{more: make(chan struct{}, 1)}
		sub, err := one.Subscribe("a", 0, func(e bus.Event) { <-held; slow.take(e) })
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		defer release()
		for i := range 100 {
			publish(t, one, "a", fmt.Sprint(i))
		}
		release()
		if got := slow.count(t, 100); string(got[99].Data) != "99" {
			t.Errorf("the last was %q", got[99].Data)
		}
	})
}

func TestWhoFallsTooFarBehindIsToldOfAGap(t *testing.T) {
	both(t, func(t *testing.T, one, _ bus.Bus) {
		held := make(chan struct{})
		release := sync.OnceFunc(func() { close(held) })
		slow := &watcher{more: make(chan struct{}, 1)}
		sub, err := one.Subscribe("a", 0, func(e bus.Event) { <-held; slow.take(e) })
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		defer release()
		big := strings.Repeat("x", bus.MaxData)
		for range 1100 { // more than is kept
			publish(t, one, "a", big)
		}
		publish(t, one, "a", "last")
		release()
		got := slow.until(t, told("last"))
		gaps := 0
		for _, e := range got {
			if e.Gap {
				gaps++
			}
		}
		if len(got) < 1100 && gaps == 0 {
			t.Errorf("%d events, and nobody said that some are missing", len(got))
		}
	})
}

func TestLimitsAndTheEnd(t *testing.T) {
	both(t, func(t *testing.T, one, _ bus.Bus) {
		if _, err := one.Publish(t.Context(), "a", bytes.Repeat([]byte("x"), bus.MaxData+1)); !errors.Is(err, bus.ErrTooLong) {
			t.Errorf("a long event: %v", err)
		}
		watch(t, one, "a", 0)
		closes(t, one)
		if _, err := one.Publish(t.Context(), "a", nil); !errors.Is(err, bus.ErrClosed) {
			t.Errorf("Publish after the end: %v", err)
		}
		if _, err := one.Subscribe("a", 0, func(bus.Event) {}); !errors.Is(err, bus.ErrClosed) {
			t.Errorf("Subscribe after the end: %v", err)
		}
	})
}

func TestNothingIsLeftRunning(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("open, use, close", func(t *testing.T) {
		both(t, func(t *testing.T, one, two bus.Bus) {
			w := watch(t, two, "a", 0)
			publish(t, one, "a", "x")
			w.count(t, 1)
		})
	})
	for end := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
