package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/drain"
)

// maxArguments bounds the line with a verb's arguments.
const maxArguments = 1 << 20

// Verb does one thing for the operator. args is one JSON value, file what came
// after it (empty for most verbs), the result is answered as JSON. The context
// carries the operator as its actor.
type Verb func(ctx context.Context, args json.RawMessage, file io.Reader) (any, error)

// Serve answers calls until the context ends, then lets the running ones finish
// within the grace. It closes the listener.
func Serve(ctx context.Context, l net.Listener, verbs map[string]Verb, log *slog.Logger, grace time.Duration) error {
	srv := &http.Server{Handler: handler(verbs, log), ReadHeaderTimeout: 5 * time.Second}
	return drain.Serve(ctx, srv, l, grace, log)
}

func handler(verbs map[string]Verb, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	for name, verb := range verbs {
		mux.HandleFunc("POST /"+name, func(w http.ResponseWriter, r *http.Request) {
			to := &answer{w: w}
			result, err := run(r.WithContext(Hear(r.Context(), to.tell)), verb)
			if err != nil {
				log.Warn("operator's verb failed", "operation", name, "error", err)
			} else {
				log.Info("operator's verb", "operation", name)
			}
			to.end(result, err)
		})
	}
	return mux
}

func run(r *http.Request, verb Verb) (any, error) {
	body := bufio.NewReaderSize(r.Body, maxArguments)
	line, err := body.ReadSlice('\n')
	if err != nil {
		return nil, core.Invalid("", "bad_arguments")
	}
	args := append(json.RawMessage(nil), line...)
	return verb(core.AsSystem(r.Context(), "operator"), args, body)
}

// reply is one line of an answer: what the verb tells, or at last its result or why
// there is none.
type reply struct {
	Told    json.RawMessage `json:"told,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Refusal *refusal        `json:"refusal,omitempty"`
}

// answer writes the lines of one answer.
type answer struct {
	w     http.ResponseWriter
	begun bool
}

// line sends a line at once. The client is gone when that fails.
func (a *answer) line(status int, r reply) {
	if !a.begun {
		a.begun = true
		a.w.Header().Set("Content-Type", "application/jsonl")
		a.w.WriteHeader(status)
	}
	_ = json.NewEncoder(a.w).Encode(r)
	_ = http.NewResponseController(a.w).Flush()
}

func (a *answer) tell(told json.RawMessage) { a.line(http.StatusOK, reply{Told: told}) }

func (a *answer) end(result any, err error) {
	var raw json.RawMessage
	if err == nil {
		raw, err = json.Marshal(result)
	}
	if err != nil {
		refusal := refusalOf(err)
		a.line(refusal.Code.HTTPStatus(), reply{Refusal: &refusal})
		return
	}
	a.line(http.StatusOK, reply{Result: raw})
}

// refusal is a [core.Error] on the wire. Text is the cause, for the operator's eyes.
type refusal struct {
	Code    core.Code      `json:"code"`
	Reason  string         `json:"reason,omitempty"`
	Field   string         `json:"field,omitempty"`
	Args    map[string]any `json:"args,omitempty"`
	Details map[string]any `json:"details,omitempty"`
	Text    string         `json:"text,omitempty"`
}

func refusalOf(err error) refusal {
	e, ok := errors.AsType[*core.Error](err)
	if !ok {
		return refusal{Code: core.CodeInternal, Text: err.Error()}
	}
	r := refusal{Code: e.Code, Reason: e.Reason, Field: e.Field, Args: e.Args, Details: e.Details}
	if e.Cause != nil {
		r.Text = e.Cause.Error()
	}
	return r
}

func (r refusal) error() error {
	e := &core.Error{Code: r.Code, Reason: r.Reason, Field: r.Field, Args: r.Args, Details: r.Details}
	if r.Text != "" {
		e.Cause = errors.New(r.Text)
	}
	return e
}
