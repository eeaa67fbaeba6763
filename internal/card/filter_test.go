package card

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/internal/core"
)

var sales = &core.Dataset{Columns: []core.Column{
	{Name: "地域", Type: core.TypeString}, {Name: "数量", Type: core.TypeInt64}, {Name: "単価", Type: core.TypeFloat64},
	{Name: "新規", Type: core.TypeBool}, {Name: "日付", Type: core.TypeDate}, {Name: "時刻", Type: core.TypeDatetime},
	{Name: "受信", Type: core.TypeDatetime, Zoned: true},
}}

func many(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = strconv.Itoa(i)
	}
	return out
}

func TestNarrow(t *testing.T) { // FL-1, FL-2, FL-3
	in := func(column string, values ...string) *core.Predicate {
		return &core.Predicate{Op: core.OpIn, Column: column, Values: values}
	}
	cases := map[string]struct {
		value  core.FilterValue
		want   *core.Predicate
		reason string
	}{
		"text":                     {core.FilterValue{Column: "地域", Values: []string{"関東", "関西", "関東"}}, in("地域", "関東", "関西"), ""},
		"text that looks like SQL": {core.FilterValue{Column: "地域", Values: []string{"' OR 1=1 --"}}, in("地域", "' OR 1=1 --"), ""},
		"empty text":               {core.FilterValue{Column: "地域", Values: []string{""}}, in("地域", ""), ""},
		"null only":                {core.FilterValue{Column: "地域", IncludeNull: true}, &core.Predicate{Op: core.OpIn, Column: "地域", Values: []string{}, IncludeNull: true}, ""},
		"nothing chosen":           {core.FilterValue{Column: "地域"}, nil, ""},
		"unknown column":           {core.FilterValue{Column: "支店", Values: []string{"x"}}, nil, ""},
		"whole number":             {core.FilterValue{Column: "数量", Values: []string{"007", "-3"}}, in("数量", "-3", "7"), ""},
		"number too large":         {core.FilterValue{Column: "数量", Values: []string{"9223372036854775808"}}, nil, "bad_value"},
		"number with a fraction":   {core.FilterValue{Column: "数量", Values: []string{"1.5"}}, nil, "bad_value"},
		"no number":                {core.FilterValue{Column: "数量", Values: []string{"1", "x"}}, nil, "bad_value"},
		"float":                    {core.FilterValue{Column: "単価", Values: []string{"1.50", "2e1"}}, in("単価", "1.5", "20"), ""},
		"hexadecimal float":        {core.FilterValue{Column: "単価", Values: []string{"0x1p-2"}}, nil, "bad_value"},
		"not a number":             {core.FilterValue{Column: "単価", Values: []string{"NaN"}}, nil, "bad_value"},
		"infinite":                 {core.FilterValue{Column: "単価", Values: []string{"inf"}}, nil, "bad_value"},
		"bool":                     {core.FilterValue{Column: "新規", Values: []string{"TRUE"}}, in("新規", "true"), ""},
		"bool as a digit":          {core.FilterValue{Column: "新規", Values: []string{"1"}}, nil, "bad_value"},
		"day":                      {core.FilterValue{Column: "日付", Values: []string{"2024-02-29"}}, in("日付", "2024-02-29"), ""},
		"day that is none":         {core.FilterValue{Column: "日付", Values: []string{"2023-02-29"}}, nil, "bad_value"},
		"moment":                   {core.FilterValue{Column: "時刻", Values: []string{"2024-01-02T03:04:05.50"}}, in("時刻", "2024-01-02 03:04:05.5"), ""},
		"moment with a zone":       {core.FilterValue{Column: "受信", Values: []string{"2024-01-02T09:00:00+09:00"}}, in("受信", "2024-01-02T00:00:00Z"), ""},
		"moment without its zone":  {core.FilterValue{Column: "受信", Values: []string{"2024-01-02 09:00:00"}}, nil, "bad_value"},
		"range": {core.FilterValue{Column: "日付", From: "2024-01-01", To: "2024-01-01"},
			&core.Predicate{Op: core.OpRange, Column: "日付", From: "2024-01-01", To: "2024-01-01"}, ""},
		"open range":            {core.FilterValue{Column: "時刻", To: "2024-12-31"}, &core.Predicate{Op: core.OpRange, Column: "時刻", To: "2024-12-31"}, ""},
		"range over text":       {core.FilterValue{Column: "地域", From: "2024-01-01"}, nil, ""},
		"range over numbers":    {core.FilterValue{Column: "数量", From: "2024-01-01"}, nil, ""},
		"range upside down":     {core.FilterValue{Column: "日付", From: "2024-02-01", To: "2024-01-01"}, nil, "bad_value"},
		"range that is no date": {core.FilterValue{Column: "日付", From: "yesterday"}, nil, "bad_value"},
		"range with slashes":    {core.FilterValue{Column: "日付", To: "2024/01/01"}, nil, "bad_value"},
		"range and values":      {core.FilterValue{Column: "日付", From: "2024-01-01", Values: []string{"2024-01-01"}}, nil, "bad_value"},
		"no column":             {core.FilterValue{Values: []string{"x"}}, nil, "required"},
		"as many as allowed":    {core.FilterValue{Column: "支店", Values: many(core.MaxFilterValues)}, nil, ""},
		"too many values":       {core.FilterValue{Column: "支店", Values: many(core.MaxFilterValues + 1)}, nil, "too_many"},
		"a long value":          {core.FilterValue{Column: "支店", Values: []string{strings.Repeat("あ", core.MaxFilterValueText)}}, nil, ""},
		"too long a value":      {core.FilterValue{Column: "支店", Values: []string{strings.Repeat("あ", core.MaxFilterValueText+1)}}, nil, "too_long"},
		"a megabyte":            {core.FilterValue{Column: strings.Repeat("x", 1<<20), Values: []string{"x"}}, nil, "too_long"},
		"invalid UTF-8":         {core.FilterValue{Column: "地域", Values: []string{"\xff"}}, nil, "control_characters"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			reached, where, err := narrowAll([]core.FilterValue{c.value})
			if c.reason != "" {
				e, ok := errors.AsType[*core.Error](err)
				if !ok || e.Code != core.CodeValidation || e.Reason != c.reason || !strings.HasPrefix(e.Field, "input.filters.0.") {
					t.Fatalf("got %v, want VALIDATION_ERROR.%s at input.filters.0", err, c.reason)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(where, c.want) {
				t.Fatalf("got %+v, %v, want %+v", where, err, c.want)
			}
			if (len(reached) == 1) != (c.want != nil) {
				t.Errorf("reached: %+v", reached)
			}
		})
	}
}

func narrowAll(values []core.FilterValue) ([]core.FilterValue, *core.Predicate, error) {
	chosen, err := choices(values, time.Time{})
	if err != nil {
		return nil, nil, err
	}
	return narrow(chosen, sales.Columns)
}

func TestTooManyFilters(t *testing.T) {
	if _, err := choices(make([]core.FilterValue, core.MaxDashboardFilters+1), time.Time{}); core.CodeOf(err) != core.CodeValidation {
		t.Errorf("got %v", err)
	}
}

func TestDefined(t *testing.T) { // FL-2
	filters := []core.Filter{
		{ID: "flt_1", Type: core.FilterCategory, Column: "地域", MultiSelect: true},
		{ID: "flt_2", Type: core.FilterCategory, Column: "区分"},
		{ID: "flt_3", Type: core.FilterDateRange, Column: "日付"},
		{ID: "flt_4", Type: core.FilterCategory, Column: "日付", MultiSelect: true},
	}
	cases := map[string]struct {
		value  core.FilterValue
		kept   bool
		reason string
	}{
		"by column":                     {core.FilterValue{Column: "地域", Values: []string{"a", "b"}}, true, ""},
		"by id":                         {core.FilterValue{FilterID: "flt_1", Column: "地域", Values: []string{"a"}}, true, ""},
		"column without a filter":       {core.FilterValue{Column: "単価", Values: []string{"1"}}, false, ""},
		"id of another filter":          {core.FilterValue{FilterID: "flt_2", Column: "地域", Values: []string{"a"}}, false, ""},
		"unknown id":                    {core.FilterValue{FilterID: "flt_9", Column: "地域", Values: []string{"a"}}, false, ""},
		"one of a single choice":        {core.FilterValue{Column: "区分", Values: []string{"a"}}, true, ""},
		"two of a single choice":        {core.FilterValue{Column: "区分", Values: []string{"a", "b"}}, false, "too_many"},
		"range over a category":         {core.FilterValue{Column: "地域", From: "2024-01-01"}, false, "bad_value"},
		"range where both are":          {core.FilterValue{Column: "日付", From: "2024-01-01"}, true, ""},
		"values where both are":         {core.FilterValue{Column: "日付", Values: []string{"2024-01-01"}}, true, ""},
		"values for the range, by id":   {core.FilterValue{FilterID: "flt_3", Column: "日付", Values: []string{"2024-01-01"}}, false, "bad_value"},
		"range for the values, by id":   {core.FilterValue{FilterID: "flt_4", Column: "日付", To: "2024-01-01"}, false, "bad_value"},
		"column in another letter case": {core.FilterValue{Column: "区分 ", Values: []string{"a"}}, false, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			kept, err := defined([]choice{{c.value, 3}}, filters)
			e, _ := errors.AsType[*core.Error](err)
			switch {
			case c.reason != "" && (e == nil || e.Reason != c.reason || !strings.HasPrefix(e.Field, "input.filters.3.")):
				t.Errorf("got %v, want %s at input.filters.3", err, c.reason)
			case c.reason == "" && (err != nil || (len(kept) == 1) != c.kept):
				t.Errorf("got %v, %v", kept, err)
			}
		})
	}
}

// holds is a naive reading of the filter tree over one row; nil is null.
func holds(p *core.Predicate, row map[string]*string) bool {
	if p == nil {
		return true
	}
	v := row[p.Column]
	switch p.Op {
	case core.OpAnd:
		return !slices.ContainsFunc(p.Args, func(arg core.Predicate) bool { return !holds(&arg, row) })
	case core.OpIn:
		return v == nil && p.IncludeNull || v != nil && slices.Contains(p.Values, *v)
	case core.OpRange:
		return v != nil && (p.From == "" || *v >= p.From) && (p.To == "" || *v <= p.To)
	}
	panic("unexpected " + p.Op)
}

func TestNothingChosenCanWiden(t *testing.T) { // FL-2
	word := rapid.SampledFrom([]string{"a", "b", "c"})
	day := rapid.SampledFrom([]string{"2024-01-01", "2024-01-15", "2024-02-01"})
	value := rapid.Custom(func(t *rapid.T) core.FilterValue {
		if rapid.Bool().Draw(t, "range") {
			v := core.FilterValue{Column: "日付", From: day.Draw(t, "from")}
			if rapid.Bool().Draw(t, "ended") {
				v.To = "2024-12-31"
			}
			return v
		}
		return core.FilterValue{Column: rapid.SampledFrom([]string{"地域", "支店"}).Draw(t, "column"),
			Values: rapid.SliceOfN(word, 0, 3).Draw(t, "values"), IncludeNull: rapid.Bool().Draw(t, "null")}
	})
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(value, 0, 5).Draw(t, "chosen")
		_, before, err := narrowAll(values)
		if err != nil {
			t.Fatal(err)
		}
		_, after, err := narrowAll(append(values, value.Draw(t, "tampered")))
		if err != nil {
			t.Fatal(err)
		}
		row := map[string]*string{"地域": rapid.Ptr(word, true).Draw(t, "word"), "日付": rapid.Ptr(day, true).Draw(t, "day")}
		if holds(after, row) && !holds(before, row) {
			t.Fatalf("%v shows through %+v but not through %+v", row, after, before)
		}
	})
}
