package engine

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// A column that is left out is in no file of the version, whatever it came in.
func TestColumnsAreLeftOut(t *testing.T) { // PII-4
	text := "地域,給与,入社\n東京,7001001,2020-01-02\n大阪,7001002,2021-01-02\n"
	for name, c := range map[string]struct{ file, sort string }{
		"CSV":             {text, ""},
		"sorted":          {text, "入社"},
		"JSON lines":      {`{"地域":"東京","給与":7001001,"入社":"2020-01-02"}` + "\n" + `{"地域":"大阪","給与":7001002,"入社":"2021-01-02"}` + "\n", ""},
		"Parquet":         {parquet(t, "SELECT * FROM (VALUES ('東京', 7001001, DATE '2020-01-02'), ('大阪', 7001002, DATE '2021-01-02')) t(地域, 給与, 入社)", ""), ""},
		"sorted Parquet":  {parquet(t, "SELECT * FROM (VALUES ('東京', 7001001, DATE '2020-01-02'), ('大阪', 7001002, DATE '2021-01-02')) t(地域, 給与, 入社)", ""), "地域"},
		"with a stranger": {text, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			src, done := b.load(t, c.file, core.CSVOptions{DropColumns: []string{"給与", "ない列"}, SortColumn: c.sort})
			if got := typesOf(done.Columns); !reflect.DeepEqual(got, []string{"地域 string", "入社 date"}) {
				t.Errorf("columns %q", got)
			}
			rows := b.rows(t, src)
			slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(a[1], b[1]) })
			if !reflect.DeepEqual(rows, [][]string{{"東京", "2020-01-02"}, {"大阪", "2021-01-02"}}) {
				t.Errorf("rows %q", rows)
			}
			for _, key := range append(slices.Clone(done.Parts), done.Summary) {
				if raw := b.content(t, key); strings.Contains(raw, "給与") || strings.Contains(raw, "7001001") {
					t.Errorf("%s still holds it", key)
				}
			}
		})
	}
	b := newBench(t, nil)
	b.put(t, source, text)
	for _, o := range []core.CSVOptions{{DropColumns: []string{"地域", "給与", "入社"}}, {DropColumns: []string{"給与"}, SortColumn: "給与"}} {
		_, problem, err := b.Import(t.Context(), request(o), nil)
		if err != nil || problem == nil || problem.Code != core.CodeValidation {
			t.Errorf("%+v: %+v, %v", o, problem, err)
		}
	}
}
