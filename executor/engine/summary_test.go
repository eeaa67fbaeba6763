package engine

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
)

func (b *bench) summary(t testing.TB, key string) *client.Summary {
	t.Helper()
	r, _, err := b.blobs.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s, err := client.ReadSummary(r, client.SummaryRows)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// column is a column's summary in one line.
func column(s *client.Summary, i int) string {
	c := s.Columns[i]
	number := func(f *float64) string {
		if f == nil {
			return "-"
		}
		return strconv.FormatFloat(*f, 'g', 6, 64)
	}
	return fmt.Sprintf("%s %s count %d nulls %d distinct %d %v min %s max %s mean %s std %s top %v",
		c.Name, c.Type, c.Count, c.Nulls, c.Distinct, c.Estimated, shown(c.Min), shown(c.Max), number(c.Mean), number(c.Std), c.Top)
}

func TestSummaryOfASmallFile(t *testing.T) { // DS-5, CH-9
	b := newBench(t, nil)
	const text = "n,価格,語,真,日,時,世界,空\n" +
		"1,0.5,東京,true,2024-01-02,2024-01-02 03:04:05,2024-01-02T03:04:05+09:00,\n" +
		"-10,2,大阪,false,2023-12-31,2024-01-02 03:04:05.5,2024-01-02T03:04:05Z,\n" +
		",1e3,大阪,true,,,,\n" +
		"1,,\"長い, 語\",,2024-01-02,,,\n"
	_, done := b.load(t, text, core.CSVOptions{})
	if want := target + client.SummaryName; done.Summary != want {
		t.Fatalf("kept as %q", done.Summary)
	}
	s := b.summary(t, done.Summary)
	if s.RowCount != 4 || len(s.First) != 4 {
		t.Errorf("%d rows, %d of them kept", s.RowCount, len(s.First))
	}
	for i, want := range []string{
		"n int64 count 3 nulls 1 distinct 2 false min -10 max 1 mean -2.66667 std 6.35085 top []",
		"価格 float64 count 3 nulls 1 distinct 3 false min 0.5 max 1000 mean 334.167 std 576.629 top []",
		"語 string count 4 nulls 0 distinct 3 false min 大阪 max 長い, 語 mean - std - top [{大阪 2} {東京 1} {長い, 語 1}]",
		"真 bool count 3 nulls 1 distinct 2 false min false max true mean - std - top [{true 2} {false 1}]",
		"日 date count 3 nulls 1 distinct 2 false min 2023-12-31 max 2024-01-02 mean - std - top []",
		"時 datetime count 2 nulls 2 distinct 2 false min 2024-01-02 03:04:05 max 2024-01-02 03:04:05.5 mean - std - top []",
		"世界 datetime count 2 nulls 2 distinct 2 false min 2024-01-01T18:04:05Z max 2024-01-02T03:04:05Z mean - std - top []",
		"空 string count 0 nulls 4 distinct 0 false min ␀ max ␀ mean - std - top []",
	} {
		if got := column(s, i); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	reply, err := b.Rows(t.Context(), client.RowsRequest{Source: sourceOf(done), Limit: 10})
	if err != nil || !reflect.DeepEqual(s.First, reply.Rows) {
		t.Errorf("kept %v, stored %v, %v", rowsText(s.First), rowsText(reply.Rows), err)
	}
}

// What is counted over the whole version is exact, what is estimated is near.
func TestSummaryOfManyRows(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Threads = 2 })
	const rows = 200_000
	var text strings.Builder
	out := csv.NewWriter(&text)
	_ = out.Write([]string{"v", "n", "few", "own", "half", "fraction", "flag"})
	for i := range rows {
		_ = out.Write([]string{"x", strconv.Itoa(i % 977), fmt.Sprintf("w%d", i*i%7), fmt.Sprintf("%0120d", i),
			strconv.Itoa(i / 2), strconv.FormatFloat(float64(i)/8, 'f', -1, 64), strconv.FormatBool(i%4 == 0)})
	}
	out.Flush()
	src, done := b.load(t, text.String(), core.CSVOptions{})
	if len(done.Parts) < 2 {
		t.Fatalf("%d parts", len(done.Parts))
	}
	s := b.summary(t, done.Summary)
	for i, want := range map[int]string{
		0: "v string count 200000 nulls 0 distinct 1 false min x max x mean - std - top [{x 200000}]",
		2: "few string count 200000 nulls 0 distinct 4 false min w0 max w4 mean - std - top [{w1 57143} {w4 57143} {w2 57142} {w0 28572}]",
		6: "flag bool count 200000 nulls 0 distinct 2 false min false max true mean - std - top [{false 150000} {true 50000}]",
	} {
		if got := column(s, i); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	for i, want := range map[int]float64{1: 977, 3: rows, 4: rows / 2, 5: rows} {
		c := s.Columns[i]
		if got := float64(c.Distinct); !c.Estimated || math.Abs(got-want) > want/10 {
			t.Errorf("%s: %v different values of %v, estimated %v", c.Name, got, want, c.Estimated)
		}
	}
	if m := *s.Columns[5].Mean; m != (rows-1)/16.0 {
		t.Errorf("mean %v", m)
	}
	if len(s.Columns[3].Top) > 0 {
		t.Errorf("frequent values of a column without: %v", s.Columns[3].Top)
	}
	reply, err := b.Rows(t.Context(), client.RowsRequest{Source: src, Limit: client.SummaryRows})
	if err != nil || !reflect.DeepEqual(s.First, reply.Rows) {
		t.Errorf("the first rows differ: %d and %d, %v", len(s.First), len(reply.Rows), err)
	}
}

// Names that SQL or DuckDB could take for something else, in a version that is sampled.
func TestSummaryWithHostileNames(t *testing.T) {
	b := newBench(t, nil)
	names := []string{"file_row_number", "n", "v", `a"b`, "count(*)", "東京"}
	var text strings.Builder
	text.WriteString(csvLine(names))
	for i := range maxSample + 1000 {
		text.WriteString(csvLine([]string{strconv.Itoa(i), "n" + strconv.Itoa(i%3), "v", "", "c", strconv.Itoa(i)}))
	}
	_, done := b.load(t, text.String(), core.CSVOptions{})
	s := b.summary(t, done.Summary)
	for i, want := range []int64{maxSample + 1000, 3, 1, 0, 1, maxSample + 1000} {
		if got := s.Columns[i]; got.Name != names[i] || got.Distinct != want {
			t.Errorf("%s", column(s, i))
		}
	}
}

func TestNumbersWithoutAMean(t *testing.T) {
	b := newBench(t, nil)
	_, done := b.load(t, "x\n1e308\n-1e308\n1e308\n", core.CSVOptions{})
	if got, want := column(b.summary(t, done.Summary), 0), "x float64 count 3 nulls 0 distinct 2 false min -1e+308 max 1e+308 mean - std - top []"; got != want {
		t.Errorf("%s", got)
	}
}

func TestLongValuesAreCut(t *testing.T) {
	b := newBench(t, nil)
	long := strings.Repeat("長", 3000)
	_, done := b.load(t, "x\n"+long+"\na\n", core.CSVOptions{})
	s := b.summary(t, done.Summary)
	if got := []rune(*s.Columns[0].Max); len(got) != client.SummaryText || *s.First[0][0] != long {
		t.Errorf("a bound of %d characters, a row of %d bytes", len(got), len(*s.First[0][0]))
	}
}

func TestFirstRowsAreBounded(t *testing.T) {
	b := newBench(t, nil)
	var text strings.Builder
	text.WriteString("x,y\n")
	for i := range 100 {
		fmt.Fprintf(&text, "%d,%s\n", i, strings.Repeat(strconv.Itoa(i%10), 400_000))
	}
	_, done := b.load(t, text.String(), core.CSVOptions{})
	s := b.summary(t, done.Summary)
	if n := len(s.First); n < 10 || n*400_000 > client.SummaryRowBytes {
		t.Errorf("%d rows are kept", n)
	}
	if c := s.Columns[0]; c.Distinct < 90 {
		t.Errorf("%s", column(s, 0))
	}
}

// A version of several imports has one summary over all its parts.
func TestSummariseAVersion(t *testing.T) {
	b := newBench(t, nil)
	src, done := b.load(t, "a,b\n1,x\n", core.CSVOptions{})
	b.put(t, source, "a,b\n5,y\n,y\n")
	req := request(core.CSVOptions{})
	req.Target = "datasets/ds_1/data/v000002-job00002/"
	more, problem, err := b.Import(t.Context(), req, nil)
	if err != nil || problem != nil {
		t.Fatal(problem, err)
	}
	src.Parts = slices.Concat(done.Parts, more.Parts)
	key := "datasets/ds_1/data/v000002-whole/" + client.SummaryName
	for range 2 { // who comes second leaves the first one's
		if err := b.Summarise(t.Context(), client.SummaryRequest{Parts: src.Parts, Columns: src.Columns, Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	s := b.summary(t, key)
	if got := rowsText(s.First); !reflect.DeepEqual(got, [][]string{{"1", "x"}, {"5", "y"}, {"␀", "y"}}) {
		t.Errorf("%q", got)
	}
	if got, want := column(s, 1), "b string count 3 nulls 0 distinct 2 false min x max y mean - std - top [{y 2} {x 1}]"; got != want {
		t.Errorf("%s", got)
	}
	if err := b.Summarise(t.Context(), client.SummaryRequest{Parts: src.Parts, Columns: src.Columns, Key: src.Parts[0]}); core.CodeOf(err) != core.CodeValidation {
		t.Errorf("under another name: %v", err)
	}
	src.Parts = []string{"datasets/ds_1/data/v000009/part-0000.parquet"}
	if err := b.Summarise(t.Context(), client.SummaryRequest{Parts: src.Parts, Columns: src.Columns, Key: key}); core.CodeOf(err) != core.CodeSourceNotFound {
		t.Errorf("of what is not there: %v", err)
	}
}

func TestSummaryOfAHeaderAlone(t *testing.T) {
	b := newBench(t, nil)
	_, done := b.load(t, "a,b\n", core.CSVOptions{})
	s := b.summary(t, done.Summary)
	if got, want := column(s, 0), "a string count 0 nulls 0 distinct 0 false min ␀ max ␀ mean - std - top []"; got != want || s.RowCount != 0 {
		t.Errorf("%s", got)
	}
}

// What a version says of itself is swept with it.
func TestAFailedImportLeavesNoSummary(t *testing.T) {
	b := newBench(t, nil)
	b.put(t, target+client.SummaryName, "somebody else's")
	b.put(t, source, "a\n1\n")
	if _, _, err := b.Import(t.Context(), request(core.CSVOptions{}), nil); !errors.Is(err, blob.ErrExists) {
		t.Errorf("got %v", err)
	}
	if got := b.keys(t, "datasets/"); !slices.Equal(got, []string{target + client.SummaryName}) {
		t.Errorf("left: %s", got)
	}
	left, err := os.ReadDir(b.dir)
	if err != nil || len(left) > 0 {
		t.Errorf("in the work folder: %v, %v", left, err)
	}
}
