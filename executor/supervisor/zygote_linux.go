package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

var (
	errGone    = errors.New("the zygote died during the run")
	errRetired = errors.New("the zygote does not fork any more") // nothing was run: ask the next one
)

// zygote is one warm interpreter and the runs forked from it.
type zygote struct {
	control *control
	process *os.Process
	tail    *tail
	born    time.Time
	layers  layers // the strongest set that its children can enter
	base    int64  // bytes of private memory that each child starts with
	abi     int64  // of Landlock, 0 without
	stamp   string // of the Python folder that it was started from
	shut    bool   // namespaces of its own keep it from the network and other processes

	gone chan struct{} // closed after the process ended

	mu       sync.Mutex
	children map[uint64]*child // not yet reported as ended
	forks    int
	hurt     bool // a child broke down in a way that attacks on memory do
	retired  bool
}

// child is one forked process, as the zygote reports on it.
type child struct {
	reports chan childReport // two at most: forked or failed, then exited
}

type childReport struct {
	report
	pidfd int
}

// namespaces that a zygote gets where the machine allows: no network, no view of
// other processes, and the kernel ends all children with their first process.
const namespaces = syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID

// startZygote starts an interpreter and waits until it is warm. The process ends
// with ours, even when we are killed.
func startZygote(ctx context.Context, cfg Config, guest, program *os.File, r *rooms) (*zygote, error) {
	z, err := spawn(cfg, guest, program, r, namespaces)
	if err != nil { // containers and plain users may not make namespaces
		z, err = spawn(cfg, guest, program, r, 0)
	}
	if err != nil {
		return nil, err
	}
	if err := z.warm(ctx); err != nil {
		z.kill()
		<-z.gone
		return nil, fmt.Errorf("%w: %s", err, z.tail)
	}
	go z.listen()
	return z, nil
}

func spawn(cfg Config, guest, program *os.File, r *rooms, flags uintptr) (*zygote, error) {
	ours, theirs, err := newControl()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	z := &zygote{control: ours, tail: &tail{log: cfg.Log}, born: time.Now(), shut: flags != 0, stamp: stampOf(cfg.Python),
		gone: make(chan struct{}), children: map[uint64]*child{}}
	cmd := z.command(cfg, flags)
	cmd.ExtraFiles = []*os.File{theirs, guest, program}
	if r != nil {
		cmd.Args = append(cmd.Args, r.dir)
	}
	started := make(chan error)
	go z.own(cmd, started)
	if err := <-started; err != nil {
		return nil, errors.Join(fmt.Errorf("start Python: %w", err), ours.conn.Close())
	}
	return z, nil
}

// own starts the process and waits for its end. It keeps its thread, because the
// kernel ties the process to the thread that started it.
func (z *zygote) own(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	z.process = cmd.Process
	started <- nil
	_ = cmd.Wait() // how it ended does not matter: its runs are lost either way
	_ = z.control.conn.Close()
	close(z.gone)
}

func (z *zygote) command(cfg Config, flags uintptr) *exec.Cmd {
	cmd := exec.Command(cfg.Python, "-I", "-S", "-u", "-X", "utf8", "/proc/self/fd/4")
	cmd.Dir = "/"
	cmd.Env = []string{
		"LD_LIBRARY_PATH=" + filepath.Join(prefixOf(cfg.Python), "lib"),
		"LANG=C.UTF-8", "TZ=UTC", "MPLBACKEND=Agg", "MPLCONFIGDIR=" + cfg.RunDir,
		"OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1", // a fork copies one thread only
		"ARROW_DEFAULT_MEMORY_POOL=system", "JE_ARROW_MALLOC_CONF=background_thread:false",
		// All that the warm-up allocates in one region, which huge pages can back.
		"MALLOC_TOP_PAD_=67108864", "MALLOC_MMAP_THRESHOLD_=33554432", "MALLOC_TRIM_THRESHOLD_=1073741824",
	}
	cmd.Stderr = z.tail
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Cloneflags: flags}
	return cmd
}

// prefixOf is the Python folder of an interpreter.
func prefixOf(python string) string { return filepath.Dir(filepath.Dir(python)) }

// warm waits for the zygote's first report.
func (z *zygote) warm(ctx context.Context) error {
	stop := context.AfterFunc(ctx, z.kill)
	defer stop()
	r, _, err := z.control.receive()
	if err != nil || r.Kind != reportReady {
		return fmt.Errorf("warm Python up: %w", errors.Join(ctx.Err(), err))
	}
	z.layers, z.abi = available(r.Second != 0, r.First), r.First
	z.base, err = privateBytes(z.process.Pid)
	return err
}

func (z *zygote) kill() { _ = z.process.Kill() }

// fork asks for a child. Its reports arrive on the child's channel.
func (z *zygote) fork(j job, descriptors []int) (*child, error) {
	c, err := z.request(j, descriptors)
	if err != nil && !errors.Is(err, errRetired) { // it has died, or is of no use any more
		z.kill()
		<-z.gone
		err = errRetired
	}
	return c, err
}

func (z *zygote) request(j job, descriptors []int) (*child, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.retired {
		return nil, errRetired
	}
	c := &child{reports: make(chan childReport, 2)}
	z.children[j.Run] = c
	z.forks++
	return c, z.control.send(j, descriptors)
}

func (z *zygote) ended() bool {
	select {
	case <-z.gone:
		return true
	default:
		return false
	}
}

// listen passes reports on to their runs until the zygote's end.
func (z *zygote) listen() {
	for {
		r, pidfd, err := z.control.receive()
		if err != nil {
			z.kill() // a socket that is closed or speaks nonsense is of no use
			return
		}
		if c := z.receiver(r); c != nil {
			c.reports <- childReport{r, pidfd}
		} else if pidfd >= 0 {
			_ = unix.Close(pidfd)
		}
	}
}

func (z *zygote) receiver(r report) *child {
	z.mu.Lock()
	defer z.mu.Unlock()
	c := z.children[r.Run]
	if r.Kind == reportExited || r.Kind == reportFailed {
		z.hurt = z.hurt || r.Kind == reportExited && brokeDown(r.First)
		delete(z.children, r.Run)
		z.endIfIdle()
	}
	return c
}

// retire lets the runs finish and then ends the zygote.
func (z *zygote) retire() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.retired = true
	z.endIfIdle()
}

func (z *zygote) endIfIdle() {
	if z.retired && len(z.children) == 0 {
		_ = z.control.conn.CloseWrite()
	}
}

// brokeDown tells from a wait status that the process broke a rule of memory or
// of the system call filter's.
func brokeDown(status int64) bool {
	s := syscall.WaitStatus(status)
	return s.Signaled() && slices.Contains([]syscall.Signal{syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGILL, syscall.SIGSYS}, s.Signal())
}

// worn is why a fresh zygote should take over, "" for none: all children of one
// share where things lie in memory and how hashes are salted, so who guesses at
// that must not be given time.
func (z *zygote) worn(python string) string {
	z.mu.Lock()
	age, forks, hurt := time.Since(z.born), z.forks, z.hurt
	z.mu.Unlock()
	switch used, err := privateBytes(z.process.Pid); {
	case forks >= maxForks:
		return "it has run its number of cards"
	case age >= maxAge:
		return "it is old"
	case hurt && age >= hurtPause:
		return "a run broke down"
	case err == nil && used > z.base+z.base/maxGrowth:
		return "it has grown"
	case stampOf(python) != z.stamp:
		return "the Python folder has changed"
	}
	return ""
}

// stampOf is what the Python folder's maker wrote of its content; "" where it is
// silent or just being replaced.
func stampOf(python string) string {
	text, _ := os.ReadFile(filepath.Join(prefixOf(python), ".stamp"))
	return string(text)
}
