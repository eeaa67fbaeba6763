package supervisor

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// verdict is what the supervisor itself decided about a run.
type verdict int

const (
	verdictNone verdict = iota // the run ended by itself
	verdictTimeout
	verdictMemory
	verdictFlood // the answer was longer than any answer may be
	verdictDisk
)

// exit is how a process ended.
type exit struct {
	code   int
	signal string // name of the signal that ended it, "" for none
}

// bounds are what a run may take.
type bounds struct {
	timeout   time.Duration
	memoryMB  int64
	diskMB    int64 // that it may write, where it may write at all
	diskFiles int
}

// output is what came out of a pipe.
type output struct {
	bytes []byte
	over  bool // there was more than the limit
}

// ending is everything known about a run that is over.
type ending struct {
	verdict verdict
	exit    exit
	answer  output
	log     output
	took    time.Duration
}

// ErrAbsent is a run that wanted columns which it was not given. Nothing that it
// said counts: it has to run again with all of them.
var ErrAbsent = errors.New("the card wants columns that it was not given")

// reply judges a run. How it ended counts before what it said: a run that was
// killed or ended badly has failed even if it claims success.
func (e ending) reply(run Run, b bounds, prefix string) (*client.CardReply, error) {
	said, malformed := parseAnswer(e.answer.bytes)
	if err := e.unstarted(said, run.ID); err != nil {
		return nil, err
	}
	if run.Given != nil && said.wantsAbsent() {
		return nil, ErrAbsent
	}
	reply := &client.CardReply{
		RowsIn: said.rows,
		ReadMS: min(said.readMS, milliseconds(e.took)),
		RunMS:  milliseconds(e.took),
		Log:    scrub(e.logText(), prefix),
	}
	if reply.Problem = e.problem(b, said, malformed, prefix); reply.Problem != nil {
		return reply, nil
	}
	if said.last.Kind != "ok" {
		reply.Problem = failure("bad_answer")
		return reply, nil
	}
	reply.HTML = said.html
	reply.UsedColumns = usedColumns(said.last.UsedColumns, run.Columns)
	reply.FilterApplicable = said.last.FilterApplicable
	return reply, nil
}

// unstarted is the error for a run that never got into its sandbox.
func (e ending) unstarted(said answer, id string) error {
	if e.verdict == verdictNone && e.exit.signal == "" && !said.started && said.last == nil {
		return fmt.Errorf("run %s did not start: exit status %d: %s", id, e.exit.code, e.log.bytes)
	}
	return nil
}

// problem is why a run failed, nil when it succeeded.
func (e ending) problem(b bounds, said answer, malformed error, prefix string) *client.Problem {
	switch {
	case e.verdict == verdictTimeout, e.exit.signal == "SIGXCPU":
		return tooLate(b, nil)
	case e.verdict == verdictFlood:
		return tooLarge()
	case e.verdict == verdictDisk, e.exit.signal == "SIGXFSZ":
		return failure("disk_full", "mb", b.diskMB)
	case e.verdict == verdictMemory, e.exit.signal == "SIGKILL": // without a verdict: the kernel ran out of memory
		return outOfMemory(b)
	case e.exit.signal != "":
		return failure("crashed", "signal", e.exit.signal)
	case e.exit.code != 0:
		return failure("exit")
	case malformed != nil:
		return failure("bad_answer")
	case said.last == nil:
		return failure("exit")
	case said.last.Kind == "memory":
		return outOfMemory(b)
	case said.last.Kind == "error" && said.last.Reason == "timeout":
		return tooLate(b, said.last.Frames)
	case said.last.Kind == "error":
		return described(said.last, prefix)
	}
	return nil
}

// tooLate has the frames where the card was just before its time was over, if it said so.
func tooLate(b bounds, frames []core.TracebackFrame) *client.Problem {
	seconds := strconv.FormatFloat(b.timeout.Seconds(), 'f', -1, 64)
	p := &client.Problem{Code: core.CodeExecutionTimeout, Args: map[string]any{"seconds": seconds}}
	if len(frames) > 0 {
		locate(p, frames)
	}
	return p
}

func outOfMemory(b bounds) *client.Problem {
	return &client.Problem{Code: core.CodeMemoryLimit, Args: map[string]any{"mb": b.memoryMB}}
}

func tooLarge() *client.Problem { return failure("html_too_large", "max", "16 MB") }

// failure has arguments in pairs of a name and a value.
func failure(reason string, args ...any) *client.Problem {
	p := &client.Problem{Code: core.CodeExecution, Reason: reason}
	for i := 0; i+1 < len(args); i += 2 {
		if p.Args == nil {
			p.Args = map[string]any{}
		}
		p.Args[args[i].(string)] = args[i+1]
	}
	return p
}

// described is the problem that a run itself reported. Only known reasons count.
func described(r *record, prefix string) *client.Problem {
	detail := cut(r.Detail, maxDetail)
	switch r.Reason {
	case "no_render", "bad_answer", "no_columns":
		return failure(r.Reason)
	case "no_transform":
		return &client.Problem{Code: core.CodeFunctionMissing}
	case "not_a_frame":
		return &client.Problem{Code: core.CodeReturnType, Args: map[string]any{"type": detail}}
	case "too_many_columns", "table_too_large":
		return failure(r.Reason, "max", detail)
	case "column_name", "column_twice":
		return failure(r.Reason, "column", detail)
	case "column_type", "column_values":
		return failure(r.Reason, "column", detail, "type", scrub(cut(r.Message, maxDetail), prefix))
	case "wrong_type":
		return failure(r.Reason, "type", detail)
	case "html_too_large":
		return tooLarge()
	}
	var p *client.Problem
	switch r.Reason {
	case "syntax", "not_allowed", "exit":
		p = failure(r.Reason)
	case "missing_library":
		p = failure(r.Reason, "library", detail)
	default:
		p = failure("")
	}
	p.Message = scrub(cut(r.Message, maxMessage), prefix)
	locate(p, r.Frames)
	return p
}

func locate(p *client.Problem, frames []core.TracebackFrame) {
	p.Traceback = &core.Traceback{Message: p.Message, Frames: bounded(frames)}
	if n := len(p.Traceback.Frames); n > 0 {
		p.Line = int64(p.Traceback.Frames[n-1].Line)
	}
}

func bounded(frames []core.TracebackFrame) []core.TracebackFrame {
	kept := frames[:min(len(frames), maxFrames)]
	for i, f := range kept {
		kept[i] = core.TracebackFrame{Line: max(f.Line, 0), Function: cut(f.Function, maxDetail), Text: cut(f.Text, 4*maxDetail)}
	}
	return kept
}

func (e ending) logText() string {
	text := strings.ToValidUTF8(string(e.log.bytes), "�")
	if e.log.over {
		text += "\n…"
	}
	return text
}

// scrub takes the machine's paths out of a text.
func scrub(text, prefix string) string { return strings.ReplaceAll(text, prefix, "") }

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
