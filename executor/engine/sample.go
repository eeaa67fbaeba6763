package engine

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

const (
	maxSample   = 16384    // rows
	sampleBytes = 64 << 20 // of all columns before compression
	strips      = 4        // places of a version that the sample is taken from
	leastStrip  = 64       // rows
)

// rowNumber is what DuckDB calls the number of a row in its part.
const rowNumber = "file_row_number"

// sampleRows is how many rows are looked at one by one: fewer where they are long.
func (s *summarising) sampleRows() int64 {
	var bytes int64
	for _, f := range s.footers {
		bytes += f.bytes
	}
	return min(maxSample, max(strips*leastStrip, sampleBytes/max(1, bytes/max(1, s.rows))))
}

// readSample finds how many different values the columns have that are not counted
// by themselves, and the frequent ones of those with few.
func (s *summarising) readSample(ctx context.Context) error {
	var columns []core.Column
	var tallies []*tally
	var of []*client.ColumnSummary
	for i := range s.summary.Columns {
		if c := &s.summary.Columns[i]; c.Count > 0 && !s.counted(c) {
			columns, tallies, of = append(columns, s.columns[i]), append(tallies, newTally()), append(of, c)
		}
	}
	if len(columns) == 0 {
		return nil
	}
	add := func(batches array.RecordReader) error {
		if err := fits(batches.Schema(), schemaOf(columns)); err != nil {
			return err
		}
		for batches.Next() {
			for i, t := range tallies {
				t.add(batches.RecordBatch().Column(i))
			}
		}
		return batches.Err()
	}
	for _, strip := range s.strips() {
		statement, values := s.sql(strip.paths, identifiers(columns), strip.rest)
		if err := s.arrow(ctx, add, statement, values); err != nil {
			return err
		}
	}
	for i, c := range of {
		tallies[i].tell(c, s.footers[c.Name].distinct)
	}
	return nil
}

// strip is a stretch of rows that lie together.
type strip struct {
	paths []string
	rest  string // of the statement
}

// strips spreads the sample evenly over the version. Where a column has the name of
// the row numbers it is the beginning.
func (s *summarising) strips() []strip {
	size := s.sampleRows()
	hidden := slices.ContainsFunc(s.columns, func(c core.Column) bool { return strings.EqualFold(c.Name, rowNumber) })
	switch {
	case s.rows <= size:
		return []strip{{paths: s.paths}}
	case hidden:
		return []strip{{paths: s.paths, rest: fmt.Sprintf(" LIMIT %d", size)}}
	}
	var found []strip
	length := size / strips
	for i := range int64(strips) {
		from := (s.rows - length) * i / (strips - 1)
		for _, f := range s.files {
			if from < f.rows {
				found = append(found, strip{[]string{f.path}, fmt.Sprintf(" AND %[1]s >= %[2]d AND %[1]s < %[3]d", rowNumber, from, from+length)})
				break
			}
			from -= f.rows
		}
	}
	return found
}

// tally counts how often each value of a column comes, and in how many batches.
// Values of a fixed width are counted by their bits.
type tally struct {
	texts   map[string]*seen
	numbers map[uint64]*seen
	values  int64
	batches int64
	visits  int64 // different values of each batch, together
}

type seen struct{ count, batches, last int64 }

func newTally() *tally { return &tally{texts: map[string]*seen{}, numbers: map[uint64]*seen{}} }

func (t *tally) add(column arrow.Array) {
	t.batches++
	t.values += int64(column.Len() - column.NullN())
	if texts, ok := column.(*array.LargeString); ok {
		t.addTexts(texts)
		return
	}
	bits := bitsOf(column)
	for i := range column.Len() {
		if column.IsNull(i) {
			continue
		}
		v := t.numbers[bits(i)]
		if v == nil {
			v = &seen{}
			t.numbers[bits(i)] = v
		}
		t.see(v)
	}
}

func (t *tally) addTexts(a *array.LargeString) {
	for i := range a.Len() {
		if a.IsNull(i) {
			continue
		}
		v := t.texts[a.Value(i)]
		if v == nil {
			v = &seen{}
			t.texts[strings.Clone(a.Value(i))] = v // the batch's memory is freed
		}
		t.see(v)
	}
}

func (t *tally) see(v *seen) {
	v.count++
	if v.last != t.batches {
		v.last = t.batches
		v.batches++
		t.visits++
	}
}

// bitsOf tells the values of a fixed width apart.
func bitsOf(column arrow.Array) func(i int) uint64 {
	switch a := column.(type) {
	case *array.Int64:
		return func(i int) uint64 { return uint64(a.Value(i)) }
	case *array.Float64:
		return func(i int) uint64 { return math.Float64bits(a.Value(i) + 0) } // −0 is 0
	case *array.Date32:
		return func(i int) uint64 { return uint64(a.Value(i)) }
	case *array.Timestamp:
		return func(i int) uint64 { return uint64(a.Value(i)) }
	}
	bools := column.(*array.Boolean)
	return func(i int) uint64 {
		if bools.Value(i) {
			return 1
		}
		return 0
	}
}

// tell writes into the summary what the tally says of a column. least is how many
// different values it has for sure.
func (t *tally) tell(c *client.ColumnSummary, least int64) {
	c.Estimated = t.values < c.Count
	c.Distinct = max(1, least, t.distinct(c.Count))
	if !listed(c.Type) {
		return
	}
	for _, v := range t.counts(c.Type) {
		if c.Estimated && v.Count == 1 || len(c.Top) == client.SummaryTop {
			break // what came once by chance is not frequent
		}
		v.Count = int64(math.Round(float64(v.Count) * float64(c.Count) / float64(t.values)))
		v.Value = *shortened(&v.Value)
		c.Top = append(c.Top, v)
	}
}

// counts are the values of a listed column, the most frequent first.
func (t *tally) counts(typ core.ColumnType) []client.ValueCount {
	var counts []client.ValueCount
	for text, v := range t.texts {
		counts = append(counts, client.ValueCount{Value: text, Count: v.count})
	}
	if typ == core.TypeBool {
		for bit, v := range t.numbers {
			counts = append(counts, client.ValueCount{Value: strconv.FormatBool(bit == 1), Count: v.count})
		}
	}
	slices.SortFunc(counts, func(a, b client.ValueCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	return counts
}

// distinct estimates how many different values a column has of which so many values
// were looked at. It is the estimator of Haas and Stokes (Duj1) that PostgreSQL uses,
// with batches in the place of rows: rows that lie together are often alike, and a
// value that comes twice in one batch only is as rare as one that comes once.
func (t *tally) distinct(all int64) int64 {
	found := int64(len(t.texts) + len(t.numbers))
	if t.values == 0 || t.values >= all {
		return found
	}
	once := int64(0)
	for _, v := range t.texts {
		once += 1 / v.batches
	}
	for _, v := range t.numbers {
		once += 1 / v.batches
	}
	n, f1 := float64(t.visits), float64(once)
	guess := n * float64(found) / (n - f1 + f1*float64(t.values)/float64(all))
	return min(all, max(found, int64(math.Round(guess))))
}
