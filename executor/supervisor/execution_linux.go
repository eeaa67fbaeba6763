package supervisor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
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

// work is what a child is given.
type work struct {
	kind  kind
	order any        // JSON, for the child alone: the zygote never reads it
	files []*os.File // of a transform the file for its table, then the data
	input int64      // bytes of the data
	bounds
	hear func(io.Reader) output // reads the answer until its end
	read func(io.Reader) output // reads the log until its end
}

// cardOrder is what a card's child is asked to do.
type cardOrder struct {
	Code    string          `json:"code"`
	Filters json.RawMessage `json:"filters"`
	Params  json.RawMessage `json:"params"`
	Columns []string        `json:"columns,omitempty"` // names of all of the dataset's, where not all are given
	Given   []string        `json:"given"`             // null: all
}

func orderOf(run Run) cardOrder {
	order := cardOrder{Code: run.Code, Filters: orElse(run.Filters, "[]"), Params: orElse(run.Params, "{}"), Given: run.Given}
	if run.Given != nil {
		for _, c := range run.Columns {
			order.Columns = append(order.Columns, c.Name)
		}
	}
	return order
}

// execution is one run with everything that it holds open.
type execution struct {
	zygote  *zygote
	work    work
	rooms   *rooms // nil: the child may write nothing
	user    uint32
	request *os.File
	answer  *pipe
	log     *pipe
	answers chan output
	logs    chan output
	child   *child
	pidfd   int
	began   time.Time
}

// cardWork is a run of a card.
func (s *Supervisor) cardWork(run Run) work {
	w := work{
		kind:   kindCard,
		order:  orderOf(run),
		input:  run.DataBytes,
		bounds: s.bounds(run.Timeout, run.MemoryMB),
		hear:   func(from io.Reader) output { return readAnswer(from, maxAnswer) },
		read:   func(from io.Reader) output { return readLog(from, maxLog) },
	}
	if run.DataBytes > 0 {
		w.files = []*os.File{run.Data}
	}
	return w
}

// execute forks a child for the work and sees it through to its end. The error is
// errGone where the zygote failed, the context's error, or a lack of resources.
func execute(ctx context.Context, z *zygote, r *rooms, w work, j job) (ending, error) {
	x := &execution{zygote: z, work: w, rooms: r, user: j.User, pidfd: -1}
	defer x.close()
	if r != nil {
		if err := r.prepare(j.User); err != nil {
			return ending{}, err
		}
	}
	if err := x.open(); err != nil {
		return ending{}, err
	}
	if err := x.fork(j); err != nil {
		return ending{}, err
	}
	return x.watch(ctx)
}

func (x *execution) open() error {
	body, err := json.Marshal(x.work.order)
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
	for _, file := range x.work.files {
		descriptors = append(descriptors, int(file.Fd()))
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
	go func() { x.answers <- x.work.hear(x.answer.read) }()
	go func() { x.logs <- x.work.read(x.log.read) }()
}

// guardRoom tells when the run has written more than it may.
func (x *execution) guardRoom(pid int, over <-chan struct{}) <-chan struct{} {
	full := make(chan struct{})
	if x.rooms != nil {
		r := &room{dir: x.rooms.of(x.user), pid: pid, mostBytes: x.work.diskMB * mebibyte, mostFiles: x.work.diskFiles}
		go r.guard(over, func() { close(full) })
	}
	return full
}

// watch holds the clock, the memory and the disk until the child's end is reported.
func (x *execution) watch(ctx context.Context) (ending, error) {
	x.read()
	over := make(chan struct{})
	defer close(over)
	pid, ceiling := pidOf(x.pidfd), x.zygote.base+x.work.memoryMB*mebibyte
	full := x.guardRoom(pid, over)
	clock, look := time.NewTimer(x.work.timeout), time.NewTicker(memoryInterval)
	defer clock.Stop()
	defer look.Stop()
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
		case <-full:
			full = nil
			stop(verdictDisk)
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
	if x.rooms != nil {
		_ = x.rooms.prepare(x.user) // the next run in it does so too, and fails where that is not possible
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
