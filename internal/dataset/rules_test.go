package dataset

import (
	"context"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

func wantReason(t *testing.T, err error, field, reason string) {
	t.Helper()
	e, _ := errors.AsType[*core.Error](err)
	if reason == "" && err != nil || reason != "" && (e == nil || e.Code != core.CodeValidation || e.Reason != reason || e.Field != field) {
		t.Errorf("got %v, want %q at %s", err, reason, field)
	}
}

func TestCheckOptions(t *testing.T) { // DS-1, DS-3
	cases := map[string]struct {
		options       core.CSVOptions
		field, reason string
	}{
		"nothing given":         {core.CSVOptions{}, "", ""},
		"everything given":      {core.CSVOptions{Delimiter: "\t", Encoding: "cp932", NullValues: []string{"", "-"}, SkipRows: maxSkipRows, DateColumns: []string{"日付"}, SortColumn: "日付"}, "", ""},
		"delimiter of two":      {core.CSVOptions{Delimiter: ",;"}, "input.delimiter", "bad_value"},
		"quote as delimiter":    {core.CSVOptions{Delimiter: `"`}, "input.delimiter", "bad_value"},
		"line end as delimiter": {core.CSVOptions{Delimiter: "\n"}, "input.delimiter", "bad_value"},
		"NUL as delimiter":      {core.CSVOptions{Delimiter: "\x00"}, "input.delimiter", "bad_value"},
		"half a character":      {core.CSVOptions{Delimiter: "\xe3"}, "input.delimiter", "bad_value"},
		"wide delimiter":        {core.CSVOptions{Delimiter: "、"}, "", ""},
		"unknown encoding":      {core.CSVOptions{Encoding: "latin-1"}, "input.encoding", "bad_choice"},
		"negative rows":         {core.CSVOptions{SkipRows: -1}, "input.skipRows", "out_of_range"},
		"too many rows":         {core.CSVOptions{SkipRows: maxSkipRows + 1}, "input.skipRows", "out_of_range"},
		"too many nulls":        {core.CSVOptions{NullValues: make([]string, maxNullValues+1)}, "input.nullValues", "too_many"},
		"long null":             {core.CSVOptions{NullValues: []string{"", strings.Repeat("x", maxColumnName+1)}}, "input.nullValues.1", "too_long"},
		"control in a column":   {core.CSVOptions{DateColumns: []string{"a\x01"}}, "input.dateColumns.0", "control_characters"},
		"too many columns":      {core.CSVOptions{DateColumns: make([]string, maxColumns+1)}, "input.dateColumns", "too_many"},
		"long partition column": {core.CSVOptions{SortColumn: strings.Repeat("x", maxColumnName+1)}, "input.partitionColumn", "too_long"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { wantReason(t, checkOptions(c.options), c.field, c.reason) })
	}
}

func TestMergeColumns(t *testing.T) { // DS-2
	have := []core.Column{{Name: "a", Type: core.TypeInt64, Description: "first"}, {Name: "b", Type: core.TypeDatetime, Zoned: true, Nullable: true}}
	with := func(change func(cols []core.Column)) []core.Column {
		cols := slices.Clone(have)
		change(cols)
		return cols
	}
	cases := map[string]struct {
		more   []core.Column
		differ string
	}{
		"the same":      {have, ""},
		"with nulls":    {with(func(c []core.Column) { c[0].Nullable, c[0].Description = true, "" }), ""},
		"other name":    {with(func(c []core.Column) { c[0].Name = "A" }), "a"},
		"other type":    {with(func(c []core.Column) { c[0].Type = core.TypeFloat64 }), "a"},
		"without zones": {with(func(c []core.Column) { c[1].Zoned = false }), "b"},
		"other order":   {[]core.Column{have[1], have[0]}, "a"},
		"one fewer":     {have[:1], "b"},
		"one more":      {append(slices.Clone(have), core.Column{Name: "c"}), "c"},
		"none":          {nil, "a"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			merged, err := mergeColumns(have, c.more)
			if c.differ != "" {
				wantReason(t, err, "input.appendTo", "columns_differ")
				if e, ok := errors.AsType[*core.Error](err); ok && e.Args["column"] != c.differ {
					t.Errorf("named %v, want %s", e.Args["column"], c.differ)
				}
				return
			}
			if err != nil || merged[0].Nullable != c.more[0].Nullable || merged[0].Description != "first" || !merged[1].Nullable {
				t.Errorf("got %+v, %v", merged, err)
			}
		})
	}
	if have[0].Nullable {
		t.Error("the columns of the dataset were changed")
	}
}

func TestApplyChange(t *testing.T) { // DS-8
	d := &core.Dataset{Name: "old", Description: "old", Columns: []core.Column{{Name: "a"}, {Name: "b", Description: "kept"}}}
	name := "new"
	if err := apply(d, Change{Name: &name, Columns: []ColumnChange{{Name: "a", Description: new("A")}}}, false); err != nil {
		t.Fatal(err)
	}
	if d.Name != "new" || d.Description != "old" || d.Columns[0].Description != "A" || d.Columns[1].Description != "kept" {
		t.Errorf("got %+v", d)
	}
	wantReason(t, apply(d, Change{Columns: []ColumnChange{{Name: "a"}, {Name: "c"}}}, false), "input.columns.1.name", "unknown_column")
}

func TestVersionPage(t *testing.T) { // DS-16
	var all []*core.DatasetVersion
	for n := int64(5); n > 0; n-- {
		all = append(all, &core.DatasetVersion{Number: n})
	}
	var got []int64
	page := core.PageArgs{First: 2}
	for {
		p, err := versionPage(all, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range p.Nodes {
			got = append(got, v.Number)
		}
		if !p.HasNext {
			break
		}
		page.After = p.EndCursor()
	}
	if !slices.Equal(got, []int64{5, 4, 3, 2, 1}) {
		t.Errorf("read %v", got)
	}
	_, err := versionPage(all, core.PageArgs{First: 1, After: "x"})
	wantReason(t, err, "after", "bad_cursor")
}

func TestJobsNeverShareAFolder(t *testing.T) { // DS-7
	id := core.NewID(core.NounDataset)
	first := &core.ImportJob{ID: core.NewID(core.NounJob), Kind: core.ImportNew, DatasetID: id}
	if got, want := versionFolder(first, 1), "datasets/"+id+"/data/v000001/"; got != want {
		t.Errorf("first version in %s, want %s", got, want)
	}
	a := &core.ImportJob{ID: core.NewID(core.NounJob), DatasetID: id, Kind: core.ImportAppend}
	b := &core.ImportJob{ID: core.NewID(core.NounJob), DatasetID: id, Kind: core.ImportAppend}
	if versionFolder(a, 2) == versionFolder(b, 2) {
		t.Error("two parts in one folder")
	}
	if !strings.Contains(versionFolder(a, 2)+"part-0000.parquet", ownEnding(a.ID)) {
		t.Error("a part is not found again by its job")
	}
}

func TestProblemOf(t *testing.T) { // FAIL-5
	over, cancel := context.WithCancel(t.Context())
	cancel()
	cases := map[string]struct {
		ctx    context.Context
		err    error
		code   core.Code
		reason string
	}{
		"stopped":       {over, errors.New("x"), core.CodeUnavailable, "interrupted"},
		"executor lost": {t.Context(), &core.Error{Code: core.CodeExecution, Reason: "executor_lost"}, core.CodeUnavailable, "interrupted"},
		"executor away": {t.Context(), &core.Error{Code: core.CodeUnavailable}, core.CodeUnavailable, ""},
		"columns":       {t.Context(), core.Invalid("f", "columns_differ"), core.CodeValidation, "columns_differ"},
		"anything else": {t.Context(), errors.New("x"), core.CodeInternal, ""},
	}
	for name, c := range cases {
		if p := problemOf(c.ctx, c.err); p.Code != c.code || p.Reason != c.reason {
			t.Errorf("%s: got %+v", name, p)
		}
	}
	from := fromExecutor(&client.Problem{Code: core.CodeCSVParse, Line: 3, Column: 2, Offset: 9, Sample: "s", Message: "for nobody"})
	if want := (&core.ImportProblem{Code: core.CodeCSVParse, Line: 3, Column: 2, Offset: 9, Sample: "s"}); !reflect.DeepEqual(from, want) {
		t.Errorf("got %+v", from)
	}
}

func TestCounted(t *testing.T) { // DS-2
	for size, ok := range map[int]bool{0: true, 9: true, 10: true, 11: false, 5000: false} {
		c := &counted{r: strings.NewReader(strings.Repeat("x", size)), left: 10}
		n, err := io.Copy(io.Discard, c)
		if ok && (err != nil || n != int64(size)) || !ok && !errors.Is(err, errTooLarge) {
			t.Errorf("%d bytes: %d, %v", size, n, err)
		}
	}
}

func TestSize(t *testing.T) { // DS-2
	for bytes, want := range map[int64]string{100 << 20: "100 MB", 2 << 10: "2 KB", 12: "12 B"} {
		if got := size(bytes); got != want {
			t.Errorf("size(%d) = %s, want %s", bytes, got, want)
		}
	}
}
