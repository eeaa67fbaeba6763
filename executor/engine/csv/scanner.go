package csv

import (
	"bytes"
	"context"
	"unicode/utf8"
)

// What a file may hold at most.
const (
	MaxFieldBytes  = 1 << 20
	MaxRecordBytes = 16 << 20
	MaxColumns     = 1000
)

// What ends a field.
type ending uint8

const (
	endField ending = iota
	endRecord
)

// Classes of bytes that end the quick walk through an unquoted field.
const (
	plainByte = iota
	delimiterByte
	lineEndByte
	quoteByte
	nulByte
)

// classes is the class of every byte.
type classes [256]uint8

func newClasses(delimiter byte) *classes {
	c := &classes{'\n': lineEndByte, '\r': lineEndByte, '"': quoteByte, 0: nulByte}
	c[delimiter] = delimiterByte
	return c
}

// scanner walks over records. It keeps no copy of the text: fields are pieces of it.
type scanner struct {
	text    []byte
	pos     int
	line    int64 // of pos, counted from the scanner's own start
	classes *classes
	out     *writer // normalised text; nil when only looking

	scratch []byte // the unescaped content of a quoted field
}

// field reads the field at pos. The content is valid until the next call.
func (s *scanner) field() (content []byte, end ending, fault *Fault) {
	start := s.pos
	toQuote := false
	if start < len(s.text) {
		switch s.text[start] {
		case '"':
			return s.quoted()
		case markUTF8[0]: // a reader would drop the mark at the start of a part
			toQuote = bytes.HasPrefix(s.text[start:], []byte(markUTF8))
		}
	}
	text, classes, i := s.text, s.classes, start
	for {
		for i < len(text) && classes[text[i]] == plainByte {
			i++
		}
		if i < len(text) && text[i] == '"' {
			toQuote = true
			i++
			continue
		}
		break
	}
	if i < len(text) && classes[text[i]] == delimiterByte && !toQuote && i-start <= MaxFieldBytes { // nearly all of them
		s.pos = i + 1
		return text[start:i], endField, nil
	}
	content = text[start:i]
	s.pos = i
	if len(content) > MaxFieldBytes {
		return nil, 0, s.fault("field_too_long", start, "max", HumanBytes(MaxFieldBytes))
	}
	if toQuote && s.out != nil {
		s.out.replace(start, i, quote(content))
	}
	end, fault = s.finish(start)
	return content, end, fault
}

// finish passes over what follows a field: a delimiter, a line end or the end of the text.
func (s *scanner) finish(start int) (ending, *Fault) {
	if s.pos == len(s.text) {
		if s.out != nil {
			s.out.insert(s.pos, '\n')
		}
		return endRecord, nil
	}
	switch s.classes[s.text[s.pos]] {
	case delimiterByte:
		s.pos++
		return endField, nil
	case lineEndByte:
		s.lineEnd()
		return endRecord, nil
	case nulByte:
		return 0, s.faultWithin("nul_byte", start, s.pos)
	}
	return 0, s.faultWithin("bad_quote", start, s.pos)
}

// lineEnd passes over LF, CRLF or CR and normalises it.
func (s *scanner) lineEnd() {
	from := s.pos
	s.passLineEnd()
	if s.out != nil && s.text[from] != '\n' {
		s.out.replace(from, s.pos, []byte{'\n'})
	}
}

func (s *scanner) passLineEnd() {
	if s.text[s.pos] == '\r' && s.pos+1 < len(s.text) && s.text[s.pos+1] == '\n' {
		s.pos++
	}
	s.pos++
	s.line++
}

// quoted reads a field that begins with a quote.
func (s *scanner) quoted() (content []byte, end ending, fault *Fault) {
	start := s.pos
	escaped := false
	i := start + 1
	for {
		n := bytes.IndexByte(s.text[i:], '"')
		if n < 0 {
			return nil, 0, s.fault("unterminated_quote", start)
		}
		i += n
		if i+1 >= len(s.text) || s.text[i+1] != '"' {
			break
		}
		escaped = true
		i += 2
	}
	content = s.text[start+1 : i]
	if len(content) > MaxFieldBytes {
		return nil, 0, s.fault("field_too_long", start, "max", HumanBytes(MaxFieldBytes))
	}
	if n := bytes.IndexByte(content, 0); n >= 0 {
		return nil, 0, s.faultWithin("nul_byte", start, start+1+n)
	}
	if escaped {
		s.scratch = unescape(s.scratch[:0], content)
		content = s.scratch
	}
	s.pos = i + 1
	lines := countLines(s.text[start:i])
	if end, fault = s.finish(start); fault != nil {
		return nil, 0, fault
	}
	s.line += lines
	return content, end, nil
}

// fault is a parse fault at an offset of the text.
func (s *scanner) fault(reason string, at int, args ...any) *Fault {
	f := parseFault(reason, s.line, args...)
	f.Offset = int64(at)
	f.Sample = Sample(s.text[at:])
	return f
}

// faultWithin is a parse fault at an offset within the field that began at start.
func (s *scanner) faultWithin(reason string, start, at int) *Fault {
	var before lineCounter
	before.Write(s.text[start:at])
	f := parseFault(reason, s.line+before.lines)
	f.Offset = int64(at)
	f.Sample = Sample(append(before.tail(), s.text[at:min(len(s.text), at+sampleRunes*utf8.UTFMax)]...))
	return f
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

// skipBlank passes over empty lines, which carry no record. It is false where no record
// begins before the limit.
func (s *scanner) skipBlank(limit int) bool {
	for s.pos < limit && s.classes[s.text[s.pos]] == lineEndByte {
		from := s.pos
		s.passLineEnd()
		if s.out != nil {
			s.out.replace(from, s.pos, nil)
		}
	}
	return s.pos < limit
}

// record reads a whole record as text, for headers and for looking ahead.
func (s *scanner) record() (fields []string, fault *Fault) {
	for {
		if len(fields) == MaxColumns {
			fault = s.fault("too_many_columns", s.pos, "max", MaxColumns)
			fault.Column = MaxColumns + 1
			return nil, fault
		}
		content, end, fault := s.field()
		if fault != nil {
			fault.Column = int64(len(fields) + 1)
			return nil, fault
		}
		fields = append(fields, string(content))
		if end == endRecord {
			return fields, nil
		}
	}
}

// checkpoint writes out what has been read and stops when ctx has ended.
func (s *scanner) checkpoint(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.out.flush(s.pos)
}

// countLines counts the line ends in quoted content.
func countLines(text []byte) int64 {
	n := bytes.Count(text, []byte{'\n'})
	if bytes.IndexByte(text, '\r') >= 0 {
		n += bytes.Count(text, []byte{'\r'}) - bytes.Count(text, []byte("\r\n"))
	}
	return int64(n)
}

func unescape(dst, content []byte) []byte {
	for {
		i := bytes.IndexByte(content, '"')
		if i < 0 {
			return append(dst, content...)
		}
		dst = append(dst, content[:i+1]...)
		content = content[i+2:]
	}
}

func quote(content []byte) []byte {
	quoted := make([]byte, 0, len(content)+8)
	quoted = append(quoted, '"')
	for _, c := range content {
		if c == '"' {
			quoted = append(quoted, '"')
		}
		quoted = append(quoted, c)
	}
	return append(quoted, '"')
}
