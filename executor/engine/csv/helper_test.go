package csv

import (
	"bytes"
	stdcsv "encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// scan reads the content with the options, in a folder of its own.
func scan(t *testing.T, content string, opts Options) (*Result, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "source.csv")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	opts.Dir = t.TempDir()
	result, err := Scan(t.Context(), path, opts)
	if left := files(t, opts.Dir); (result == nil) != (err != nil) || err != nil && len(left) > 0 {
		t.Fatalf("%+v, %v left %v", result, err, left)
	}
	return result, err
}

// scanned is the result for content that is as it should be.
func scanned(t *testing.T, content string, opts Options) *Result {
	t.Helper()
	result, err := scan(t, content, opts)
	if err != nil {
		t.Fatalf("%q: %v", clip(content), err)
	}
	return result
}

// faulty is what is wrong with the content.
func faulty(t *testing.T, content string, opts Options) *Fault {
	t.Helper()
	result, err := scan(t, content, opts)
	fault, ok := errors.AsType[*Fault](err)
	if !ok {
		t.Fatalf("%q: got %+v, %v; want a fault", clip(content), result, err)
	}
	return fault
}

// rowsOf is what encoding/csv reads in the parts.
func rowsOf(t testing.TB, r *Result) [][]string {
	t.Helper()
	var rows [][]string
	for _, p := range r.Parts {
		text, err := os.ReadFile(p.Path)
		if err != nil {
			t.Fatal(err)
		}
		reader := stdcsv.NewReader(bytes.NewReader(text))
		reader.Comma, reader.FieldsPerRecord = rune(r.Delimiter[0]), len(r.Columns)
		read, err := reader.ReadAll()
		if err != nil || int64(len(read)) != p.Rows {
			t.Fatalf("%s: %d rows, want %d, %v in %q", filepath.Base(p.Path), len(read), p.Rows, err, clip(string(text)))
		}
		rows = append(rows, read...)
	}
	return rows
}

func names(r *Result) []string {
	var names []string
	for _, c := range r.Columns {
		names = append(names, c.Name)
	}
	return names
}

func types(r *Result) []core.ColumnType {
	var types []core.ColumnType
	for _, c := range r.Columns {
		types = append(types, c.Type)
	}
	return types
}

func files(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func clip(s string) string { return s[:min(len(s), 400)] }

// readInParts reads UTF-8 in a given number of parts, however short it is. What the folder
// held is gone.
func readInParts(t testing.TB, dir, text string, opts Options, parts int) (*Result, error) {
	t.Helper()
	for _, name := range files(t, dir) {
		os.Remove(filepath.Join(dir, name))
	}
	opts.Dir = dir
	j, err := newJob([]byte(text), verdict{encoding: encodingUTF8}, opts)
	if err != nil {
		return nil, err
	}
	result, err := j.run(t.Context(), parts)
	if left := files(t, dir); err != nil && len(left) > 0 {
		t.Fatalf("%v left %v", err, left)
	}
	return result, err
}

// inParts is readInParts for text that is as it should be.
func inParts(t testing.TB, dir, text string, opts Options, parts int) *Result {
	t.Helper()
	result, err := readInParts(t, dir, text, opts, parts)
	if err != nil {
		t.Fatalf("%v in %q", err, clip(text))
	}
	return result
}
