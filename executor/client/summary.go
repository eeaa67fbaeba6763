package client

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/karuta-bi/karuta/internal/core"
)

// PathSummary makes the summary of a version that has none.
const PathSummary = "/summary"

// SummaryName is the last part of a summary's blob key, beside the version's parts.
const SummaryName = "summary.jsonl"

// Bounds of a summary.
const (
	SummaryRows     = 1000    // first rows that are kept
	SummaryRowBytes = 8 << 20 // of the text of the first rows together; of longer ones fewer are kept
	SummaryTop      = 10      // most frequent values of a column
	SummaryText     = 200     // characters of a value; longer ones are cut and end in …
)

// Summary is what is known of a version without asking its data. It is kept as
// JSON lines: the statistics, then one line for each of the first rows, so that
// whoever wants a few rows reads no more than those.
type Summary struct {
	RowCount int64           `json:"rowCount"`
	Columns  []ColumnSummary `json:"columns"`
	First    [][]*string     `json:"-"` // the first rows as text in canonical form (see core.Predicate); nil is null
}

// ColumnSummary is what is known of one column. Values are text in canonical form.
type ColumnSummary struct {
	Name      string          `json:"name"`
	Type      core.ColumnType `json:"type"`
	Count     int64           `json:"count"` // values that are not null
	Nulls     int64           `json:"nulls"`
	Distinct  int64           `json:"distinct"`
	Estimated bool            `json:"estimated,omitempty"` // Distinct and the counts of Top come from a sample
	Min       *string         `json:"min,omitempty"`       // nil where no value is
	Max       *string         `json:"max,omitempty"`
	Mean      *float64        `json:"mean,omitempty"` // of numbers
	Std       *float64        `json:"std,omitempty"`  // of a sample (n−1); nil with fewer than two values
	Top       []ValueCount    `json:"top,omitempty"`  // of texts and of true and false: the most frequent values, equally frequent ones in their order
}

// ValueCount is a value and how often it comes.
type ValueCount struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// SummaryRequest asks for the summary of a whole version, to be kept under a key that
// ends in [SummaryName].
type SummaryRequest struct {
	Parts   []string      `json:"parts"` // blob keys of the Parquet parts, in row order
	Columns []core.Column `json:"columns"`
	Key     string        `json:"key"`
}

// SummaryReply is empty where the summary was written, or somebody else had
// written one under the key.
type SummaryReply struct {
	Problem *Problem `json:"problem,omitempty"`
}

// Write writes the summary as it is kept.
func (s *Summary) Write(w io.Writer) error {
	out := bufio.NewWriter(w)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	if err := lines.Encode(s); err != nil {
		return err
	}
	for _, row := range s.First {
		if err := lines.Encode(row); err != nil {
			return err
		}
	}
	return out.Flush()
}

var errDamaged = errors.New("the summary is damaged")

// ReadSummary reads a summary with at most so many of its first rows. What is not
// a whole summary is an error.
func ReadSummary(r io.Reader, rows int) (*Summary, error) {
	lines := json.NewDecoder(bufio.NewReaderSize(r, 64<<10))
	s := &Summary{}
	if err := lines.Decode(s); err != nil {
		return nil, errors.Join(errDamaged, err)
	}
	for len(s.First) < rows {
		var row []*string
		err := lines.Decode(&row)
		if err == io.EOF {
			return s, nil
		}
		if err == nil && len(row) != len(s.Columns) {
			err = fmt.Errorf("row %d has %d values", len(s.First), len(row))
		}
		if err != nil {
			return nil, errors.Join(errDamaged, err)
		}
		s.First = append(s.First, row)
	}
	return s, nil
}
