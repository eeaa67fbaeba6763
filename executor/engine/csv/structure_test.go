package csv

import (
	"reflect"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

func TestRowsAreKept(t *testing.T) {
	megabyte := strings.Repeat("x", MaxFieldBytes)
	for name, c := range map[string]struct {
		content string
		rows    [][]string
	}{
		"LF":                     {"a,b\n1,2\n3,4\n", [][]string{{"1", "2"}, {"3", "4"}}},
		"CRLF":                   {"a,b\r\n1,2\r\n3,4\r\n", [][]string{{"1", "2"}, {"3", "4"}}},
		"CR":                     {"a,b\r1,2\r3,4\r", [][]string{{"1", "2"}, {"3", "4"}}},
		"mixed":                  {"a,b\n1,2\r\n3,4\r5,6", [][]string{{"1", "2"}, {"3", "4"}, {"5", "6"}}},
		"no last line end":       {"a,b\n1,2", [][]string{{"1", "2"}}},
		"empty last value":       {"a,b\n1,", [][]string{{"1", ""}}},
		"blank lines":            {"a,b\n\n\r\n1,2\n\r\r3,4\n\n\n", [][]string{{"1", "2"}, {"3", "4"}}},
		"quoted line ends":       {"a,b\n\"x\ny\",\"p\n\nq\"\n", [][]string{{"x\ny", "p\n\nq"}}},
		"quoted quotes":          {"a,b\n\"x\"\"y\",\"\"\"\"\n", [][]string{{`x"y`, `"`}}},
		"quoted delimiters":      {"a,b\n\"1,2\",\",\"\n", [][]string{{"1,2", ","}}},
		"quoted empty":           {"a,b\n\"\",\"\"\n", [][]string{{"", ""}}},
		"quote at the end":       {"a,b\n1,\"2\"", [][]string{{"1", "2"}}},
		"quotes inside":          {"a,b\n5\" pipe,x\"\"y\n", [][]string{{`5" pipe`, `x""y`}}},
		"space before a quote":   {"a,b\n \"x\",1\n", [][]string{{` "x"`, "1"}}},
		"spaces":                 {"a,b\n x , \n", [][]string{{" x ", " "}}},
		"one column":             {"a\nx\n\"\"\ny\n", [][]string{{"x"}, {""}, {"y"}}},
		"formulas":               {"a,b\n=1+1,@x\n+3,-x\n", [][]string{{"=1+1", "@x"}, {"+3", "-x"}}},
		"a byte order mark late": {"a,b\n" + bom + "x,1\n", [][]string{{bom + "x", "1"}}},
		"longest value":          {"a,b\n" + megabyte + ",\"" + megabyte + "\"\n", [][]string{{megabyte, megabyte}}},
		"emoji":                  {"a,b\n👩‍👩‍👧,é\u200f\n", [][]string{{"👩‍👩‍👧", "é\u200f"}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := scanned(t, c.content, Options{})
			if got := rowsOf(t, r); r.Rows != int64(len(c.rows)) || !reflect.DeepEqual(got, c.rows) {
				t.Errorf("%d rows: %q", r.Rows, clip(strings.Join(got[0], "|")))
			}
		})
	}
}

// Readers take a byte order mark at the start of a file for no part of the text.
func TestNoPartBeginsWithAMark(t *testing.T) {
	for content, want := range map[string]string{bom + bom + "1,2\n": "\"" + bom + "1\",2\n", "\n" + bom + "\"1\"": "\"" + bom + "\"\"1\"\"\"\n", "ﾃ," + bom: "ﾃ,\"" + bom + "\"\n"} {
		no := false
		r := scanned(t, content, Options{CSVOptions: core.CSVOptions{Header: &no}})
		if got := contents(t, r); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestFaultsAreLocated(t *testing.T) { // DS-4
	long := strings.Repeat("x", 3<<20)
	for name, c := range map[string]struct {
		content      string
		reason       string
		line, column int64
		offset       int64
		sample       string
	}{
		"too few":                {"a,b,c\n1,2,3\n4,5\n", "ragged", 3, 2, 12, "4,5"},
		"too many":               {"a,b\n1,2\n\n3,4,5,6\n7\n", "ragged", 4, 2, 9, "3,4,5,6"},
		"too many, empty":        {"a,b\n1,2,\n", "ragged", 2, 2, 4, "1,2,"},
		"too few at the end":     {"a,b\n1", "ragged", 2, 1, 4, "1"},
		"spaces on a line":       {"a,b\n1,2\n  \n", "ragged", 3, 1, 8, "  "},
		"after quoted lines":     {"a,b\n\"x\r\ny\rz\",2\r\n3\r\n", "ragged", 5, 1, 16, "3"},
		"ragged and quoted":      {"a,b\n\"x\ny\",2,3\n", "ragged", 2, 2, 4, "\"x"},
		"CR alone":               {"a,b\r1,2\r3\r4,5\r", "ragged", 3, 1, 8, "3"},
		"after a mark":           {bom + "a,b\n1\n", "ragged", 2, 1, 7, "1"},
		"quote not closed":       {"a,b\n1,2\n3,\"x\n4,5\n", "unterminated_quote", 3, 2, 10, "\"x"},
		"quote in the header":    {"a,\"b\n1,2\n", "unterminated_quote", 1, 2, 2, "\"b"},
		"quote alone":            {"\"", "unterminated_quote", 1, 1, 0, "\""},
		"text after a quote":     {"a,b\n1,\"x\"y\n", "bad_quote", 2, 2, 9, "\"x\"y"},
		"space after a quote":    {"a,b\n\"x\" ,1\n", "bad_quote", 2, 1, 7, "\"x\" ,1"},
		"after lines of a quote": {"a,b\n\"x\ny\" z,1\n", "bad_quote", 3, 1, 9, "y\" z,1"},
		"NUL":                    {"a,b\n1,2\n3,x\x00y\n", "nul_byte", 3, 2, 11, "x\uFFFDy"},
		"NUL in quotes":          {"a,b\n1,\"x\n\ny\x00\"\n", "nul_byte", 4, 2, 11, "y\uFFFD\""},
		"NUL after a quote":      {"a,b\n\"x\"\x00,1\n", "nul_byte", 2, 1, 7, "\"x\"\uFFFD,1"},
		"NUL in the header":      {"a,\x00\n1,2\n", "nul_byte", 1, 2, 2, "\uFFFD"},
		"NUL at even places":     {"a,b\n1,\x00\n2,\x00\n3,\x00\n4,\x00\n", "nul_byte", 2, 2, 6, "\uFFFD"},
		"NUL alone":              {"\x00", "nul_byte", 1, 1, 0, "\uFFFD"},
		"3 MB value":             {"a,b\n1," + long + "\n", "field_too_long", 2, 2, 6, strings.Repeat("x", 79) + "…"},
		"3 MB quoted value":      {"a,b\n1,\"" + long + "\"\n", "field_too_long", 2, 2, 6, "\"" + strings.Repeat("x", 78) + "…"},
		"3 MB name":              {"a," + long + "\n1,2\n", "field_too_long", 1, 2, 2, strings.Repeat("x", 79) + "…"},
		"too many columns":       {strings.Repeat("a,", 1000) + "a\n", "too_many_columns", 1, 1001, 2000, "a"},
		"17 MB row":              {strings.Repeat("a,", 19) + "a\nx" + strings.Repeat(","+long[:900_000], 19) + "\n", "row_too_long", 2, 0, 40, "x," + strings.Repeat("x", 77) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			f := faulty(t, c.content, Options{CSVOptions: core.CSVOptions{Delimiter: ","}})
			if f.Code != core.CodeCSVParse || f.Reason != c.reason || f.Line != c.line || f.Args["line"] != c.line {
				t.Errorf("%s.%s line %d %v", f.Code, f.Reason, f.Line, f.Args)
			}
			if f.Column != c.column || f.Offset != c.offset || f.Sample != c.sample {
				t.Errorf("column %d offset %d sample %q", f.Column, f.Offset, f.Sample)
			}
		})
	}
}

func TestRaggedRowsAreCounted(t *testing.T) {
	for content, want := range map[string][2]int{"a,b,c\n1\n": {3, 1}, "a,b\n1,2,\"3\n\",4\n": {2, 4}, "a\n1,2\n": {1, 2}} {
		f := faulty(t, content, Options{CSVOptions: core.CSVOptions{Delimiter: ","}})
		if got := [2]any{f.Args["expected"], f.Args["found"]}; got != [2]any{want[0], want[1]} {
			t.Errorf("%q: %v", content, got)
		}
	}
}

func TestOffsetsOfOtherEncodingsAreNotGuessed(t *testing.T) {
	for _, content := range []string{cp932("東,b\n1\n"), utf16(le, bom+"a京,b\n1\n")} { // the second is as long in UTF-8
		if f := faulty(t, content, Options{}); f.Reason != "ragged" || f.Line != 2 || f.Offset != 0 {
			t.Errorf("%+v", f)
		}
	}
	for content, want := range map[string]int64{cp932("東,\"b\n"): 0, bom + "東,\"b\n": 7} { // in the header too
		if f := faulty(t, content, Options{CSVOptions: core.CSVOptions{Delimiter: ","}}); f.Reason != "unterminated_quote" || f.Offset != want {
			t.Errorf("%q: %+v", content, f)
		}
	}
}

func TestWhatIsNoCSV(t *testing.T) { // DS-4
	for name, c := range map[string]struct{ content, reason string }{
		"PNG":             {"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01", "not_csv"},
		"PDF":             {"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n1 0 obj\n", "not_csv"},
		"zip or xlsx":     {"PK\x03\x04\x14\x00\x06\x00\x08\x00", "not_csv"},
		"gzip":            {"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "not_csv"},
		"JPEG":            {"\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\x01", "not_csv"},
		"old xls":         {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("\x00", 16), "not_csv"},
		"empty":           {"", "empty"},
		"blank lines":     {"\n\r\n\r\n\n", "empty"},
		"mark alone":      {bom, "empty"},
		"UTF-16 mark":     {"\xFF\xFE", "empty"},
		"mark and line":   {bom + "\n", "empty"},
		"UTF-16 and line": {"\xFE\xFF\x00\r\x00\n", "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			if f := faulty(t, c.content, Options{}); f.Code != core.CodeCSVParse || f.Reason != c.reason {
				t.Errorf("%+v", f)
			}
		})
	}
	// Text may begin like a picture.
	for _, content := range []string{"BM,b\n1,2\n", "GIF89a,b\n1,2\n", "%!PS-Adobe-,b\n1,2\n", "id3\n1\n", "<html>,b\n1,2\n"} {
		scanned(t, content, Options{})
	}
}

func TestFilesOfOneByte(t *testing.T) {
	for b := range 256 {
		result, err := scan(t, string([]byte{byte(b)}), Options{})
		text := b != 0 && b != '\n' && b != '\r' && b != '"' && (b < 0x80 || b >= 0xA1 && b <= 0xDF)
		if text != (err == nil) || text && (len(result.Columns) > 2 || result.Rows != 0) {
			t.Errorf("%#x: %+v %v", b, result, err)
		}
	}
	for _, blank := range []string{" ", "\t", " \t "} { // a value of spaces, which makes no name
		if r := scanned(t, blank, Options{CSVOptions: core.CSVOptions{Delimiter: ","}}); names(r)[0] != "column_1" {
			t.Errorf("%q: %q", blank, names(r))
		}
	}
}

func TestSizeLimit(t *testing.T) { // DS-2
	const content = "a\n12345\n"
	scanned(t, content, Options{MaxBytes: int64(len(content))})
	f := faulty(t, content, Options{MaxBytes: int64(len(content)) - 1})
	if f.Code != core.CodeFileTooLarge || f.Args["max"] != "1 KB" {
		t.Errorf("%+v", f)
	}
	if got := TooLarge(100 << 20).Args["max"]; got != "100 MB" {
		t.Error(got)
	}
}

func TestLongestIsOfThePartsText(t *testing.T) {
	for content, want := range map[string]int{"header\n": 0, "a,b\n1,2\r\n": 4, "a,b\n1,2": 4, "a\nx\"\"\"y\n": len(`"x""""""y"`) + 1, "a,b\n\n\n\"1\n\",2\n3,4\n": 7} {
		if r := scanned(t, content, Options{}); r.Longest != want {
			t.Errorf("%q: %d, want %d", content, r.Longest, want)
		}
	}
}
