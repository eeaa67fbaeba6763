package csv

import (
	"bytes"
	"context"
	"strings"
	"unicode/utf8"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// encodingFault is an ENCODING_ERROR at an offset of the file; all before it is text
// in the encoding that was tried.
func encodingFault(data []byte, at int, tried verdict, candidates ...string) *Fault {
	line, piece := place(data, at, tried)
	named := strings.Join(candidates, ", ")
	return &Fault{Problem: client.Problem{
		Code: core.CodeEncoding, Line: line, Offset: int64(at), Sample: piece,
		Args: map[string]any{"candidates": named, "offset": at, "line": line},
	}}
}

// because gives the fault a more exact sentence.
func (f *Fault) because(reason string) *Fault {
	f.Reason = reason
	return f
}

// place is the line of an offset and a sample of that line.
func place(data []byte, at int, v verdict) (line int64, piece string) {
	var before lineCounter
	from := max(at, v.mark)
	after := data[from:min(len(data), from+sampleRunes*utf8.UTFMax)]
	if v.encoding == encodingUTF8 {
		before.Write(data[v.mark:from])
	} else {
		_, _ = transcode(context.Background(), &before, data[v.mark:from], v.encoding)
		after, _ = decoderOf(v.encoding).Bytes(after)
	}
	return before.lines + 1, Sample(append(before.tail(), after...))
}

// lineCounter counts the line ends of the UTF-8 text that is written to it and keeps
// the last of it.
type lineCounter struct {
	lines int64
	last  []byte
}

func (c *lineCounter) Write(text []byte) (int, error) {
	if len(text) == 0 {
		return 0, nil
	}
	c.lines += countLines(text)
	if text[0] == '\n' && bytes.HasSuffix(c.last, []byte{'\r'}) {
		c.lines-- // one line end in two pieces
	}
	c.last = append(c.last, text[max(0, len(text)-sampleRunes*utf8.UTFMax):]...)
	c.last = c.last[max(0, len(c.last)-sampleRunes*utf8.UTFMax):]
	return len(text), nil
}

// tail is what was written of the last line, half a sample at most.
func (c *lineCounter) tail() []byte {
	line := c.last[bytes.LastIndexAny(c.last, "\r\n")+1:]
	for utf8.RuneCount(line) > sampleRunes/2 {
		_, size := utf8.DecodeRune(line)
		line = line[size:]
	}
	return bytes.Clone(line)
}
