package csv

import (
	"errors"
	"fmt"
	"math/big"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/internal/core"
)

// written is a table as some program wrote it: any line ends, blank lines, quotes
// where they are needed and elsewhere.
type written struct {
	delimiter string
	rows      [][]string // the header first
	starts    []int      // offset of each row
	fields    [][]int    // offset of each field
	text      string
}

var (
	lineEnd = rapid.SampledFrom([]string{"\n", "\r\n", "\r"})
	atom    = rapid.SampledFrom([]string{`"`, `""`, ",", ";", "\t", "|", "\n", "\r", "\r\n", "\n\n", " ", "x", "12", "年", "2024-01-02", "NA", "\"\n,\"", ""})
	cell    = rapid.Map(rapid.SliceOfN(atom, 0, 5), func(atoms []string) string { return strings.Join(atoms, "") })
)

func drawTable(t *rapid.T) *written {
	w := &written{delimiter: rapid.SampledFrom([]string{",", ";", "\t", "|"}).Draw(t, "delimiter")}
	width := rapid.IntRange(1, 5).Draw(t, "columns")
	w.rows = [][]string{nil}
	for i := range width {
		w.rows[0] = append(w.rows[0], fmt.Sprintf("c%d", i))
	}
	w.rows = append(w.rows, rapid.SliceOfN(rapid.SliceOfN(cell, width, width), 0, 30).Draw(t, "rows")...)
	var text strings.Builder
	for i, row := range w.rows {
		w.starts = append(w.starts, text.Len())
		var fields []int
		for j, value := range row {
			if j > 0 {
				text.WriteString(w.delimiter)
			}
			fields = append(fields, text.Len())
			text.WriteString(w.field(t, value, width))
		}
		w.fields = append(w.fields, fields)
		if i < len(w.rows)-1 || rapid.Bool().Draw(t, "last line end") {
			text.WriteString(strings.Join(rapid.SliceOfN(lineEnd, 1, 3).Draw(t, "line ends"), ""))
		}
	}
	w.text = text.String()
	return w
}

// field quotes where that is needed, and sometimes where it is not.
func (w *written) field(t *rapid.T, value string, width int) string {
	needed := strings.HasPrefix(value, `"`) || strings.ContainsAny(value, "\r\n"+w.delimiter) || value == "" && width == 1
	if needed || rapid.Bool().Draw(t, "quoted") {
		return `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
	}
	return value
}

var anyLineEnd = regexp.MustCompile(`\r\n|\r|\n`)

// line is the number of the line that holds the offset.
func (w *written) line(offset int) int64 {
	return int64(len(anyLineEnd.FindAllString(w.text[:offset], -1))) + 1
}

// plain is the table as encoding/csv gives it back, which drops CR before LF.
func (w *written) plain() [][]string {
	var rows [][]string
	for _, row := range w.rows[1:] {
		var plain []string
		for _, value := range row {
			plain = append(plain, strings.ReplaceAll(value, "\r\n", "\n"))
		}
		rows = append(rows, plain)
	}
	return rows
}

func (w *written) options(t *rapid.T) Options {
	return Options{Cores: rapid.IntRange(1, 4).Draw(t, "cores"), CSVOptions: core.CSVOptions{Delimiter: w.delimiter}}
}

func TestTablesComeBackFromAnyParts(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		w := drawTable(rt)
		r := inParts(t, dir, w.text, w.options(rt), rapid.IntRange(1, 12).Draw(rt, "parts"))
		if !reflect.DeepEqual(names(r), w.rows[0]) || r.Rows != int64(len(w.rows)-1) {
			rt.Fatalf("%q, %d rows", names(r), r.Rows)
		}
		if got := rowsOf(t, r); !reflect.DeepEqual(got, w.plain()) {
			rt.Fatalf("%q\nwant %q", got, w.plain())
		}
	})
}

func TestFaultsAreFoundInAnyParts(t *testing.T) { // DS-4
	dir := t.TempDir()
	plants := map[string]func(w *written, row, field int) int{
		"ragged": func(w *written, row, _ int) int {
			w.insert(w.fields[row][0], "extra"+w.delimiter)
			return w.starts[row]
		},
		"nul_byte":  func(w *written, row, field int) int { return w.insert(w.fields[row][field], "\x00") },
		"bad_quote": func(w *written, row, field int) int { return w.insert(w.fields[row][field], `"x"y`) + 3 },
		"unterminated_quote": func(w *written, row, field int) int {
			at := w.fields[row][field]
			w.text = w.text[:at] + `"` + strings.ReplaceAll(w.text[at:], `"`, "")
			return at
		},
	}
	rapid.Check(t, func(rt *rapid.T) {
		w := drawTable(rt)
		if len(w.rows) == 1 {
			rt.Skip("no row")
		}
		row := rapid.IntRange(1, len(w.rows)-1).Draw(rt, "row")
		field := rapid.IntRange(0, len(w.rows[0])-1).Draw(rt, "field")
		reason := rapid.SampledFrom([]string{"ragged", "nul_byte", "bad_quote", "unterminated_quote"}).Draw(rt, "fault")
		at := plants[reason](w, row, field)
		_, err := readInParts(t, dir, w.text, w.options(rt), rapid.IntRange(1, 12).Draw(rt, "parts"))
		f, ok := errors.AsType[*Fault](err)
		if !ok || f.Reason != reason || f.Line != w.line(at) || f.Offset != int64(at) {
			rt.Fatalf("%v; want %s at line %d offset %d in %q", err, reason, w.line(at), at, w.text)
		}
	})
}

// insert puts text at an offset and returns it.
func (w *written) insert(at int, text string) int {
	w.text = w.text[:at] + text + w.text[at:]
	return at
}

// However many parts a text is read in, what is found in it is the same.
func TestPartsMakeNoDifference(t *testing.T) {
	one, many := t.TempDir(), t.TempDir()
	piece := rapid.SampledFrom([]string{
		",", ",", "\n", "\n", "\n", "\r\n", "\r", `"`, `"`, `""`, "a", "1", "1.5", "NA", "2024-01-02", "2024-01-02T03:04Z", "2024年1月2日", " ", "true", "\x00", "a,b\n", "1,2\n", "\"x\ny\",2\n",
	})
	no := false
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 60).Draw(rt, "text"), "")
		opts := Options{CSVOptions: core.CSVOptions{Delimiter: ",", Header: &no}}
		if rapid.Bool().Draw(rt, "date") {
			opts.DateColumns = []string{"column_1"}
		}
		want, wantErr := readInParts(t, one, text, opts, 1)
		opts.Cores = rapid.IntRange(1, 4).Draw(rt, "cores")
		got, gotErr := readInParts(t, many, text, opts, rapid.IntRange(2, 12).Draw(rt, "parts"))
		if !reflect.DeepEqual(gotErr, wantErr) {
			rt.Fatalf("%+v, want %+v in %q", gotErr, wantErr, text)
		}
		if want == nil {
			return
		}
		if contents(t, got) != contents(t, want) {
			rt.Fatalf("%q, want %q", contents(t, got), contents(t, want))
		}
		got.Parts, want.Parts = nil, nil
		if !reflect.DeepEqual(got, want) {
			rt.Fatalf("%+v, want %+v in %q", got, want, text)
		}
	})
}

// contents is the text of all parts.
func contents(t testing.TB, r *Result) string {
	t.Helper()
	var all []byte
	for _, p := range r.Parts {
		text, err := os.ReadFile(p.Path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	return string(all)
}

// A value of an inferred type, read as that type and written again, is the same value.
func TestInferredTypesKeepTheirValues(t *testing.T) {
	digits := rapid.StringMatching(`-?[0-9]{1,20}`)
	value := rapid.OneOf(
		digits, rapid.StringMatching(` ?-?[0-9]{0,18}\.?[0-9]{0,18}([eE][+-]?[0-9]{1,3})? ?`),
		rapid.Map(rapid.Int64(), func(n int64) string { return strconv.FormatInt(n, 10) }),
		rapid.Map(rapid.Float64(), func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }),
		rapid.StringMatching(`(true|TRUE|False|t|0)`),
		rapid.StringMatching(`[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,7})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?`),
		rapid.StringMatching(`20[0-9]{2}(-[01][0-9]-[0-3][0-9]|年1?[0-9]月[123]?[0-9]日)`),
	)
	rapid.Check(t, func(rt *rapid.T) {
		v := value.Draw(rt, "value")
		e := newEvidence(false, false)
		e.observe([]byte(v), newNullSet(DefaultNulls))
		if c := e.column("c"); !keeps(v, c.Type, c.Zoned) {
			rt.Fatalf("%q is %s", v, c.Type)
		}
	})
}

// keeps reads the value with other means than the package.
func keeps(v string, as core.ColumnType, zoned bool) bool {
	switch as {
	case core.TypeInt64:
		n, err := strconv.ParseInt(strings.Trim(v, " "), 10, 64)
		return err == nil && (strconv.FormatInt(n, 10) == strings.Trim(v, " ") || n == 0)
	case core.TypeFloat64:
		f, err := strconv.ParseFloat(strings.Trim(v, " "), 64)
		exact, ok := new(big.Rat).SetString(strings.Trim(v, " "))
		again, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64))
		return err == nil && ok && exact.Cmp(again) == 0
	case core.TypeBool:
		_, err := strconv.ParseBool(strings.ToLower(v))
		return err == nil && len(v) > 1
	case core.TypeDate:
		return parses(v, "2006-1-2", "2006/1/2", "2006年1月2日")
	case core.TypeDatetime:
		layouts := []string{}
		for _, day := range []string{"2006-1-2", "2006/1/2"} {
			for _, clock := range []string{" 15:04", "T15:04", " 15:04:05", "T15:04:05"} {
				for _, zone := range []string{"Z07", "Z0700", "Z07:00"} {
					layouts = append(layouts, day+clock+zone)
				}
			}
		}
		if !zoned {
			layouts = []string{"2006-1-2 15:04", "2006-1-2T15:04", "2006-1-2 15:04:05", "2006-1-2T15:04:05", "2006/1/2 15:04", "2006/1/2T15:04", "2006/1/2 15:04:05", "2006/1/2T15:04:05"}
		}
		return parses(v, layouts...)
	}
	return true
}

// parses tells whether the value is a time of one of the layouts, with no more than microseconds.
func parses(v string, layouts ...string) bool {
	return slices.ContainsFunc(layouts, func(layout string) bool {
		at, err := time.Parse(layout, v)
		return err == nil && at.Nanosecond()%1000 == 0
	})
}
