package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// workerVerb is the hidden verb under which the karuta binary is a worker.
const workerVerb = "worker"

// worker is a process that the engine started, with a folder of its own.
type worker struct {
	channel *channel
	process *os.Process
	dir     string
	said    *lastWords
	gone    chan struct{} // closed when the process and its folder are no more

	tasks int
	idle  *time.Timer // in the pool: ends it when nobody asks
}

// startWorker starts a process with a clean environment and nothing inherited but
// its end of the channel. It ends with the engine, even when that is killed.
func (e *Engine) startWorker() (*worker, error) {
	if !e.begin() {
		return nil, errClosed
	}
	w := &worker{said: &lastWords{}, gone: make(chan struct{})}
	w.dir = filepath.Join(e.cfg.WorkDir, fmt.Sprintf("worker-%06d", e.workers.Add(1)))
	started := make(chan error)
	go func() {
		defer e.ended.Done()
		w.own(e.cfg.Self, started)
	}()
	if err := <-started; err != nil {
		<-w.gone
		return nil, fmt.Errorf("start worker: %w", err)
	}
	return w, nil
}

// own starts the process, waits for its end and removes its folder. It keeps its
// thread, because the kernel ties the process to the thread that started it.
func (w *worker) own(self string, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(w.gone)
	cmd, err := w.start(self)
	if err == nil {
		w.process = cmd.Process
		started <- nil
		_ = cmd.Wait() // what it said before its end tells more than how it ended
		w.channel.close()
	}
	_ = os.RemoveAll(w.dir) // what stays is removed with the whole work folder
	if err != nil {
		started <- err
	}
}

func (w *worker) start(self string) (*exec.Cmd, error) {
	if err := os.Mkdir(w.dir, 0o700); err != nil {
		return nil, err
	}
	ours, theirs, err := newChannel()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	w.channel = ours
	cmd := exec.Command(self, workerVerb)
	cmd.Dir = w.dir
	cmd.Env = []string{"LANG=C.UTF-8", "TZ=UTC", "HOME=" + w.dir}
	cmd.Stderr = w.said
	cmd.WaitDelay = time.Second
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = processAttributes()
	if err := cmd.Start(); err != nil {
		ours.close()
		return nil, err
	}
	return cmd, nil
}

// end kills the process and waits until nothing of it is left.
func (w *worker) end() {
	_ = w.process.Kill()
	<-w.gone
}

func (w *worker) dead() bool {
	select {
	case <-w.gone:
		return true
	default:
		return false
	}
}

// ask gives the worker a task, with at most one file, and passes on what it tells, up to the last event,
// which is returned. The worker is dead after an error: DuckDB may ignore that it
// should stop, so when the context ends the process does too.
func (w *worker) ask(ctx context.Context, t task, tell func(event) error, files ...*os.File) (event, *os.File, error) {
	w.tasks++
	t.Dir = w.dir
	stop := context.AfterFunc(ctx, func() { _ = w.process.Kill() })
	last, file, err := w.converse(t, tell, files)
	if stop() && err == nil {
		return last, file, nil
	}
	w.end()
	if file != nil {
		_ = file.Close()
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return event{}, nil, err
}

func (w *worker) converse(t task, tell func(event) error, files []*os.File) (event, *os.File, error) {
	if err := w.channel.send(t, files...); err != nil {
		return event{}, nil, errors.Join(errNotAsked, w.lost(err))
	}
	for {
		var ev event
		file, err := w.channel.receive(&ev)
		switch {
		case err != nil:
			return event{}, nil, w.lost(err)
		case ev.Last:
			return ev, file, nil
		}
		if err := tell(ev); err != nil {
			return event{}, nil, err
		}
	}
}

var errNotAsked = errors.New("the worker was gone before it had a task")

// lost is a worker that died in the middle of a task.
func (w *worker) lost(err error) error {
	w.end()
	return &core.Error{Code: core.CodeUnavailable, Reason: "executor_lost", Cause: errors.Join(fmt.Errorf("worker lost: %s", w.said), err)}
}

// lastWords keeps the end of what a process writes to its standard error.
type lastWords struct {
	mu   sync.Mutex
	text []byte
}

const lastWordsBytes = 4 << 10

// Write never fails.
func (l *lastWords) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	l.text = l.text[max(0, len(l.text)-lastWordsBytes):]
	return len(p), nil
}

// String is the end of what was written.
func (l *lastWords) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(bytes.TrimSpace(l.text))
}
