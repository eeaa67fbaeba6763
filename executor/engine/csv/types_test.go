package csv

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// column reads the values as the only column of a file, each in quotes.
func column(t *testing.T, opts core.CSVOptions, values ...string) Column {
	t.Helper()
	text := "c\n"
	for _, v := range values {
		text += string(quote([]byte(v))) + "\n"
	}
	r := scanned(t, text, Options{CSVOptions: opts})
	if r.Rows != int64(len(values)) {
		t.Fatalf("%d rows of %q", r.Rows, values)
	}
	return r.Columns[0]
}

func TestTypeOfValues(t *testing.T) { // DS-6
	for want, columns := range map[core.ColumnType][][]string{
		core.TypeInt64: {
			{"0"}, {"-1", "2"}, {"9223372036854775807", "-9223372036854775808"}, {" 12 ", "5"}, {"  7"}, {"-0"},
			{"20240102"}, {"2024"}, {"1", "NA", "2"}, {"123456789012345678"},
		},
		core.TypeFloat64: {
			{"1.5"}, {"1", "2.5"}, {"-0.5", ".5", "5."}, {"1e3", "1E-3", "1e+05"}, {"0.1"}, {" 1.5 "}, {"1.10"}, {"0.0"}, {"-0.0"},
			{"1.7976931348623157e308"}, {"5e-324"}, {"2.2250738585072014e-308"}, {"123456789.123456"}, {"0.30000000000000004"},
			{"1000000000000000000", "0.5"}, {"9007199254740992", "1.5"}, {"1e23"}, {"0e999"},
		},
		core.TypeBool: {{"true"}, {"TRUE", "False", "tRuE"}, {"true", "", "false"}},
		core.TypeDate: {
			{"2024-01-02"}, {"2024/1/2", "2024/01/02"}, {"2024-1-2"}, {"2024年1月2日"}, {"2024年01月02日", "2024-01-02", "2024/1/2"},
			{"2024-02-29"}, {"2000-02-29"}, {"0001-01-01", "9999-12-31"},
		},
		core.TypeDatetime: {
			{"2024-01-02 03:04"}, {"2024-01-02T03:04:05"}, {"2024/1/2 3:04:05.123456"}, {"2024-01-02 03:04:05.1"}, {"2024-01-02 03:04:05.123456000"},
			{"2024-01-02", "2024-01-02 03:04"}, {"2024-01-02T03:04:05Z"}, {"2024-01-02 03:04:05+09"}, {"2024-01-02T03:04:05+0900", "2024-01-02T03:04:05.5-03:30"},
			{"2024-01-02T03:04+09:00"}, {"2024-01-02 23:59:59"}, {"0002-01-01T00:00:00Z"},
		},
		core.TypeString: {
			{"x"}, {"00123"}, {"007", "1"}, {"-01"}, {"00"}, {"01.5"}, {"1", "x"},
			{"9223372036854775808"}, {"-9223372036854775809"}, {"12345678901234567890123"}, {"1", "9223372036854775808"},
			{"0.1234567890123456789"}, {"1.00000000000000001"}, {"9007199254740993", "0.5"}, {"123456789012345678.5"}, {"1e-400"}, {"1e400"}, {"1e99999"},
			{"+5"}, {"1_000"}, {"1,000"}, {"inf"}, {"-Infinity"}, {"nan"}, {"NaN"}, {"10%"}, {"１２"}, {"0x10"}, {"1e"}, {"e5"}, {"1e5.5"}, {"--1"}, {"-"}, {"."}, {"1.2.3"}, {"1 2"}, {"¥5"}, {"\t5"}, {"5\n"}, {"\u00a05"}, {" "}, {"1e+-5"}, {"1e1_0"},
			{"yes", "no"}, {"t", "f"}, {"true", "1"}, {" true"}, {"true", "x"}, {"tru"}, {"falsey"}, {"ture!"}, {"TRÜE"},
			{"2023-02-29"}, {"1900-02-29"}, {"2024-02-30"}, {"2024-13-01"}, {"2024-00-01"}, {"2024-01-00"}, {"2024-04-31"}, {"0000-01-01"}, {"2023年2月29日"}, {"2024年13月1日"},
			{"01/02/2024"}, {"2024-01/02"}, {"2024.01.02"}, {"24-01-02"}, {"2024-001-2"}, {"2024-01-02x"}, {" 2024-01-02"}, {"2024-1-"}, {"2024----"}, {"2024年1月2"}, {"2024年1月日"}, {"2024年月2日"}, {"2024月1年2日"}, {"令和6年1月2日"}, {"２０２４-01-02"},
			{"12:30"}, {"2024-01-02 24:00"}, {"2024-01-02 03:60"}, {"2024-01-02 03:04:60"}, {"2024-01-02 3"}, {"2024-01-02  03:04"}, {"2024-01-02 03:4"}, {"2024-01-02 "}, {"2024-01-02T"}, {"2024-01-02 03:04:05."}, {"2024-01-02 03:04:05,5"},
			{"2024-01-02 03:04:05.1234567"}, {"2024-01-02 :04"}, {"2024-01-02 03:04:5"}, {"2024-01-02t03:04"}, {"2024-01-02 03:04.5"},
			{"2024-01-02T03:04:05z"}, {"2024-01-02T03:04:05ZZ"}, {"2024-01-02T03:04:05+9"}, {"2024-01-02T03:04:05+15"}, {"2024-01-02T03:04:05+09:60"}, {"2024-01-02T03:04:05+09:0"}, {"2024-01-02T03:04:05+"}, {"2024-01-02 03:04:05 +09:00"}, {"2024-01-02T03:04:05+09:"},
			{"2024-01-02T03:04:05Z", "2024-01-02T03:04:05"}, {"2024-01-02", "2024-01-02T03:04:05Z"}, {"2024年1月2日", "2024-01-02 03:04"}, {"2024-01-02", "5"}, {"0001-01-01T00:00:00Z"}, {"9999-12-31T00:00:00Z"},
			{"=1+1"}, {"@cmd"}, {"-x"}, {"NA", ""}, {"NULL"},
		},
	} {
		for _, values := range columns {
			if got := column(t, core.CSVOptions{}, values...); got.Type != want {
				t.Errorf("%q is %s, want %s", values, got.Type, want)
			}
		}
	}
}

func TestQuotesDoNotMatterForTypes(t *testing.T) {
	r := scanned(t, "a,b,c,d\n\"1\",\"1.5\",\"true\",\"2024-01-02\"\n2,2,false,2024/1/3\n", Options{})
	if want := []core.ColumnType{core.TypeInt64, core.TypeFloat64, core.TypeBool, core.TypeDate}; !reflect.DeepEqual(types(r), want) {
		t.Errorf("%v", types(r))
	}
}

func TestZonesAndFormsAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		values []string
		zoned  bool
		form   Form
	}{
		"dates":                   {[]string{"2024-01-02"}, false, 0},
		"some kanji":              {[]string{"2024-01-02", "2024年1月2日"}, false, FormKanji},
		"local":                   {[]string{"2024-01-02 03:04", "2024-01-02"}, false, 0},
		"zoned":                   {[]string{"2024-01-02T03:04:05Z", "2024-01-02T03:04:05+09:00"}, true, 0},
		"zoned, to the minute":    {[]string{"2024-01-02T03:04:05Z", "2024-01-02T03:04+09:00"}, true, FormZonedMinute},
		"kanji in a text":         {[]string{"2024年1月2日", "x"}, false, 0},
		"zoned minute, then text": {[]string{"2024-01-02T03:04Z", "x"}, false, 0},
	} {
		if got := column(t, core.CSVOptions{}, c.values...); got.Zoned != c.zoned || got.Form != c.form {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestNullable(t *testing.T) {
	for _, values := range [][]string{{"1", ""}, {"", "1"}, {"x", "y", ""}, {"", "x", "1"}, {"2024-01-02", "NA"}} {
		if !column(t, core.CSVOptions{}, values...).Nullable {
			t.Errorf("%q is not nullable", values)
		}
	}
	for _, values := range [][]string{{"1", "2"}, {"x", "1", "na"}, {" "}} {
		if column(t, core.CSVOptions{}, values...).Nullable {
			t.Errorf("%q is nullable", values)
		}
	}
}

func TestDateColumns(t *testing.T) { // DS-1
	dates := core.CSVOptions{DateColumns: []string{"c"}}
	if got := column(t, dates, "2024-01-02", "", "2024年1月3日"); got.Type != core.TypeDate || !got.Nullable || got.Form != FormKanji {
		t.Errorf("%+v", got)
	}
	if got := column(t, dates, "2024-01-02", "2024-01-02 03:04"); got.Type != core.TypeDatetime {
		t.Errorf("%+v", got)
	}
	if got := column(t, dates, "NA", ""); got.Type != core.TypeString || !got.Nullable { // nothing to be a date
		t.Errorf("%+v", got)
	}
	for name, c := range map[string]struct {
		value, reason, sample string
	}{
		"text":         {"x", "not_a_date", "x"},
		"a number":     {"20240102", "not_a_date", "20240102"},
		"no such day":  {"2023-02-29", "not_a_date", "2023-02-29"},
		"empty":        {" ", "not_a_date", " "},
		"zoned":        {"2024-01-02T03:04:05Z", "mixed_dates", "2024-01-02T03:04:05Z"},
		"on two lines": {"2024\n01", "not_a_date", "2024"},
	} {
		f := faulty(t, "a,c\n\"x\ny\",2024-01-02\n\"x\ny\",\""+c.value+"\"\n", Options{CSVOptions: dates})
		if f.Code != core.CodeCSVParse || f.Reason != c.reason || f.Line != 5 || f.Column != 2 || f.Offset != 27 || f.Sample != c.sample || f.Args["column"] != "c" {
			t.Errorf("%s: %+v", name, f.Problem)
		}
	}
	f := faulty(t, "a,b\n1,2\n", Options{CSVOptions: dates})
	if f.Code != core.CodeValidation || f.Reason != "unknown_column" || f.Args["column"] != "c" {
		t.Errorf("%+v", f)
	}
}

// One value decides over the type, wherever it stands.
func TestEveryRowCounts(t *testing.T) {
	const rows = 6_000
	for _, at := range []int{0, 1, rows / 2, rows - 1} {
		var text strings.Builder
		text.WriteString("i,f,b,d,t,z\n")
		for i := range rows {
			if i == at {
				text.WriteString("oops,0.1234567890123456789,yes,2023-02-29,2024-01-02T03:04:05Z,2024-01-02\n")
			} else {
				fmt.Fprintf(&text, "%d,%d.5,true,2024-01-02,2024-01-02 03:04:05,2024-01-02T03:04:05Z\n", i, i)
			}
		}
		for _, parts := range []int{1, 7} {
			r := inParts(t, t.TempDir(), text.String(), Options{Cores: 2}, parts)
			if len(r.Parts) != parts {
				t.Fatalf("%d parts", len(r.Parts))
			}
			for _, c := range r.Columns {
				if c.Type != core.TypeString {
					t.Errorf("row %d in %d parts: %+v", at, parts, c)
				}
			}
		}
	}
}

// Dates of two sorts in two parts are one fault, at the line where the second begins. All
// rows are equally long, so that some cuts fall between the two sorts.
func TestDatesThatMeetInALaterPart(t *testing.T) {
	const half = 1000
	text := "c\n" + strings.Repeat("2024-01-02 03:04:05.1\n", half+1) + strings.Repeat("2024-01-02T3:04:05+09\n", half-1)
	for parts := 1; parts < 9; parts++ {
		_, err := readInParts(t, t.TempDir(), text, Options{CSVOptions: core.CSVOptions{DateColumns: []string{"c"}}}, parts)
		f, ok := errors.AsType[*Fault](err)
		if !ok || f.Reason != "mixed_dates" || f.Line != half+3 || f.Column != 1 || f.Args["column"] != "c" {
			t.Errorf("%d parts: %v", parts, err)
		}
	}
}

// A date that does not fit those of an earlier part comes before a mistake
// further on in its line, as it does where the text is read in one piece.
func TestMixedDatesBeforeALaterMistake(t *testing.T) {
	no := false
	for parts := 1; parts <= 4; parts++ {
		_, err := readInParts(t, t.TempDir(), "2024-01-02T03:04Z\n2024-01-02,", Options{
			CSVOptions: core.CSVOptions{Delimiter: ",", Header: &no, DateColumns: []string{"column_1"}}, Cores: 1,
		}, parts)
		if f, ok := errors.AsType[*Fault](err); !ok || f.Reason != "mixed_dates" || f.Line != 2 || f.Offset != 18 {
			t.Errorf("in %d parts: %v", parts, err)
		}
	}
}
