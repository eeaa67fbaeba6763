package transform

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

// noon is when the tests' clocks begin.
var noon = time.Date(2031, 3, 5, 12, 0, 0, 0, time.UTC)

// runner is a Runner that begins nothing by itself.
type runner struct {
	mu     sync.Mutex
	taken  int
	places int
	refuse error
	begun  []*core.Execution
	actors []*core.Actor
}

func (r *runner) Reserve() (func(), bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.taken == r.places {
		return nil, false
	}
	r.taken++
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.taken--
	}, true
}

func (r *runner) Draft(ctx context.Context, t *core.Transform) (*core.Execution, error) {
	return &core.Execution{
		ID: core.NewExecutionID(t.ID), TransformID: t.ID, Status: core.StatusQueued, RequestedBy: core.ActorFrom(ctx).UserID(), CreatedAt: noon,
	}, r.refuse
}

func (r *runner) Begin(ctx context.Context, _ *core.Transform, x *core.Execution, _ func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun, r.actors = append(r.begun, x), append(r.actors, core.ActorFrom(ctx))
}

func (r *runner) Recover(context.Context) error { return nil }

// planned is a world with one transform, a scheduler and a clock.
type planned struct {
	*accesstest.World
	*Scheduler
	t     *testing.T
	owner *core.User
	tf    *core.Transform
	runs  *runner
	clock time.Time
	said  *lines
}

// lines keep what a log says.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func plan(t *testing.T, schedule core.Schedule) *planned {
	t.Helper()
	p := &planned{World: accesstest.New(t), t: t, runs: &runner{places: 5}, clock: noon, said: &lines{}}
	p.owner = p.User("owner")
	p.Scheduler = p.another("a")
	p.tf = &core.Transform{ID: core.NewID(core.NounTransform), Name: "t", Code: "c", OwnerID: p.owner.ID,
		OutputID: core.NewID(core.NounDataset), OutputName: "o", Schedule: schedule, CreatedAt: store.Now()}
	p.must(p.Store.Transforms.Create(t.Context(), p.tf, nextDue(schedule, noon)))
	return p
}

// another is a further scheduler over the same world.
func (p *planned) another(holder string) *Scheduler {
	log := telemetry.NewLogger(p.said, telemetry.Options{Level: "INFO"})
	s := NewScheduler(p.Store, p.Gate, p.runs, telemetry.Named(log, "scheduler"), SchedulerConfig{Enabled: true, Interval: time.Minute, Holder: holder})
	s.now = func() time.Time { return p.clock }
	return s
}

func (p *planned) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// at looks at what is due when the clock says so, "12:34".
func (p *planned) at(clock string) {
	p.t.Helper()
	of, err := time.Parse("15:04", clock)
	p.must(err)
	p.clock = noon.Truncate(24 * time.Hour).Add(time.Duration(of.Hour())*time.Hour + time.Duration(of.Minute())*time.Minute)
	p.must(p.tick(p.t.Context()))
}

func (p *planned) end(x *core.Execution) {
	p.t.Helper()
	_, err := p.Store.Executions.Finish(p.t.Context(), x.ID, nil, func(x *core.Execution) error {
		x.Status = core.StatusSucceeded
		return nil
	})
	p.must(err)
}

// want compares what became of the due times, the oldest first: "12:10 run",
// "12:20 missed", "12:00-12:30 missed".
func (p *planned) want(rows ...string) {
	p.t.Helper()
	page, err := p.Store.Executions.Of(p.t.Context(), p.tf.ID, core.PageArgs{First: 100})
	p.must(err)
	got := []string{}
	for _, x := range slices.Backward(page.Nodes) {
		line := x.DueAt.Format("15:04")
		if !x.DueUntil.IsZero() {
			line += "-" + x.DueUntil.Format("15:04")
		}
		if x.Trigger != core.TriggerSchedule || x.RequestedBy != p.owner.ID || (x.Reason != "") != (x.Status == core.StatusSkipped) {
			p.t.Errorf("%s is %+v", line, x)
		}
		if x.Reason == "" {
			got = append(got, line+" run")
		} else {
			got = append(got, line+" "+string(x.Reason))
		}
	}
	if !slices.Equal(got, rows) {
		p.t.Errorf("got  %q\nwant %q", got, rows)
	}
}

func (p *planned) wantNext(clock string) {
	p.t.Helper()
	state, err := p.Store.Transforms.State(p.t.Context(), p.tf.ID)
	p.must(err)
	if got := state.NextRunAt.Format("15:04"); got != clock && (clock != "" || !state.NextRunAt.IsZero()) {
		p.t.Errorf("next is %s, want %s", got, clock)
	}
}

func everyTen(catchUp core.CatchUp) core.Schedule {
	return core.Schedule{Cron: "*/10 * * * *", Zone: "UTC", Enabled: true, CatchUp: catchUp}
}

func TestADueTransformRuns(t *testing.T) { // SCH-2, SCH-4
	p := plan(t, everyTen(core.CatchUpRunOnce))
	p.at("12:09")
	p.want()
	p.at("12:10")
	p.want("12:10 run")
	p.wantNext("12:20")
	if len(p.runs.begun) != 1 || p.runs.actors[0].UserID() != p.owner.ID || p.runs.actors[0].Agent != "scheduler" {
		t.Errorf("begun are %+v by %+v", p.runs.begun, p.runs.actors)
	}
	p.at("12:10")
	p.end(p.runs.begun[0])
	p.at("12:21")
	p.want("12:10 run", "12:20 run")
	for _, words := range []string{`"logger":"scheduler"`, "scheduler runs a transform", `"transform":"` + p.tf.ID} {
		if !strings.Contains(p.said.String(), words) {
			t.Errorf("the log does not say %s", words)
		}
	}
}

func TestATransformThatRunsIsSkipped(t *testing.T) { // SCH-3
	p := plan(t, everyTen(core.CatchUpRunOnce))
	p.at("12:10")
	p.at("12:20")
	p.want("12:10 run", "12:20 still_running")
	p.end(p.runs.begun[0])
	p.at("12:30")
	p.want("12:10 run", "12:20 still_running", "12:30 run")
	if !strings.Contains(p.said.String(), "scheduler skipped a transform") {
		t.Error("the log does not tell of the skip")
	}
}

func TestMissedTimes(t *testing.T) { // SCH-7
	for _, c := range []struct {
		name    string
		catchUp core.CatchUp
		at      string
		want    []string
	}{
		{"the newest runs once", core.CatchUpRunOnce, "12:35", []string{"12:10 missed", "12:20 missed", "12:30 run"}},
		{"many share a line", core.CatchUpRunOnce, "15:45", []string{"12:10-15:30 missed", "15:40 run"}},
		{"none runs", core.CatchUpSkip, "12:35", []string{"12:10 missed", "12:20 missed", "12:30 missed"}},
		{"many of which none runs", core.CatchUpSkip, "15:45", []string{"12:10-15:30 missed", "15:40 missed"}},
		{"one that is hardly late runs", core.CatchUpSkip, "12:32", []string{"12:10 missed", "12:20 missed", "12:30 run"}},
		{"twenty have a line each", core.CatchUpRunOnce, "15:30", slices.Concat(everyTenUntil("15:20"), []string{"15:30 run"})},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := plan(t, everyTen(c.catchUp))
			p.at(c.at)
			p.want(c.want...)
			p.at(c.at)
			p.want(c.want...)
		})
	}
}

func everyTenUntil(clock string) (missed []string) {
	for at := noon.Add(10 * time.Minute); at.Format("15:04") <= clock; at = at.Add(10 * time.Minute) {
		missed = append(missed, at.Format("15:04")+" missed")
	}
	return missed
}

func TestReasonsForNoRun(t *testing.T) {
	for reason, arrange := range map[core.SkipReason]func(*planned){
		core.SkipInputMissing: func(p *planned) { p.runs.refuse = &core.Error{Code: core.CodeInputMissing} },
		core.SkipInputEmpty:   func(p *planned) { p.runs.refuse = &core.Error{Code: core.CodeInputEmpty} },
		core.SkipOwnerInactive: func(p *planned) {
			_, err := p.Store.Users.Edit(p.t.Context(), p.owner.ID, func(u *core.User) error { u.DeactivatedAt = store.Now(); return nil })
			p.must(err)
		},
	} {
		t.Run(string(reason), func(t *testing.T) {
			p := plan(t, everyTen(core.CatchUpRunOnce))
			arrange(p)
			p.at("12:10")
			p.want("12:10 " + string(reason))
			p.wantNext("12:20")
			if len(p.runs.begun) != 0 || p.runs.taken != 0 {
				t.Errorf("%d begun, %d places taken", len(p.runs.begun), p.runs.taken)
			}
			for _, l := range []core.Locale{core.Japanese, core.English} {
				if reason.Sentence(l) == "" {
					t.Errorf("nothing is said of it in %s", l)
				}
			}
		})
	}
}

func TestWhatCannotBeDecidedStaysDue(t *testing.T) {
	p := plan(t, everyTen(core.CatchUpRunOnce))
	p.runs.refuse = &core.Error{Code: core.CodeInternal}
	p.clock = noon.Add(10 * time.Minute)
	if err := p.tick(t.Context()); err == nil {
		t.Error("nothing was said of it")
	}
	p.runs.refuse, p.runs.places = nil, 0
	p.at("12:11")
	p.want()
	p.wantNext("12:10")
	p.runs.places = 1
	p.at("12:12")
	p.want("12:10 run")
}

func TestASwitchedOffScheduleLeavesAReason(t *testing.T) {
	p := plan(t, everyTen(core.CatchUpRunOnce))
	_, err := p.Store.Transforms.EditState(t.Context(), p.tf.ID, func(s *core.TransformState) error {
		s.NextRunAt = store.Now().Add(-time.Minute) // it has come, and nobody has looked yet
		return nil
	})
	p.must(err)
	_, err = p.Store.Transforms.Edit(t.Context(), p.tf.ID, 0, func(t *core.Transform) (time.Time, error) {
		t.Schedule.Enabled = false
		return nextDue(t.Schedule, store.Now()), nil
	})
	p.must(err)
	p.at("12:10")
	p.wantNext("")
	page, err := p.Store.Executions.Of(t.Context(), p.tf.ID, core.PageArgs{First: 10})
	if err != nil || len(page.Nodes) != 1 || page.Nodes[0].Reason != core.SkipSwitchedOff {
		t.Errorf("decided is %+v, %v", page.Nodes, err)
	}
}

// A clock that is ahead decides a time; then one that is behind switches the
// schedule on again, so that the same time comes once more.
func TestATimeThatWasDecidedIsNotDecidedAgain(t *testing.T) { // SCH-5
	p := plan(t, everyTen(core.CatchUpRunOnce))
	p.at("12:20")
	p.end(p.runs.begun[0])
	again := func(clock time.Time) {
		_, err := p.Store.Transforms.EditState(t.Context(), p.tf.ID, func(s *core.TransformState) error {
			s.NextRunAt = nextDue(p.tf.Schedule, clock)
			return nil
		})
		p.must(err)
	}
	again(noon.Add(20*time.Minute - time.Second))
	p.at("12:20")
	p.want("12:10 missed", "12:20 run")
	p.wantNext("12:30")
	again(noon.Add(20*time.Minute - time.Second))
	p.at("12:41")
	p.want("12:10 missed", "12:20 run", "12:30 missed", "12:40 run")
}

func TestOneLooksForAll(t *testing.T) {
	p := plan(t, everyTen(core.CatchUpRunOnce))
	ctx, b := t.Context(), p.another("b")
	leads := func(s *Scheduler, after time.Duration, want bool) {
		t.Helper()
		p.clock = noon.Add(after)
		if got, err := s.lead(ctx); err != nil || got != want {
			t.Errorf("%s after %s: %t, %v", s.cfg.Holder, after, got, err)
		}
	}
	leads(p.Scheduler, 0, true)
	leads(b, 5*time.Second, false)
	leads(p.Scheduler, time.Minute, true)
	leads(b, time.Minute-3*time.Second, false)
	leads(b, 2*time.Minute, true)
	leads(p.Scheduler, 2*time.Minute, false)
	leads(b, time.Hour, true)
	leads(p.Scheduler, 4*time.Minute, true) // what looked in the distant future did not look
	lease, err := p.Store.Transforms.Scheduler(ctx)
	p.must(err)
	if ok, err := p.Store.Transforms.Lead(ctx, &core.SchedulerLease{Version: lease.Version - 1}, "c", p.clock); ok || err != nil {
		t.Errorf("a lease that is old was renewed: %v", err)
	}
}

func TestTheSchedulerRunsUntilItIsEnded(t *testing.T) { // SCH-1, SCH-6
	p := plan(t, everyTen(core.CatchUpRunOnce))
	ctx, cancel := context.WithCancel(t.Context())
	p.clock = noon.Add(10 * time.Minute)
	p.cfg.Interval = time.Millisecond
	var ended sync.WaitGroup
	ended.Go(func() { p.Run(ctx) })
	for !strings.Contains(p.said.String(), "scheduler runs a transform") {
		time.Sleep(time.Millisecond)
	}
	cancel()
	ended.Wait()
	off := p.another("off")
	off.cfg.Enabled = false
	off.Run(t.Context())
	for _, words := range []string{"scheduler started", "scheduler ended", "scheduler is off"} {
		if !strings.Contains(p.said.String(), words) {
			t.Errorf("the log does not say %q", words)
		}
	}
}

func TestTheStatusOfTheScheduler(t *testing.T) { // SCH-6
	p := plan(t, everyTen(core.CatchUpRunOnce))
	admin := p.As(p.Admin("boss"))
	if _, err := p.Status(p.As(p.owner)); core.CodeOf(err) != core.CodeForbidden {
		t.Errorf("somebody else: %v", err)
	}
	if err := p.Health(admin); err == nil {
		t.Error("it is well before anybody looked")
	}
	p.at("12:05")
	status, err := p.Status(admin)
	p.must(err)
	want := ScheduledRun{p.tf.ID, noon.Add(10 * time.Minute)}
	if !status.Enabled || status.Leader != "a" || !status.LastTickAt.Equal(p.clock) || status.LagSeconds != 0 || !slices.Equal(status.NextRuns, []ScheduledRun{want}) {
		t.Errorf("the status is %+v", status)
	}
	p.clock = noon.Add(12 * time.Minute)
	if status, err = p.Status(admin); err != nil || status.LagSeconds != 120 {
		t.Errorf("the status is %+v, %v", status, err)
	}
	if err := p.Health(admin); err == nil {
		t.Error("it is well after seven intervals")
	}
}

func TestNextRuns(t *testing.T) {
	p := plan(t, everyTen(core.CatchUpRunOnce))
	for _, count := range []int{0, 21} {
		if _, err := NextRuns(p.tf, count); core.CodeOf(err) != core.CodeValidation {
			t.Errorf("%d: %v", count, err)
		}
	}
	runs, err := NextRuns(p.tf, 3)
	if err != nil || len(runs) != 3 || runs[2].Sub(runs[0]) != 20*time.Minute || !runs[0].After(time.Now()) {
		t.Errorf("got %v, %v", runs, err)
	}
	p.tf.Schedule.Enabled = false
	if runs, err = NextRuns(p.tf, 3); err != nil || len(runs) != 0 {
		t.Errorf("got %v, %v", runs, err)
	}
}
