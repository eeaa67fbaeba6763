package records

import (
	"fmt"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/executor/engine/csv"
	"github.com/karuta-bi/karuta/internal/core"
)

// place is where in the file something stands.
type place struct {
	line   int64  // of the text, or the row of the sheet; 0 when it has none
	column int64  // from 1, 0 when it has none
	cell   string // as people write it: Sheet1!B7
}

func (p place) String() string {
	if p.cell != "" {
		return p.cell
	}
	return fmt.Sprintf("line %d", p.line)
}

// FormatFault is a FILE_FORMAT_ERROR of the whole file.
func FormatFault(reason string, args ...any) *csv.Fault {
	named := map[string]any{}
	for i := 0; i+1 < len(args); i += 2 {
		named[fmt.Sprint(args[i])] = args[i+1]
	}
	return &csv.Fault{Problem: client.Problem{Code: core.CodeFileFormat, Reason: reason, Args: named}}
}

// fault is a FILE_FORMAT_ERROR at a place.
func (p place) fault(reason string, args ...any) *csv.Fault {
	f := FormatFault(reason, args...)
	p.mark(f)
	return f
}

// mark says where a fault is, in the file that people have.
func (p place) mark(f *csv.Fault) {
	f.Code, f.Line, f.Column, f.Offset = core.CodeFileFormat, p.line, p.column, 0
	if f.Args == nil {
		f.Args = map[string]any{}
	}
	delete(f.Args, "line")
	f.Args["place"] = p.String()
	if p.cell != "" {
		f.Args["cell"] = p.cell
	}
}
