package csv

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// wrongs has a file or an option for each reason that the package gives.
var wrongs = map[string]struct {
	content string
	opts    Options
}{
	"empty":              {"\n", Options{}},
	"not_csv":            {"%PDF-1.7", Options{}},
	"ragged":             {"a,b\n1\n", Options{}},
	"unterminated_quote": {"a\n\"x", Options{}},
	"bad_quote":          {"a\n\"x\"y\n", Options{}},
	"nul_byte":           {"a\nx\x00\n", Options{}},
	"field_too_long":     {"a\n" + strings.Repeat("x", MaxFieldBytes+1), Options{}},
	"row_too_long":       {strings.Repeat("a,", 17) + "a\n" + strings.Repeat(strings.Repeat("x", MaxFieldBytes)+",", 17) + "x\n", Options{CSVOptions: core.CSVOptions{Delimiter: ","}}},
	"too_many_columns":   {strings.Repeat(",", MaxColumns), Options{CSVOptions: core.CSVOptions{Delimiter: ","}}},
	"not_a_date":         {"d\n2024-01-02\nx\n", Options{CSVOptions: core.CSVOptions{DateColumns: []string{"d"}}}},
	"mixed_dates":        {"d\n2024-01-02T03:04:05Z\n2024-01-02\n", Options{CSVOptions: core.CSVOptions{DateColumns: []string{"d"}}}},
	"named":              {"a\n\xFF\n", Options{CSVOptions: core.CSVOptions{Encoding: "utf-8"}}},
	"damaged":            {bom + "a\n\xFF\n", Options{}},
	"bad_value":          {"a\n", Options{CSVOptions: core.CSVOptions{Delimiter: ",,"}}},
	"bad_choice":         {"a\n", Options{CSVOptions: core.CSVOptions{Encoding: "ebcdic"}}},
	"out_of_range":       {"a\n", Options{CSVOptions: core.CSVOptions{SkipRows: -1}}},
	"unknown_column":     {"a\n", Options{CSVOptions: core.CSVOptions{DateColumns: []string{"b"}}}},
}

func TestEveryReasonIsToldInBothLanguages(t *testing.T) { // DS-2, DS-3, DS-4
	for reason, w := range wrongs {
		f := faulty(t, w.content, w.opts)
		if f.Reason != reason {
			t.Errorf("%s: %+v", reason, f)
		}
		checkSentences(t, f)
	}
	checkSentences(t, TooLarge(100<<20))
	checkSentences(t, faulty(t, "a\n\xFF\n", Options{}))
}

// checkSentences reads the fault as it arrives at the API.
func checkSentences(t *testing.T, f *Fault) {
	t.Helper()
	sent, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var p client.Problem
	if err := json.Unmarshal(sent, &p); err != nil {
		t.Fatal(err)
	}
	for _, l := range []core.Locale{core.Japanese, core.English} {
		got := core.Sentence(l, &core.Error{Code: p.Code, Reason: p.Reason, Args: p.Args})
		plain := core.Sentence(l, &core.Error{Code: p.Code, Args: p.Args})
		if got == plain && p.Reason != "" || strings.ContainsAny(got, "{}") {
			t.Errorf("%s.%s (%s) is told as %q", p.Code, p.Reason, l, got)
		}
	}
}

// The table above would not notice a reason that somebody adds.
func TestNoReasonIsForgotten(t *testing.T) {
	given := regexp.MustCompile(`(?:[fF]ault|faultWithin|because)\("(\w+)"|[rR]eason :?= "(\w+)"`)
	sources, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range sources {
		text, err := os.ReadFile(f.Name())
		if f.IsDir() || strings.HasSuffix(f.Name(), "_test.go") || err != nil {
			continue
		}
		for _, m := range given.FindAllStringSubmatch(string(text), -1) {
			found = append(found, m[1]+m[2])
			if _, ok := wrongs[m[1]+m[2]]; !ok {
				t.Errorf("%s gives the reason %s", f.Name(), m[1]+m[2])
			}
		}
	}
	for reason := range wrongs {
		if !slices.Contains(found, reason) {
			t.Errorf("nothing gives the reason %s", reason)
		}
	}
}
