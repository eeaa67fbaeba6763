package records

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/karuta-bi/karuta/executor/engine/csv"
	"github.com/karuta-bi/karuta/internal/core"
)

// Null stands for "no value" in the text: no field holds it.
const Null = "\x01\x02\x01"

// Expansion bounds what a file may unfold to, as a multiple of the largest file.
const Expansion = 20

// defaultLargest is the largest file where none is set.
const defaultLargest = 100 << 20

// Options say how a file is to be read.
type Options struct {
	core.CSVOptions
	Path     string // of the text that is written
	MaxBytes int64  // of the file; bounds what it may unfold to
	Progress func(share float64)
}

// Text is a file's records as CSV.
type Text struct {
	Options core.CSVOptions // how it is to be read
	Text    []bool          // columns that hold text, see [csv.Options]
	table   table
}

// table is a file that gives its records as often as it is asked.
type table interface {
	// guess is the header as the beginning of the file shows it, nil without a header.
	guess(ctx context.Context) ([]string, error)
	// measure is the header after the whole file has been looked at.
	measure(ctx context.Context) ([]string, error)
	// each gives the records after the header, as wide as the header; errWider
	// when there is something beyond it.
	each(ctx context.Context, width int, give func(*record) error) error
	close() error
}

var errWider = errors.New("there are more columns than the header has")

// record is one row, valid until the next.
type record struct {
	cells []cell
	at    func(column int) place // of a column from 0; of the row for -1
	share float64                // of the file that has been read
}

// cell is a value as it is written: nothing, a number or the like, or text.
type cell struct {
	kind cellKind
	text string
}

type cellKind uint8

const (
	nothing cellKind = iota
	plain
	text
)

// Convert writes the records of a file of the given format as text. What is wrong
// with the file or the options is a *csv.Fault. Close the Text when no fault can
// need its place any more.
func Convert(ctx context.Context, path string, opts Options) (*Text, error) {
	t, err := openTable(ctx, path, opts)
	if err != nil {
		return nil, err
	}
	made, err := convert(ctx, t, opts)
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	return made, nil
}

func openTable(ctx context.Context, path string, opts Options) (table, error) {
	if opts.Format == core.FormatXLSX {
		return openSheet(path, opts)
	}
	return openLines(ctx, path, opts)
}

// convert writes the text with the header that the beginning shows and, where that
// was too narrow, once more with what the whole file has.
func convert(ctx context.Context, t table, opts Options) (*Text, error) {
	names, err := t.guess(ctx)
	if err != nil {
		return nil, err
	}
	made, err := write(ctx, t, opts, names)
	if errors.Is(err, errWider) {
		if names, err = t.measure(ctx); err != nil {
			return nil, err
		}
		made, err = write(ctx, t, opts, names)
	}
	return made, err
}

func write(ctx context.Context, t table, opts Options, names []string) (*Text, error) {
	if len(names) == 0 {
		return nil, FormatFault("empty")
	}
	if len(names) > csv.MaxColumns {
		return nil, FormatFault("too_many_columns", "max", csv.MaxColumns)
	}
	file, err := os.OpenFile(opts.Path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	w := newWriter(file, opts, len(names))
	if opts.header() {
		w.names(names)
	}
	if err := t.each(ctx, len(names), func(r *record) error { return w.record(ctx, r) }); err != nil {
		return nil, err
	}
	if err := errors.Join(w.out.Flush(), file.Close()); err != nil {
		return nil, err
	}
	return &Text{Options: opts.text(w.nulls), Text: w.text, table: t}, nil
}

// header tells whether the first record holds names: JSON always has some.
func (o Options) header() bool {
	return o.Format == core.FormatJSONL || o.Header == nil || *o.Header
}

// text is how the written text is to be read.
func (o Options) text(nulls []string) core.CSVOptions {
	header := o.header()
	read := o.CSVOptions
	read.Header, read.Delimiter, read.Encoding, read.SkipRows = &header, ",", "utf-8", 0
	read.NullValues = append(slices.Clone(nulls), Null)
	return read
}

// Close gives the file back.
func (t *Text) Close() error { return t.table.close() }

var errFound = errors.New("the record was found")

// Locate turns a fault that was found in the text into one about the file.
func (t *Text) Locate(ctx context.Context, f *csv.Fault) error {
	if f.Code != core.CodeCSVParse {
		return f
	}
	if f.Record == 0 {
		f.Code = core.CodeFileFormat
		return f
	}
	n := int64(0)
	err := t.table.each(ctx, csv.MaxColumns, func(r *record) error {
		if n++; n < f.Record {
			return nil
		}
		r.at(int(f.Column) - 1).mark(f)
		return errFound
	})
	if err != nil && !errors.Is(err, errFound) {
		return err
	}
	f.Code = core.CodeFileFormat
	return f
}
