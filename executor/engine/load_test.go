package engine

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/executor/engine/csv"
	"github.com/karuta-bi/karuta/internal/core"
)

func TestHeaderAloneKeepsItsColumns(t *testing.T) {
	b := newBench(t, nil)
	src, done := b.load(t, "a,b\n", core.CSVOptions{})
	if done.RowCount != 0 || len(done.Parts) != 1 || done.Bytes == 0 {
		t.Errorf("%+v", done)
	}
	slice, err := b.Slice(t.Context(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer slice.Close()
	if rec := batch(t, slice); rec.NumRows() != 0 || rec.NumCols() != 2 || !slices.Equal(slice.Columns, []string{"a", "b"}) {
		t.Errorf("%s", rec)
	}
}

func TestWhatMeansNull(t *testing.T) { // DS-1
	const text = "a,b\n-,\n\"\",x\n5,NULL\n"
	for _, c := range []struct {
		nulls []string
		want  [][]string
	}{
		{nil, [][]string{{"-", "␀"}, {"␀", "x"}, {"5", "␀"}}},
		{[]string{"-"}, [][]string{{"␀", ""}, {"", "x"}, {"5", "NULL"}}},
		{[]string{"-", ""}, [][]string{{"␀", "␀"}, {"␀", "x"}, {"5", "NULL"}}},
		{[]string{}, [][]string{{"-", ""}, {"", "x"}, {"5", "NULL"}}},
		{[]string{"it's"}, [][]string{{"-", ""}, {"", "x"}, {"5", "NULL"}}},
	} {
		t.Run(fmt.Sprintf("%q", c.nulls), func(t *testing.T) {
			b := newBench(t, nil)
			src, _ := b.load(t, text, core.CSVOptions{NullValues: c.nulls})
			if got := b.rows(t, src); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%q", got)
			}
		})
	}
}

// Names and values that would end a quoted text or look like what DuckDB adds itself.
func TestHostileNamesAndValues(t *testing.T) {
	names := []string{`a"b`, `'; DROP TABLE x; --`, "file_row_number", "filename", "file_index", "c1", "c0", "rowid", "select", "{from}", "?", "$1", "東京 \"都\"", "*", "COLUMNS(*)"}
	b := newBench(t, nil)
	for _, sorted := range []string{"", "file_row_number"} {
		values := make([]string, len(names))
		for i := range values {
			values[i] = fmt.Sprintf("'%d; \"DROP\" $1 ?", i)
		}
		src, done := b.load(t, csvLine(names)+csvLine(values), core.CSVOptions{SortColumn: sorted})
		for i, c := range done.Columns {
			if c.Name != names[i] {
				t.Errorf("column %q is called %q", names[i], c.Name)
			}
			src.Where = &core.Predicate{Op: core.OpIn, Column: c.Name, Values: []string{values[i], "' OR 1=1 --"}}
			if got := b.rows(t, src); !reflect.DeepEqual(got, [][]string{values}) {
				t.Errorf("%q: %q", c.Name, got)
			}
			src.Where.Values = []string{"' OR 1=1 --", `" OR ""="`}
			if got := b.rows(t, src); len(got) > 0 {
				t.Errorf("%q: a value that is nowhere found %q", c.Name, got)
			}
			reply, err := b.Values(t.Context(), client.ValuesRequest{Source: sourceOf(done), Column: c.Name, Prefix: "'", Limit: 5})
			if err != nil || !slices.Equal(reply.Values, values[i:i+1]) {
				t.Errorf("%q: values %+v, %v", c.Name, reply, err)
			}
		}
		for _, key := range append(done.Parts, done.Summary) {
			if err := b.blobs.Delete(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func csvLine(fields []string) string {
	quoted := make([]string, len(fields))
	for i, f := range fields {
		quoted[i] = `"` + strings.ReplaceAll(f, `"`, `""`) + `"`
	}
	return strings.Join(quoted, ",") + "\n"
}

// numbered is a text of so many rows that it is loaded in several parts.
func numbered(rows int, key func(i int) string) string {
	var text strings.Builder
	text.WriteString("i,key,\"long\"\n")
	for i := range rows {
		fmt.Fprintf(&text, "%d,%s,\"%0180d\"\n", i, key(i), i)
	}
	return text.String()
}

const severalParts = 100_000 // rows of numbered text

func TestOrderOfTheFileOverSeveralParts(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Threads = 2 })
	src, done := b.load(t, numbered(severalParts, strconv.Itoa), core.CSVOptions{})
	if len(done.Parts) < 2 || done.RowCount != severalParts || !slices.IsSorted(done.Parts) {
		t.Errorf("parts: %+v", done)
	}
	slice, err := b.Slice(t.Context(), src, []string{"i"})
	if err != nil {
		t.Fatal(err)
	}
	defer slice.Close()
	for i, row := range sliceText(t, slice) {
		if row[0] != strconv.Itoa(i) {
			t.Fatalf("row %d is %s", i, row[0])
		}
	}
}

func TestSortedByAColumn(t *testing.T) { // DS-7: the partition column
	b := newBench(t, func(c *Config) { c.Threads = 2 })
	src, done := b.load(t, numbered(severalParts, func(i int) string {
		if i%10 == 0 {
			return "NA"
		}
		return strconv.Itoa(i * 7919 % 100)
	}), core.CSVOptions{SortColumn: "key"})
	slice, err := b.Slice(t.Context(), src, []string{"key", "i"})
	if err != nil {
		t.Fatal(err)
	}
	defer slice.Close()
	rows := sliceText(t, slice)
	if len(rows) != severalParts || done.RowCount != severalParts {
		t.Fatalf("%d rows", len(rows))
	}
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			return 1 << 20 // nulls come last
		}
		return n
	}
	if !slices.IsSortedFunc(rows, func(a, b []string) int {
		if c := number(a[0]) - number(b[0]); c != 0 {
			return c
		}
		return number(a[1]) - number(b[1])
	}) {
		t.Error("the rows are not in the order of the column, then of the file")
	}
}

// The longest fields that the reading lets through, with every character doubled.
func TestTheLongestRecord(t *testing.T) {
	b := newBench(t, nil)
	row := make([]string, 8)
	for i := range row {
		row[i] = strings.Repeat(`"`, 1<<19-9-i) + "\n終"
	}
	src, _ := b.load(t, "a,b,c,d,e,f,g,h\n"+csvLine(row)+csvLine(row), core.CSVOptions{})
	slice, err := b.Slice(t.Context(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer slice.Close()
	if got := sliceText(t, slice); len(got) != 2 || !slices.Equal(got[0], row) || !slices.Equal(got[1], row) {
		t.Errorf("%d rows came back, not the same", len(got))
	}
}

func TestRowCountsMustAgree(t *testing.T) {
	dir := t.TempDir()
	db, err := open(t.Context(), access{dir: dir, memoryMB: 256, threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l := &loader{text: &csv.Result{}}
	if err := l.copyPart(t.Context(), db, "SELECT 1 AS a", dir+"/a.parquet", "zstd", 1); err != nil {
		t.Error(err)
	}
	if err := l.copyPart(t.Context(), db, "SELECT 1 AS a", dir+"/b.parquet", "zstd", 2); err == nil {
		t.Error("a row was lost and nobody noticed")
	}
}

func TestRowGroupsOfLongRowsAreSmall(t *testing.T) {
	for _, c := range []struct{ size, rows, want int64 }{
		{0, 0, 32768}, {490 << 20, 1 << 20, 32768}, {10 << 30, 1 << 20, 2048}, {4 << 30, 1 << 20, 8192}, {1 << 30, 1, 2048},
	} {
		if got := groupRows(c.size, c.rows); got != c.want {
			t.Errorf("%d bytes, %d rows: %d", c.size, c.rows, got)
		}
	}
}

func TestTheWidestTable(t *testing.T) {
	b := newBench(t, nil)
	names, values := make([]string, 1000), make([]string, 1000)
	for i := range names {
		names[i], values[i] = fmt.Sprintf("列%d", i), strconv.Itoa(i)
	}
	src, done := b.load(t, csvLine(names)+strings.Repeat(csvLine(values), 5000), core.CSVOptions{SortColumn: names[999]})
	if done.RowCount != 5000 || len(done.Columns) != 1000 {
		t.Errorf("%d × %d", done.RowCount, len(done.Columns))
	}
	slice, err := b.Slice(t.Context(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer slice.Close()
	rec := batch(t, slice)
	for i := range names {
		if n := rec.Column(i).(*array.Int64); rec.ColumnName(i) != names[i] || n.Value(0) != int64(i) || n.Value(4999) != int64(i) {
			t.Fatalf("column %d: %s", i, n)
		}
	}
}
