package bus_test

import (
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/bus"
	"github.com/karuta-bi/karuta/internal/testkit"
)

func gapped(got []bus.Event) bool { return len(got) > 0 && got[len(got)-1].Gap }

// told is satisfied once the text was told.
func told(text string) func([]bus.Event) bool {
	return func(got []bus.Event) bool {
		return slices.ContainsFunc(got, func(e bus.Event) bool { return string(e.Data) == text })
	}
}

// eventually publishes as soon as Redis answers again.
func eventually(t *testing.T, b bus.Bus, topic, text string) (seq int64) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		seq, err := b.Publish(t.Context(), topic, []byte(text))
		if err == nil {
			return seq
		}
		if !errors.Is(err, bus.ErrAway) || time.Now().After(end) {
			t.Fatalf("Publish: %v", err)
		}
	}
}

func TestAKilledRedisIsAGapForEverybody(t *testing.T) {
	for name, keeps := range map[string]bool{"comes back empty": false, "comes back with its data": true} {
		t.Run(name, func(t *testing.T) {
			server := testkit.Redis(t, keeps)
			one, two := open(t, server), open(t, server)
			first, second := watch(t, one, "a", 0), watch(t, two, "b", 0)
			old := publish(t, one, "a", "before")
			first.count(t, 1)
			server.Kill()
			for err := error(nil); !keeps && !errors.Is(err, bus.ErrAway); {
				_, err = one.Publish(t.Context(), "a", []byte("lost"))
			}
			server.Restart(t)
			first.until(t, gapped)
			second.until(t, gapped)
			for _, b := range []bus.Bus{one, two, open(t, server)} {
				if _, err := b.Subscribe("a", old, func(bus.Event) {}); !errors.Is(err, bus.ErrGone) {
					t.Errorf("what was before is told as whole: %v", err)
				}
			}
			seq := eventually(t, two, "a", "after")
			got := first.until(t, told("after"))
			if seq <= old {
				t.Errorf("number %d after %d: %s", seq, old, texts(got))
			}
			if got := texts(watch(t, two, "a", seq-1).count(t, 1)); got != "after" {
				t.Errorf("resumed after the gap: %s", got)
			}
		})
	}
}

func TestAProcessThatComesLaterKnowsThePast(t *testing.T) {
	server := testkit.Redis(t, false)
	one := open(t, server)
	seen := publish(t, one, "a", "0")
	publish(t, one, "a", "1")
	publish(t, one, "b", "noise")
	publish(t, one, "a", "2")
	late := open(t, server)
	if got := texts(watch(t, late, "a", seen).count(t, 2)); got != "1 2" {
		t.Errorf("got %s", got)
	}
	if _, err := late.Subscribe("a", 1, func(bus.Event) {}); !errors.Is(err, bus.ErrGone) {
		t.Errorf("from the beginning of time: %v", err)
	}
}

func TestRedisMayComeLater(t *testing.T) {
	server := testkit.Redis(t, false)
	server.Kill()
	b := open(t, server)
	if _, err := b.Publish(t.Context(), "a", nil); !errors.Is(err, bus.ErrAway) || !errors.Is(b.Check(), bus.ErrAway) {
		t.Errorf("Publish: %v, Check: %v", err, b.Check())
	}
	if _, err := b.Subscribe("a", time.Now().UnixMicro(), func(bus.Event) {}); !errors.Is(err, bus.ErrGone) {
		t.Errorf("to resume from what nobody knows: %v", err)
	}
	w := watch(t, b, "a", 0)
	server.Restart(t)
	w.until(t, gapped)
	eventually(t, b, "a", "x")
	if err := b.Check(); err != nil {
		t.Errorf("Check: %v", err)
	}
	w.until(t, told("x"))
}

func TestWhatCouldNotBePublishedIsAGapForAll(t *testing.T) {
	server := testkit.Redis(t, true)
	two := open(t, server)
	one, err := bus.OpenRedis(t.Context(), server.URL, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closes(t, one) })
	w := watch(t, two, "a", 0)
	server.Pause(t)
	for err := error(nil); !errors.Is(err, bus.ErrAway); {
		_, err = one.Publish(t.Context(), "a", []byte("perhaps"))
	}
	server.Resume(t)
	w.until(t, gapped)
}

// What a process did last it may not have told, so its end without a goodbye is a gap:
// for who watches, and for who resumes.
func TestAKilledProcessIsAGapForEverybody(t *testing.T) {
	server := testkit.Redis(t, false)
	quick := func() bus.Bus {
		b, err := bus.OpenRedisAt(t.Context(), server.URL, 50*time.Millisecond, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	one, two, dies := quick(), quick(), quick()
	t.Cleanup(func() { closes(t, one) })
	first, second := watch(t, one, "a", 0), watch(t, two, "b", 0)
	old := publish(t, dies, "a", "told")
	first.count(t, 1)
	bus.Kill(dies)
	first.until(t, gapped)
	second.until(t, gapped)
	if _, err := one.Subscribe("a", old, func(bus.Event) {}); !errors.Is(err, bus.ErrGone) {
		t.Errorf("what was before is told as whole: %v", err)
	}
	publish(t, two, "a", "after")
	closes(t, two)
	if left := server.Ask(t, "ZCARD karuta:{events}:alive"); left != ":1" {
		t.Errorf("%s processes are waited for, and one lives", left)
	}
	if got := texts(first.until(t, told("after"))); got != "told gap after" {
		t.Errorf("got %s", got)
	}
}

// Who owes a gap says no goodbye: others pay for it.
func TestWhatIsOwedAtTheEndIsAGap(t *testing.T) {
	server := testkit.Redis(t, false)
	one, err := bus.OpenRedisAt(t.Context(), server.URL, 50*time.Millisecond, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closes(t, one) })
	ends := open(t, server)
	w := watch(t, one, "a", 0)
	bus.Owe(ends)
	closes(t, ends)
	w.until(t, gapped)
}

func TestAnEmptiedRedisIsAGap(t *testing.T) {
	server := testkit.Redis(t, false)
	b := open(t, server)
	w := watch(t, b, "a", 0)
	publish(t, b, "a", "1")
	w.count(t, 1)
	server.Ask(t, "FLUSHALL")
	publish(t, b, "a", "2")
	w.until(t, gapped)
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	for _, url := range []string{"localhost:6379", "http://localhost", "redis://localhost/x"} {
		if _, err := bus.OpenRedis(t.Context(), url, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s was taken", url)
		}
	}
}
