package engine

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/executor/engine/records/recordstest"
	"github.com/karuta-bi/karuta/internal/core"
)

// parquet is a file that DuckDB writes of a query.
func parquet(t testing.TB, query, options string) string {
	t.Helper()
	dir := t.TempDir()
	db, err := open(t.Context(), access{dir: dir, memoryMB: 256, threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	path := filepath.Join(dir, "made.parquet")
	if _, err := db.ExecContext(t.Context(), "COPY ("+query+") TO "+literal(path)+" (FORMAT parquet"+options+")"); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// typesOf are the columns of a version in short: "name type?".
func typesOf(columns []core.Column) []string {
	var short []string
	for _, c := range columns {
		s := c.Name + " " + string(c.Type)
		if c.Zoned {
			s += "+"
		}
		if c.Nullable {
			s += "?"
		}
		short = append(short, s)
	}
	return short
}

// The same table, whatever it came in.
func TestFormatsGiveTheSameTable(t *testing.T) { // DS-6
	sheet := func(cells ...string) string { return "<row>" + strings.Join(cells, "") + "</row>" }
	said := func(s string) string { return `<c t="inlineStr"><is><t>` + s + `</t></is></c>` }
	book := recordstest.Book{Formats: []string{"yyyy-mm-dd", "yyyy-mm-dd hh:mm"}, Rows: sheet(said("n"), said("f"), said("b"), said("d"), said("t"), said("s")) +
		sheet("<c><v>1</v></c>", "<c><v>2.3</v></c>", `<c t="b"><v>1</v></c>`, `<c s="1"><v>45292</v></c>`, `<c s="2"><v>45292.25</v></c>`, said("00")) +
		sheet("<c/>", "<c><v>-1</v></c>", `<c t="b"><v>0</v></c>`, `<c s="1"><v>45293</v></c>`, `<c s="2"><v>45293.5</v></c>`, `<c t="e"><v>#N/A</v></c>`)}
	want := [][]string{{"1", "2.3", "true", "2024-01-01", "2024-01-01 06:00:00", "00"}, {"␀", "-1", "false", "2024-01-02", "2024-01-02 12:00:00", "␀"}}
	for name, content := range map[string]string{
		"csv":     "n,f,b,d,t,s\n1,2.3,true,2024-01-01,2024-01-01 06:00:00,00\n,-1,false,2024/1/2,2024-01-02T12:00:00,\n",
		"jsonl":   `{"n":1,"f":2.3,"b":true,"d":"2024-01-01","t":"2024-01-01 06:00:00","s":"00"}` + "\n" + `{"f":-1,"n":null,"b":false,"d":"2024-01-02","t":"2024-01-02 12:00:00"}`,
		"xlsx":    string(book.Bytes()),
		"parquet": parquet(t, "SELECT * FROM (VALUES (1::UTINYINT, 2.3::DECIMAL(38,2), true, DATE '2024-01-01', TIMESTAMP_S '2024-01-01 06:00:00', '00'), (NULL, -1, false, DATE '2024-01-02', TIMESTAMP_S '2024-01-02 12:00:00', NULL)) AS v(n, f, b, d, t, s)", ""),
	} {
		for _, sorted := range []string{"", "d"} {
			t.Run(name+" "+sorted, func(t *testing.T) {
				b := newBench(t, nil)
				src, done := b.load(t, content, core.CSVOptions{SortColumn: sorted})
				if got := b.rows(t, src); !reflect.DeepEqual(got, want) {
					t.Errorf("%q", got)
				}
				if got := typesOf(done.Columns); !slices.Equal(got, []string{"n int64?", "f float64", "b bool", "d date", "t datetime", "s string?"}) {
					t.Errorf("%s", got)
				}
				if (done.Encoding != "") != (name == "csv") {
					t.Errorf("encoding %q", done.Encoding)
				}
			})
		}
	}
}

func TestTypesOfParquet(t *testing.T) {
	type column struct{ column, value string }
	var queries []string
	var want []column
	for query, c := range map[string]column{
		"18446744073709551615::UBIGINT":           {"c string", "18446744073709551615"},
		"7::HUGEINT":                              {"c float64", "7"}, // Parquet has no such type
		"123456789012345678901.25::DECIMAL(38,2)": {"c string", "123456789012345678901.25"},
		"12::DECIMAL(18,0)":                       {"c int64", "12"},
		"'NaN'::DOUBLE":                           {"c float64?", "␀"},
		"'-inf'::FLOAT":                           {"c float64?", "␀"},
		"0.5::FLOAT":                              {"c float64", "0.5"},
		"'2024-01-01 00:00:00.123456789'::TIMESTAMP_NS": {"c datetime", "2024-01-01 00:00:00.123456"},
		"'2024-01-01 09:00:00+09'::TIMESTAMPTZ":         {"c datetime+", "2024-01-01T00:00:00Z"},
		"'01:02:03'::TIME":                              {"c string", "01:02:03"},
		"'a'::ENUM('a','b')":                            {"c string", "a"},
		"'123'":                                         {"c string", "123"},
		"'NA'":                                          {"c string", "NA"},
		"'8d7f4d84-8b7c-4d1d-9a34-0d3ab1f0a2f1'::UUID": {"c string", "8d7f4d84-8b7c-4d1d-9a34-0d3ab1f0a2f1"},
	} {
		queries, want = append(queries, query+" AS c"), append(want, c)
	}
	b := newBench(t, nil)
	src, done := b.load(t, parquet(t, "SELECT "+strings.Join(queries, ", "), ""), core.CSVOptions{})
	types, rows := typesOf(done.Columns), b.rows(t, src)
	for i, c := range want {
		_, typ, _ := strings.Cut(types[i], " ")
		if "c "+typ != c.column || rows[0][i] != c.value {
			t.Errorf("%s: %s %s", queries[i], types[i], rows[0][i])
		}
	}
}

func TestRowGroupsAndNamesOfParquet(t *testing.T) {
	b := newBench(t, nil)
	query := `SELECT i::INTEGER AS i, CASE WHEN i % 3 = 0 THEN NULL ELSE 'v' || (i % 7) END AS "I", i % 5 AS "filename" FROM range(50000) r(i)`
	src, done := b.load(t, parquet(t, query, ", ROW_GROUP_SIZE 4096, COMPRESSION snappy"), core.CSVOptions{})
	if got := typesOf(done.Columns); done.RowCount != 50_000 || got[0] != "i int64" || done.Columns[1].Name == "I" || got[2] != "filename int64" {
		t.Errorf("%d %s", done.RowCount, got)
	}
	slice, err := b.Slice(t.Context(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer slice.Close()
	for i, row := range sliceText(t, slice) {
		text := fmt.Sprintf("v%d", i%7)
		if i%3 == 0 {
			text = "␀"
		}
		if want := []string{fmt.Sprint(i), text, fmt.Sprint(i % 5)}; !slices.Equal(row, want) {
			t.Fatalf("row %d is %q", i, row)
		}
	}
}

// What is wrong with a file of any kind ends its import with a sentence and a
// place; the engine and the next import are well.
func TestHostileFiles(t *testing.T) {
	b := newBench(t, nil)
	good := parquet(t, "SELECT i, 'x' || i AS s FROM range(2000) r(i)", "")
	book := recordstest.Book{Rows: `<row r="1"><c t="inlineStr"><is><t>d</t></is></c></row><row r="9"><c t="inlineStr"><is><t>x</t></is></c></row>`}
	for name, c := range map[string]struct {
		content string
		options core.CSVOptions
		want    client.Problem
	}{
		"a list in Parquet":  {parquet(t, "SELECT 1 AS a, [1, 2] AS l", ""), core.CSVOptions{}, client.Problem{Reason: "column_type"}},
		"a structure":        {parquet(t, "SELECT {'a': 1} AS l", ""), core.CSVOptions{}, client.Problem{Reason: "column_type"}},
		"binary":             {parquet(t, "SELECT 'a'::BLOB AS l", ""), core.CSVOptions{}, client.Problem{Reason: "column_type"}},
		"far dates":          {parquet(t, "SELECT DATE '20000-01-01' AS d", ""), core.CSVOptions{}, client.Problem{Reason: "far_date"}},
		"long text":          {parquet(t, "SELECT repeat('x', 1048577) AS s", ""), core.CSVOptions{}, client.Problem{Reason: "text_too_long"}},
		"too many columns":   {parquet(t, "SELECT "+strings.Repeat("1,", 1000)+"1", ""), core.CSVOptions{}, client.Problem{Reason: "too_many_columns"}},
		"rows without end":   {parquet(t, "SELECT 1 AS a FROM range(6000000) r(i)", ""), core.CSVOptions{}, client.Problem{Reason: "too_many_cells"}},
		"not dates":          {good, core.CSVOptions{DateColumns: []string{"i"}}, client.Problem{Reason: "not_dates"}},
		"half":               {good[:len(good)/2], core.CSVOptions{}, client.Problem{Reason: "damaged"}},
		"no footer":          {"PAR1" + strings.Repeat("\xFF", 100) + "\xFF\xFF\xFF\x7FPAR1", core.CSVOptions{}, client.Problem{Reason: "damaged"}},
		"a date in a sheet":  {string(book.Bytes()), core.CSVOptions{DateColumns: []string{"d"}}, client.Problem{Reason: "not_a_date", Line: 9, Column: 1, Sample: "x"}},
		"a date in JSON":     {"{\"d\":\"2024-01-01\"}\n\n\n{\"d\":\"y\\nz\"}", core.CSVOptions{DateColumns: []string{"d"}}, client.Problem{Reason: "not_a_date", Line: 4, Column: 1, Sample: "y"}},
		"JSON that breaks":   {"{\"d\":1}\n{\"d\":", core.CSVOptions{}, client.Problem{Reason: "not_json", Line: 2}},
		"a zip of something": {string(recordstest.Zip(map[string]string{"a": "b"})), core.CSVOptions{}, client.Problem{Reason: "not_excel"}},
	} {
		b.put(t, source, c.content)
		req := request(c.options)
		req.MaxBytes = max(int64(len(c.content)), 1<<20)
		done, problem, err := b.Import(t.Context(), req, nil)
		if err != nil || done != nil || problem == nil {
			t.Errorf("%s: %+v, %v", name, done, err)
			continue
		}
		c.want.Code, problem.Args = core.CodeFileFormat, nil
		if !reflect.DeepEqual(*problem, c.want) {
			t.Errorf("%s: %+v", name, *problem)
		}
	}
	b.wantNothingLeft(t)
	b.load(t, good, core.CSVOptions{})
}

// Files with bytes changed at random, most of them in the footer, are read or
// refused; nothing else happens.
func TestSpoiltParquet(t *testing.T) {
	b := newBench(t, nil)
	good := []byte(parquet(t, "SELECT i, 'x' || (i % 9) AS s, i / 3 AS f FROM range(500) r(i)", ""))
	random := rand.New(rand.NewPCG(5, 5))
	for range 12 {
		spoilt := slices.Clone(good)
		for range 1 + random.IntN(4) {
			at := len(spoilt) - 1 - random.IntN(len(spoilt)*2/3)
			spoilt[at] ^= byte(1 << random.IntN(8))
		}
		b.put(t, source, string(spoilt))
		req := request(core.CSVOptions{Format: core.FormatParquet})
		done, problem, err := b.Import(t.Context(), req, nil)
		if err != nil || problem != nil && problem.Code != core.CodeFileFormat {
			t.Errorf("%+v, %v", problem, err)
		}
		if done == nil {
			continue
		}
		for _, key := range b.keys(t, target) {
			if err := b.blobs.Delete(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.wantNothingLeft(t)
}

// A file that costs more time than there is ends its import alone.
func TestAFileThatTakesTooLong(t *testing.T) {
	b := newBench(t, func(c *Config) { c.LoadTimeout = 300 * time.Millisecond })
	b.put(t, source, strings.Repeat(`{"a":1,"b":"`+strings.Repeat("x", 100)+`"}`+"\n", 500_000))
	_, problem, err := b.Import(t.Context(), request(core.CSVOptions{}), nil)
	if err != nil || problem == nil || problem.Reason != "unreadable" {
		t.Errorf("%+v, %v", problem, err)
	}
	b.wantNothingLeft(t)
}
