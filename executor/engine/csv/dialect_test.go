package csv

import (
	"reflect"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

func TestDelimiterIsFound(t *testing.T) { // DS-1
	for name, c := range map[string]struct {
		content, delimiter string
		columns            int
	}{
		"comma":                 {"a,b\n1,2\n", ",", 2},
		"semicolon":             {"a;b\n1;2\n", ";", 2},
		"tab":                   {"a\tb\n1\t2\n", "\t", 2},
		"bar":                   {"a|b|c\n1|2|3\n", "|", 3},
		"one column":            {"name\nTokyo\nOsaka\n", ",", 1},
		"one column of dates":   {"day\n2024-01-02\n", ",", 1},
		"quoted commas":         {"a;b\n\"1,2,3\";x\n\"4,5,6\";y\n", ";", 2},
		"quoted everything":     {"\"a,x\";\"b,y\"\n\"1,2\";\"3,4\"\n", ";", 2},
		"decimal commas":        {"preis;menge\n1,5;2,5\n3,5;4,5\n", ";", 2},
		"decimal commas, tabs":  {"1,5\t2,5\n3,5\t4,5\n", "\t", 2},
		"no header, decimals":   {"1,5;2,5\n3,5;4,5\n", ";", 2},
		"numbers only":          {"1,2,3\n4,5,6\n", ",", 3},
		"commas in text":        {"id;text\n1;a, b\n2;c\n3;d, e, f\n", ";", 2},
		"bars in text":          {"id,tags\n1,a|b\n2,c|d\n", ",", 2},
		"semicolons in rows":    {"id,text\n1,a;b\n2,c;d\n", ",", 2},
		"header alone":          {"a;b;c\n", ";", 3},
		"semicolons in a name":  {"a,b;c;d\n1,2\n3,4\n", ",", 2},
		"widest":                {"a,b,c;d\n1,2,3;4\n", ",", 3},
		"mostly even":           {"a;b\n" + strings.Repeat("1,0;2\n", 20), ";", 2},
		"quoted line ends":      {"a\tb\n\"x\ny;z\"\t1\n", "\t", 2},
		"blank lines before it": {"\n\r\n\na;b\n1;2\n", ";", 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := scanned(t, c.content, Options{})
			if r.Delimiter != c.delimiter || len(r.Columns) != c.columns {
				t.Errorf("%q, %d columns", r.Delimiter, len(r.Columns))
			}
		})
	}
}

func TestDelimiterIsNamed(t *testing.T) {
	for named, content := range map[string]string{
		",": "a,b\n1,2;3\n", ";": "a;b\n1,2;3\n", "\t": "a\tb\n1\t2\n", `\t`: "a\tb\n1\t2\n", "|": "a|b\n1|2\n", ":": "a:b\n1:2\n", " ": "a b\n1 2\n",
	} {
		r := scanned(t, content, Options{CSVOptions: core.CSVOptions{Delimiter: named}})
		if want := strings.ReplaceAll(named, `\t`, "\t"); r.Delimiter != want || !reflect.DeepEqual(names(r), []string{"a", "b"}) {
			t.Errorf("%q: %q %q", named, r.Delimiter, names(r))
		}
	}
	for _, named := range []string{`"`, "\n", "\r", "\x00", ",,", "、", "\xFF"} {
		f := faulty(t, "a,b\n1,2\n", Options{CSVOptions: core.CSVOptions{Delimiter: named}})
		if f.Code != core.CodeValidation || f.Reason != "bad_value" {
			t.Errorf("%q: %+v", named, f)
		}
	}
}

func TestHeader(t *testing.T) { // DS-1
	yes, no := true, false
	for name, c := range map[string]struct {
		content string
		header  *bool
		names   string
		rows    int64
	}{
		"not said":            {"a,b\n1,2\n", nil, "a,b", 1},
		"yes":                 {"2020,2021\n1,2\n", &yes, "2020,2021", 1},
		"no":                  {"2020,2021\n1,2\n", &no, "column_1,column_2", 2},
		"alone":               {"a,b\n", nil, "a,b", 0},
		"alone, no line end":  {"a,b", nil, "a,b", 0},
		"on two lines":        {"\"a\nb\",c\n1,2\n", nil, "a b,c", 1},
		"no, on two lines":    {"\"a\nb\",c\n1,2\n", &no, "column_1,column_2", 2},
		"trailing delimiter":  {"a,\n1,2\n", nil, "a,column_2", 1},
		"spaces around":       {" a ,\u3000b\t\n1,2\n", nil, "a,b", 1},
		"after blank lines":   {"\n\n\na,b\n\n1,2\n", nil, "a,b", 1},
		"no, one value alone": {"x", &no, "column_1", 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := scanned(t, c.content, Options{CSVOptions: core.CSVOptions{Header: c.header, Delimiter: ","}})
			if got := strings.Join(names(r), ","); got != c.names || r.Rows != c.rows || int64(len(rowsOf(t, r))) != c.rows {
				t.Errorf("%q, %d rows", got, r.Rows)
			}
		})
	}
}

func TestNamesAreMadeUsableAndTold(t *testing.T) {
	long := strings.Repeat("列", 250)
	for header, want := range map[string]struct{ names, renamed string }{
		"a,b":             {"a,b", ""},
		"a,a,A,":          {"a,a_2,A_3,column_4", "a → a_2,A → A_3, → column_4"},
		",,":              {"column_1,column_2,column_3", " → column_1, → column_2, → column_3"},
		"a,a,a_2":         {"a,a_3,a_2", "a → a_3"},
		",column_1":       {"column_1_2,column_1", " → column_1_2"},
		"\"a\nb\",\x01":   {"a b,column_2", "a → a b,\uFFFD → column_2"},
		"é,É":             {"é,É_2", "É → É_2"},
		long + "," + long: {long[:600] + "," + long[:600] + "_2", ""},
	} {
		r := scanned(t, header+"\n", Options{CSVOptions: core.CSVOptions{Delimiter: ","}})
		if got := strings.Join(names(r), ","); got != want.names {
			t.Errorf("%q: %q, want %q", clip(header), got, want.names)
		}
		if got := strings.Join(r.Renamed, ","); want.renamed != "" && got != want.renamed {
			t.Errorf("%q: %q, want %q", clip(header), got, want.renamed)
		}
	}
}

func TestSkipRows(t *testing.T) { // DS-1
	const content = "売上表\r\rLine \"two\nid,name\n1,x\n"
	for n, want := range map[int]string{3: "id,name", 4: "1,x"} {
		r := scanned(t, content, Options{CSVOptions: core.CSVOptions{SkipRows: n}})
		if got := strings.Join(names(r), ","); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
	for n, want := range map[int]string{-1: "out_of_range", 5: "empty", 1000: "empty"} {
		if f := faulty(t, content, Options{CSVOptions: core.CSVOptions{SkipRows: n}}); f.Reason != want {
			t.Errorf("%d: %+v", n, f)
		}
	}
	f := faulty(t, content+"2\n", Options{CSVOptions: core.CSVOptions{SkipRows: 3}})
	if f.Line != 6 || f.Offset != int64(len(content)) {
		t.Errorf("%+v", f)
	}
}

func TestNullValues(t *testing.T) { // DS-1
	const content = "n,s\nNULL,a\n1,NULL\nnull,\nNA,NA\n\"N/A\",\"\"\n"
	r := scanned(t, content, Options{})
	if want := []Column{
		{Column: core.Column{Name: "n", Type: core.TypeInt64, Nullable: true}},
		{Column: core.Column{Name: "s", Type: core.TypeString, Nullable: true}},
	}; !reflect.DeepEqual(r.Columns, want) || !reflect.DeepEqual(r.Nulls, []string{"", "NULL", "null", "NA", "N/A"}) {
		t.Errorf("%+v %q", r.Columns, r.Nulls)
	}
	long := strings.Repeat("-", 70)
	for name, c := range map[string]struct {
		nulls   []string
		content string
		want    core.Column
	}{
		"own":                   {[]string{"-", "なし"}, "n\n1\n-\nなし\n", core.Column{Type: core.TypeInt64, Nullable: true}},
		"own replace the usual": {[]string{"-"}, "n\n1\nNA\n", core.Column{Type: core.TypeString}},
		"own without the empty": {[]string{"-"}, "n\n1\n\"\"\n", core.Column{Type: core.TypeString}},
		"none":                  {[]string{}, "n\nNULL\n", core.Column{Type: core.TypeString}},
		"long":                  {[]string{long}, "n\n1\n" + long + "\n", core.Column{Type: core.TypeInt64, Nullable: true}},
		"a number":              {[]string{"-999"}, "n\n1.5\n-999\n", core.Column{Type: core.TypeFloat64, Nullable: true}},
		"spaces are no null":    {nil, "n\n1\n NA\n", core.Column{Type: core.TypeString}},
		"no value at all":       {nil, "n\nNA\nNULL\n", core.Column{Type: core.TypeString, Nullable: true}},
		"no row":                {nil, "n\n", core.Column{Type: core.TypeString}},
	} {
		t.Run(name, func(t *testing.T) {
			r := scanned(t, c.content, Options{CSVOptions: core.CSVOptions{NullValues: c.nulls}})
			if c.want.Name = "n"; r.Columns[0].Column != c.want {
				t.Errorf("%+v", r.Columns[0])
			}
		})
	}
}
