package engine

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// truth is a value of SQL's logic.
type truth int

const (
	no truth = iota
	unknown
	yes
)

// naive says what a filter means, row by row, without SQL. Rows are canonical text.
func naive(p *core.Predicate, columns []core.Column, row []string) truth {
	switch p.Op {
	case core.OpAnd, core.OpOr:
		result := yes
		if p.Op == core.OpOr {
			result = no
		}
		for i := range p.Args {
			if t := naive(&p.Args[i], columns, row); p.Op == core.OpAnd {
				result = min(result, t)
			} else {
				result = max(result, t)
			}
		}
		return result
	case core.OpNot:
		return yes - naive(&p.Args[0], columns, row)
	}
	i := slices.IndexFunc(columns, func(c core.Column) bool { return c.Name == p.Column })
	if row[i] == "␀" {
		if p.Op == core.OpIn && p.IncludeNull {
			return yes
		}
		return unknown
	}
	if p.Op == core.OpIn {
		return truthOf(slices.ContainsFunc(p.Values, func(v string) bool { return compare(columns[i], row[i], v) == 0 }))
	}
	from, to := row[i], row[i]
	if columns[i].Type == core.TypeDatetime {
		from = dayOf(columns[i], row[i])
		to = from
	}
	return truthOf((p.From == "" || compare(core.Column{Type: plain(columns[i])}, from, p.From) >= 0) &&
		(p.To == "" || compare(core.Column{Type: plain(columns[i])}, to, p.To) <= 0))
}

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// plain is the type in which the ends of a range are compared.
func plain(c core.Column) core.ColumnType {
	if c.Type == core.TypeDatetime {
		return core.TypeDate
	}
	return c.Type
}

// dayOf is the day on which people see a moment.
func dayOf(c core.Column, text string) string {
	if !c.Zoned {
		return text[:len(time.DateOnly)]
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t.Add(9 * time.Hour).UTC().Format(time.DateOnly)
}

func compare(c core.Column, a, b string) int {
	switch c.Type {
	case core.TypeInt64:
		x, _ := strconv.ParseInt(a, 10, 64)
		y, _ := strconv.ParseInt(b, 10, 64)
		return cmp.Compare(x, y)
	case core.TypeFloat64:
		x, _ := strconv.ParseFloat(a, 64)
		y, _ := strconv.ParseFloat(b, 64)
		return cmp.Compare(x, y)
	}
	return strings.Compare(a, b) // dates and times sort as text; false comes before true
}

// pools are the values of the columns in random tables and filters: few, so that
// they meet.
var pools = map[string][]string{
	"n":     {"-9223372036854775808", "-1", "0", "7", "9007199254740993", "9223372036854775807"},
	"x":     {"-0.5", "0", "0.1", "1e300", "3.14"},
	"ok":    {"true", "false"},
	"day":   {"0001-01-01", "2023-12-31", "2024-01-01", "2024-02-29", "9999-12-31"},
	"at":    {"0001-01-01 00:00:00", "2023-12-31 23:59:59.999999", "2024-01-01 00:00:00", "2024-01-01 23:59:59.999999", "2024-01-02 00:00:00", "9999-12-31 23:59:59"},
	"世界":    {"2023-12-31T14:59:59.999999Z", "2023-12-31T15:00:00Z", "2024-01-01T00:00:00Z", "2024-01-01T14:59:59.999999Z", "2024-01-01T15:00:00Z"},
	`te"xt`: {"東京", "大阪", "a'b", "x", "X", " x", "%", "null"},
	"c1":    {"taro@example.com", "t***@example.com", "090-1234-5678", "090-****-5678", "田中 太郎", "田中 *", "***", ""},
	"w0":    {"田中　花子", "田中 *", "田 *", "hana@例え.jp", "h***@例え.jp", "x", "x *"},
}

// poolNames are the columns, two of them named as the engine names columns inside.
var poolNames = []string{"n", "x", "ok", "day", "at", "世界", `te"xt`, "c1", "w0"}

// randomTable is a CSV of random rows with nulls, and the rows as canonical text.
func randomTable(seed uint64) (text string, rows [][]string) {
	r := rand.New(rand.NewPCG(seed, 1))
	var out strings.Builder
	out.WriteString(csvLine(poolNames))
	for range 60 {
		row := make([]string, len(poolNames))
		for i, name := range poolNames {
			row[i] = "␀"
			if r.IntN(5) > 0 {
				row[i] = pools[name][r.IntN(len(pools[name]))]
			}
		}
		rows = append(rows, row)
		out.WriteString(strings.ReplaceAll(csvLine(row), `"␀"`, "NULL"))
	}
	return out.String(), canonicalRows(rows)
}

// canonicalRows writes floats as rows come back.
func canonicalRows(rows [][]string) [][]string {
	for _, row := range rows {
		if f, err := strconv.ParseFloat(row[1], 64); err == nil {
			row[1] = floatText(f)
		}
	}
	return rows
}

func predicates() *rapid.Generator[*core.Predicate] { return predicateOf(3) }

func predicateOf(depth int) *rapid.Generator[*core.Predicate] {
	return rapid.Custom(func(t *rapid.T) *core.Predicate {
		kinds := []core.PredicateOp{core.OpIn, core.OpRange}
		if depth > 0 {
			kinds = append(kinds, core.OpAnd, core.OpOr, core.OpNot)
		}
		p := &core.Predicate{Op: rapid.SampledFrom(kinds).Draw(t, "op")}
		switch p.Op {
		case core.OpIn, core.OpRange:
			p.Column = rapid.SampledFrom(poolNames).Draw(t, "column")
			drawLeaf(t, p)
		default:
			least, most := 0, 3
			if p.Op == core.OpNot {
				least, most = 1, 1
			}
			for range rapid.IntRange(least, most).Draw(t, "args") {
				p.Args = append(p.Args, *predicateOf(depth-1).Draw(t, "arg"))
			}
		}
		return p
	})
}

func drawLeaf(t *rapid.T, p *core.Predicate) {
	pool := pools[p.Column]
	if p.Op == core.OpIn {
		p.Values = rapid.SliceOfN(rapid.SampledFrom(pool), 0, 4).Draw(t, "values")
		p.IncludeNull = rapid.Bool().Draw(t, "nulls")
		return
	}
	if p.Column == "at" || p.Column == "世界" {
		pool = pools["day"]
	}
	ends := append([]string{""}, pool...)
	p.From, p.To = rapid.SampledFrom(ends).Draw(t, "from"), rapid.SampledFrom(ends).Draw(t, "to")
}

func TestFiltersMeanWhatTheySay(t *testing.T) { // FL-1, FL-3
	b := newBench(t, nil)
	var sources []client.Source
	var tables [][][]string
	for seed := range uint64(3) {
		text, rows := randomTable(seed)
		b.put(t, source, text)
		req := request(core.CSVOptions{NullValues: []string{"NULL"}})
		req.Target = fmt.Sprintf("datasets/ds_%d/data/v000001/", seed)
		done, problem, err := b.Import(t.Context(), req, nil)
		if err != nil || problem != nil {
			t.Fatal(problem, err)
		}
		sources, tables = append(sources, sourceOf(done)), append(tables, rows)
		if got := b.rows(t, sources[seed]); !reflect.DeepEqual(got, rows) {
			t.Fatalf("table %d is not what was written: %q", seed, got)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, len(sources)-1).Draw(rt, "table")
		src := sources[n]
		src.Where = predicates().Draw(rt, "filter")
		want := slices.DeleteFunc(slices.Clone(tables[n]), func(row []string) bool {
			return naive(src.Where, src.Columns, row) != yes
		})
		slice, err := b.Slice(t.Context(), src, nil)
		if err != nil {
			rt.Fatal(err)
		}
		defer slice.Close()
		if got := sliceText(t, slice); !slices.EqualFunc(got, want, slices.Equal) {
			rt.Fatalf("got %d rows %q\nwant %d rows %q", len(got), got, len(want), want)
		}
	})
}

// A null is nowhere but where it is asked for, however a filter is turned around.
func TestNullsMatchOnlyWhereTheyAreIncluded(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "n,s\n1,x\nNULL,null\n", core.CSVOptions{})
	not := func(p core.Predicate) core.Predicate {
		return core.Predicate{Op: core.OpNot, Args: []core.Predicate{p}}
	}
	in := func(nulls bool, values ...string) core.Predicate {
		return core.Predicate{Op: core.OpIn, Column: "n", Values: values, IncludeNull: nulls}
	}
	open := core.Predicate{Op: core.OpRange, Column: "n"}
	for name, c := range map[string]struct {
		where core.Predicate
		want  [][]string
	}{
		"in":                    {in(false, "1"), [][]string{{"1", "x"}}},
		"in or null":            {in(true, "1"), [][]string{{"1", "x"}, {"␀", "␀"}}},
		"null alone":            {in(true), [][]string{{"␀", "␀"}}},
		"nothing":               {in(false), nil},
		"not in":                {not(in(false, "1")), nil},
		"not in another":        {not(in(false, "2")), [][]string{{"1", "x"}}},
		"not nothing":           {not(in(false)), [][]string{{"1", "x"}}},
		"not null":              {not(in(true)), [][]string{{"1", "x"}}},
		"open range":            {open, [][]string{{"1", "x"}}},
		"not the open range":    {not(open), nil},
		"no condition":          {core.Predicate{Op: core.OpAnd}, [][]string{{"1", "x"}, {"␀", "␀"}}},
		"none of no conditions": {core.Predicate{Op: core.OpOr}, nil},
	} {
		src.Where = &c.where
		if got := b.rows(t, src); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestRangesHoldWholeDays(t *testing.T) { // FL-1
	b := newBench(t, nil)
	src, _ := b.load(t, "local,zoned\n"+
		"2024-01-01 00:00:00,2023-12-31T15:00:00Z\n"+
		"2024-01-01 23:59:59.999999,2024-01-01T23:59:59.999999+09:00\n"+
		"2024-01-02 00:00:00,2024-01-02T00:00:00+09:00\n"+
		"2023-12-31 23:59:59.999999,2023-12-31T23:59:59.999999+09:00\n"+
		"0001-01-01 00:00:00,0002-01-01T00:00:00Z\n"+
		"9999-12-31 23:59:59.999999,9998-12-31T14:59:59Z\n", core.CSVOptions{})
	for _, c := range []struct {
		from, to string
		want     int64
	}{
		{"2024-01-01", "2024-01-01", 2}, {"2024-01-01", "2024-01-02", 3}, {"2024-01-02", "2024-01-01", 0},
		{"0001-01-01", "9999-12-31", 6}, {"0001-01-01", "", 6}, {"", "9999-12-31", 6}, {"", "2023-12-31", 2}, {"2024-01-02", "", 2},
	} {
		for _, column := range []string{"local", "zoned"} {
			src.Where = &core.Predicate{Op: core.OpRange, Column: column, From: c.from, To: c.to}
			reply, err := b.Rows(t.Context(), client.RowsRequest{Source: src})
			if err != nil || reply.TotalRows != c.want {
				t.Errorf("%s from %q to %q: %+v, %v", column, c.from, c.to, reply, err)
			}
		}
	}
}

func TestFiltersThatDoNotFit(t *testing.T) {
	b := newBench(t, nil)
	text, _ := randomTable(1)
	src, _ := b.load(t, text, core.CSVOptions{})
	in := func(column string, values ...string) core.Predicate {
		return core.Predicate{Op: core.OpIn, Column: column, Values: values}
	}
	deep := in("n", "1")
	for range maxDepth + 1 {
		deep = core.Predicate{Op: core.OpNot, Args: []core.Predicate{deep}}
	}
	for name, c := range map[string]struct {
		where  core.Predicate
		reason string
	}{
		"unknown column":    {in("m", "1"), "unknown_column"},
		"other case":        {in("N", "1"), "unknown_column"},
		"fraction":          {in("n", "1.5"), "bad_value"},
		"too large":         {in("n", "9223372036854775808"), "bad_value"},
		"no number":         {in("x", "NaN"), "bad_value"},
		"infinity":          {in("x", "1e999"), "bad_value"},
		"hexadecimal":       {in("x", "0x1p-2"), "bad_value"},
		"yes":               {in("ok", "yes"), "bad_value"},
		"slashes":           {in("day", "2024/01/01"), "bad_value"},
		"no such day":       {in("day", "2023-02-29"), "bad_value"},
		"no time":           {in("at", "2024-01-01"), "bad_value"},
		"nanoseconds":       {in("at", "2024-01-01 00:00:00.0000001"), "bad_value"},
		"no zone":           {in("世界", "2024-01-01T00:00:00"), "bad_value"},
		"range of moments":  {core.Predicate{Op: core.OpRange, Column: "at", From: "2024-01-01 00:00:00"}, "bad_value"},
		"range to nowhere":  {core.Predicate{Op: core.OpRange, Column: "day", To: "tomorrow"}, "bad_value"},
		"two negations":     {core.Predicate{Op: core.OpNot, Args: []core.Predicate{in("n"), in("n")}}, "bad_value"},
		"unknown operation": {core.Predicate{Op: "like", Column: "n"}, "bad_value"},
		"too deep":          {deep, "too_many"},
		"too many values":   {in("n", slices.Repeat([]string{"1"}, maxLeaves+1)...), "too_many"},
	} {
		src := client.Source{Parts: src.Parts, Columns: src.Columns, Where: &core.Predicate{Op: core.OpAnd, Args: []core.Predicate{c.where}}}
		_, sliceErr := b.Slice(t.Context(), src, nil)
		_, rowsErr := b.Rows(t.Context(), client.RowsRequest{Source: src, Limit: 1})
		_, valuesErr := b.Values(t.Context(), client.ValuesRequest{Source: src, Column: "n", Limit: 1})
		for _, err := range []error{sliceErr, rowsErr, valuesErr} {
			if reason := reasonOf(err); reason != c.reason {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// reasonOf is the reason of a VALIDATION_ERROR, "" of others.
func reasonOf(err error) string {
	e, ok := err.(*core.Error)
	if !ok || e.Code != core.CodeValidation {
		return ""
	}
	return e.Reason
}
