//go:build linux

package supervisor

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/karuta-bi/karuta/internal/core"
)

// A child that cannot enter its sandbox runs nothing of the code: with an allowlist
// that the kernel refuses, and with layers that it has no right to.
func TestAFailedSetupRunsNothing(t *testing.T) {
	s := shared(t)
	broken, err := sealed("filter", make([]byte, 8)) // one instruction, which loads and does not return
	if err != nil {
		t.Fatal(err)
	}
	defer broken.Close()
	z, err := startZygote(t.Context(), s.cfg, s.guest, broken, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { z.kill(); <-z.gone }()
	wantNotStarted(t, s, z, s.layers)
	if plainUser() {
		wantNotStarted(t, s, s.current, s.layers|layerChroot)
	}
	wantGood(t, s)
}

// wantNotStarted runs a card that would answer and write to its log.
func wantNotStarted(t *testing.T, s *Supervisor, z *zygote, set layers) {
	t.Helper()
	run := Run{ID: "x", Code: "print('reached')\ndef render(d, f, p): return 'reached'", Timeout: time.Minute, MemoryMB: 256}
	end, err := execute(t.Context(), z, nil, s.cardWork(run), job{Run: s.runs.Add(1), Layers: set, Memory: 256 * mebibyte, CPU: 9, Alarm: 9000})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := end.reply(run, bounds{}, "/prefix"); err == nil || end.exit.code != 99 || len(end.answer.bytes) > 0 {
		t.Errorf("%v: %+v, answer %q, log %q", err, end.exit, end.answer.bytes, end.log.bytes)
	}
}

// punctual is how late a run may be ended on a machine that is not overloaded.
const punctual = 500 * time.Millisecond

// A run that is deaf to everything is ended within half a second of its time. The
// best of some tries counts: a busy machine makes any one of them late.
func TestARunIsEndedInTime(t *testing.T) {
	s := shared(t)
	best := time.Hour
	for range 20 {
		began := time.Now()
		reply := renderRun(t, s, Run{Code: endlessLoop, Timeout: time.Second})
		if reply.Problem == nil || reply.Problem.Code != core.CodeExecutionTimeout {
			t.Fatalf("%+v", reply.Problem)
		}
		if best = min(best, time.Since(began)-time.Second); best < punctual {
			break
		}
	}
	t.Logf("ended %s after its time", best)
	if best > punctual {
		t.Errorf("ended %s after its time", best)
	}
}

// A caller who leaves takes the run's process along, even one that stopped itself.
func TestAStoppedRunEndsWithItsCaller(t *testing.T) {
	s := shared(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := s.Render(ctx, Run{Code: "import signal, threading\nsignal.pthread_kill(threading.get_ident(), signal.SIGSTOP)", Timeout: time.Minute})
		ended <- err
	}()
	zygote := s.current.process.Pid
	eventually(t, "the run is stopped", func() bool { c := childrenOf(t, zygote); return len(c) == 1 && stateOf(c[0]) == 'T' })
	pid := childrenOf(t, zygote)[0]
	cancel()
	<-ended
	eventually(t, "the run ends", func() bool { return unix.Kill(pid, 0) != nil })
}
