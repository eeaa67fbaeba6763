package csv

import (
	stdcsv "encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

var seeds = []string{
	"", "a", "\n", "\"", "a,b\n1,2\n", "a;b\r\n\"x\r\ny\";2\r\n", "a\tb\r1\t2\r", bom + "名前|値\n東京|1\n", "a,b\n1\n", "a,b\n\"x", "a,b\n\"x\"y,1\n",
	"a\n\x00\n", "a,b\n5\" pipe,\"q\"\"q\"\n", "\n\n a ,a\n\n1,2", "d\n2024-01-02\n2024年1月2日\n", "d\n2024-01-02T03:04+09:00\n", "n\n-1.5e300\n.5\n99999999999999999999\n",
	"\xFF\xFEa\x00,\x00b\x00\n\x00", "\xFE\xFF\x00a\x00\n\xD8\x00", "\x93\x8C\x8B\x9E,b\n1,\xB1\n", "東\x81\x40\n", "\x93", "%PDF-", "a,\"\"\n\"\"\"\",\n", "a\r\n\r\n\r", "a,b\n\"1\n2\",\"3\n\n4\"\n5,6",
}

// FuzzScan: whatever the file holds, reading it ends with a result that encoding/csv
// agrees with or with a fault that lies in the file.
func FuzzScan(f *testing.F) {
	for i, seed := range seeds {
		f.Add([]byte(seed), "", "", i%2 == 0, byte(i))
		f.Add([]byte(seed), ",", "utf-16", i%2 == 0, byte(i))
		f.Add([]byte(seed), ";", "cp932", false, byte(i))
	}
	f.Fuzz(func(t *testing.T, data []byte, delimiter, encoding string, header bool, n byte) {
		dir := t.TempDir()
		opts := Options{Cores: int(n%3) + 1, CSVOptions: core.CSVOptions{Delimiter: delimiter, Encoding: encoding, Header: &header, SkipRows: int(n % 4)}}
		if n%5 == 0 {
			opts.DateColumns = []string{"column_1"}
		}
		fuzzScan(t, dir, data, opts)
		if r, err := readInParts(t, dir, string(data), opts, int(n%16)+1); err == nil {
			rowsOf(t, r)
		}
	})
}

func fuzzScan(t *testing.T, dir string, data []byte, opts Options) {
	path := filepath.Join(dir, "source.csv")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	opts.Dir = t.TempDir()
	last := 0.0
	opts.Progress = func(share float64) {
		if share < last || share > 1 {
			t.Errorf("progress %v after %v", share, last)
		}
		last = share
	}
	r, err := Scan(t.Context(), path, opts)
	fault, ok := errors.AsType[*Fault](err)
	switch {
	case err == nil:
		rowsOf(t, r)
	case !ok:
		t.Fatal(err)
	case fault.Offset < 0 || fault.Offset > int64(len(data)) || fault.Line < 0 || fault.Line > int64(len(data))+1:
		t.Fatalf("%+v of %d bytes", fault, len(data))
	}
	if left := files(t, opts.Dir); err != nil && len(left) > 0 {
		t.Fatalf("%v left %v", err, left)
	}
}

// Where the two mean the same, encoding/csv and this package accept the same text and find the same in it.
func FuzzAgreesWithTheStandardLibrary(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "\r\x00") || firstBadUTF8([]byte(text), 1) >= 0 {
			t.Skip("line ends by CR and NUL mean something else to encoding/csv")
		}
		no := false
		opts := Options{Cores: 2, CSVOptions: core.CSVOptions{Delimiter: ",", Header: &no}}
		r, err := readInParts(t, t.TempDir(), text, opts, 3)
		want, stdErr := standard(text)
		fault, _ := errors.AsType[*Fault](err)
		switch parse, _ := errors.AsType[*stdcsv.ParseError](stdErr); {
		case parse != nil && errors.Is(parse.Err, stdcsv.ErrBareQuote): // here it is text
		case stdErr == nil && len(want) == 0:
			if fault == nil || fault.Reason != "empty" {
				t.Fatalf("%v in %q", err, text)
			}
		case stdErr == nil:
			if err != nil || !reflect.DeepEqual(rowsOf(t, r), want) {
				t.Fatalf("%v in %q, want %q", err, text, want)
			}
		case fault == nil:
			t.Fatalf("accepted %q: %v", text, stdErr)
		case fault.Reason == "ragged" && fault.Line != int64(parse.StartLine):
			t.Fatalf("%v, want %v in %q", fault, parse, text)
		}
	})
}

func standard(text string) ([][]string, error) {
	reader := stdcsv.NewReader(strings.NewReader(text))
	var rows [][]string
	for {
		row, err := reader.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
}

// FuzzNumbersAndTimes: a value of an inferred type is the same value when it is read as that type.
func FuzzNumbersAndTimes(f *testing.F) {
	for _, seed := range []string{"", " ", "-", ".", "1", "-0.5e-3", "2024-01-02", "2024年1月2日", "2024/1/2 3:04:05.5+09:00", "true"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		e := newEvidence(false, false)
		e.observe([]byte(value), newNullSet(nil))
		if c := e.column("c"); !keeps(value, c.Type, c.Zoned) {
			t.Fatalf("%q is %s", value, c.Type)
		}
	})
}
