package records

import (
	"errors"
	"testing"

	"github.com/karuta-bi/karuta/executor/engine/csv"
	"github.com/karuta-bi/karuta/executor/engine/records/recordstest"
	"github.com/karuta-bi/karuta/internal/core"
)

// FuzzConvert: whatever a file holds, it is read or refused with a fault.
func FuzzConvert(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, `[{"a":[1]},{"b":"\u3042"}]`, "{\"a\":1}\n{\"b\":", "\uFEFF{}", string(recordstest.Book{Rows: sheetRows}.Bytes())} {
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, content []byte, excel bool) {
		options := core.CSVOptions{Format: core.FormatJSONL}
		if excel {
			options.Format = core.FormatXLSX
		}
		if _, _, err := converted(t, content, options); err != nil {
			if _, ok := errors.AsType[*csv.Fault](err); !ok {
				t.Error(err)
			}
		}
	})
}

// FuzzSheet: the same of what a sheet says.
func FuzzSheet(f *testing.F) {
	f.Add(sheetRows, `<mergeCells><mergeCell ref="A1:B2"/></mergeCells>`)
	f.Add(`<row r="99999999999"><c r="ZZZZ1" s="-1" t="s"><v>-1</v></c></row>`, "")
	f.Fuzz(func(t *testing.T, rows, after string) {
		book := recordstest.Book{Rows: rows, After: after, Shared: []string{"<t>a</t>"}, Formats: []string{"yyyy/m/d", "[h]:mm", "h:mm"}}
		if _, _, err := converted(t, book.Bytes(), core.CSVOptions{}); err != nil {
			if _, ok := errors.AsType[*csv.Fault](err); !ok {
				t.Error(err)
			}
		}
	})
}
