package transform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/dynamo"
	"github.com/karuta-bi/karuta/internal/table/embedded"
)

// proofVariable hands a process of the proof its plan.
const proofVariable = "KARUTA_SCHEDULER_PROOF"

// proofPlan is what a process of the proof is to do: schedulers over one engine,
// each with a clock that is wrong by so much.
type proofPlan struct {
	File     string          // of the embedded engine
	Endpoint string          // of the DynamoDB server, where there is no file
	Clock    string          // file with the time, in milliseconds
	Begun    string          // file that gets the id of each run as it begins
	Wrong    []time.Duration // of each scheduler's clock
	Seed     uint64
}

func (p proofPlan) open(ctx context.Context) (table.Engine, error) {
	if p.File != "" {
		return embedded.Open(p.File)
	}
	return dynamo.Open(ctx, dynamo.Options{
		Endpoint: p.Endpoint, Region: "ap-northeast-1", AccessKey: "test", SecretKey: "test", Prefix: "once_",
	})
}

// now is the time of the proof, which all of its processes share.
func (p proofPlan) now() time.Time {
	raw, err := os.ReadFile(p.Clock)
	ms, wrong := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64)
	if err != nil || wrong != nil {
		panic(fmt.Sprint(err, wrong))
	}
	return time.UnixMilli(ms).UTC()
}

func (p proofPlan) setClock(at time.Time) error {
	next := p.Clock + ".next"
	if err := os.WriteFile(next, []byte(strconv.FormatInt(at.UnixMilli(), 10)), 0o600); err != nil {
		return err
	}
	return os.Rename(next, p.Clock)
}

// TestSchedulerProcess is no test but one process of the proofs below, which ends
// with its standard input. It writes a line for each look at what is due.
func TestSchedulerProcess(t *testing.T) {
	raw := os.Getenv(proofVariable)
	if raw == "" {
		return
	}
	var p proofPlan
	if err := json.Unmarshal([]byte(raw), &p); err != nil {
		t.Fatal(err)
	}
	engine, err := p.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, wrong := range p.Wrong {
		go p.schedule(t.Context(), store.New(engine), i, wrong)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// schedule is one scheduler of the process. Some of them do not wait for their
// turn, so that many decide the same times at once.
func (p proofPlan) schedule(ctx context.Context, st *store.Store, i int, wrong time.Duration) {
	random := rand.New(rand.NewPCG(p.Seed, uint64(i)))
	now := func() time.Time { return p.now().Add(wrong) }
	s, _, err := p.scheduler(st, now, random.Uint64())
	if err != nil {
		panic(err)
	}
	all, err := st.Transforms.List(ctx, nil, core.PageArgs{First: 1000})
	if err != nil {
		panic(err)
	}
	work := s.look
	if random.IntN(3) == 0 {
		work = s.tick
	}
	for {
		if err := work(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "look:", err)
		}
		if t := all.Nodes[random.IntN(len(all.Nodes))]; random.IntN(4) == 0 {
			switchOn(ctx, st, t, now())
		}
		fmt.Println("looked")
		time.Sleep(time.Duration(random.IntN(4)) * time.Millisecond)
	}
}

// switchOn is what becomes of a transform whose schedule is switched off and on.
func switchOn(ctx context.Context, st *store.Store, t *core.Transform, now time.Time) {
	_, err := st.Transforms.EditState(ctx, t.ID, func(s *core.TransformState) error {
		if s.NextRunAt.After(now) {
			s.NextRunAt = nextDue(t.Schedule, now)
		}
		return nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "switch on:", err)
	}
}

func (p proofPlan) scheduler(st *store.Store, now func() time.Time, seed uint64) (*Scheduler, *pretended, error) {
	begun, err := os.OpenFile(p.Begun, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	runs := &pretended{st: st, now: now, begun: begun, random: rand.New(rand.NewPCG(seed, 0))}
	return &Scheduler{
		store: st, runner: runs, log: slog.New(slog.DiscardHandler), now: now,
		cfg: SchedulerConfig{Enabled: true, Interval: 10 * time.Second, Holder: strconv.FormatUint(seed, 36)},
	}, runs, err
}

// pretended does runs that take some time, show life and end.
type pretended struct {
	st    *store.Store
	now   func() time.Time
	begun *os.File
	wg    sync.WaitGroup

	mu     sync.Mutex
	random *rand.Rand
}

func (r *pretended) Draft(ctx context.Context, t *core.Transform) (*core.Execution, error) {
	return &core.Execution{
		ID: core.NewExecutionID(t.ID), TransformID: t.ID, Status: core.StatusQueued, RequestedBy: core.ActorFrom(ctx).UserID(),
		Attempt: 1, CreatedAt: r.now(),
	}, nil
}

func (r *pretended) Reserve() (leave func(), ok bool) { return func() {}, true }

func (r *pretended) Begin(ctx context.Context, _ *core.Transform, x *core.Execution, _ func()) {
	if _, err := r.begun.WriteString(x.ID + "\n"); err != nil {
		panic(err)
	}
	r.mu.Lock()
	takes := time.Duration(r.random.IntN(100)) * time.Second
	r.mu.Unlock()
	r.wg.Go(func() {
		if err := r.run(context.WithoutCancel(ctx), x, takes); err != nil && !errors.Is(err, errProofEnded) {
			fmt.Fprintln(os.Stderr, "run:", err)
		}
	})
}

var errProofEnded = errors.New("the run has ended or is alive")

func (r *pretended) run(ctx context.Context, x *core.Execution, takes time.Duration) error {
	began := r.now()
	var beat time.Time
	for ; r.now().Sub(began) < takes; time.Sleep(2 * time.Millisecond) {
		if r.now().Sub(beat) < 10*time.Second {
			continue
		}
		beat = r.now()
		_, err := r.st.Executions.Edit(ctx, x.ID, func(x *core.Execution) error {
			if x.Status.Final() {
				return errProofEnded
			}
			x.Status, x.StartedAt, x.Heartbeat = core.StatusRunning, began, beat
			return nil
		})
		if err != nil {
			return err
		}
	}
	return r.end(ctx, x.ID, core.StatusSucceeded, func(*core.Execution) bool { return true })
}

func (r *pretended) end(ctx context.Context, id string, status core.RunStatus, still func(*core.Execution) bool) error {
	_, err := r.st.Executions.Finish(ctx, id, nil, func(x *core.Execution) error {
		if x.Status.Final() || !still(x) {
			return errProofEnded
		}
		x.Status, x.FinishedAt = status, r.now()
		return nil
	})
	return err
}

// Recover ends the runs that were silent for a minute.
func (r *pretended) Recover(ctx context.Context) error {
	silent := func(x *core.Execution) bool { return r.now().Sub(x.Heartbeat) >= time.Minute }
	open, err := r.st.Executions.Open(ctx, r.now().Add(-time.Minute))
	for _, x := range open {
		if failed := r.end(ctx, x.ID, core.StatusFailed, silent); failed != nil && !errors.Is(failed, errProofEnded) {
			err = errors.Join(err, failed)
		}
	}
	return err
}

// begunOf are the runs that began, in any process.
func (p proofPlan) begunOf(t *testing.T) map[string]int {
	t.Helper()
	raw, err := os.ReadFile(filepath.Clean(p.Begun))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for id := range strings.FieldsSeq(string(raw)) {
		counts[id]++
	}
	return counts
}
