package csv

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

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

// newJob looks at the beginning of the text of a file of which the verdict was reached.
func newJob(text []byte, v verdict, opts Options) (*job, error) {
	s := &scanner{text: text}
	if err := s.skipLines(opts.SkipRows); err != nil {
		return nil, err
	}
	delimiter, fault := delimiterOf(text[s.pos:], opts.Delimiter)
	if fault != nil {
		return nil, fault
	}
	j := &job{text: text, opts: opts, classes: newClasses(delimiter), shift: v.mark, forgetOffsets: v.encoding != encodingUTF8}
	j.result.Encoding = v.encoding
	j.result.Delimiter = string(delimiter)
	j.result.Nulls = opts.NullValues
	if opts.NullValues == nil {
		j.result.Nulls = DefaultNulls
	}
	j.nulls = newNullSet(j.result.Nulls)
	s.classes = j.classes
	return j, j.readHeader(s)
}

// run reads the text in at most n parts and puts together what they show.
func (j *job) run(ctx context.Context, n int) (*Result, error) {
	parts := j.layOut(n)
	err := j.readAll(ctx, parts)
	if err == nil {
		err = j.join(ctx, parts)
	}
	if err != nil {
		for _, p := range parts {
			os.Remove(p.path)
		}
		return nil, err
	}
	return &j.result, nil
}

func (j *job) layOut(n int) []*part {
	offsets := cuts(j.text, j.start, n)
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

func (j *job) readAll(ctx context.Context, parts []*part) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, j.opts.Cores))
	for _, p := range parts {
		group.Go(func() error { return p.scan(ctx, j, j.noEvidence()) })
	}
	return group.Wait()
}

// join adds the parts up in order. A part that did not begin where the one before
// ended was cut within quotes and is read again from the right place.
func (j *job) join(ctx context.Context, parts []*part) error {
	line, at := j.line, j.start
	total := j.noEvidence()
	for _, p := range parts {
		if p.from != at {
			p.from, p.to = at, max(at, p.to)
			if err := p.scan(ctx, j, j.noEvidence()); err != nil {
				return err
			}
		}
		if clash(total, p.columns) {
			if err := p.scan(ctx, j, slices.Clone(total)); err != nil {
				return err
			}
		}
		if p.fault != nil {
			p.fault.Record = j.result.Rows + p.rows + 1
			return j.locate(p.fault, line)
		}
		line, at = line+p.lines, p.end
		j.add(total, p)
	}
	for i := range total {
		j.result.Columns = append(j.result.Columns, total[i].column(j.names[i]))
	}
	return nil
}

func (j *job) add(total []evidence, p *part) {
	for i := range total {
		total[i].merge(p.columns[i])
	}
	j.result.Rows += p.rows
	j.result.Longest = max(j.result.Longest, p.longest)
	j.result.Parts = append(j.result.Parts, Part{Path: p.path, Rows: p.rows})
}

// clash tells whether a column that must hold dates has dates in a part that do not fit those
// before. Reading the part again, knowing those, finds the line.
func clash(total, part []evidence) bool {
	for i := range total {
		if total[i].forced && total[i].mask&part[i].mask == 0 {
			return true
		}
	}
	return false
}

func (j *job) noEvidence() []evidence {
	columns := make([]evidence, len(j.names))
	for i := range columns {
		columns[i] = newEvidence(j.forced[i], i < len(j.opts.Text) && j.opts.Text[i])
	}
	return columns
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
