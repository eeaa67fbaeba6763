package bus_test

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/internal/bus"
)

// follower is a client that resumes from the last number it saw whenever it was cut.
type follower struct {
	topic string
	after int64
	got   []string
	w     *watcher
}

// TestWhoResumesLosesNothing publishes, cuts and resumes at random on two processes
// and compares what every follower was told with what was published.
func TestWhoResumesLosesNothing(t *testing.T) {
	both(t, func(t *testing.T, one, two bus.Bus) {
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			buses := []bus.Bus{one, two}
			want := map[string][]string{}
			var all []*follower
			for i := range 4 {
				f := &follower{topic: fmt.Sprintf("%d/%d", round, i%2)}
				f.resume(t, buses[i%2])
				all = append(all, f)
			}
			for i := range rapid.IntRange(1, 60).Draw(rt, "steps") {
				f := all[rapid.IntRange(0, 3).Draw(rt, "who")]
				switch rapid.IntRange(0, 3).Draw(rt, "what") {
				case 0:
					f.cut()
				case 1:
					f.cut()
					f.resume(t, buses[rapid.IntRange(0, 1).Draw(rt, "where")])
				default:
					publish(t, buses[i%2], f.topic, fmt.Sprint(i))
					want[f.topic] = append(want[f.topic], fmt.Sprint(i))
				}
			}
			for _, f := range all {
				if f.w == nil {
					f.resume(t, one)
				}
				f.w.count(t, len(want[f.topic])-len(f.got))
				f.cut()
				if fmt.Sprint(f.got) != fmt.Sprint(want[f.topic]) {
					rt.Errorf("%s was told %v, published were %v", f.topic, f.got, want[f.topic])
				}
			}
		})
	})
}

func (f *follower) cut() {
	if f.w == nil {
		return
	}
	f.w.sub.Close()
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	for _, e := range f.w.got {
		f.got, f.after = append(f.got, string(e.Data)), e.Seq
	}
	f.after = max(f.after, f.w.sub.From)
	f.w = nil
}

func (f *follower) resume(t *testing.T, b bus.Bus) {
	w := &watcher{more: make(chan struct{}, 1)}
	sub, err := b.Subscribe(f.topic, f.after, w.take)
	if errors.Is(err, bus.ErrGone) {
		t.Fatalf("the tail is gone after %d", f.after)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.sub, f.w = sub, w
}
