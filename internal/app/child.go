package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// How an executor that ended unasked is started again, and how long one that
// was asked to end may take.
const (
	firstPause = 100 * time.Millisecond
	longPause  = 10 * time.Second
	calmAfter  = time.Minute // an executor that lived so long starts the pauses anew
	childGrace = 1500 * time.Millisecond
)

// child keeps one process of this program running and starts it again when it
// ends. The process never outlives this one: the kernel kills it when the
// thread that started it ends, and it ends itself when its standard input does.
type child struct {
	args  []string
	env   []string
	hello string     // written to its standard input, which then stays open
	files []*os.File // inherited as descriptors 3, 4, …
	log   *slog.Logger
	pause time.Duration // before the first restart, doubled for each further one

	stop context.CancelFunc
	done chan struct{}
}

// start runs the process until close is called.
func (c *child) start() {
	ctx, cancel := context.WithCancel(context.Background())
	c.stop, c.done = cancel, make(chan struct{})
	go c.keep(ctx)
}

// close asks the process to end, waits, and kills it when it takes too long.
func (c *child) close() {
	c.stop()
	<-c.done
}

// keep owns an operating system thread for as long as the child may live:
// PR_SET_PDEATHSIG is tied to the thread that started the process.
func (c *child) keep(ctx context.Context) {
	defer close(c.done)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pause := c.pause
	for {
		started := time.Now()
		err := c.once(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(started) > calmAfter {
			pause = c.pause
		}
		c.log.Error("the executor ended and is started again", "cause", err, "pause", pause.String())
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, longPause)
	}
}

// once runs the process to its end.
func (c *child) once(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, c.args...)
	cmd.Env, cmd.ExtraFiles = c.env, c.files
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr // standard output is for the ready line alone
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = childGrace
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	_, helloErr := io.WriteString(in, c.hello)
	err = cmd.Wait()
	// What a killed executor left behind is in its process group.
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	return errors.Join(err, helloErr)
}
