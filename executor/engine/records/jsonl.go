package records

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"

	"github.com/karuta-bi/karuta/executor/engine/csv"
)

// lines are JSON objects one after the other, each a record: a line of its own, or
// an item of one array. A key is a column; where it is missing there is no value.
// Objects and lists within are kept as their JSON text.
type lines struct {
	text    []byte
	release func() error
	names   []string
	index   map[string]int
}

func openLines(ctx context.Context, path string, opts Options) (table, error) {
	content, release, err := csv.Text(ctx, path, csv.Options{CSVOptions: opts.CSVOptions, Dir: filepath.Dir(opts.Path)})
	if fault, ok := errors.AsType[*csv.Fault](err); ok && fault.Reason == "empty" {
		return nil, FormatFault("empty")
	}
	if err != nil {
		return nil, err
	}
	return &lines{text: content, release: release}, nil
}

func (l *lines) close() error { return l.release() }

// guess takes the keys of the first object.
func (l *lines) guess(ctx context.Context) ([]string, error) {
	return l.keys(ctx, 1)
}

func (l *lines) measure(ctx context.Context) ([]string, error) {
	return l.keys(ctx, -1)
}

// keys are those of so many objects, in the order in which they come.
func (l *lines) keys(ctx context.Context, objects int) ([]string, error) {
	l.names, l.index = nil, map[string]int{}
	err := l.objects(ctx, func(o *object) error {
		for o.next() {
			if _, known := l.index[o.key]; !known {
				l.index[o.key] = len(l.names)
				l.names = append(l.names, o.key)
			}
			if len(l.names) > csv.MaxColumns {
				return o.at(-1).fault("too_many_columns", "max", csv.MaxColumns)
			}
		}
		if objects--; objects == 0 {
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return l.names, err
}

func (l *lines) each(ctx context.Context, _ int, give func(*record) error) error {
	cells := make([]cell, len(l.names))
	given := make([]int, len(l.names)) // number of the object that gave the cell
	n := 0
	return l.objects(ctx, func(o *object) error {
		clear(cells)
		n++
		for o.next() {
			i, known := l.index[o.key]
			if !known {
				return errWider
			}
			if given[i] == n {
				return o.at(i).fault("doubled_key", "key", csv.Sample([]byte(o.key)))
			}
			given[i], cells[i] = n, o.cell()
		}
		return give(&record{cells: cells, at: o.at, share: float64(o.end) / float64(len(l.text))})
	})
}

// objects walks over all objects of the file.
func (l *lines) objects(ctx context.Context, each func(*object) error) error {
	dec := json.NewDecoder(bytes.NewReader(l.text))
	list := bytes.HasPrefix(bytes.TrimLeft(l.text, " \t\r\n"), []byte("["))
	if list {
		if _, err := dec.Token(); err != nil {
			return l.broken(dec, err)
		}
	}
	var raw json.RawMessage
	for n := 0; !list || dec.More(); n++ {
		if n%glanceEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := dec.Decode(&raw); err != nil {
			if !list && errors.Is(err, io.EOF) {
				return nil
			}
			return l.broken(dec, err)
		}
		o := &object{text: l.text, raw: raw, end: dec.InputOffset()}
		if raw[0] != '{' {
			return o.at(-1).fault("not_an_object")
		}
		o.pos = 1
		if err := each(o); err != nil {
			return err
		}
	}
	return l.ended(dec)
}

// ended sees that nothing follows the array.
func (l *lines) ended(dec *json.Decoder) error {
	_, err := dec.Token() // the bracket
	if err == nil {
		if _, err = dec.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = errors.New("something follows the list")
		}
	}
	return l.broken(dec, err)
}

// broken is a fault where the text stops being JSON.
func (l *lines) broken(dec *json.Decoder, err error) error {
	at := dec.InputOffset()
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = max(at, syntax.Offset-1)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		at = int64(len(l.text))
	}
	at = min(at, int64(len(l.text)))
	f := place{line: lineOf(l.text, at)}.fault("not_json")
	f.Sample = csv.Sample(l.text[at:])
	return f
}

func lineOf(text []byte, at int64) int64 { return 1 + int64(bytes.Count(text[:at], []byte{'\n'})) }
