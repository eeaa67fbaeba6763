package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// maxTable is how many bytes of Arrow data a transform may give.
const maxTable = 2 << 30

// Turn is the right to run one transform.
type Turn struct {
	supervisor *Supervisor
	seat       seat
	wants      bounds
	leave      func()
}

// Turn waits until a transform may run; waits hears the place for as long as it
// waits. Errors are those of [Supervisor.Render]. The caller leaves.
func (s *Supervisor) Turn(ctx context.Context, w Wish, waits func(client.Place)) (*Turn, error) {
	if s.refusal != "" {
		return nil, s.refused()
	}
	wants := s.bounds(w.Timeout, w.MemoryMB)
	seat, err := s.queue.enter(ctx, turn{user: w.User, need: wants.memoryMB * mebibyte, told: waits})
	if err != nil {
		return nil, err
	}
	return &Turn{supervisor: s, seat: seat, wants: wants, leave: func() { s.queue.leave(seat) }}, nil
}

// Leave lets the next one run.
func (t *Turn) Leave() { t.leave() }

// transformOrder is what a child is asked to do; the zygote never reads it.
type transformOrder struct {
	Code   string          `json:"code"`
	Inputs []inputNames    `json:"inputs"`
	Params json.RawMessage `json:"params"`
}

type inputNames struct {
	ID    string `json:"id"`
	Alias string `json:"alias"`
}

// Transform runs a transform and waits for its end. tell hears of its progress
// and what it prints while it runs, from several goroutines. What the code did
// wrong is in the table's Problem; errors are those of [Supervisor.Render].
func (t *Turn) Transform(ctx context.Context, run TransformRun, tell func(client.TransformEvent)) (*Table, error) {
	s := t.supervisor
	file, err := sizedFile("table", maxTable)
	if err != nil {
		return nil, err
	}
	w := s.transformWork(run, file, tell)
	w.bounds = t.wants
	s.warnRelaxed(ctx, run.ID)
	end, err := s.execute(ctx, w, t.seat.slot, s.layers)
	if err == nil {
		var table *Table
		if table, err = end.table(w.bounds, run.ID, prefixOf(s.cfg.Python)); err == nil && table.Problem == nil {
			table.File = file
			return table, nil
		} else if err == nil {
			return table, file.Close()
		}
		s.cfg.Log.Error("run refused by its own sandbox", "run", run.ID, "error", err)
		err = &core.Error{Code: core.CodeUnavailable, Reason: "python_refused", Cause: err}
	}
	return nil, errors.Join(lost(err), file.Close())
}

func (s *Supervisor) transformWork(run TransformRun, table *os.File, tell func(client.TransformEvent)) work {
	order := transformOrder{Code: run.Code, Inputs: []inputNames{}, Params: orElse(run.Params, "{}")}
	w := work{kind: kindTransform, files: []*os.File{table}}
	for _, input := range run.Inputs {
		order.Inputs = append(order.Inputs, inputNames{input.ID, input.Alias})
		w.files = append(w.files, input.Data)
		w.input += input.Bytes
	}
	w.order = order
	h := &hearing{tell: tell, prefix: prefixOf(s.cfg.Python)}
	w.hear, w.read = h.records, h.lines
	return w
}

// table judges a run as [ending.reply] does.
func (e ending) table(b bounds, id, prefix string) (*Table, error) {
	said, malformed := parseAnswer(e.answer.bytes)
	if err := e.unstarted(said, id); err != nil {
		return nil, err
	}
	t := &Table{RunMS: milliseconds(e.took)}
	defer func() {
		if p := t.Problem; p != nil && p.Code == core.CodeExecution && p.Reason == "" {
			p.Reason = "raised"
		}
	}()
	if e.verdict == verdictFlood {
		t.Problem = failure("bad_answer")
	} else if t.Problem = e.problem(b, said, malformed, prefix); t.Problem == nil {
		t.Bytes = int64(said.last.Size)
		if said.last.Kind != "table" || t.Bytes <= 0 || t.Bytes > maxTable {
			t.Problem = failure("bad_answer")
		}
	}
	return t, nil
}
