package supervisor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/karuta-bi/karuta/executor/guest"
)

const firstTries = 3 // of a zygote that could not be judged

// Start starts the zygote and runs the canaries. A weak sandbox or a missing
// interpreter is no error: [Supervisor.Refusal] then says why Python is refused,
// and Render answers SERVICE_UNAVAILABLE.
func Start(ctx context.Context, cfg Config) (*Supervisor, error) {
	return start(ctx, cfg, layers(math.MaxUint32))
}

// start is Start with a choice of layers, so that tests can leave some out.
func start(ctx context.Context, cfg Config, wanted layers) (*Supervisor, error) {
	s := &Supervisor{changed: make(chan struct{})}
	if err := s.prepare(cfg); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if s.cfg.Python == "" {
		s.refusal = "the Python folder is missing: tools/python/install.sh makes it"
		return s, nil
	}
	inner, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop, s.closing = stop, inner.Done()
	z, err := s.first(ctx, wanted)
	if err != nil {
		s.refusal = "Python did not start: " + err.Error()
		s.cfg.Log.Error("python refused", "reason", s.refusal)
		return s, nil
	}
	s.ended.Go(func() { s.keep(inner, z) })
	return s, nil
}

// first starts a zygote and lets the canaries attack it. What fails without an attack
// that succeeded is tried again: something may have ended a child from outside, or
// the machine was too busy to judge by the clock.
func (s *Supervisor) first(ctx context.Context, wanted layers) (*zygote, error) {
	for try := 1; ; try++ {
		z, err := s.startZygote(ctx)
		if err == nil {
			s.layers = z.layers & wanted
			s.checkRooms()
			s.replace(z)
			err = s.prove(ctx, z)
		}
		if err == nil || try == firstTries || ctx.Err() != nil {
			return s.judged(z, err)
		}
		s.cfg.Log.Warn("python is started once more: it could not be judged", "cause", err)
		if z != nil {
			z.kill()
			<-z.gone
		}
	}
}

// judged refuses Python where its sandbox was seen to be weak, or not seen at all.
// The error is that of a zygote that did not start.
func (s *Supervisor) judged(z *zygote, failure error) (*zygote, error) {
	if z == nil {
		return nil, failure
	}
	if weak := firstWeak(s.report); weak != nil {
		reason := fmt.Sprintf("the sandbox does not hold: %s: %s", weak.Name, weak.Detail)
		s.cfg.Log.Error("python sandbox is weak", "reason", reason, "strict", s.cfg.Strict)
		if s.cfg.Strict {
			s.refusal = reason
		}
	}
	return z, nil
}

// prepare fills the defaults in and makes what all zygotes share.
func (s *Supervisor) prepare(cfg Config) error {
	s.cfg, s.cut = withDefaults(cfg)
	if !s.cfg.Strict {
		s.cfg.Log.Warn(relaxedWarning)
	}
	s.libs = librariesOf(s.cfg.Python)
	s.queue = newQueue(s.cfg.MaxConcurrent, s.cfg.QueueLimit, s.cfg.Memory, s.cfg.MemoryMB*mebibyte)
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil { // our memory holds the executor's secret
		return fmt.Errorf("hide our memory: %w", err)
	}
	if s.cfg.RunDir == "" {
		dir, err := os.MkdirTemp("", "karuta-run-")
		if err != nil {
			return err
		}
		s.cfg.RunDir, s.own = dir, true
	}
	if err := os.MkdirAll(s.cfg.RunDir, 0o700); err != nil {
		return err
	}
	archive, err := guest.Archive()
	if err != nil {
		return fmt.Errorf("pack the guest: %w", err)
	}
	if s.guest, err = sealed("guest", archive); err != nil {
		return err
	}
	program, err := filter(s.cfg.Profile)
	if err != nil {
		return err
	}
	if s.program, err = sealed("filter", program); err == nil {
		s.prepareRooms()
	}
	return err
}

// prepareRooms makes the folder in which transforms write. Without one they run
// all the same, and learn it where they first write.
func (s *Supervisor) prepareRooms() {
	if s.cfg.Profile != Transforms || s.cfg.Python == "" {
		return
	}
	r, err := openRooms(s.cfg)
	if err != nil {
		s.cfg.Log.Warn("transforms have no folder to write in", "cause", err)
		return
	}
	s.rooms = r
}

// checkRooms gives the folders up where they cannot be given to the users of the
// runs: in a container without the rights for it.
func (s *Supervisor) checkRooms() {
	if s.rooms == nil {
		return
	}
	s.rooms.ownUsers = s.layers&layerOwnUser != 0
	if err := s.rooms.prepare(uint32(s.cfg.Profile.firstUser())); err != nil {
		s.cfg.Log.Warn("transforms have no folder to write in", "cause", err)
		s.rooms = nil
	}
}

// relaxedWarning is logged at the start and for every run.
const relaxedWarning = "SANDBOX=relaxed: people's Python runs even where its sandbox does not hold; it may read and change whatever this process may"

// withDefaults also tells which settings ask for more than the container has.
func withDefaults(cfg Config) (Config, []string) {
	var cut []string
	less := func(setting string, asked, got int64) {
		cut = append(cut, fmt.Sprintf("%s: %d asked for, %d there", setting, asked, got))
		cfg.Log.Warn("runs get less than configured: the container has no more", "setting", setting, "asked", asked, "got", got)
	}
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	cores := runtime.GOMAXPROCS(0) // heeds the container's share of the processors
	cfg.MaxConcurrent = cmp.Or(cfg.MaxConcurrent, cores)
	cfg.QueueLimit = cmp.Or(cfg.QueueLimit, 500)
	if cfg.Profile == Transforms {
		cfg.Timeout = cmp.Or(cfg.Timeout, 300*time.Second)
		cfg.MemoryMB = cmp.Or(cfg.MemoryMB, 4096)
	} else {
		if cfg.MaxConcurrent > cores {
			less("runs at once", int64(cfg.MaxConcurrent), int64(cores))
			cfg.MaxConcurrent = cores
		}
		cfg.Timeout = cmp.Or(cfg.Timeout, 10*time.Second)
		cfg.MemoryMB = cmp.Or(cfg.MemoryMB, 2048)
	}
	cfg.DiskMB = cmp.Or(cfg.DiskMB, 1024)
	cfg.DiskFiles = cmp.Or(cfg.DiskFiles, 10_000)
	if most := containerMB(); cfg.MemoryMB > most {
		less("memory of a run in MB", cfg.MemoryMB, most)
		cfg.MemoryMB = most
	}
	cfg.Memory = cmp.Or(cfg.Memory, NewMemory(containerMB()*mebibyte))
	cfg.Python = resolved(cfg.Python)
	return cfg, cut
}

// resolved is the interpreter's own path, from which its folder follows; "" when there is none.
func resolved(python string) string {
	path, err := filepath.EvalSymlinks(python)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return ""
	}
	return path
}
