package csv

import (
	"context"
	"os"
)

// flushBytes is how much is read between two writes, looks at the context and reports of progress.
const flushBytes = 1 << 20

// Part is a piece of the normalised text that holds whole records.
type Part struct {
	Path string
	Rows int64
}

// part is the work on one stretch of the text.
type part struct {
	path     string
	from, to int // records that begin in [from, to)
	end      int // where the last of them ended
	rows     int64
	lines    int64
	longest  int // bytes of the longest record as written
	columns  []evidence
	fault    *Fault
}

// scan checks every record of the part, adds to the evidence for the types and
// writes the normalised text. A fault stays in the part: whether it counts is known
// only when the parts before have been read.
func (p *part) scan(ctx context.Context, job *job, columns []evidence) error {
	file, err := os.OpenFile(p.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	p.columns = columns
	p.rows, p.lines, p.longest, p.fault = 0, 0, 0, nil
	s := &scanner{text: job.text, pos: p.from, classes: job.classes, out: newWriter(file, job.text, p.from)}
	flushed := s.pos
	for s.skipBlank(p.to) {
		if p.fault = p.record(s, job.nulls); p.fault != nil {
			return nil
		}
		if s.pos-flushed >= flushBytes {
			if err := s.checkpoint(ctx); err != nil {
				return err
			}
			job.advance(s.pos - flushed)
			flushed = s.pos
		}
	}
	p.end, p.lines = s.pos, s.line
	job.advance(s.pos - flushed)
	if err := s.checkpoint(ctx); err != nil {
		return err
	}
	return file.Close()
}

// record reads one record into the evidence.
func (p *part) record(s *scanner, nulls *nullSet) *Fault {
	start, line, added := s.pos, s.line, s.out.added
	for i := range p.columns {
		at, atLine := s.pos, s.line
		content, end, fault := s.field()
		if fault != nil {
			fault.Column = int64(i + 1)
			return fault
		}
		if !p.columns[i].observe(content, nulls) {
			return s.notADate(content, at, atLine, i)
		}
		if last := i == len(p.columns)-1; last != (end == endRecord) {
			return p.ragged(s, start, line, i+1, end)
		}
	}
	p.rows++
	p.longest = max(p.longest, s.pos-start+s.out.added-added)
	if s.pos-start > MaxRecordBytes {
		s.line = line
		return s.fault("row_too_long", start, "max", HumanBytes(MaxRecordBytes))
	}
	return nil
}

// notADate tells of a value in a column of dates: it is none, or of another sort
// than those before.
func (s *scanner) notADate(content []byte, at int, line int64, column int) *Fault {
	reason := "not_a_date"
	if k, _ := timeKinds(content); k != 0 {
		reason = "mixed_dates"
	}
	f := parseFault(reason, line)
	f.Column, f.Offset, f.Sample = int64(column+1), int64(at), Sample(content)
	return f
}

// ragged tells how many fields the record has and how many it should have.
func (p *part) ragged(s *scanner, start int, line int64, found int, end ending) *Fault {
	for end == endField {
		var fault *Fault
		if _, end, fault = s.field(); fault != nil {
			break
		}
		found++
	}
	s.line = line
	f := s.fault("ragged", start, "expected", len(p.columns), "found", found)
	f.Column = int64(min(found, len(p.columns)))
	return f
}
