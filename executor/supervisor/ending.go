package supervisor

import (
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
)

// exit is how a process ended.
type exit struct {
	code   int
	signal string // name of the signal that ended it, "" for none
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

// reply judges a run. How it ended counts before what it said: a run that was
// killed or ended badly has failed even if it claims success.
func (e ending) reply(run Run, prefix string) (*client.CardReply, error) {
	said, malformed := parseAnswer(e.answer.bytes)
	if e.verdict == verdictNone && e.exit.signal == "" && !said.started && said.last == nil {
		return nil, fmt.Errorf("run %s did not start: exit status %d: %s", run.ID, e.exit.code, e.log.bytes)
	}
	reply := &client.CardReply{
		RowsIn: said.rows,
		ReadMS: min(said.readMS, milliseconds(e.took)),
		RunMS:  milliseconds(e.took),
		Log:    scrub(e.logText(), prefix),
	}
	if reply.Problem = e.problem(run, said, malformed, prefix); reply.Problem != nil {
		return reply, nil
	}
	reply.HTML = said.html
	reply.UsedColumns = usedColumns(said.last.UsedColumns, run.Columns)
	reply.FilterApplicable = said.last.FilterApplicable
	return reply, nil
}

// problem is why a run failed, nil when it succeeded.
func (e ending) problem(run Run, said answer, malformed error, prefix string) *client.Problem {
	switch {
	case e.verdict == verdictTimeout, e.exit.signal == "SIGXCPU":
		return tooLate(run, nil)
	case e.verdict == verdictFlood:
		return tooLarge()
	case e.verdict == verdictMemory, e.exit.signal == "SIGKILL": // without a verdict: the kernel ran out of memory
		return outOfMemory(run)
	case e.exit.signal != "":
		return failure("crashed", "signal", e.exit.signal)
	case e.exit.code != 0:
		return failure("exit")
	case malformed != nil:
		return failure("bad_answer")
	case said.last == nil:
		return failure("exit")
	case said.last.Kind == "memory":
		return outOfMemory(run)
	case said.last.Kind == "error" && said.last.Reason == "timeout":
		return tooLate(run, said.last.Frames)
	case said.last.Kind == "error":
		return described(said.last, prefix)
	}
	return nil
}

// tooLate has the frames where the card was just before its time was over, if it said so.
func tooLate(run Run, frames []core.TracebackFrame) *client.Problem {
	seconds := strconv.FormatFloat(run.Timeout.Seconds(), 'f', -1, 64)
	p := &client.Problem{Code: core.CodeExecutionTimeout, Args: map[string]any{"seconds": seconds}}
	if len(frames) > 0 {
		locate(p, frames)
	}
	return p
}

func outOfMemory(run Run) *client.Problem {
	return &client.Problem{Code: core.CodeMemoryLimit, Args: map[string]any{"mb": run.MemoryMB}}
}

func tooLarge() *client.Problem { return failure("html_too_large", "max", "16 MB") }

func failure(reason string, args ...string) *client.Problem {
	p := &client.Problem{Code: core.CodeExecution, Reason: reason}
	for i := 0; i+1 < len(args); i += 2 {
		p.Args = map[string]any{args[i]: args[i+1]}
	}
	return p
}

// described is the problem that a run itself reported. Only known reasons count.
func described(r *record, prefix string) *client.Problem {
	detail := cut(r.Detail, maxDetail)
	switch r.Reason {
	case "no_render", "bad_answer":
		return failure(r.Reason)
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
