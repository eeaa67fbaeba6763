package records

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/executor/engine/csv"
	"github.com/karuta-bi/karuta/executor/engine/records/recordstest"
	"github.com/karuta-bi/karuta/internal/core"
)

// converted is the text that a file becomes, null as ␀, and which columns hold text.
func converted(t testing.TB, content []byte, options core.CSVOptions) (string, []bool, error) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	format, err := FormatOf(path, options.Format)
	if err != nil {
		t.Fatal(err)
	}
	options.Format = format
	made, err := Convert(t.Context(), path, Options{CSVOptions: options, Path: filepath.Join(dir, "text.csv"), Progress: func(float64) {}})
	if err != nil {
		return "", nil, err
	}
	defer made.Close()
	text, err := os.ReadFile(filepath.Join(dir, "text.csv"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), Null, "␀"), made.Text, nil
}

func TestFormatsAreKnownByTheirBeginning(t *testing.T) {
	for content, want := range map[string]core.FileFormat{
		"a,b\n1,2\n":             core.FormatCSV,
		"":                       core.FormatCSV,
		"{a},b\n":                core.FormatCSV,
		"[a],b\n":                core.FormatCSV,
		"PAR1\x15":               core.FormatParquet,
		"PK\x03\x04":             core.FormatXLSX,
		oldOffice:                core.FormatXLSX,
		"\uFEFF {\"a\":1}":       core.FormatJSONL,
		" [ {\n\"a\" : 1 } ]":    core.FormatJSONL,
		"{}\n":                   core.FormatJSONL,
		"\"{\"\"a\"\"}\",b\n1,2": core.FormatCSV,
	} {
		if got := guess([]byte(content)); got != want {
			t.Errorf("%q is %s", content, got)
		}
	}
}

func TestJSONBecomesRecords(t *testing.T) {
	for name, c := range map[string]struct {
		content, want string
		text          []bool
	}{
		"one a line":         {"{\"a\":1,\"b\":\"x\"}\n\n{\"b\":\"y\"}\r\n", "\"a\",\"b\"\n1,\"x\"\n␀,\"y\"\n", []bool{false, true}},
		"later keys":         {`{"a":1}{"b":2.5,"a":null}`, "\"a\",\"b\"\n1,␀\n␀,2.5\n", []bool{false, false}},
		"one list":           {"[ {\"a\":true} ,\n{\"a\":false}]\n", "\"a\"\ntrue\nfalse\n", []bool{false}},
		"digits are kept":    {`{"n":12345678901234567890,"f":0.1000000000000000055,"e":-1E5}`, "\"n\",\"f\",\"e\"\n12345678901234567890,0.1000000000000000055,-1E5\n", []bool{false, false, false}},
		"lists and objects":  {`{"l":[1, "a,\"}"],"o":{"k": {"x" : []}}}`, "\"l\",\"o\"\n\"[1,\"\"a,\\\"\"}\"\"]\",\"{\"\"k\"\":{\"\"x\"\":[]}}\"\n", []bool{true, true}},
		"text in all forms":  {`{"a\u3042":"\ud83d\ude00\n\"","":"NA"}`, "\"aあ\",\"\"\n\"😀\n\"\"\",\"NA\"\n", []bool{true, false}},
		"over several lines": {"{\n \"a\": 1\n}\n{\n \"a\": 2\n}", "\"a\"\n1\n2\n", []bool{false}},
	} {
		got, text, err := converted(t, []byte(c.content), core.CSVOptions{})
		if err != nil || got != c.want || !slices.Equal(text, c.text) {
			t.Errorf("%s: %q, %v, %v", name, got, text, err)
		}
	}
}

const sheetRows = `<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="inlineStr"><is><t>日付</t></is></c><c r="C2" t="str"><v>数</v></c><c r="D2" t="s"><v>1</v></c></row>` +
	`<row r="4"><c r="A4" t="s"><v>2</v></c><c r="B4" s="1"><v>45292</v></c><c r="C4"><f>1+1</f><v>2.2999999999999998</v></c><c r="D4" t="b"><v>1</v></c></row>` +
	`<row r="5"><c r="B5" s="2"><v>45292.5</v></c><c r="C5" t="e"><v>#N/A</v></c><c r="D5"/></row>` +
	`<row r="6"/><row r="7"><c r="A7" t="inlineStr"><is><t>007</t></is></c><c r="C7"><v>1E+20</v></c></row>`

func TestASheetBecomesRecords(t *testing.T) {
	shared := []string{"<t>氏名</t><rPh sb=\"0\" eb=\"2\"><t>シメイ</t></rPh>", "<r><t>有</t></r><r><t xml:space=\"preserve\"> 無</t></r>", "<t>a_x000D_b_x005F_x</t>"}
	formats := []string{"yyyy/m/d", "yyyy\\-mm\\-dd hh:mm", "[h]:mm", "h:mm", "#,##0.00_ ;[Red]\\-#,##0.00", "[$-411]ggge&quot;年&quot;m&quot;月&quot;d&quot;日&quot;", "0.0%", "&quot;day&quot;0"}
	for name, c := range map[string]struct {
		book    recordstest.Book
		options core.CSVOptions
		want    string
	}{
		"kinds of cells": {recordstest.Book{Rows: sheetRows, Shared: shared, Formats: formats}, core.CSVOptions{},
			"\"氏名\",\"日付\",\"数\",\"有 無\"\n\"a\rb_x\",2024-01-01,2.3,true\n␀,2024-01-01 12:00:00,␀,␀\n\"007\",␀,1e+20,␀\n"},
		"skipped and without a header": {recordstest.Book{Rows: sheetRows, Shared: shared, Formats: formats}, core.CSVOptions{SkipRows: 4, Header: new(bool)},
			"␀,2024-01-01 12:00:00,␀\n\"007\",␀,1e+20\n"},
		"another sheet": {recordstest.Book{}, core.CSVOptions{Sheet: "隠し"}, "\"hidden\"\n7\n"},
		"days from 1904": {recordstest.Book{Epoch04: true, Formats: formats, Rows: `<row><c t="inlineStr"><is><t>d</t></is></c></row><row><c s="1"><v>0</v></c></row><row><c s="1"><v>43830</v></c></row>`}, core.CSVOptions{},
			"\"d\"\n1904-01-01\n2024-01-01\n"},
		"early and late days": {recordstest.Book{Formats: formats, Rows: `<row><c t="inlineStr"><is><t>d</t></is></c></row><row><c s="1"><v>1</v></c></row><row><c s="1"><v>59</v></c></row><row><c s="1"><v>60</v></c></row><row><c s="1"><v>61</v></c></row><row><c s="1"><v>2958465</v></c></row><row><c s="1"><v>2958466</v></c></row><row><c s="1"><v>-1</v></c></row>`}, core.CSVOptions{},
			"\"d\"\n1900-01-01\n1900-02-28\n\"1900-02-29\"\n1900-03-01\n9999-12-31\n2958466\n-1\n"},
		"times, spans and numbers": {recordstest.Book{Formats: formats, Rows: `<row><c t="inlineStr"><is><t>a</t></is></c><c t="inlineStr"><is><t>b</t></is></c><c t="inlineStr"><is><t>c</t></is></c><c t="inlineStr"><is><t>d</t></is></c><c t="inlineStr"><is><t>e</t></is></c><c t="inlineStr"><is><t>f</t></is></c></row>` +
			`<row><c s="3"><v>1.5</v></c><c s="4"><v>0.25</v></c><c s="5"><v>-1234.5</v></c><c s="6"><v>45292</v></c><c s="7"><v>0.05</v></c><c s="8"><v>3</v></c></row>`}, core.CSVOptions{},
			"\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"\n\"36:00:00\",\"06:00:00\",-1234.5,2024-01-01,0.05,3\n"},
		"merged header": {recordstest.Book{After: `<mergeCells><mergeCell ref="A1:A1"/><mergeCell ref="B1:C1"/><mergeCell ref="A2:C2"/></mergeCells>`,
			Rows: `<row r="1"><c r="A1" t="inlineStr"><is><t>k</t></is></c><c r="B1" t="inlineStr"><is><t>売上</t></is></c></row><row r="2"><c r="A2"><v>1</v></c></row><row r="3"><c r="C3"><v>3</v></c></row>`}, core.CSVOptions{},
			"\"k\",\"売上\",\"売上\"\n1,␀,␀\n␀,␀,3\n"},
		"rows wider than the header": {recordstest.Book{Rows: `<row><c t="inlineStr"><is><t>k</t></is></c></row><row><c><v>1</v></c><c><v>2</v></c></row>`}, core.CSVOptions{},
			"\"k\",\"\"\n1,2\n"},
	} {
		got, _, err := converted(t, c.book.Bytes(), c.options)
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// cells is a row of so many cells.
func cells(n int, cell string) string { return "<row>" + strings.Repeat(cell, n) + "</row>" }

func TestWhatIsWrongWithAFile(t *testing.T) {
	const one = `<c t="inlineStr"><is><t>a</t></is></c>`
	book := func(rows string) []byte { return recordstest.Book{Rows: rows}.Bytes() }
	spoilt := func(part, with string) []byte {
		return recordstest.Book{Rows: cells(1, one), Parts: map[string]string{part: with}}.Bytes()
	}
	for reason, files := range map[string][][]byte{
		"empty":            {[]byte(" "), []byte("[]"), []byte("{}"), book("")},
		"not_json":         {[]byte("{\"a\":1}\n{\"a\":"), []byte("{\"a\":1}x"), []byte(`[{"a":1}`), []byte(`[{"a":1}] 1`), []byte(`[{"a":1},]`), []byte(`{"a":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + "}")},
		"not_an_object":    {[]byte("{\"a\":1}\n2"), []byte(`[{"a":1},[2]]`)},
		"doubled_key":      {[]byte(`{"a":1,"a":2}`)},
		"nul_byte":         {[]byte(`{"a":"x\u0000"}`)},
		"field_too_long":   {[]byte(`{"a":"` + strings.Repeat("x", csv.MaxFieldBytes+1) + `"}`)},
		"row_too_long":     {[]byte(`{"a":1` + wide() + "}")},
		"too_many_columns": {[]byte(manyKeys()), book(cells(1001, one)), book(`<row><c r="XFD1"><v>1</v></c></row>`)},
		"old_excel":        {[]byte(oldOffice + "rest")},
		"damaged":          {[]byte(zipMark + "rest"), spoilt("xl/worksheets/sheet1.xml", "<worksheet><sheetData><row><c><v>1"), spoilt("xl/worksheets/sheet1.xml", "<worksheet>&bomb;</worksheet>"), spoilt("xl/workbook.xml", "<<")},
		"not_excel":        {recordstest.Zip(map[string]string{"a.txt": "a"}), spoilt("_rels/.rels", "<Relationships/>"), spoilt("xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="s1" Type="/worksheet" Target="no.xml"/></Relationships>`)},
		"bad_cell":         {book(`<row><c><v>abc</v></c></row>`), book(`<row><c t="s"><v>9</v></c></row>`), book(`<row><c><v>1e999</v></c></row>`)},
	} {
		for i, content := range files {
			options := core.CSVOptions{}
			if reason == "empty" && i == 0 {
				options.Format = core.FormatJSONL
			}
			_, _, err := converted(t, content, options)
			f, ok := errors.AsType[*csv.Fault](err)
			if !ok || f.Reason != reason || f.Code != core.CodeFileFormat {
				t.Errorf("%s %d: %v", reason, i, err)
				continue
			}
			for _, locale := range []core.Locale{core.Japanese, core.English} {
				if s := core.Sentence(locale, &core.Error{Code: f.Code, Reason: f.Reason, Args: f.Args}); strings.ContainsAny(s, "{}") {
					t.Errorf("%s: %q", reason, s)
				}
			}
		}
	}
	_, _, err := converted(t, book(cells(1, one)), core.CSVOptions{Sheet: "無い"})
	if f, ok := errors.AsType[*csv.Fault](err); !ok || f.Reason != "unknown_sheet" || f.Args["choices"] != "隠し, 売上" {
		t.Errorf("%v", err)
	}
}

// wide is the rest of an object whose values are too long together.
func wide() string {
	var all strings.Builder
	for i := range 17 {
		all.WriteString(`,"k` + strings.Repeat("k", i) + `":"` + strings.Repeat("x", csv.MaxFieldBytes) + `"`)
	}
	return all.String()
}

func manyKeys() string {
	var all strings.Builder
	for i := range 1001 {
		all.WriteString(`{"` + strings.Repeat("k", i+1) + `":1}`)
	}
	return all.String()
}

// A small archive that unfolds to a lot, XML of one endless tag, and a text that
// a workbook claims to share without end.
func TestBombs(t *testing.T) {
	const most = 1 << 19
	zeros := strings.Repeat("0", 5<<20)
	for name, part := range map[string][2]string{
		"rows":       {"xl/worksheets/sheet1.xml", "<worksheet><sheetData>" + strings.Repeat("<row><c><v>1</v></c></row>", 1<<19) + "</sheetData></worksheet>"},
		"one tag":    {"xl/worksheets/sheet1.xml", "<worksheet a='" + zeros + "'/>"},
		"one text":   {"xl/sharedStrings.xml", "<sst><si><t>" + zeros + "</t></si></sst>"},
		"attributes": {"xl/worksheets/sheet1.xml", "<worksheet" + strings.Repeat(" a='1'", 900_000) + "/>"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "file")
		content := recordstest.Book{Parts: map[string]string{part[0]: part[1]}}.Bytes()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Convert(t.Context(), path, Options{CSVOptions: core.CSVOptions{Format: core.FormatXLSX}, MaxBytes: most,
			Path: filepath.Join(dir, "text.csv"), Progress: func(float64) {}})
		f, ok := errors.AsType[*csv.Fault](err)
		if !ok || f.Reason != "unfolds" && f.Reason != "damaged" {
			t.Errorf("%s, %d bytes: %v", name, len(content), err)
		}
	}
}
