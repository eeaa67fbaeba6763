package records

import (
	"bufio"
	"cmp"
	"context"
	"io"
	"slices"
	"strings"

	"github.com/karuta-bi/karuta/executor/engine/csv"
)

// glanceEvery is how many records are written between two looks at the context.
const glanceEvery = 1000

// writer writes records as CSV: text in quotes, anything else without.
type writer struct {
	out     *bufio.Writer
	nulls   []string
	text    []bool // by column: some value was text
	width   int
	records int64
	left    int64 // bytes that may still be written
	opts    Options
}

func newWriter(to io.Writer, opts Options, width int) *writer {
	w := &writer{out: bufio.NewWriterSize(to, 256<<10), nulls: opts.NullValues, text: make([]bool, width), width: width, opts: opts}
	if w.nulls == nil {
		w.nulls = csv.DefaultNulls
	}
	w.left = Expansion * cmp.Or(opts.MaxBytes, defaultLargest)
	return w
}

func (w *writer) names(names []string) {
	for i, name := range names {
		w.field(i, cell{text, strings.ReplaceAll(name, "\x00", " ")})
	}
}

// record writes one record, as wide as all.
func (w *writer) record(ctx context.Context, r *record) error {
	if w.records++; w.records%glanceEvery == 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.opts.Progress(r.share)
	}
	size := 0
	for i := range w.width {
		c := cell{}
		if i < len(r.cells) {
			c = r.cells[i]
		}
		if err := check(c, i, r); err != nil {
			return err
		}
		if c.kind == text && !w.text[i] && !slices.Contains(w.nulls, c.text) {
			w.text[i] = true
		}
		size += w.field(i, c)
	}
	if size > csv.MaxRecordBytes {
		return r.at(-1).fault("row_too_long", "max", csv.HumanBytes(csv.MaxRecordBytes))
	}
	if w.left -= int64(size); w.left < 0 {
		return FormatFault("unfolds", "max", csv.HumanBytes(Expansion*cmp.Or(w.opts.MaxBytes, defaultLargest)))
	}
	return nil
}

func check(c cell, i int, r *record) error {
	if len(c.text) > csv.MaxFieldBytes {
		return r.at(i).fault("field_too_long", "max", csv.HumanBytes(csv.MaxFieldBytes))
	}
	if strings.IndexByte(c.text, 0) >= 0 {
		return r.at(i).fault("nul_byte")
	}
	return nil
}

// field writes a field with what follows it, and tells how long that was.
func (w *writer) field(i int, c cell) int {
	content := c.text
	switch c.kind {
	case nothing:
		content = Null
	case text:
		content = `"` + strings.ReplaceAll(c.text, `"`, `""`) + `"`
	}
	end := byte(',')
	if i == w.width-1 {
		end = '\n'
	}
	_, _ = w.out.WriteString(content) // an error is kept for Flush
	_ = w.out.WriteByte(end)
	return len(content) + 1
}
