package supervisor

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/karuta-bi/karuta/internal/core"
)

// Bounds of what a run may say.
const (
	maxHTML    = 16 << 20 // as in guest/karuta_guest/frames.py
	maxRecord  = 1 << 20
	maxAnswer  = maxHTML + 2*maxRecord + 8
	maxLog     = 64 << 10
	maxMessage = 8 << 10
	maxDetail  = 200
	maxFrames  = 50
)

// record is one thing that a run says. Every byte of it may be made up by the
// code that ran.
type record struct {
	Kind             string                `json:"kind"` // started, progress, ok or absent (a card), table (a transform), error or memory
	Rows             int64                 `json:"rows"`
	ReadMS           float64               `json:"read_ms"`
	UsedColumns      []string              `json:"used_columns"`
	FilterApplicable bool                  `json:"filter_applicable"`
	Size             int                   `json:"size"`
	Fraction         float64               `json:"fraction"`
	Text             string                `json:"text"`
	Reason           string                `json:"reason"`
	Detail           string                `json:"detail"`
	Message          string                `json:"message"`
	Frames           []core.TracebackFrame `json:"frames"`
}

// answer is what a run said from its start to its end.
type answer struct {
	started bool // the run was inside of the sandbox and had its data
	rows    int64
	readMS  float64
	last    *record // nil when the run ended without a word
	html    string
}

var errBadAnswer = errors.New("the run's answer is malformed")

// parseAnswer reads the records of a run. The answer holds what was understood
// before an error.
func parseAnswer(data []byte) (answer, error) {
	var a answer
	for len(data) > 0 {
		r, rest, err := nextRecord(data)
		if err != nil {
			return a, err
		}
		data = rest
		switch {
		case a.last != nil:
			return a, fmt.Errorf("%w: a record after the last", errBadAnswer)
		case r.Kind == "started" && !a.started:
			a.started, a.rows, a.readMS = true, max(r.Rows, 0), max(r.ReadMS, 0)
		case r.Kind == "ok" && a.started:
			return a.succeed(r, data)
		case r.Kind == "error" && a.started, r.Kind == "table" && a.started, r.Kind == "absent" && a.started, r.Kind == "memory":
			a.last = r
		default:
			return a, fmt.Errorf("%w: record %q", errBadAnswer, r.Kind)
		}
	}
	return a, nil
}

func nextRecord(data []byte) (*record, []byte, error) {
	if len(data) < 4 {
		return nil, nil, fmt.Errorf("%w: cut short", errBadAnswer)
	}
	size := binary.LittleEndian.Uint32(data)
	data = data[4:]
	if size > maxRecord || int(size) > len(data) {
		return nil, nil, fmt.Errorf("%w: record of %d bytes", errBadAnswer, size)
	}
	decoder := json.NewDecoder(bytes.NewReader(data[:size]))
	decoder.DisallowUnknownFields()
	var r record
	if err := decoder.Decode(&r); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errBadAnswer, err)
	}
	if decoder.More() {
		return nil, nil, fmt.Errorf("%w: more than one value", errBadAnswer)
	}
	return &r, data[size:], nil
}

func (a answer) succeed(r *record, html []byte) (answer, error) {
	if r.Size != len(html) || len(html) > maxHTML || !utf8.Valid(html) {
		return a, fmt.Errorf("%w: HTML of %d bytes", errBadAnswer, len(html))
	}
	a.last, a.html = r, string(html)
	return a, nil
}

// wantsAbsent tells whether a card wanted columns that it was not given, or met
// something that pandas does not do with them.
func (a answer) wantsAbsent() bool {
	return a.last != nil && (a.last.Kind == "absent" || a.last.Kind == "error" && strings.Contains(a.last.Message, "Absent"))
}

// usedColumns keeps the names that the data has, each once; nil means all.
func usedColumns(said []string, columns []core.Column) []string {
	used := []string{}
	for _, c := range columns {
		if said == nil || slices.Contains(said, c.Name) {
			used = append(used, c.Name)
		}
	}
	return used
}
