//go:build linux

package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/karuta-bi/karuta/internal/core"
)

// eventually waits for a condition without a limit of its own but the test's patience.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for patience := time.After(2 * time.Minute); !condition(); {
		select {
		case <-tick.C:
		case <-patience:
			t.Fatal("never: ", what)
		}
	}
}

const forever = "def render(d, f, p):\n    while True: pass"

// A zygote that dies takes its runs along with a clear error, and the next card runs (FAIL-7 of the executor).
func TestZygoteKilledInFlight(t *testing.T) {
	s := begin(t, config(t), every)
	var errs [2]error
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() { _, errs[i] = s.Render(t.Context(), Run{Code: forever, Timeout: 30 * time.Second}) })
	}
	old := s.current
	eventually(t, "two children", func() bool { return len(childrenOf(t, old.process.Pid)) == 2 })
	children := childrenOf(t, old.process.Pid)
	old.kill()
	group.Wait()
	for _, err := range errs {
		if e, ok := errors.AsType[*core.Error](err); !ok || e.Code != core.CodeUnavailable || e.Reason != "executor_lost" {
			t.Errorf("in flight: %v", err)
		}
	}
	for _, pid := range children {
		eventually(t, "the child ends with its zygote", func() bool { return !alive(pid) })
	}
	began := time.Now()
	wantGood(t, s)
	t.Logf("a card again after %s", time.Since(began))
	if s.current == old || s.Running() != 0 {
		t.Errorf("%d running", s.Running())
	}
}

// A worn zygote is replaced without a run failing; the old one ends after its last
// A zygote that something kills while the canaries attack it proves nothing about
// the sandbox: the next one is judged, and cards run (EXE of the executor).
func TestZygoteKilledWhileItIsJudged(t *testing.T) {
	before := childrenOf(t, os.Getpid())
	killed, started := false, make(chan struct{})
	var hunt sync.WaitGroup
	hunt.Go(func() {
		for tick := time.NewTicker(time.Millisecond); !killed; {
			select {
			case <-started:
				return
			case <-tick.C:
			}
			for _, pid := range childrenOf(t, os.Getpid()) {
				killed = killed || !slices.Contains(before, pid) && len(childrenOf(t, pid)) > 0 && unix.Kill(pid, unix.SIGKILL) == nil
			}
		}
	})
	s := begin(t, config(t), every)
	close(started)
	hunt.Wait()
	if s.Refusal() != "" || !killed {
		t.Fatalf("killed: %t, refusal %q", killed, s.Refusal())
	}
	wantGood(t, s)
}

// run. Hashes are salted anew, so that what an author learns of them does not last.
func TestZygoteIsRenewed(t *testing.T) {
	s := begin(t, config(t), every)
	old := s.current
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := s.Render(ctx, Run{Code: forever, Timeout: 2 * time.Minute})
		result <- err
	}()
	eventually(t, "the run has a child", func() bool { return len(childrenOf(t, old.process.Pid)) == 1 })
	seed := "import pandas\ndef render(d, f, p): return f'{hash(\"salt\")} {id(pandas.DataFrame)}'"
	before := render(t, s, seed).HTML
	if before != render(t, s, seed).HTML {
		t.Error("two runs of one zygote differ in salt or addresses, so this test looks at nothing")
	}
	fresh := s.renew(t.Context(), old)
	for i, word := range strings.Fields(render(t, s, seed).HTML) {
		if word == strings.Fields(before)[i] {
			t.Errorf("the same salt or address after a renewal: %s in %s", word, before)
		}
	}
	if fresh == old || old.ended() {
		t.Fatal("not renewed, or ended under a run")
	}
	if _, err := old.fork(job{}, nil); !errors.Is(err, errRetired) {
		t.Errorf("a retired zygote forks: %v", err)
	}
	wantGood(t, s)
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Error("the run of the old zygote: ", err)
	}
	<-old.gone
	fresh.retire()
	<-fresh.gone
}

// What wears a zygote out: its number of runs, its age, a run that broke down,
// memory that grows, and a Python folder that changed.
func TestWear(t *testing.T) {
	s := begin(t, config(t), every)
	z, python := s.current, s.cfg.Python
	z.mu.Lock()
	z.born = time.Now().Add(time.Hour) // young throughout, however busy the machine is
	z.mu.Unlock()
	if why := z.worn(python); why != "" {
		t.Fatalf("a fresh zygote is worn: %s", why)
	}
	reply := render(t, s, "import os, signal\nimport ctypes\ndef render(d, f, p): ctypes.string_at(0)")
	if reply.Problem == nil || z.worn(python) != "" {
		t.Errorf("%+v: a zygote is renewed at once, and again and again", reply.Problem)
	}
	z.mu.Lock()
	if !z.hurt {
		t.Error("a run that broke down is not noticed")
	}
	z.mu.Unlock()
	for want, wear := range map[string]func(*zygote){
		"":                               func(*zygote) {},
		"a run broke down":               func(z *zygote) { z.hurt, z.born = true, z.born.Add(-hurtPause) },
		"it is old":                      func(z *zygote) { z.born = z.born.Add(-maxAge) },
		"it has run its number of cards": func(z *zygote) { z.forks = maxForks },
		"it has grown":                   func(z *zygote) { z.base /= 2 },
		"the Python folder has changed":  func(z *zygote) { z.stamp = "another" },
	} {
		like := &zygote{process: z.process, born: time.Now(), base: z.base, stamp: z.stamp}
		wear(like)
		if why := like.worn(python); why != want {
			t.Errorf("%q, want %q", why, want)
		}
	}
}

// A zygote that dies again and again is started after longer and longer pauses.
func TestCrashLoopDoesNotSpin(t *testing.T) {
	s := begin(t, config(t), every)
	var pauses []time.Duration
	last := s.current
	for range 2 {
		began := time.Now()
		last.kill()
		<-last.gone
		next, err := s.zygote(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pauses = append(pauses, next.born.Sub(began))
		last = next
	}
	if pauses[0] > longestBackoff || pauses[1] < 2*firstBackoff {
		t.Errorf("it was started again after %s", pauses)
	}
	wantGood(t, s)
}

// A caller that leaves ends its run; a full queue answers at once; turns come in order.
func TestQueueAndCancel(t *testing.T) {
	cfg := config(t)
	cfg.MaxConcurrent, cfg.QueueLimit = 1, 1
	s := begin(t, cfg, every)
	ctx, cancel := context.WithCancel(t.Context())
	first, second := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := s.Render(ctx, Run{Code: forever, Timeout: 30 * time.Second})
		first <- err
	}()
	eventually(t, "the first has a child", func() bool { return len(childrenOf(t, s.current.process.Pid)) == 1 })
	go func() {
		_, err := s.Render(t.Context(), Run{Code: "def render(d, f, p): return ''"})
		second <- err
	}()
	eventually(t, "the second waits", func() bool { return s.Queued() == 1 && s.Running() == 1 })
	_, err := s.Render(t.Context(), Run{Code: forever})
	if e, ok := errors.AsType[*core.Error](err); !ok || e.Code != core.CodeUnavailable || e.Reason != "busy" {
		t.Errorf("the third: %v", err)
	}
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the first: %v", err)
	}
	if err := <-second; err != nil {
		t.Errorf("the second: %v", err)
	}
	if s.Running() != 0 || s.Queued() != 0 {
		t.Errorf("%d running, %d queued", s.Running(), s.Queued())
	}
}

// Many callers at once all get their own answer.
func TestManyAtOnce(t *testing.T) {
	s := shared(t)
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			reply, err := s.Render(t.Context(), Run{Code: fmt.Sprintf("def render(d, f, p): return '%d'", i)})
			if err != nil || reply.Problem != nil || reply.HTML != strconv.Itoa(i) {
				t.Errorf("%d: %v %+v", i, err, reply)
			}
		})
	}
	group.Wait()
}

// Nothing stays open: descriptors after many runs of all kinds are those of before.
func TestNoDescriptorIsLost(t *testing.T) {
	s := begin(t, config(t), every)
	wantGood(t, s)
	before := descriptors(t, os.Getpid())
	zygoteBefore := descriptors(t, s.current.process.Pid)
	for _, code := range []string{"def render(d, f, p): return ''", "x", "import os; os._exit(1)", "import os; os.abort()"} {
		for range 5 {
			if _, err := s.Render(t.Context(), Run{Code: code}); err != nil {
				t.Error(err)
			}
		}
	}
	if after := descriptors(t, os.Getpid()); after > before {
		t.Errorf("%d descriptors, before %d", after, before)
	}
	if after := descriptors(t, s.current.process.Pid); after > zygoteBefore {
		t.Errorf("zygote: %d descriptors, before %d", after, zygoteBefore)
	}
}

// A long life: more runs than a zygote lives for, with renewals under load.
func TestManyRuns(t *testing.T) {
	if os.Getenv("KARUTA_LONG") == "" {
		t.Skip("not run here: KARUTA_LONG=1 runs it")
	}
	s := begin(t, config(t), every)
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 600 {
				card := goodCards[(worker+i)%len(goodCards)]
				data, size, columns := sales(t)
				reply, err := s.Render(t.Context(), Run{Code: card.code, Data: data, DataBytes: size, Columns: columns})
				if err != nil || reply.Problem != nil || !strings.Contains(reply.HTML, card.want) {
					t.Errorf("%d %s: %v %+v", i, card.name, err, reply)
				}
				_ = data.Close()
			}
		})
	}
	group.Wait()
	eventually(t, "the worn zygote is replaced", func() bool { return !s.worn() })
}

func (s *Supervisor) worn() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current == nil || s.current.worn(s.cfg.Python) != ""
}

func descriptors(t testing.TB, pid int) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Skip("not run here: ", err)
	}
	return len(entries)
}

func alive(pid int) bool {
	state := stateOf(pid)
	return state != 0 && state != 'Z' && unix.Kill(pid, 0) == nil
}

// stateOf is a process's state as ps shows it (R, S, T, Z), 0 where there is none.
func stateOf(pid int) byte {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // it may have ended
	_, rest, found := strings.Cut(string(stat), ") ")
	if !found {
		return 0
	}
	return rest[0]
}

func childrenOf(t testing.TB, parent int) []int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var children []int
	for _, file := range stats {
		text, _ := os.ReadFile(file) // it may have ended
		_, rest, found := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); found && len(fields) > 1 && fields[1] == strconv.Itoa(parent) && fields[0] != "Z" {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			children = append(children, pid)
		}
	}
	return children
}
