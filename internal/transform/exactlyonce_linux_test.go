package transform

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/testkit"
)

// proofBegins an hour and a half before the clocks of New York are put forward, and
// long enough after a full minute that no scheduler's clock still stands before it:
// that one would rightly ask for a time at which the proof does not look.
var proofBegins = time.Date(2031, 3, 9, 5, 30, 10, 0, time.UTC)

// Each due time gets one run or one reason, whatever processes are killed and
// paused meanwhile, with clocks that disagree by seconds.
func TestEachDueTimeIsDecidedOnceByManyProcesses(t *testing.T) { // SCH-5
	proof := newProof(t, proofPlan{Endpoint: testkit.Dynoxide(t)})
	for _, wrong := range []time.Duration{0, 7 * time.Second, -4 * time.Second, 2 * time.Second} {
		proof.start(wrong)
	}
	proof.run()
}

func TestEachDueTimeIsDecidedOnceByManySchedulersOverAFile(t *testing.T) { // SCH-5
	proof := newProof(t, proofPlan{File: filepath.Join(t.TempDir(), "karuta.db")})
	proof.start(0, 7*time.Second, -4*time.Second, 2*time.Second)
	proof.run()
}

// proof is the processes of one proof and what was done to them.
type proof struct {
	t         *testing.T
	plan      proofPlan
	random    *rand.Rand
	clock     time.Time
	processes []*scheduling
	looks     atomic.Int64

	minutes, killed, paused int
}

// scheduling is a process with schedulers.
type scheduling struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	wrong  []time.Duration
	resume time.Time // while it is paused
}

func newProof(t *testing.T, plan proofPlan) *proof {
	t.Helper()
	dir, seed := t.TempDir(), testkit.Seed(t)
	plan.Clock, plan.Begun, plan.Seed = filepath.Join(dir, "clock"), filepath.Join(dir, "begun"), seed
	p := &proof{t: t, plan: plan, random: rand.New(rand.NewPCG(seed, 1)), clock: proofBegins, minutes: 30}
	transforms := 10
	if os.Getenv("KARUTA_LONG") != "" {
		transforms, p.minutes = 30, 180
	}
	p.must(plan.setClock(p.clock))
	engine, err := plan.open(t.Context())
	p.must(err)
	p.must(engine.Init(t.Context()))
	p.fill(store.New(engine), transforms)
	p.must(engine.Close())
	return p
}

func (p *proof) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// fill makes an owner and transforms with schedules of all kinds.
func (p *proof) fill(st *store.Store, transforms int) {
	p.t.Helper()
	owner := &core.User{ID: core.NewID(core.NounUser), Email: "o@example.com", Name: "o", Role: core.RoleUser}
	p.must(st.Users.Create(p.t.Context(), owner))
	crons := []string{"* * * * *", "*/2 * * * *", "*/3 1-3 * * *", "1-59/4 * * * *", "*/5 * * * *"}
	zones := []string{"Asia/Tokyo", "America/New_York"}
	for i := range transforms {
		tf := &core.Transform{ID: core.NewID(core.NounTransform), Name: "t", Code: "c", OwnerID: owner.ID, OutputID: core.NewID(core.NounDataset),
			OutputName: "o", CreatedAt: p.clock, Schedule: core.Schedule{
				Cron: crons[i%len(crons)], Zone: zones[i/len(crons)%len(zones)], Enabled: true,
				CatchUp: []core.CatchUp{core.CatchUpRunOnce, core.CatchUpSkip}[i%3%2],
			}}
		p.must(st.Transforms.Create(p.t.Context(), tf, nextDue(tf.Schedule, p.clock)))
	}
}

// start starts a process with a scheduler for each clock.
func (p *proof) start(wrong ...time.Duration) {
	p.t.Helper()
	plan := p.plan
	plan.Wrong, plan.Seed = wrong, p.random.Uint64()
	raw, err := json.Marshal(plan)
	p.must(err)
	cmd := exec.Command(os.Args[0], "-test.run=^TestSchedulerProcess$", "-test.timeout=0")
	cmd.Env, cmd.Stderr = append(os.Environ(), proofVariable+"="+string(raw)), os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := cmd.StdinPipe()
	p.must(err)
	stdout, err := cmd.StdoutPipe()
	p.must(err)
	p.must(cmd.Start())
	go func() {
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			p.looks.Add(1)
		}
	}()
	p.processes = append(p.processes, &scheduling{cmd: cmd, stdin: stdin, wrong: wrong})
	p.t.Cleanup(func() { p.kill(cmd) })
}

func (p *proof) kill(cmd *exec.Cmd) {
	if cmd.ProcessState == nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// run lets time pass, disturbs the processes meanwhile, and then counts.
func (p *proof) run() {
	p.t.Helper()
	for p.clock.Sub(proofBegins) < time.Duration(p.minutes)*time.Minute {
		p.pass(time.Duration(1+p.random.IntN(15)) * time.Second)
		p.disturb()
	}
	for _, s := range p.processes {
		p.goOn(s)
	}
	p.pass(time.Second)
	for _, s := range p.processes {
		p.kill(s.cmd)
	}
	p.count()
}

// pass lets time pass, and then two look at what is due.
func (p *proof) pass(d time.Duration) {
	p.t.Helper()
	p.clock = p.clock.Add(d)
	p.must(p.plan.setClock(p.clock))
	seen, patience := p.looks.Load(), time.Now().Add(3*time.Minute)
	for p.looks.Load() < seen+2 {
		if time.Now().After(patience) {
			p.t.Fatal("nobody looks at what is due any more")
		}
		time.Sleep(time.Millisecond)
	}
}

// disturb kills and pauses processes at random. One of several is always at work.
func (p *proof) disturb() {
	s := p.processes[p.random.IntN(len(p.processes))]
	atWork := 0
	for _, other := range p.processes {
		if !other.resume.IsZero() && p.clock.After(other.resume) {
			p.goOn(other)
		}
		if other.resume.IsZero() {
			atWork++
		}
	}
	switch die := p.random.IntN(100); {
	case die < 4 || len(p.processes) == 1 && die < 8:
		p.kill(s.cmd)
		p.killed++
		p.processes = slices.DeleteFunc(p.processes, func(other *scheduling) bool { return other == s })
		p.start(s.wrong...)
	case die < 14 && s.resume.IsZero() && atWork > 1:
		p.must(s.cmd.Process.Signal(syscall.SIGSTOP))
		p.paused++
		s.resume = p.clock.Add(time.Duration(5+p.random.IntN(150)) * time.Second)
	}
}

func (p *proof) goOn(s *scheduling) {
	p.must(s.cmd.Process.Signal(syscall.SIGCONT))
	s.resume = time.Time{}
}

// count ends what is under way and holds each due time against what became of it.
func (p *proof) count() {
	p.t.Helper()
	ctx := p.t.Context()
	engine, err := p.plan.open(ctx)
	p.must(err)
	defer func() { p.must(engine.Close()) }()
	st := store.New(engine)
	s, runs, err := p.plan.scheduler(st, p.plan.now, 1)
	p.must(err)
	defer func() { _ = runs.begun.Close() }()
	p.must(p.plan.setClock(p.clock.Add(2 * time.Minute)))
	p.must(s.look(ctx))
	open, err := st.Executions.Open(ctx, time.Time{})
	p.must(err)
	for _, x := range open {
		p.must(runs.end(ctx, x.ID, core.StatusSucceeded, func(*core.Execution) bool { return true }))
	}
	p.must(p.plan.setClock(p.clock.Add(time.Hour))) // runs of the last look end
	runs.wg.Wait()

	all, err := st.Transforms.List(ctx, nil, core.PageArgs{First: 1000})
	p.must(err)
	found := map[string]int{}
	for _, tf := range all.Nodes {
		p.countOne(st, tf, found)
	}
	p.t.Logf("%d transforms over %d minutes, %d processes killed, %d paused, %d looks: %v", len(all.Nodes), p.minutes, p.killed, p.paused, p.looks.Load(), found)
	if found["success"] < found["due"]/10 {
		p.t.Error("hardly anything has run, so this proves nothing")
	}
}

func (p *proof) countOne(st *store.Store, tf *core.Transform, found map[string]int) {
	p.t.Helper()
	state, err := st.Transforms.State(p.t.Context(), tf.ID)
	p.must(err)
	if state.RunningID != "" {
		p.t.Errorf("%s is held by %s for good", tf.ID, state.RunningID)
	}
	times, err := timesOf(tf.Schedule)
	p.must(err)
	page, err := st.Executions.Of(p.t.Context(), tf.ID, core.PageArgs{First: 10_000})
	p.must(err)
	begun, decided := p.plan.begunOf(p.t), map[time.Time]int{}
	for _, x := range page.Nodes {
		what := string(x.Reason)
		if what == "" {
			what = map[core.RunStatus]string{core.StatusSucceeded: "success", core.StatusFailed: "interrupted"}[x.Status]
		}
		if n := begun[x.ID]; n > 1 || n == 0 && what == "success" || n > 0 && x.Reason != "" || what == "" {
			p.t.Errorf("%s began %d times and is %s", x.ID, n, x.Status)
		}
		for at := x.DueAt; !at.IsZero() && !at.After(later(x.DueAt, x.DueUntil)); at = times.next(at) {
			decided[at]++
			found[what]++
		}
	}
	for at := times.next(proofBegins); at.Before(state.NextRunAt); at = times.next(at) {
		found["due"]++
		if n := decided[at]; n != 1 {
			p.t.Errorf("%s of %s (%s in %s) was decided %d times", at, tf.ID, tf.Schedule.Cron, tf.Schedule.Zone, n)
		}
		delete(decided, at)
	}
	if len(decided) > 0 {
		p.t.Errorf("%s was decided at times when it is not due: %v", tf.ID, slices.Collect(maps.Keys(decided)))
	}
}
