package hub_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/bus"
	"github.com/karuta-bi/karuta/resolvers"
	"github.com/karuta-bi/karuta/server/hub"
)

const patience = 20 * time.Second

// reader is a sink that keeps what it is told.
type reader struct {
	mu    sync.Mutex
	told  []string
	over  bool
	deaf  bool // reads no more
	stirs chan struct{}
}

func newReader() *reader { return &reader{stirs: make(chan struct{}, 1000)} }

func (r *reader) add(text string, last bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over || r.deaf {
		return false
	}
	r.told, r.over = append(r.told, text), last
	r.stirs <- struct{}{}
	return true
}

func (r *reader) Next(payload []byte) bool { return r.add(string(payload), false) }
func (r *reader) Fail(problems []byte)     { r.add("failed "+string(problems), true) }
func (r *reader) Complete()                { r.add("complete", true) }

func (r *reader) wait(t *testing.T, n int) []string {
	t.Helper()
	for end := time.After(patience); ; {
		r.mu.Lock()
		told := append([]string{}, r.told...)
		r.mu.Unlock()
		if len(told) >= n {
			return told
		}
		select {
		case <-r.stirs:
		case <-end:
			t.Fatalf("told %q, want %d", told, n)
		}
	}
}

// field is a subscription's field as the hub sees it.
type field struct {
	topic   string
	after   int64
	whole   bool
	over    bool
	runs    atomic.Int64 // with an event
	checks  atomic.Int64
	mu      sync.Mutex
	refused map[string]bool
	ended   map[string]bool
}

func (f *field) end(who string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended[who] = true
}

func (f *field) refuse(who string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused[who] = true
}

func (f *field) operation(who string, r *reader) hub.Operation {
	return hub.Operation{
		Key: "k", Who: who, Sink: r, Explain: func(err error) []byte { return []byte(err.Error()) },
		Run: func(_ context.Context, m *resolvers.Moment) hub.Outcome {
			f.mu.Lock()
			defer f.mu.Unlock()
			switch {
			case f.ended[who]:
				return hub.Outcome{Ended: true}
			case f.refused[who]:
				return hub.Outcome{Refused: []byte("no")}
			case m.Event == nil:
				f.checks.Add(1)
				m.Watch = &resolvers.Watch{Topics: []string{f.topic}, After: f.after, Whole: f.whole, Over: f.over}
				return hub.Outcome{}
			case len(m.Event.Data) == 0:
				m.Last = f.over
				return hub.Outcome{Payload: []byte("begun")}
			}
			f.runs.Add(1)
			m.Last = string(m.Event.Data) == "last"
			return hub.Outcome{Payload: m.Event.Data}
		},
	}
}

type stage struct {
	bus bus.Bus
	hub *hub.Hub
	f   *field
	ctx context.Context
	end context.CancelFunc
}

func newStage(t *testing.T) *stage {
	t.Helper()
	before := runtime.NumGoroutine()
	b := bus.OpenMemory()
	s := &stage{bus: b, hub: hub.New(b), f: &field{topic: "a", refused: map[string]bool{}, ended: map[string]bool{}}}
	s.ctx, s.end = context.WithCancel(context.Background())
	t.Cleanup(func() {
		s.end()
		s.hub.Close()
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		for end := time.Now().Add(patience); s.hub.Count() > 0 || runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d groups and %d goroutines are left, %d before", s.hub.Count(), runtime.NumGoroutine(), before)
			}
		}
	})
	return s
}

func (s *stage) join(t *testing.T, who string) *reader {
	t.Helper()
	r := newReader()
	s.hub.Start(s.ctx, s.f.operation(who, r))
	return r
}

func (s *stage) publish(t *testing.T, text string) int64 {
	t.Helper()
	seq, err := s.bus.Publish(t.Context(), "a", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func TestAnEventIsRunOnceAndEverybodyAsked(t *testing.T) {
	s := newStage(t)
	var all []*reader
	for i := range 300 {
		r := s.join(t, fmt.Sprint("person ", i%3))
		r.wait(t, 1)
		all = append(all, r)
	}
	s.f.checks.Store(0)
	s.publish(t, "x")
	for _, r := range all {
		if got := r.wait(t, 2); got[0] != "begun" || got[1] != "x" {
			t.Fatalf("told %q", got)
		}
	}
	if runs, checks := s.f.runs.Load(), s.f.checks.Load(); runs != 1 || checks != 2 || s.hub.Count() != 1 {
		t.Errorf("%d runs and %d checks in %d groups", runs, checks, s.hub.Count())
	}
}

func TestWhoIsRefusedIsToldSoAndTheOthersGoOn(t *testing.T) {
	s := newStage(t)
	bad, good := s.join(t, "bad"), s.join(t, "good")
	bad.wait(t, 1)
	good.wait(t, 1)
	s.f.refuse("bad")
	s.publish(t, "x")
	if got := bad.wait(t, 3); got[1] != `{"data":null,"errors":no}` || got[2] != "complete" {
		t.Errorf("told %q", got)
	}
	s.publish(t, "y")
	if got := good.wait(t, 3); got[1] != "x" || got[2] != "y" {
		t.Errorf("the other was told %q", got)
	}
	if got := bad.wait(t, 3); len(got) != 3 {
		t.Errorf("told more: %q", got)
	}
	late := s.join(t, "bad")
	if got := late.wait(t, 1); got[0] != "failed no" {
		t.Errorf("who comes later was told %q", got)
	}
}

// Who is not let in any more is told by what carries their operations, and may come
// back; a word of the operation's own would end it.
func TestWhoHasEndedIsToldNothingAndTheOthersGoOn(t *testing.T) {
	s := newStage(t)
	gone, good := s.join(t, "gone"), s.join(t, "good")
	gone.wait(t, 1)
	good.wait(t, 1)
	s.f.end("gone")
	s.publish(t, "x")
	if got := good.wait(t, 2); got[1] != "x" {
		t.Errorf("the other was told %q", got)
	}
	if got := gone.wait(t, 1); len(got) != 1 {
		t.Errorf("told %q", got)
	}
	if got := s.join(t, "gone").wait(t, 0); len(got) != 0 {
		t.Errorf("who comes later was told %q", got)
	}
}

func TestWhoResumesInAGroupGetsWhatCameSince(t *testing.T) {
	s := newStage(t)
	first := s.join(t, "one")
	seq := s.publish(t, "1")
	s.publish(t, "2")
	s.publish(t, "3")
	first.wait(t, 4)
	s.f.after = seq
	r := s.join(t, "two")
	s.publish(t, "4")
	if got := r.wait(t, 3); fmt.Sprint(got) != "[2 3 4]" {
		t.Errorf("resumed with %q", got)
	}
	s.f.after = 1
	if got := s.join(t, "three").wait(t, 1); got[0] != "failed EVENTS_GONE" {
		t.Errorf("told %q", got)
	}
	if n := s.hub.Count(); n != 1 {
		t.Errorf("%d groups", n)
	}
}

// Who comes while events wait to be run is told how things stand and what comes after,
// and not what was before they came.
func TestWhoComesWhileEventsWaitIsNotToldThem(t *testing.T) {
	s := newStage(t)
	held := make(chan struct{})
	slow, r := s.f.operation("one", newReader()), newReader()
	first := slow.Sink.(*reader)
	run := slow.Run
	slow.Run = func(ctx context.Context, m *resolvers.Moment) hub.Outcome {
		if m.Event != nil && len(m.Event.Data) > 0 {
			<-held
		}
		return run(ctx, m)
	}
	s.hub.Start(s.ctx, slow)
	first.wait(t, 1)
	s.publish(t, "1")
	s.publish(t, "2")
	s.delivered(t)
	s.hub.Start(s.ctx, s.f.operation("two", r))
	close(held)
	first.wait(t, 3)
	s.publish(t, "3")
	if got := fmt.Sprint(r.wait(t, 2)); got != "[begun 3]" {
		t.Errorf("told %s", got)
	}
	if got := fmt.Sprint(first.wait(t, 4)); got != "[begun 1 2 3]" {
		t.Errorf("the first was told %s", got)
	}
}

// Many who come at once, as after a restart, are no reason to tell of a gap.
func TestManyWhoComeAtOnceAreNotBehind(t *testing.T) {
	s := newStage(t)
	var all []*reader
	held := make(chan struct{})
	for i := range 1000 {
		r := newReader()
		op := s.f.operation("one", r)
		run := op.Run
		op.Run = func(ctx context.Context, m *resolvers.Moment) hub.Outcome {
			if i == 0 && m.Event != nil {
				<-held
			}
			return run(ctx, m)
		}
		s.hub.Start(s.ctx, op)
		all = append(all, r)
	}
	s.publish(t, "x")
	s.delivered(t)
	close(held)
	for _, r := range all {
		if got := fmt.Sprint(r.wait(t, 2)); got != "[begun x]" {
			t.Fatalf("told %s", got)
		}
	}
}

// A gap is told as how things stand where that is everything, and the group goes on.
func TestAGapOfWhatIsToldWholeIsAnEvent(t *testing.T) {
	s := newStage(t)
	s.f.whole = true
	r := s.join(t, "one")
	r.wait(t, 1)
	s.fallBehind(t)
	for told := r.wait(t, 2); told[len(told)-1] != "newest"; told = r.wait(t, len(told)+1) {
		if told[len(told)-1] == "complete" {
			t.Fatal("it ended")
		}
	}
	told := r.wait(t, 2)
	if len(told) > 2000 || !slices.Contains(told[1:], "begun") {
		t.Errorf("%d events, and how things stand is not among them", len(told))
	}
}

func TestTheLastEventEndsAll(t *testing.T) {
	s := newStage(t)
	a, b := s.join(t, "one"), s.join(t, "two")
	s.publish(t, "last")
	for _, r := range []*reader{a, b} {
		if got := r.wait(t, 3); got[1] != "last" || got[2] != "complete" {
			t.Errorf("told %q", got)
		}
	}
}

// Who was cut off between the last event and the end is told the end.
func TestWhoResumesAfterTheLastEventIsToldTheEnd(t *testing.T) {
	s := newStage(t)
	r := s.join(t, "a")
	last := s.publish(t, "last")
	r.wait(t, 3)
	s.f.after, s.f.over = last, true
	if told := s.join(t, "b").wait(t, 2); !slices.Equal(told, []string{"begun", "complete"}) {
		t.Errorf("told %q", told)
	}
}

// Who comes from a process that was further is not told again what it knows.
func TestWhoKnowsMoreThanThisProcessIsToldNothingTwice(t *testing.T) {
	s := newStage(t)
	s.f.after = s.publish(t, "before") + (30 * time.Second).Microseconds()
	further := s.join(t, "a")
	s.f.after = 0
	r := s.join(t, "b")
	s.publish(t, "known")
	r.wait(t, 2)
	if told := further.wait(t, 0); len(told) != 0 {
		t.Errorf("told %q", told)
	}
}

func TestWhoReadsNoMoreIsLeftOut(t *testing.T) {
	s := newStage(t)
	deaf, good := s.join(t, "one"), s.join(t, "two")
	deaf.wait(t, 1)
	deaf.mu.Lock()
	deaf.deaf = true
	deaf.mu.Unlock()
	for i := range 10 {
		s.publish(t, fmt.Sprint(i))
	}
	good.wait(t, 11)
}

func TestAGroupThatFallsBehindIsToldOfTheGap(t *testing.T) {
	s := newStage(t)
	r := s.join(t, "one")
	r.wait(t, 1)
	s.fallBehind(t)
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		got := r.wait(t, 1)
		if got[len(got)-1] == "complete" {
			if got[len(got)-2] != `{"data":null,"errors":EVENTS_GONE}` {
				t.Errorf("it ends with %q", got[len(got)-2])
			}
			return
		}
		if time.Now().After(end) {
			t.Fatalf("told %d, the last is %q", len(got), got[len(got)-1])
		}
	}
}

// fallBehind publishes more than a group may be behind while its field takes its time.
func (s *stage) fallBehind(t *testing.T) {
	t.Helper()
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	for i := range 2000 {
		s.publish(t, fmt.Sprint(i))
	}
	s.publish(t, "newest")
	s.delivered(t)
}

// delivered waits until the bus has delivered everything.
func (s *stage) delivered(t *testing.T) {
	t.Helper()
	done := make(chan struct{})
	last, err := s.bus.Subscribe("b", 0, func(bus.Event) { close(done) })
	if err != nil {
		t.Fatal(err)
	}
	defer last.Close()
	if _, err := s.bus.Publish(t.Context(), "b", nil); err != nil {
		t.Fatal(err)
	}
	<-done
}

func TestAStreamTellsAllAndEnds(t *testing.T) {
	s := newStage(t)
	for name, failure := range map[string]error{"well": nil, "badly": errors.New("broken")} {
		r := newReader()
		op := hub.Operation{
			Sink: r, Explain: func(err error) []byte { return []byte(err.Error()) },
			Run: func(_ context.Context, m *resolvers.Moment) hub.Outcome {
				if m.Value != nil {
					return hub.Outcome{Payload: []byte(fmt.Sprint(m.Value))}
				}
				m.Watch = &resolvers.Watch{Stream: func(_ context.Context, tell func(any)) error { tell(1); tell(2); return failure }}
				return hub.Outcome{}
			},
		}
		s.hub.Start(s.ctx, op)
		want := "[1 2 complete]"
		if failure != nil {
			want = `[1 2 {"data":null,"errors":broken} complete]`
		}
		if got := fmt.Sprint(r.wait(t, 3)); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestPeopleComeAndGoWhileEventsCome(t *testing.T) {
	s := newStage(t)
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := range 50 {
				ctx, cancel := context.WithCancel(s.ctx)
				r := newReader()
				s.hub.Start(ctx, s.f.operation(fmt.Sprint(g, i), r))
				if i%2 == 0 {
					r.wait(t, 1)
				}
				cancel()
			}
		})
	}
	for i := range 200 {
		s.publish(t, fmt.Sprint(i))
	}
	group.Wait()
}
