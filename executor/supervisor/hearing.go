package supervisor

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"strings"

	"github.com/karuta-bi/karuta/executor/client"
)

// Bounds of what a transform says while it runs.
const (
	maxSteps   = 1000    // of progress
	maxRecords = 8 << 20 // bytes of the answer
	maxLines   = 1000    // that it prints
	maxText    = 500     // runes of what it says of its progress
)

// hearing passes on what a transform says while it runs.
type hearing struct {
	tell   func(client.TransformEvent)
	prefix string
}

// records reads the answer until its end. Progress is told as it comes, the rest
// is kept for who judges the run.
func (h *hearing) records(from io.Reader) output {
	in := &io.LimitedReader{R: from, N: maxRecords + 1}
	var out output
	for steps := 0; ; {
		raw, ok := rawRecord(in)
		if r, _, err := nextRecord(raw); err != nil || r.Kind != "progress" {
			out.bytes = append(out.bytes, raw...)
		} else if steps++; steps <= maxSteps {
			h.progress(r)
		}
		if !ok {
			out.over = in.N <= 0
			return out
		}
	}
}

// rawRecord is one record with its length; false with what there is of it where
// the answer ends or makes no sense.
func rawRecord(in io.Reader) ([]byte, bool) {
	raw := make([]byte, 4)
	if n, err := io.ReadFull(in, raw); err != nil {
		return raw[:n], false
	}
	size := binary.LittleEndian.Uint32(raw)
	if size > maxRecord {
		_, _ = io.Copy(io.Discard, in)
		return raw, false
	}
	raw = append(raw, make([]byte, size)...)
	n, err := io.ReadFull(in, raw[4:])
	return raw[:4+n], err == nil
}

func (h *hearing) progress(r *record) {
	h.tell(client.TransformEvent{Progress: &client.TransformProgress{
		Fraction: min(max(r.Fraction, 0), 1), Text: scrub(cut(r.Text, 4*maxText), h.prefix),
	}})
}

// lines reads the log until its end and tells its first lines as they come. A
// writer is never blocked for long: what is too much is passed over.
func (h *hearing) lines(from io.Reader) output {
	in := bufio.NewReader(from)
	var out output
	for count := 0; ; count++ {
		line, _, err := in.ReadLine()
		if err != nil {
			return out
		}
		if count == maxLines || len(out.bytes)+len(line) > maxLog {
			h.tell(client.TransformEvent{Log: "…"})
			out.over = true
			_, _ = io.Copy(io.Discard, in)
			return out
		}
		out.bytes = append(append(out.bytes, line...), '\n')
		if text := bytes.TrimRight(line, " \t\r"); len(text) > 0 {
			h.tell(client.TransformEvent{Log: scrub(strings.ToValidUTF8(string(text), "�"), h.prefix)})
		}
	}
}
