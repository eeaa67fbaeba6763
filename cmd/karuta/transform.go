package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/remote"
)

type transformCmd struct {
	Run    transformRunCmd    `cmd:"" help:"Run a transform of yours, and follow the run where asked to."`
	Follow transformFollowCmd `cmd:"" help:"Follow a run to its end."`
}

type transformRunCmd struct {
	ID           string   `arg:"" help:"Id of the transform: tf_…"`
	Param        []string `help:"A parameter of this run, for one of the transform's own: name=value. The value is JSON where it reads as such, else text." placeholder:"NAME=VALUE" sep:"none" xor:"params"`
	Params       string   `help:"All parameters of this run as a JSON object." placeholder:"JSON" xor:"params"`
	SameInputsAs string   `help:"Id of an earlier run: the same versions of the datasets are read again." placeholder:"EXECUTION"`
	Key          string   `help:"The same key is the same run for a day, so that asking again does no harm. At most 200 characters." placeholder:"KEY"`
	Follow       bool     `short:"f" help:"Stay until the run has ended, and show what it tells."`
	followFlags
}

// Help shows an example.
func (transformRunCmd) Help() string {
	return `Standard output gets the run's id, and with --follow a last line with what came out; what the run tells meanwhile goes to standard error.
With --follow, Ctrl-C cancels the run. Without it, karuta transform follow watches it, and Ctrl-C there only leaves.
Exit code with --follow: 0 succeeded, 1 failed, 3 refused, 4 cancelled, 5 its end is not known here.

Example: KARUTA_TOKEN=… karuta transform run tf_0193b7d4c7e07c9a8f2b5d1e3a4c6b7d --server https://karuta.example.com --param month=2026-04 --follow`
}

// Run asks for the run.
func (t *transformRunCmd) Run(sh *shell, c *cli) error {
	params, err := t.params()
	if err != nil {
		return usageError{err}
	}
	p := newRunProgress(sh)
	s, w, err := t.open(sh, c, &p.bar)
	if err != nil {
		return err
	}
	key := t.Key
	if key == "" {
		key = rand.Text()
	}
	id, status, err := s.StartRun(sh.ctx, remote.RunInput{TransformID: t.ID, Params: params, SameInputsAs: t.SameInputsAs, Key: key})
	if err != nil {
		return alreadyRunning(sh, err)
	}
	switch {
	case t.JSON:
		err = w.print(remote.RunStep{ExecutionID: id, Status: status, Events: []core.RunEvent{}})
	default:
		_, err = fmt.Fprintln(sh.out, id)
	}
	if err != nil || !t.Follow {
		return err
	}
	return w.run(s, p, id, func(ctx context.Context) error { return s.CancelRun(ctx, id) })
}

// alreadyRunning names the run that stands in the way.
func alreadyRunning(sh *shell, err error) error {
	if p, ok := errors.AsType[*remote.Problem](err); ok {
		if id, _ := p.Details["executionId"].(string); id != "" {
			fmt.Fprintln(sh.err, "karuta: the run that goes on: karuta transform follow", id)
		}
	}
	return err
}

// params are the run's parameters, nil for the transform's own.
func (t *transformRunCmd) params() (json.RawMessage, error) {
	if t.Params != "" {
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(t.Params), &object); err != nil {
			return nil, fmt.Errorf("--params: not a JSON object: %w", err)
		}
		return json.RawMessage(t.Params), nil
	}
	if len(t.Param) == 0 {
		return nil, nil
	}
	all := map[string]any{}
	for _, pair := range t.Param {
		name, value, found := strings.Cut(pair, "=")
		if _, twice := all[name]; !found || name == "" || twice {
			return nil, fmt.Errorf("--param %s: give each name once, as name=value", pair)
		}
		all[name] = value
		if json.Valid([]byte(value)) {
			all[name] = json.RawMessage(value)
		}
	}
	return json.Marshal(all)
}

type transformFollowCmd struct {
	Execution string `arg:"" help:"Id of the run: exec_…"`
	followFlags
}

// Help shows an example.
func (transformFollowCmd) Help() string {
	return `Tells at first all that is kept of the run. Ctrl-C leaves; the run goes on.
Exit code: 0 succeeded, 1 failed, 3 refused, 4 cancelled, 5 its end is not known here.

Example: KARUTA_TOKEN=… karuta transform follow exec_0193b7d4c7e07c9a8f2b5d1e3a4c6b7d --server https://karuta.example.com`
}

// Run follows the run.
func (t *transformFollowCmd) Run(sh *shell, c *cli) error {
	p := newRunProgress(sh)
	s, w, err := t.open(sh, c, &p.bar)
	if err != nil {
		return err
	}
	return w.run(s, p, t.Execution, nil)
}

// run follows a run to its end and says how it ended.
func (w *watching) run(s *remote.Server, p *runProgress, id string, cancel func(context.Context) error) error {
	var last *remote.RunStep
	follow := func(ctx context.Context) (err error) {
		last, err = s.FollowRun(ctx, id, func(step *remote.RunStep) {
			w.missed(step.Missed)
			p.hear(step)
			if w.flag.JSON {
				_ = w.print(step)
			}
		})
		return err
	}
	if err := w.attend(follow, cancel, "karuta transform follow "+id); err != nil {
		return err
	}
	state := last.Execution
	if state == nil {
		state = &remote.RunState{}
	}
	if !w.flag.JSON && last.Status == core.StatusSucceeded {
		fmt.Fprintf(w.sh.out, "%s  version %d: %d rows\n", outputOf(state), state.OutputVersion, state.OutputRowCount)
	}
	problem := string(last.Status)
	if state.Error != nil {
		problem = state.Error.Message
		if !w.flag.JSON {
			traceback(w, state.Error.Traceback)
		}
	}
	return w.ended(last.Status, problem)
}

func outputOf(state *remote.RunState) string {
	if state.Output == nil {
		return "-"
	}
	return state.Output.ID + "  " + state.Output.Name
}

// traceback shows where the code failed.
func traceback(w *watching, t *core.Traceback) {
	if t == nil {
		return
	}
	for _, f := range t.Frames {
		fmt.Fprintf(w.sh.err, "  line %d, in %s: %s\n", f.Line, f.Function, strings.TrimSpace(f.Text))
	}
	fmt.Fprintln(w.sh.err, " ", t.Message)
}
