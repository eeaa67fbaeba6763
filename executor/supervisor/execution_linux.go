package supervisor

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	forkPatience   = 5 * time.Second       // a zygote that does not fork within it is broken
	memoryInterval = 20 * time.Millisecond // between looks at a run's memory
	drainPatience  = time.Second           // for the rest of a dead run's output
)

// order is what a child is asked to do; the zygote never reads it.
type order struct {
	Code    string          `json:"code"`
	Filters json.RawMessage `json:"filters"`
	Params  json.RawMessage `json:"params"`
}

// execution is one run with everything that it holds open.
type execution struct {
	zygote  *zygote
	run     Run
	request *os.File
	answer  *pipe
	log     *pipe
	answers chan output
	logs    chan output
	child   *child
	pidfd   int
	began   time.Time
}

// execute forks a child for the run and sees it through to its end. The error is
// errGone where the zygote failed, the context's error, or a lack of resources.
func execute(ctx context.Context, z *zygote, run Run, j job) (ending, error) {
	x := &execution{zygote: z, run: run, pidfd: -1}
	defer x.close()
	if err := x.open(); err != nil {
		return ending{}, err
	}
	if err := x.fork(j); err != nil {
		return ending{}, err
	}
	return x.watch(ctx)
}

func (x *execution) open() error {
	body, err := json.Marshal(order{x.run.Code, orElse(x.run.Filters, "[]"), orElse(x.run.Params, "{}")})
	if err != nil {
		return fmt.Errorf("encode the run: %w", err)
	}
	if x.request, err = sealed("run", body); err != nil {
		return err
	}
	if x.answer, err = newPipe("answer", mebibyte); err != nil {
		return err
	}
	x.log, err = newPipe("log", maxLog)
	return err
}

func orElse(value json.RawMessage, empty string) json.RawMessage {
	if len(value) == 0 || string(value) == "null" {
		return json.RawMessage(empty)
	}
	return value
}

func (x *execution) fork(j job) error {
	descriptors := []int{int(x.request.Fd()), x.answer.write, x.log.write}
	if j.Input > 0 {
		descriptors = append(descriptors, int(x.run.Data.Fd()))
	}
	x.began = time.Now()
	var err error
	x.child, err = x.zygote.fork(j, descriptors)
	x.answer.handed()
	x.log.handed()
	if err != nil {
		return err
	}
	select {
	case r := <-x.child.reports:
		if r.Kind != reportForked {
			return fmt.Errorf("fork: %w", syscall.Errno(r.First))
		}
		x.pidfd = r.pidfd
		return nil
	case <-x.zygote.gone:
	case <-time.After(forkPatience):
		x.zygote.kill()
	}
	return errGone
}

// read starts the readers; each ends with the child, who alone holds the other end.
func (x *execution) read() {
	x.answers, x.logs = make(chan output, 1), make(chan output, 1)
	go func() { x.answers <- readAnswer(x.answer.read, maxAnswer) }()
	go func() { x.logs <- readLog(x.log.read, maxLog) }()
}

// watch holds the clock and the memory until the child's end is reported.
func (x *execution) watch(ctx context.Context) (ending, error) {
	x.read()
	clock, look := time.NewTimer(x.run.Timeout), time.NewTicker(memoryInterval)
	defer clock.Stop()
	defer look.Stop()
	pid, ceiling := pidOf(x.pidfd), x.zygote.base+x.run.MemoryMB*mebibyte
	var end ending
	stop := func(why verdict) {
		if end.verdict == verdictNone {
			end.verdict = why
		}
		x.kill()
	}
	cancelled, answers := ctx.Done(), x.answers
	for {
		select {
		case r := <-x.child.reports:
			end.exit, end.took = exitOf(r.First), time.Since(x.began)
			x.drain(&end, answers)
			return end, ctx.Err()
		case <-x.zygote.gone: // the child ends with it
			return end, errGone
		case <-cancelled:
			cancelled = nil
			x.kill()
		case <-clock.C:
			stop(verdictTimeout)
		case <-look.C:
			if used, err := privateBytes(pid); err == nil && used > ceiling {
				stop(verdictMemory)
			}
		case end.answer = <-answers:
			answers = nil
			if end.answer.over {
				stop(verdictFlood)
			}
		}
	}
}

// drain takes what is left of the output of a child that ended.
func (x *execution) drain(end *ending, answers <-chan output) {
	deadline := time.Now().Add(drainPatience)
	_ = x.answer.read.SetReadDeadline(deadline)
	_ = x.log.read.SetReadDeadline(deadline)
	if answers != nil {
		end.answer = <-answers
	}
	end.log = <-x.logs
}

func (x *execution) kill() {
	_ = unix.PidfdSendSignal(x.pidfd, unix.SIGKILL, nil, 0) // it fails when the child has ended
}

func (x *execution) close() {
	if x.pidfd >= 0 {
		_ = unix.Close(x.pidfd)
	}
	if x.request != nil {
		_ = x.request.Close()
	}
	x.disown()
	for _, p := range []*pipe{x.answer, x.log} {
		if p != nil {
			p.close()
		}
	}
}

// disown closes what a child that nobody waits for any more still reported.
func (x *execution) disown() {
	for x.child != nil {
		select {
		case r := <-x.child.reports:
			if r.pidfd >= 0 {
				_ = unix.Close(r.pidfd)
			}
		default:
			return
		}
	}
}

// exitOf reads a wait status.
func exitOf(status int64) exit {
	s := syscall.WaitStatus(status)
	if s.Signaled() {
		return exit{signal: unix.SignalName(s.Signal())}
	}
	return exit{code: s.ExitStatus()}
}
