package csv

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// Options say how a file is to be read.
type Options struct {
	core.CSVOptions
	Dir      string              // where the parts are written; exists and belongs to the caller
	MaxBytes int64               // of the file; 0 is no limit
	Cores    int                 // how many parts are read at the same time; 0 is 1
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
	Longest   int      // bytes of the longest record in the source
}

// Scan reads the file at path. What is wrong with the file or the options is a *Fault.
func Scan(ctx context.Context, path string, opts Options) (*Result, error) {
	data, err := mapFile(path)
	if err != nil {
		return nil, err
	}
	defer data.close()
	if opts.MaxBytes > 0 && int64(len(data)) > opts.MaxBytes {
		return nil, TooLarge(opts.MaxBytes)
	}
	text, encodingName, release, err := textOf(data, opts)
	if err != nil {
		return nil, err
	}
	defer release()
	j, err := newJob(text, opts)
	if err != nil {
		return nil, err
	}
	j.result.Encoding = encodingName
	if len(text) != len(data) {
		j.forgetOffsets = encodingName != encodingUTF8
		j.shift = len(data) - len(text)
	}
	return j.run(ctx)
}

// TooLarge is the fault of a file beyond the limit.
func TooLarge(maxBytes int64) *Fault {
	return &Fault{client.Problem{Code: core.CodeFileTooLarge, Args: map[string]any{"max": humanBytes(maxBytes)}}}
}

// textOf is the file's content as UTF-8 without byte order mark, which is the file
// itself where it is that already.
func textOf(data []byte, opts Options) (text []byte, encodingName string, release func(), err error) {
	if len(data) == 0 {
		return nil, "", nil, parseFault("empty", 0)
	}
	if notText(data) {
		return nil, "", nil, parseFault("not_csv", 0)
	}
	v, fault := decide(data, opts.Encoding)
	if fault != nil {
		return nil, "", nil, fault
	}
	if v.encoding == encodingUTF8 {
		return data[v.mark:], v.encoding, func() {}, nil
	}
	path := filepath.Join(opts.Dir, "text.utf8")
	if err := transcodeFile(path, data[v.mark:], v.encoding); err != nil {
		return nil, "", nil, err
	}
	m, err := mapFile(path)
	if err != nil {
		return nil, "", nil, err
	}
	return m, v.encoding, func() { m.close(); os.Remove(path) }, nil
}

// job is the reading of one text.
type job struct {
	text          []byte
	opts          Options
	classes       *classes
	nulls         *nullSet
	names         []string
	forced        []bool
	start         int   // where the data begins
	line          int64 // line ends before start
	shift         int   // bytes of the file before the text
	forgetOffsets bool  // the file's offsets are not the text's
	result        Result

	mu   sync.Mutex
	read int
}

func newJob(text []byte, opts Options) (*job, error) {
	s := &scanner{text: text}
	if err := s.skipLines(opts.SkipRows); err != nil {
		return nil, err
	}
	delimiter, fault := delimiterOf(text[s.pos:], opts.Delimiter)
	if fault != nil {
		return nil, fault
	}
	j := &job{text: text, opts: opts, classes: newClasses(delimiter)}
	j.result.Delimiter = string(delimiter)
	j.result.Nulls = opts.NullValues
	if opts.NullValues == nil {
		j.result.Nulls = defaultNulls
	}
	j.nulls = newNullSet(j.result.Nulls)
	s.classes = j.classes
	return j, j.readHeader(s)
}

// skipLines passes over lines that are not part of the table.
func (s *scanner) skipLines(n int) error {
	if n < 0 {
		return optionFault("out_of_range", map[string]any{"min": 0, "max": len(s.text)})
	}
	for ; n > 0 && s.pos < len(s.text); n-- {
		for s.pos < len(s.text) && s.text[s.pos] != '\n' && s.text[s.pos] != '\r' {
			s.pos++
		}
		if s.pos < len(s.text) {
			s.passLineEnd()
		}
	}
	return nil
}

// readHeader finds the names, and where the data begins.
func (j *job) readHeader(s *scanner) error {
	if !s.skipBlank(len(s.text)) {
		return parseFault("empty", 0)
	}
	start, line := s.pos, s.line
	first, fault := s.record()
	if fault != nil {
		return j.locate(fault, 0)
	}
	if j.opts.Header != nil && !*j.opts.Header {
		for i := range first {
			j.names = append(j.names, numberedName(i))
		}
		j.start, j.line = start, line
	} else {
		j.names, j.result.Renamed = columnNames(first)
		j.start, j.line = s.pos, s.line
	}
	j.forced = make([]bool, len(j.names))
	for _, name := range j.opts.DateColumns {
		i := slices.Index(j.names, name)
		if i < 0 {
			return optionFault("unknown_column", map[string]any{"column": name})
		}
		j.forced[i] = true
	}
	return nil
}

// run reads all parts and puts together what they show.
func (j *job) run(ctx context.Context) (*Result, error) {
	cores := max(1, j.opts.Cores)
	parts := j.layOut(cores)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(cores)
	for _, p := range parts {
		group.Go(func() error { return p.scan(groupCtx, j) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := j.join(ctx, parts); err != nil {
		return nil, err
	}
	return &j.result, nil
}

func (j *job) layOut(cores int) []*part {
	offsets := cuts(j.text, j.start, partCount(len(j.text)-j.start, cores))
	parts := make([]*part, len(offsets))
	for i, from := range offsets {
		to := len(j.text)
		if i+1 < len(offsets) {
			to = offsets[i+1]
		}
		parts[i] = &part{path: filepath.Join(j.opts.Dir, fmt.Sprintf("part-%04d.csv", i)), from: from, to: to}
	}
	return parts
}

// join adds the parts up in order. A part that did not begin where the one before
// ended was cut within quotes and is read again from the right place.
func (j *job) join(ctx context.Context, parts []*part) error {
	line, at := j.line, j.start
	total := make([]evidence, len(j.names))
	for i, p := range parts {
		if p.from != at {
			p.from, p.to = at, max(at, p.to)
			if err := p.scan(ctx, j); err != nil {
				return err
			}
		}
		if p.fault != nil {
			return j.locate(p.fault, line)
		}
		line, at = line+p.lines, p.end
		for c := range total {
			if i == 0 {
				total[c] = p.columns[c]
			} else {
				total[c].merge(p.columns[c])
			}
		}
		j.result.Rows += p.rows
		j.result.Longest = max(j.result.Longest, p.longest)
		j.result.Parts = append(j.result.Parts, Part{Path: p.path, Rows: p.rows})
	}
	return j.conclude(total)
}

func (j *job) conclude(total []evidence) error {
	for i := range total {
		if e := &total[i]; e.forced && e.seen && e.mask == 0 {
			f := parseFault("mixed_dates", 0, "column", j.names[i])
			f.Column = int64(i + 1)
			return f
		}
		j.result.Columns = append(j.result.Columns, total[i].column(j.names[i]))
	}
	return nil
}

// locate turns a fault's line and offset, counted within a part, into the file's own.
func (j *job) locate(f *Fault, linesBefore int64) *Fault {
	f.Line += linesBefore + 1
	f.Args["line"] = f.Line
	f.Offset += int64(j.shift)
	if j.forgetOffsets {
		f.Offset = 0
	}
	if i := int(f.Column) - 1; i >= 0 && i < len(j.names) {
		f.Args["column"] = j.names[i]
	}
	return f
}

// advance reports that so many bytes more have been read.
func (j *job) advance(bytes int) {
	if j.opts.Progress == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.read += bytes
	j.opts.Progress(min(1, float64(j.read)/float64(max(1, len(j.text)-j.start))))
}
