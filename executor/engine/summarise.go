package engine

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"
	"golang.org/x/sync/errgroup"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

const (
	// maxCoded is up to how many different values a row group's dictionary may have
	// for the values of the column to be counted exactly.
	maxCoded = 1000
	// maxMoment bounds the numbers whose mean and deviation are asked for: DuckDB
	// fails where the square of one is no number any more.
	maxMoment = 1e150
)

// summarising is a summary in the making.
//
// Each fact is taken from where it is cheapest: bounds and nulls from the footers of
// the parts, mean and deviation from one pass over the numbers, the frequent values
// of a text that has few different ones from its dictionary, and everything else
// from a sample, as query planners do. Of a version that fits into the sample all of
// it is exact.
type summarising struct {
	*reading
	rows    int64
	files   []fileRows
	footers map[string]footer
	summary *client.Summary
}

// readSummary gives the summary of a source as a file.
func readSummary(ctx context.Context, t task) (*os.File, error) {
	summary, err := summarise(ctx, t, t.Summary.data)
	if err != nil {
		return nil, err
	}
	return summaryFile(t.Dir, summary)
}

// summarise makes the summary of what lies in the parts.
func summarise(ctx context.Context, t task, d data) (*client.Summary, error) {
	r, err := openData(ctx, t, d)
	if err != nil {
		return nil, err
	}
	defer r.db.Close()
	s := &summarising{reading: r, summary: &client.Summary{}}
	err = s.readFooters(ctx)
	if err == nil && s.rows <= s.sampleRows() {
		err = s.inTurn(ctx, s.readMoments, s.readCoded, s.readSample, s.readFirst)
	} else if err == nil {
		err = s.sideBySide(ctx, t, d)
	}
	if err != nil {
		return nil, fmt.Errorf("summarise: %w", err)
	}
	return s.summary, nil
}

// sideBySide reads the whole columns and the sample at the same time: the sample
// keeps no more than one core busy. Each has a DuckDB of its own, and other fields of
// the summary to fill in.
func (s *summarising) sideBySide(ctx context.Context, t task, d data) error {
	t.MemoryMB /= 2
	r, err := openData(ctx, t, d)
	if err != nil {
		return err
	}
	defer r.db.Close()
	sample := *s
	sample.reading = r
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.inTurn(ctx, s.readMoments, s.readCoded) })
	group.Go(func() error { return sample.inTurn(ctx, sample.readSample, sample.readFirst) })
	return group.Wait()
}

func (s *summarising) inTurn(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// readMoments takes mean and deviation of the numbers, and the bounds that no
// footer has, in one pass.
func (s *summarising) readMoments(ctx context.Context) error {
	var asked []string
	var take []func(value *string)
	ask := func(expression string, to func(*string)) {
		asked, take = append(asked, expression), append(take, to)
	}
	for i := range s.summary.Columns {
		c, name := &s.summary.Columns[i], identifier(s.columns[i].Name)
		if c.Count > 0 && c.Min == nil {
			ask("min("+name+")", func(v *string) { c.Min = shortened(v) })
			ask("max("+name+")", func(v *string) { c.Max = shortened(v) })
		}
		if numeric(c.Type) && small(c.Min) && small(c.Max) {
			ask("avg("+name+")", func(v *string) { c.Mean = number(v) })
			ask("stddev_samp("+name+")", func(v *string) { c.Std = number(v) })
		}
	}
	if len(asked) == 0 {
		return nil
	}
	statement, values := s.sql(s.paths, strings.Join(asked, ", "), "")
	return s.arrow(ctx, func(batches array.RecordReader) error {
		for batches.Next() {
			for i, to := range take {
				to(canonical(batches.RecordBatch().Column(i), 0))
			}
		}
		return batches.Err()
	}, statement, values)
}

// readCoded counts the values of the columns that have few different ones.
func (s *summarising) readCoded(ctx context.Context) error {
	for i := range s.summary.Columns {
		if c := &s.summary.Columns[i]; s.counted(c) {
			if err := s.readTop(ctx, c, s.columns[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// counted tells whether the frequent values of a column are counted by themselves.
func (s *summarising) counted(c *client.ColumnSummary) bool {
	if s.rows <= s.sampleRows() || !listed(c.Type) {
		return false
	}
	f := s.footers[c.Name]
	return c.Type == core.TypeBool || f.coded && f.distinct <= maxCoded
}

func (s *summarising) readTop(ctx context.Context, c *client.ColumnSummary, column core.Column) error {
	name := identifier(column.Name)
	counts, values := s.sql(s.paths, name+" AS v, count(*) AS n", " AND "+name+" IS NOT NULL GROUP BY 1")
	statement := fmt.Sprintf("SELECT v, n, count(*) OVER () FROM (%s) ORDER BY n DESC, v LIMIT %d", counts, client.SummaryTop)
	return s.arrow(ctx, func(batches array.RecordReader) error {
		for batches.Next() {
			b := batches.RecordBatch()
			counts, distinct := b.Column(1).(*array.Int64), b.Column(2).(*array.Int64)
			for i := range int(b.NumRows()) {
				c.Distinct = distinct.Value(i)
				c.Top = append(c.Top, client.ValueCount{Value: *shortened(canonical(b.Column(0), i)), Count: counts.Value(i)})
			}
		}
		return batches.Err()
	}, statement, values)
}

// readFirst takes the first rows, fewer where they are long.
func (s *summarising) readFirst(ctx context.Context) error {
	left := client.SummaryRowBytes
	limit := min(client.SummaryRows, s.sampleRows())
	statement, values := s.sql(s.paths, identifiers(s.columns), fmt.Sprintf(" LIMIT %d", limit))
	return s.arrow(ctx, func(batches array.RecordReader) error {
		return eachRow(batches, s.columns, func(row []*string) bool {
			for _, v := range row {
				if v != nil {
					left -= len(*v)
				}
			}
			if left < 0 {
				return false
			}
			s.summary.First = append(s.summary.First, row)
			return true
		})
	}, statement, values)
}

func numeric(t core.ColumnType) bool { return t == core.TypeInt64 || t == core.TypeFloat64 }

// listed tells whether frequent values are kept of a column.
func listed(t core.ColumnType) bool { return t == core.TypeString || t == core.TypeBool }

// small tells whether a bound is known and its square is a number.
func small(bound *string) bool {
	n := number(bound)
	return n != nil && math.Abs(*n) < maxMoment
}

// number is a finite number, nil for what is none.
func number(text *string) *float64 {
	if text == nil {
		return nil
	}
	f, err := strconv.ParseFloat(*text, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return nil
	}
	return &f
}

// shortened cuts a value to what a summary holds of it.
func shortened(text *string) *string {
	if text == nil || len(*text) <= client.SummaryText {
		return text
	}
	runes := []rune(*text)
	if len(runes) <= client.SummaryText {
		return text
	}
	cut := string(slices.Concat(runes[:client.SummaryText-1], []rune{'…'}))
	return &cut
}
