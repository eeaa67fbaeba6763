package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/executor/guest"
)

const (
	canaryPatience = 10 * time.Second
	canaryMB       = 256
	canaryTimeout  = 300 * time.Millisecond // of the loop that must be ended
	canaryDiskMB   = 8
	killSlack      = 500 * time.Millisecond
)

// Canaries for the clock, the memory and the disk, which this process guards.
const (
	endlessLoop = "import signal\ndef render(dataset, filters, params):\n    signal.signal(signal.SIGALRM, signal.SIG_IGN)\n    while True: pass\n"
	hunger      = "import time\ndef render(dataset, filters, params):\n    kept = bytearray(b'x') * (600 << 20)\n    time.sleep(60)\n"
	hoard       = "import time\ndef render(dataset, filters, params):\n    open('hoard', 'wb').write(bytes(16 << 20))\n    time.sleep(60)\n"
)

// findings are the attacks that succeeded, by layer.
type findings map[string][]string

// prove runs the canaries and writes the report. The error is what kept them from
// being judged, nil where each of them was.
func (s *Supervisor) prove(ctx context.Context, z *zygote) error {
	found, err := s.canaries(ctx)
	s.report = s.described(layerReport(found, err, z), z)
	return err
}

// layerReport lists the layers. One whose attacks were not run does not hold.
func layerReport(found findings, failure error, z *zygote) []client.Layer {
	list := []client.Layer{}
	for _, name := range []string{nameProcess, nameSyscalls, nameFiles, nameUser, nameLimits, nameWatchdog} {
		layer := client.Layer{Name: name, Required: name != nameUser || z.layers&layerOwnUser != 0}
		succeeded, tried := found[name]
		switch {
		case failure != nil:
			layer.Detail = failure.Error()
		case !tried:
			layer.Detail = "not tried"
		case len(succeeded) > 0:
			layer.Detail = "succeeded: " + strings.Join(succeeded, ", ")
		default:
			layer.Holds = true
		}
		list = append(list, layer)
	}
	return append(list, client.Layer{Name: nameNamespaces, Holds: z.shut}, client.Layer{Name: nameCgroup, Detail: "not used: the watchdog looks at the memory"})
}

// described names what makes each layer on this machine.
func (s *Supervisor) described(report []client.Layer, z *zygote) []client.Layer {
	size, _ := s.program.Stat()
	means := map[string][]string{
		nameProcess:  {"a fork of a warm Python for each run, ended through its pidfd"},
		nameWatchdog: {"clock", "memory every " + memoryInterval.String(), "bytes of the answer", "life of the warm Python"},
	}
	for _, m := range []struct {
		layer layers
		name  string
		means string
	}{
		{layerSeccomp, nameSyscalls, fmt.Sprintf("seccomp, %d instructions", size.Size()/8)},
		{layerChroot, nameFiles, "chroot"},
		{layerLandlock, nameFiles, fmt.Sprintf("Landlock ABI %d", z.abi)},
		{layerOwnUser, nameUser, fmt.Sprintf("users %d to %d", s.cfg.Profile.firstUser(), s.cfg.Profile.firstUser()+s.cfg.MaxConcurrent-1)},
		{layerLimits, nameLimits, "rlimits"},
	} {
		if s.layers&m.layer != 0 {
			means[m.name] = append(means[m.name], m.means)
		}
	}
	if z.shut {
		means[nameNamespaces] = []string{"net", "ipc", "uts", "pid"}
	}
	for i := range report {
		report[i].Mechanism = strings.Join(means[report[i].Name], ", ")
	}
	return report
}

// canaries runs every attack in real children: twice the same card, which leaves
// traces that the second must not see, and runs that this process must end.
func (s *Supervisor) canaries(ctx context.Context) (findings, error) {
	ctx, cancel := context.WithTimeout(ctx, canaryPatience)
	defer cancel()
	targets, err := newTargets()
	if err != nil {
		return nil, err
	}
	defer targets.close()
	var probed findings
	var loop, hungry, full string
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { probed, err = s.probe(ctx, targets); return err })
	group.Go(func() (err error) { loop, err = s.mustEnd(ctx, endlessLoop, s.layers, verdictTimeout); return err })
	group.Go(func() (err error) {
		hungry, err = s.mustEnd(ctx, hunger, s.layers&^layerLimits, verdictMemory)
		return err
	})
	if s.rooms != nil {
		group.Go(func() (err error) { full, err = s.mustEnd(ctx, hoard, s.layers, verdictDisk); return err })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	probed[nameWatchdog] = slices.DeleteFunc([]string{loop, hungry, full}, func(found string) bool { return found == "" })
	return probed, nil
}

// probe runs the attacks of guest/canary.py twice and joins what succeeded.
func (s *Supervisor) probe(ctx context.Context, t *targets) (findings, error) {
	all := findings{}
	for range 2 {
		end, err := s.canary(ctx, guest.Canary(), t.params(), canaryPatience, s.layers)
		if err != nil {
			return nil, err
		}
		reply, err := end.reply(Run{ID: "canary"}, bounds{}, prefixOf(s.cfg.Python))
		if err != nil {
			return nil, err
		}
		if reply.Problem != nil {
			return nil, fmt.Errorf("canary: %s %s %s", reply.Problem.Code, reply.Problem.Reason, reply.Problem.Message)
		}
		var found findings
		if err := json.Unmarshal([]byte(reply.HTML), &found); err != nil {
			return nil, fmt.Errorf("canary: %w", err)
		}
		for layer, succeeded := range found {
			all[layer] = slices.Compact(slices.Sorted(slices.Values(append(all[layer], succeeded...))))
		}
	}
	return all, nil
}

// mustEnd runs code that never ends by itself and finds it where it was not ended.
// The error says that it was not seen: another ended it, or the end came late, as
// it does on a machine that is too busy.
func (s *Supervisor) mustEnd(ctx context.Context, code string, set layers, why verdict) (found string, err error) {
	timeout := canaryPatience
	if why == verdictTimeout {
		timeout = canaryTimeout
	}
	end, err := s.canary(ctx, code, nil, timeout, set)
	switch {
	case err != nil:
		return "", err
	case end.exit.signal != "SIGKILL":
		return fmt.Sprintf("a run that had to be ended was not: %+v", end.exit), nil
	case end.verdict != why:
		return "", fmt.Errorf("a run was ended by another (%d, not %d)", end.verdict, why)
	case why == verdictTimeout && end.took > timeout+killSlack:
		return "", fmt.Errorf("a run was ended %s too late", end.took-timeout)
	}
	return "", nil
}

func (s *Supervisor) canary(ctx context.Context, code string, params json.RawMessage, timeout time.Duration, set layers) (ending, error) {
	seat, err := s.queue.enter(ctx, turn{need: canaryMB * mebibyte, sure: true})
	if err != nil {
		return ending{}, err
	}
	defer s.queue.leave(seat)
	w := s.cardWork(Run{ID: "canary", Code: code, Params: params, Timeout: timeout, MemoryMB: canaryMB})
	w.diskMB = canaryDiskMB
	return s.execute(ctx, w, seat.slot, set)
}

// targets are what the attacks aim at: a listener and a file that others may read.
type targets struct {
	listener net.Listener
	dir      string
}

func newTargets() (*targets, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("canary: %w", err)
	}
	t := &targets{listener: listener}
	if t.dir, err = os.MkdirTemp("", "karuta-canary-"); err == nil {
		err = errors.Join(os.Chmod(t.dir, 0o777), os.WriteFile(t.secret(), []byte("secret"), 0o644))
	}
	if err != nil {
		t.close()
		return nil, fmt.Errorf("canary: %w", err)
	}
	return t, nil
}

func (t *targets) secret() string { return filepath.Join(t.dir, "secret") }

func (t *targets) params() json.RawMessage {
	return fmt.Appendf(nil, `{"port":%d,"secret":%q,"uid":%d,"memory":%d}`,
		t.listener.Addr().(*net.TCPAddr).Port, t.secret(), os.Geteuid(), (canaryMB+64)*mebibyte)
}

func (t *targets) close() {
	_ = t.listener.Close()
	if t.dir != "" {
		_ = os.RemoveAll(t.dir)
	}
}
