package card

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// failure is a run that the card's code or data made fail, as everybody who
// shares the run gets it. What each is told of it is tell's part.
type failure struct {
	reply   *client.CardReply
	timeout time.Duration
	hidden  []string // columns that were not there for those who share the run
	code    string
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
	if f.missesColumn() {
		e.Reason = "column_hidden"
	}
	if !author {
		return e
	}
	if e.Reason == "" {
		e.Reason = p.Reason
	}
	if e.Reason == "" && p.Code == core.CodeExecution {
		e.Reason = "raised"
	}
	for k, v := range p.Args {
		e.Args[k] = v
	}
	trace := p.Traceback
	if trace == nil && p.Message != "" {
		trace = &core.Traceback{Message: p.Message}
	}
	e.Details = map[string]any{
		"rowsIn": f.reply.RowsIn, "waitMs": f.reply.WaitMS, "readMs": f.reply.ReadMS, "runMs": f.reply.RunMS, "cause": causeOf(figuresOf(f.reply), f.code),
	}
	if trace != nil {
		e.Details["traceback"] = trace
	}
	if f.reply.Log != "" {
		e.Details["log"] = f.reply.Log
	}
	return e
}

// missesColumn tells whether the code failed over a column that is hidden from
// its readers, by what Python says of a name that it does not find.
func (f *failure) missesColumn() bool {
	p := f.reply.Problem
	said := p.Message
	if p.Traceback != nil {
		said += "\n" + p.Traceback.Message
	}
	return p.Code == core.CodeExecution && slices.ContainsFunc(f.hidden, func(name string) bool {
		return strings.Contains(said, "'"+name+"'") || strings.Contains(said, `"`+name+`"`)
	})
}

// hiddenColumns are the names of the source's columns that its sight hides.
func hiddenColumns(src client.Source) (names []string) {
	for _, c := range src.Columns {
		if src.Sight.Hides(c.Name) {
			names = append(names, c.Name)
		}
	}
	return names
}
