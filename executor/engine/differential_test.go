package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

const differentialDir = "testdata/differential/"

// hardFile is a file of testdata/differential/files.py, and where the readers find what
// was stored of it.
type hardFile struct {
	Name    string          `json:"name"`
	Types   []string        `json:"types"`   // "zoned" is a datetime with a zone
	Refused string          `json:"refused"` // code and reason
	Options core.CSVOptions `json:"options"`

	Codec       string   `json:"codec"`
	Separator   string   `json:"separator"`
	PandasNulls bool     `json:"pandasNulls"`
	Path        string   `json:"path"`
	Parts       []string `json:"parts"`
}

// tableRead is what one reader found in a file.
type tableRead struct {
	Error string      `json:"error"`
	Names []string    `json:"names"` // nil where there is no header
	Rows  [][]*string `json:"rows"`
}

// difference is one place where another reader sees something else than what is
// stored. Where is "row 2 column 1", "name 1", or "" for the whole file.
type difference struct {
	File, Reader, Where, Stored, Read string
}

// deliberate differences are data, each group under the sentence that docs/import.md has.
type deliberate struct {
	Why   string      `json:"why"`
	Cells [][5]string `json:"cells"` // the fields of a difference
}

// What is stored of a CSV file is what Python's csv module and pandas read in it, cell
// by cell, but for the differences that are listed and explained.
func TestImportsReadWhatOthersRead(t *testing.T) {
	python, err := filepath.Abs("../../bin/python/bin/python3.11")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil {
		t.Skip("not run here: bin/python is not built (make build)")
	}
	b := newBench(t, nil)
	dir := t.TempDir()
	var files []hardFile
	runPython(t, &files, nil, python, "files.py", dir)
	if len(files) < 40 {
		t.Fatalf("%d files", len(files))
	}
	stored := make([]tableRead, len(files))
	for i := range files {
		files[i].Path = filepath.Join(dir, files[i].Name)
		stored[i] = b.importHard(t, &files[i])
	}
	var readings []map[string]tableRead
	runPython(t, &readings, files, python, "readers.py")
	var found []difference
	for i, f := range files {
		for _, reader := range []string{"csv", "pandas", "pyarrow"} {
			if read, ok := readings[i][reader]; ok {
				found = append(found, differences(f, reader, stored[i], read)...)
			} else if f.Refused == "" {
				t.Errorf("%s was not read by %s", f.Name, reader)
			}
		}
	}
	wantDeliberate(t, found)
}

// runPython runs a script of testdata with JSON in and out.
func runPython(t *testing.T, out, in any, python, script string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), python, append([]string{"-I", "-B", differentialDir + script}, args...)...)
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), t.Output()
	answer, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		t.Fatal(err)
	}
}

// importHard imports the file and gives what is stored. It sees that the columns have the
// types that the file's author meant.
func (b *bench) importHard(t *testing.T, f *hardFile) tableRead {
	t.Helper()
	text, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	b.put(t, source, string(text))
	req := request(f.Options)
	req.Target = "datasets/" + f.Name + "/data/v000001/"
	done, problem, err := b.Import(t.Context(), req, nil)
	if err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	if problem != nil {
		if reason := strings.TrimSuffix(string(problem.Code)+"."+problem.Reason, "."); reason != f.Refused {
			t.Errorf("%s is refused: %+v", f.Name, problem)
		}
		return tableRead{Error: "refused"}
	}
	if types := meantTypes(done.Columns); f.Refused != "" || !slices.Equal(types, f.Types) {
		t.Errorf("%s has columns of %s, want %s %s", f.Name, types, f.Types, f.Refused)
	}
	return b.stored(t, f, sourceOf(done))
}

func meantTypes(columns []core.Column) []string {
	types := make([]string, len(columns))
	for i, c := range columns {
		types[i] = string(c.Type)
		if c.Zoned {
			types[i] = "zoned"
		}
	}
	return types
}

func (b *bench) stored(t *testing.T, f *hardFile, src client.Source) tableRead {
	t.Helper()
	for _, key := range src.Parts {
		path, release, err := b.blobs.Local(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(release)
		f.Parts = append(f.Parts, path)
	}
	reply, err := b.Rows(t.Context(), client.RowsRequest{Source: src, Limit: 20_000})
	if err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	r := tableRead{Rows: reply.Rows}
	for _, c := range reply.Columns {
		r.Names = append(r.Names, c.Name)
	}
	return r
}

// differences are the places where the other reader does not see what is stored.
func differences(f hardFile, reader string, stored, read tableRead) []difference {
	if stored.Error != "" && read.Error != "" {
		return nil
	}
	if stored.Error != read.Error || len(stored.Rows) != len(read.Rows) {
		return []difference{{f.Name, reader, "", stored.whole(), read.whole()}}
	}
	var found []difference
	differ := func(where, stored, read string) {
		found = append(found, difference{f.Name, reader, where, stored, read})
	}
	if f.Options.Header == nil || *f.Options.Header {
		for i := range max(len(stored.Names), len(read.Names)) {
			if a, b := nth(stored.Names, i), nth(read.Names, i); a != b {
				differ(fmt.Sprintf("name %d", i+1), a, b)
			}
		}
	}
	for r := range stored.Rows {
		a, b := rowsText(stored.Rows[r : r+1])[0], rowsText(read.Rows[r : r+1])[0]
		for i := range max(len(a), len(b)) {
			if of := nth(f.Types, i); !same(of, nth(a, i), nth(b, i)) {
				differ(fmt.Sprintf("row %d column %d", r+1, i+1), nth(a, i), nth(b, i))
			}
		}
	}
	return found
}

// whole is what became of the file as a whole.
func (r tableRead) whole() string {
	if r.Error != "" {
		return r.Error
	}
	return fmt.Sprintf("%d rows", len(r.Rows))
}

func nth(texts []string, i int) string {
	if i < len(texts) {
		return texts[i]
	}
	return "nothing"
}

// same compares texts; floats may be written differently where they are the same.
func same(of, a, b string) bool {
	if of == "float64" && a != b {
		x, errA := strconv.ParseFloat(a, 64)
		y, errB := strconv.ParseFloat(b, 64)
		return errA == nil && errB == nil && floatText(x) == floatText(y)
	}
	return a == b
}

// wantDeliberate sees that the differences are those that are listed, no more and no
// fewer, and that the manual gives the reason for each.
func wantDeliberate(t *testing.T, found []difference) {
	t.Helper()
	text, err := os.ReadFile(differentialDir + "deliberate.json")
	if err != nil {
		t.Fatal(err)
	}
	var groups []deliberate
	if err := json.Unmarshal(text, &groups); err != nil {
		t.Fatal(err)
	}
	manual, err := os.ReadFile("../../docs/import.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[difference]bool{}
	for _, g := range groups {
		if !strings.Contains(string(manual), "- **"+g.Why+"**") {
			t.Errorf("docs/import.md does not say: %s", g.Why)
		}
		for _, c := range g.Cells {
			listed[difference{c[0], c[1], c[2], c[3], c[4]}] = true
		}
	}
	for _, d := range found {
		if !listed[d] {
			t.Errorf("not listed: %q", [5]string{d.File, d.Reader, d.Where, d.Stored, d.Read})
		}
		delete(listed, d)
	}
	for d := range listed {
		t.Errorf("listed, but no longer so: %+v", d)
	}
}
