package engine

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// naiveSight is what is seen of a table, cell by cell, without SQL.
func naiveSight(sight *core.Sight, columns []core.Column, rows [][]string) (seen []core.Column, shown [][]string) {
	if sight == nil {
		return columns, rows
	}
	var at []int
	for i, c := range columns {
		hides := func(w core.Window) bool { return slices.Contains(w.Hidden, c.Name) }
		if len(sight.Windows) == 0 || !allOf(sight.Windows, hides) {
			seen, at = append(seen, c), append(at, i)
		}
	}
	for _, row := range rows {
		var holding []core.Window
		for _, w := range sight.Windows {
			if w.Rows == nil || naive(w.Rows, columns, row) == yes {
				holding = append(holding, w)
			}
		}
		if len(holding) == 0 {
			continue
		}
		cells := make([]string, len(at))
		for n, i := range at {
			cells[n] = naiveCell(holding, columns[i], row[i])
		}
		shown = append(shown, cells)
	}
	return seen, shown
}

func naiveCell(holding []core.Window, c core.Column, raw string) string {
	cell, masked := "␀", false
	for _, w := range holding {
		mask := slices.IndexFunc(w.Masked, func(m core.MaskedColumn) bool { return m.Column == c.Name })
		switch {
		case slices.Contains(w.Hidden, c.Name):
		case mask < 0:
			return raw
		case !masked:
			masked = true
			if c.Type == core.TypeString && raw != "␀" {
				cell = naiveMask(w.Masked[mask].Mask, raw)
			}
		}
	}
	return cell
}

func allOf[T any](items []T, is func(T) bool) bool {
	return !slices.ContainsFunc(items, func(i T) bool { return !is(i) })
}

func sights() *rapid.Generator[*core.Sight] {
	return rapid.Custom(func(t *rapid.T) *core.Sight {
		s := &core.Sight{}
		for range rapid.IntRange(0, 4).Draw(t, "windows") {
			var w core.Window
			if rapid.IntRange(0, 3).Draw(t, "some rows") > 0 {
				w.Rows = predicateOf(2).Draw(t, "rows")
			}
			w.Hidden = rapid.SliceOfNDistinct(rapid.SampledFrom(poolNames), 0, 4, rapid.ID).Draw(t, "hidden")
			for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(poolNames), 0, 5, rapid.ID).Draw(t, "masked") {
				m := rapid.SampledFrom([]core.Mask{core.MaskEmail, core.MaskPhone, core.MaskName, core.MaskAll, "LATER"}).Draw(t, "mask")
				w.Masked = append(w.Masked, core.MaskedColumn{Column: name, Mask: m})
			}
			s.Windows = append(s.Windows, w)
		}
		return s
	})
}

// Whatever is asked through a sight, the answer is that of a table in which nothing
// else is.
func TestASightShowsItsCellsAndNothingElse(t *testing.T) { // PII-5, PII-6
	b := newBench(t, nil)
	text, rows := randomTable(7)
	src, _ := b.load(t, text, core.CSVOptions{NullValues: []string{"NULL"}})
	rapid.Check(t, func(rt *rapid.T) {
		src := src
		if rapid.IntRange(0, 9).Draw(rt, "sighted") > 0 {
			src.Sight = sights().Draw(rt, "sight")
		}
		src.Where = predicateOf(2).Draw(rt, "filter")
		seen, shown := naiveSight(src.Sight, src.Columns, rows)
		if name, ok := unseen(*src.Where, seen); ok {
			for what, err := range b.everyError(t, src) {
				wantUnknown(rt, what, err, name)
			}
			return
		}
		if len(seen) == 0 {
			if _, err := b.Slice(t.Context(), src, nil); reasonOf(err) != "required" {
				rt.Fatalf("no column: %v", err)
			}
			return
		}
		shown = slices.DeleteFunc(slices.Clone(shown), func(row []string) bool { return naive(src.Where, seen, row) != yes })
		wantAnswers(rt, t, b, src, seen, shown)
	})
}

// unseen is a column that a filter asks for in vain.
func unseen(p core.Predicate, seen []core.Column) (name string, ok bool) {
	for _, a := range p.Args {
		if name, ok := unseen(a, seen); ok {
			return name, ok
		}
	}
	leaf := p.Op == core.OpIn || p.Op == core.OpRange
	return p.Column, leaf && !slices.ContainsFunc(seen, func(c core.Column) bool { return c.Name == p.Column })
}

// everyError asks a source in all ways.
func (b *bench) everyError(t *testing.T, src client.Source) map[string]error {
	_, slice := b.Slice(t.Context(), src, nil)
	_, rows := b.Rows(t.Context(), client.RowsRequest{Source: src, Limit: 1})
	_, values := b.Values(t.Context(), client.ValuesRequest{Source: src, Column: src.Columns[0].Name, Limit: 1})
	return map[string]error{"slice": slice, "rows": rows, "values": values}
}

func wantUnknown(t rapid.TB, what string, err error, name string) {
	t.Helper()
	e, ok := err.(*core.Error)
	if !ok || e.Code != core.CodeValidation || e.Reason != "unknown_column" || !reflect.DeepEqual(e.Args, map[string]any{"column": name}) {
		t.Fatalf("%s of %q: %v", what, name, err)
	}
}

// wantAnswers compares what a source answers with the rows that it should show.
func wantAnswers(rt *rapid.T, t *testing.T, b *bench, src client.Source, seen []core.Column, shown [][]string) {
	reply, err := b.Rows(t.Context(), client.RowsRequest{Source: src, Limit: 5})
	if err != nil {
		rt.Fatal(err)
	}
	first := shown[:min(5, len(shown))]
	if got := rowsText(reply.Rows); !slices.EqualFunc(got, first, slices.Equal) || reply.TotalRows != int64(len(shown)) {
		rt.Fatalf("rows: %d %q\nwant %d %q", reply.TotalRows, got, len(shown), first)
	}
	var names []string
	for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, len(seen)-1), 1, len(seen), rapid.ID).Draw(rt, "columns") {
		names = append(names, seen[i].Name)
	}
	slice, err := b.Slice(t.Context(), src, names)
	if err != nil {
		rt.Fatal(err)
	}
	defer slice.Close()
	want := make([][]string, len(shown))
	for i, row := range shown {
		for _, name := range names {
			want[i] = append(want[i], row[position(seen, name)])
		}
	}
	if got := sliceText(t, slice); !slices.EqualFunc(got, want, slices.Equal) {
		rt.Fatalf("slice: %q\nwant %q", got, want)
	}
	column := position(seen, rapid.SampledFrom(names).Draw(rt, "valued"))
	contains := rapid.SampledFrom([]string{"", "0", "a", "田", "*"}).Draw(rt, "contains")
	values, err := b.Values(t.Context(), client.ValuesRequest{Source: src, Column: seen[column].Name, Prefix: contains, Limit: 500})
	if err != nil {
		rt.Fatal(err)
	}
	distinct, null := naiveValues(seen[column], column, shown, contains)
	if !slices.Equal(values.Values, distinct) || values.HasNull != null || values.Truncated {
		rt.Fatalf("values of %s: %+v\nwant %q, %v", seen[column].Name, values, distinct, null)
	}
}

func position(columns []core.Column, name string) int {
	return slices.IndexFunc(columns, func(c core.Column) bool { return c.Name == name })
}

func naiveValues(c core.Column, at int, rows [][]string, contains string) (values []string, null bool) {
	for _, row := range rows {
		null = null || row[at] == "␀"
		if row[at] != "␀" && strings.Contains(row[at], contains) {
			values = append(values, row[at])
		}
	}
	slices.SortFunc(values, func(x, y string) int { return compare(c, x, y) })
	return slices.Compact(values), null
}

// A sight without windows is none that was forgotten.
func TestASightWithoutWindowsShowsNoRow(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a,s\n1,x\n", core.CSVOptions{})
	src.Sight = &core.Sight{Windows: []core.Window{}}
	for range 3 {
		reply, err := b.Rows(t.Context(), client.RowsRequest{Source: src, Limit: 5})
		if err != nil || reply.TotalRows != 0 || len(reply.Rows) != 0 || len(reply.Columns) != 2 {
			t.Errorf("rows: %+v, %v", reply, err)
		}
		slice, err := b.Slice(t.Context(), src, nil)
		if err != nil || slice.Rows != 0 || slice.Close() != nil {
			t.Errorf("slice: %+v, %v", slice, err)
		}
		values, err := b.Values(t.Context(), client.ValuesRequest{Source: src, Column: "s", Limit: 5})
		if err != nil || len(values.Values) != 0 || values.HasNull {
			t.Errorf("values: %+v, %v", values, err)
		}
		text, err := json.Marshal(src)
		if err != nil {
			t.Fatal(err)
		}
		src = client.Source{}
		if err := json.Unmarshal(text, &src); err != nil || src.Sight == nil {
			t.Fatalf("%s is %+v, %v", text, src, err)
		}
		src.Sight.Windows = nil
	}
	src.Sight = nil
	if text, err := json.Marshal(src); err != nil || strings.Contains(string(text), "sight") {
		t.Errorf("%s, %v", text, err)
	}
}

func TestAHiddenColumnIsOneThatNeverWas(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a,pay,s\n1,500,x\n", core.CSVOptions{})
	src.Sight = &core.Sight{Windows: []core.Window{{Hidden: []string{"pay", "gone"}}}}
	if got := b.rows(t, src); !reflect.DeepEqual(got, [][]string{{"1", "x"}}) {
		t.Errorf("%q", got)
	}
	for _, name := range []string{"pay", "never"} {
		_, slice := b.Slice(t.Context(), src, []string{"a", name})
		_, values := b.Values(t.Context(), client.ValuesRequest{Source: src, Column: name, Limit: 1})
		wantUnknown(t, "slice", slice, name)
		wantUnknown(t, "values", values, name)
		src.Where = &core.Predicate{Op: core.OpRange, Column: name, From: "1"}
		for what, err := range b.everyError(t, src) {
			wantUnknown(t, what, err, name)
		}
		src.Where = nil
	}
}

// A row for which a condition is unknown is not held, however it is turned around.
func TestAWindowHoldsWhatItsConditionIsTrueOf(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "n,s\n1,x\nNULL,y\n", core.CSVOptions{})
	one := core.Predicate{Op: core.OpIn, Column: "n", Values: []string{"1"}}
	not := &core.Predicate{Op: core.OpNot, Args: []core.Predicate{one}}
	for name, c := range map[string]struct {
		windows []core.Window
		want    [][]string
	}{
		"one":        {[]core.Window{{Rows: &one}}, [][]string{{"1", "x"}}},
		"not one":    {[]core.Window{{Rows: not}}, nil},
		"with mask":  {[]core.Window{{Rows: not}, {Masked: []core.MaskedColumn{{Column: "s", Mask: core.MaskAll}}}}, [][]string{{"1", "***"}, {"␀", "***"}}},
		"with plain": {[]core.Window{{Rows: &one}, {Hidden: []string{"s"}}}, [][]string{{"1", "x"}, {"␀", "␀"}}},
	} {
		src.Sight = &core.Sight{Windows: c.windows}
		if got := b.rows(t, src); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Those who see different things share no slice, though both are open.
func TestSlicesOfDifferentSights(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a,s\n1,x\n2,y\n", core.CSVOptions{})
	for _, c := range []struct {
		sight *core.Sight
		want  [][]string
	}{
		{nil, [][]string{{"1", "x"}, {"2", "y"}}},
		{&core.Sight{}, nil},
		{&core.Sight{Windows: []core.Window{{Rows: &core.Predicate{Op: core.OpIn, Column: "a", Values: []string{"2"}}}}}, [][]string{{"2", "y"}}},
		{&core.Sight{Windows: []core.Window{{Masked: []core.MaskedColumn{{Column: "s", Mask: core.MaskAll}}}}}, [][]string{{"1", "***"}, {"2", "***"}}},
	} {
		src.Sight = c.sight
		slice, err := b.Slice(t.Context(), src, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer slice.Close()
		if got := sliceText(t, slice); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v: %q", c.sight, got)
		}
	}
}

// What a sight names is not for those who see through it, not even in an error.
func TestSightsThatDoNotFit(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a,s\n1,x\n", core.CSVOptions{})
	in := func(column string, values ...string) *core.Predicate {
		return &core.Predicate{Op: core.OpIn, Column: column, Values: values}
	}
	deep := in("a", "1")
	for range maxDepth + 1 {
		deep = &core.Predicate{Op: core.OpNot, Args: []core.Predicate{*deep}}
	}
	half := core.Window{Rows: in("a", slices.Repeat([]string{"1"}, maxLeaves/2+1)...)}
	for name, c := range map[string]struct {
		windows []core.Window
		reason  string
		args    map[string]any
	}{
		"unknown column":  {[]core.Window{{}, {Rows: in("pay", "500")}}, "bad_value", nil},
		"bad value":       {[]core.Window{{Rows: in("a", "secret")}}, "bad_value", nil},
		"end of SQL":      {[]core.Window{{Rows: in("a\x00", "1")}}, "bad_value", nil},
		"too deep":        {[]core.Window{{Rows: deep}}, "too_many", map[string]any{"max": maxDepth}},
		"too many values": {[]core.Window{half, half}, "too_many", map[string]any{"max": maxLeaves}},
		"too many":        {make([]core.Window, core.MaxWindows+1), "too_many", map[string]any{"max": core.MaxWindows}},
	} {
		src.Sight = &core.Sight{Windows: c.windows}
		for what, err := range b.everyError(t, src) {
			e, ok := err.(*core.Error)
			if !ok || e.Code != core.CodeValidation || e.Field != "sight" || e.Reason != c.reason || len(e.Args) != len(c.args) || c.args != nil && !reflect.DeepEqual(e.Args, c.args) {
				t.Errorf("%s, %s: %v %v", name, what, err, e)
			}
		}
	}
	src.Sight = &core.Sight{Windows: make([]core.Window, core.MaxWindows)}
	if got := b.rows(t, src); len(got) != 1 {
		t.Errorf("%d windows: %q", core.MaxWindows, got)
	}
}

// Names and values of a sight are never SQL.
func TestSightsAreNotSQL(t *testing.T) {
	b := newBench(t, nil)
	evil := []string{`x" IS NULL OR true) AS w0, ("a`, `"); DROP TABLE t; --`, `it's ?`, `c0`, `w0`, `$1`}
	src, _ := b.load(t, csvLine(append([]string{"a"}, evil...))+csvLine([]string{"1", "v0", "v1", "v2", "v3", "v4", "v5"})+
		csvLine([]string{"2", "v0", "v1", "v2", "v3", "v4", "v5"}), core.CSVOptions{})
	first := core.Predicate{Op: core.OpIn, Column: "a", Values: []string{"1"}}
	for _, name := range evil {
		none := core.Predicate{Op: core.OpIn, Column: name, Values: []string{`v') OR true --`, name}}
		src.Sight = &core.Sight{Windows: []core.Window{{Rows: &first, Masked: []core.MaskedColumn{{Column: name, Mask: core.Mask(name)}}},
			{Rows: &none}, {Rows: &first, Hidden: []string{name}, Masked: []core.MaskedColumn{{Column: "a", Mask: core.MaskAll}}}}}
		want := []string{"1", "v0", "v1", "v2", "v3", "v4", "v5"}
		want[position(src.Columns, name)] = "***"
		if got := b.rows(t, src); !reflect.DeepEqual(got, [][]string{want}) {
			t.Errorf("%s: %q", name, got)
		}
	}
	ended := src
	ended.Columns = append(slices.Clone(src.Columns), core.Column{Name: "a\x00", Type: core.TypeInt64})
	if got := b.rows(t, ended); len(got) != 1 || len(got[0]) != len(src.Columns) {
		t.Errorf("a name that ends SQL: %q", got)
	}
}

// The rows of a sight and the filter on what it shows reach the reading of Parquet
// itself, and columns that nobody asks for are not read.
func TestASightReachesTheParquet(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "n,s,pay,unread\n1,x,5,y\n2,z,6,y\n", core.CSVOptions{})
	path, release, err := b.blobs.Local(t.Context(), src.Parts[0])
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	src.Sight = &core.Sight{Windows: []core.Window{{
		Rows: &core.Predicate{Op: core.OpIn, Column: "s", Values: []string{"x"}}, Hidden: []string{"pay"},
		Masked: []core.MaskedColumn{{Column: "unread", Mask: core.MaskAll}},
	}}}
	src.Where = &core.Predicate{Op: core.OpRange, Column: "n", From: "2"}
	r, err := openData(t.Context(), task{Dir: t.TempDir(), MemoryMB: 256, Threads: 1}, data{Source: src, Paths: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.db.Close()
	statement, values := r.sql(r.paths, `"n"`, "")
	var kind, plan string
	if err := r.db.QueryRowContext(t.Context(), "EXPLAIN "+statement, values...).Scan(&kind, &plan); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"READ_PARQUET", "Filters:", "n>=2", "s='x'"} {
		if !strings.Contains(plan, want) {
			t.Errorf("no %q in the plan", want)
		}
	}
	if strings.Contains(plan, "unread") || strings.Contains(plan, "pay") || t.Failed() {
		t.Error(plan)
	}
}

func TestASightKeepsTheOrderOfTheRows(t *testing.T) {
	b := newBench(t, nil)
	src, done := b.load(t, numbered(120_000, func(i int) string { return strconv.Itoa(i % 7) }), core.CSVOptions{})
	if len(done.Parts) < 2 {
		t.Fatalf("%d parts", len(done.Parts))
	}
	window := func(mask core.Mask, keys ...string) core.Window {
		w := core.Window{Rows: &core.Predicate{Op: core.OpIn, Column: "key", Values: keys}}
		if mask != "" {
			w.Masked = []core.MaskedColumn{{Column: "long", Mask: mask}}
		}
		return w
	}
	src.Sight = &core.Sight{Windows: []core.Window{window("", "0", "3"), window(core.MaskAll, "3", "5"), window(core.MaskName, "6")}}
	slice, err := b.Slice(t.Context(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer slice.Close()
	got := sliceText(t, slice)
	n := 0
	for i := range 120_000 {
		long, held := fmt.Sprintf("%0180d", i), map[int]bool{0: true, 3: true, 5: true, 6: true}[i%7]
		if !held {
			continue
		}
		if i%7 > 3 {
			long = "***"
		}
		if want := []string{strconv.Itoa(i), strconv.Itoa(i % 7), long}; n >= len(got) || !slices.Equal(got[n], want) {
			t.Fatalf("row %d is not %q", n, want)
		}
		n++
	}
	if n != len(got) {
		t.Errorf("%d rows, not %d", len(got), n)
	}
}
