package card

import (
	"errors"
	"fmt"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// failure is a run that the card's code or data made fail, as everybody who
// shares the run gets it. What each is told of it is tell's part.
type failure struct {
	reply   *client.CardReply
	timeout time.Duration
}

func (f *failure) Error() string {
	p := f.reply.Problem
	return fmt.Sprintf("card failed: %s.%s", p.Code, p.Reason)
}

// tell turns a failed run into the error for one person: the author gets what
// happened where, everybody else a plain sentence. Other errors stay as they are.
func tell(err error, author bool) error {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return err
	}
	p := f.reply.Problem
	e := &core.Error{Code: p.Code, Args: map[string]any{"seconds": f.timeout.Seconds()}, Cause: f}
	if !author {
		return e
	}
	e.Reason = p.Reason
	if p.Reason == "" && p.Code == core.CodeExecution {
		e.Reason = "raised"
	}
	for k, v := range p.Args {
		e.Args[k] = v
	}
	trace := p.Traceback
	if trace == nil && p.Message != "" {
		trace = &core.Traceback{Message: p.Message}
	}
	e.Details = map[string]any{"rowsIn": f.reply.RowsIn, "readMs": f.reply.ReadMS, "runMs": f.reply.RunMS}
	if trace != nil {
		e.Details["traceback"] = trace
	}
	if f.reply.Log != "" {
		e.Details["log"] = f.reply.Log
	}
	return e
}
