package csv

import (
	"context"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// Options say how a file is to be read.
type Options struct {
	core.CSVOptions
	Dir      string              // where the parts are written; exists and belongs to the caller
	MaxBytes int64               // of the file; 0 is no limit
	Cores    int                 // how many parts are read at the same time; 0 is 1
	Text     []bool              // columns, by their place, whose values were text at their source: they hold no numbers
	Progress func(share float64) // called from one goroutine at a time with rising values up to 1; may be nil
}

// Column is a column as found.
type Column struct {
	core.Column
	Form Form // how its dates are written
}

// Result describes the text that was written.
type Result struct {
	Columns   []Column
	Rows      int64
	Parts     []Part   // in the order of the file; at least one
	Encoding  string   // of the source
	Delimiter string   // of source and parts
	Renamed   []string // "header → name"
	Nulls     []string // texts that mean null
	Longest   int      // bytes of the longest record, with its line end, in the parts
}

// Scan reads the file at path. What is wrong with the file or the options is a *Fault.
// Unless there is a Result, nothing of Scan's own stays in the folder.
func Scan(ctx context.Context, path string, opts Options) (*Result, error) {
	data, err := mapFile(path)
	if err != nil {
		return nil, err
	}
	defer data.close()
	if opts.MaxBytes > 0 && int64(len(data)) > opts.MaxBytes {
		return nil, TooLarge(opts.MaxBytes)
	}
	text, v, release, err := textOf(ctx, data, opts)
	if err != nil {
		return nil, err
	}
	defer release()
	j, err := newJob(text, v, opts)
	if err != nil {
		return nil, err
	}
	return j.run(ctx, partCount(len(j.text)-j.start, opts.Cores))
}

// TooLarge is the fault of a file beyond the limit.
func TooLarge(maxBytes int64) *Fault {
	return &Fault{Problem: client.Problem{Code: core.CodeFileTooLarge, Args: map[string]any{"max": HumanBytes(maxBytes)}}}
}
