package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// The benchmarks are measured on the same made-up table everywhere: 50 columns,
// about 490 bytes a row.
const (
	millionRows    = 1_000_000
	hundredMBRows  = 200_000
	benchmarkTable = "datasets/ds_%d/data/v000001/"
)

// BenchmarkImport is a file of 1,000,000 × 50, about 490 MB, from the upload to
// stored Parquet, beside DuckDB's own way from CSV to Parquet on the same cores.
func BenchmarkImport(b *testing.B) {
	x := newBench(b, nil)
	path := upload(b, x, millionRows)
	var ours, theirs time.Duration
	var peak int64
	for i := 0; b.Loop(); i++ {
		ours += took(b, func() { peak = max(peak, peakOfChildren(b, func() { importBench(b, x, i, core.CSVOptions{}) })) })
		theirs += took(b, func() { duckOwnImport(b, path) })
	}
	b.ReportMetric(ours.Seconds()/float64(b.N), "s/import")
	b.ReportMetric(theirs.Seconds()/float64(b.N), "s/duckdb-own")
	b.ReportMetric(float64(ours)/float64(theirs), "ratio")
	b.ReportMetric(float64(peak)/mebibyte, "MB-peak")
}

// BenchmarkImportSorted has the rows stored in the order of a date column.
func BenchmarkImportSorted(b *testing.B) {
	x := newBench(b, nil)
	upload(b, x, millionRows)
	var peak int64
	for i := 0; b.Loop(); i++ {
		peak = max(peak, peakOfChildren(b, func() { importBench(b, x, i, core.CSVOptions{SortColumn: "day_4"}) }))
	}
	b.ReportMetric(float64(peak)/mebibyte, "MB-peak")
}

// BenchmarkImport100MB is the largest file that can be uploaded by default.
func BenchmarkImport100MB(b *testing.B) {
	x := newBench(b, nil)
	upload(b, x, hundredMBRows)
	for i := 0; b.Loop(); i++ {
		importBench(b, x, i, core.CSVOptions{})
	}
}

// BenchmarkRead asks a table of 1,000,000 × 50 in the ways that pages do.
func BenchmarkRead(b *testing.B) {
	x := newBench(b, nil)
	upload(b, x, millionRows)
	src := importBench(b, x, 0, core.CSVOptions{})
	filtered := src
	filtered.Where = &core.Predicate{Op: core.OpAnd, Args: []core.Predicate{
		{Op: core.OpIn, Column: "prefecture_2", Values: []string{"東京都", "大阪府"}},
		{Op: core.OpRange, Column: "day_4", From: "2022-03-01", To: "2022-03-31"},
	}}
	slice := func(src client.Source, columns ...string) func() {
		return func() {
			s, err := x.Slice(b.Context(), src, columns)
			if err != nil {
				b.Fatal(err)
			}
			_ = s.Close()
		}
	}
	for _, c := range []struct {
		name string
		run  func()
	}{
		{"preview", func() { mustRead(b)(x.Rows(b.Context(), client.RowsRequest{Source: src, Limit: 100})) }},
		{"values", func() {
			mustRead(b)(x.Values(b.Context(), client.ValuesRequest{Source: src, Column: "prefecture_2", Limit: 500}))
		}},
		{"filtered slice of 3 columns", slice(filtered, "id_0", "amount_3", "day_4")},
		{"slice of 3 columns", slice(src, "id_0", "amount_3", "day_4")},
		{"slice of 11 columns", slice(src, "id_0", "postal_1", "prefecture_2", "amount_3", "day_4", "at_5", "segment_6", "note_7", "active_8", "score_9", "id_10")},
		{"whole slice", slice(src)},
	} {
		b.Run(c.name, func(b *testing.B) {
			c.run() // a worker is warm
			peak := peakOfChildren(b, func() {
				for b.Loop() {
					c.run()
				}
			})
			b.ReportMetric(float64(peak)/mebibyte, "MB-peak")
		})
	}
}

// BenchmarkExport writes a table of 1,000,000 × 50 as a CSV file and reads it to the end.
func BenchmarkExport(b *testing.B) {
	x := newBench(b, nil)
	upload(b, x, millionRows)
	src := importBench(b, x, 0, core.CSVOptions{})
	peak := peakOfChildren(b, func() {
		for b.Loop() {
			file, err := x.Export(b.Context(), client.ExportRequest{Source: src, Format: core.FormatCSV, Encoding: core.EncodingUTF8BOM})
			if err != nil {
				b.Fatal(err)
			}
			n, err := io.Copy(io.Discard, file.File)
			if err != nil || n != file.Bytes || file.Rows != millionRows {
				b.Fatalf("%d of %d bytes, %d rows, %v", n, file.Bytes, file.Rows, err)
			}
			b.SetBytes(n)
			_ = file.Close()
		}
	})
	b.ReportMetric(float64(peak)/mebibyte, "MB-peak")
}

// BenchmarkSight asks a table of 1,000,000 rows with a policy, beside a filter that
// selects the same rows of the same columns without one. The two take turns, so that
// the ratio does not depend on what else the machine does.
func BenchmarkSight(b *testing.B) {
	x := newBench(b, nil)
	src := peopleTable(b, x)
	in := func(column string, values ...string) *core.Predicate {
		return &core.Predicate{Op: core.OpIn, Column: column, Values: values}
	}
	west, north := in("prefecture", "大阪府", "京都府"), in("prefecture", "北海道")
	mask := func(column string, m core.Mask) []core.MaskedColumn {
		return []core.MaskedColumn{{Column: column, Mask: m}}
	}
	three := &core.Predicate{Op: core.OpOr, Args: []core.Predicate{*west, *north, *in("segment", "学校")}}
	window := func(masked []core.MaskedColumn) *core.Sight {
		return &core.Sight{Windows: []core.Window{{Rows: west, Hidden: []string{"pay"}, Masked: masked}}}
	}
	for _, c := range []struct {
		name  string
		sight *core.Sight
		same  *core.Predicate // the rows that the sight shows
	}{
		{"1 window, all masked", window(mask("note", core.MaskAll)), west},
		{"1 window, addresses masked", window(mask("email", core.MaskEmail)), west},
		{"1 window, numbers masked", window(mask("phone", core.MaskPhone)), west},
		{"1 window, names masked", window(mask("name", core.MaskName)), west},
		{"3 windows", &core.Sight{Windows: []core.Window{
			{Rows: west, Hidden: []string{"pay"}},
			{Rows: north, Hidden: []string{"pay"}, Masked: mask("email", core.MaskEmail)},
			{Rows: in("segment", "学校"), Hidden: []string{"pay"}, Masked: mask("email", core.MaskEmail)},
		}}, three},
	} {
		plain, sighted := src, src
		plain.Where, sighted.Sight = c.same, c.sight
		plain.Columns = slices.DeleteFunc(slices.Clone(src.Columns), func(c core.Column) bool { return c.Name == "pay" })
		for _, way := range []struct {
			name string
			ask  func(client.Source)
		}{
			{"slice", func(src client.Source) {
				s, err := x.Slice(b.Context(), src, nil)
				if err != nil {
					b.Fatal(err)
				}
				_ = s.Close()
			}},
			{"values", func(src client.Source) {
				mustRead(b)(x.Values(b.Context(), client.ValuesRequest{Source: src, Column: "prefecture", Limit: 500}))
			}},
			{"rows", func(src client.Source) { mustRead(b)(x.Rows(b.Context(), client.RowsRequest{Source: src, Limit: 100})) }},
		} {
			b.Run(c.name+"/"+way.name, func(b *testing.B) { beside(b, func() { way.ask(sighted) }, func() { way.ask(plain) }) })
		}
	}
}

// beside reports how long one thing takes by the side of another, the quickest of
// each.
func beside(b *testing.B, one, other func()) {
	b.Helper()
	best := [2]time.Duration{time.Hour, time.Hour}
	for b.Loop() {
		for i, do := range []func(){one, other} {
			best[i] = min(best[i], took(b, do))
		}
	}
	b.ReportMetric(float64(best[0].Microseconds())/1000, "ms/sighted")
	b.ReportMetric(float64(best[1].Microseconds())/1000, "ms/filtered")
	b.ReportMetric(float64(best[0])/float64(best[1]), "ratio")
}

// peopleTable has 1,000,000 rows of people, every fourth with the prefecture that a
// policy opens.
func peopleTable(b *testing.B, x *bench) client.Source {
	b.Helper()
	var text bytes.Buffer
	text.WriteString("id,prefecture,segment,email,phone,name,note,pay\n")
	for i := range millionRows {
		fmt.Fprintf(&text, "%d,%s,%s,user%d@example.com,090-%04d-%04d,%s %s%d,%s %d,%d\n", i, prefectures[i*7%8], segments[i%4],
			i, i%10000, i/100, words[i%8], words[i*3%8], i, words[i*5%8], i, i%977*1000)
	}
	if _, err := x.blobs.Put(b.Context(), source, &text); err != nil {
		b.Fatal(err)
	}
	return importBench(b, x, 0, core.CSVOptions{})
}

func mustRead(b *testing.B) func(reply any, err error) {
	return func(_ any, err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
}

// upload makes the table and stores it as the source of imports.
func upload(b *testing.B, x *bench, rows int) (path string) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "big.csv")
	if err := generate(path, rows); err != nil {
		b.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if _, err := x.blobs.Put(b.Context(), source, f); err != nil {
		b.Fatal(err)
	}
	return path
}

func importBench(b *testing.B, x *bench, i int, options core.CSVOptions) client.Source {
	b.Helper()
	done, problem, err := x.Import(b.Context(), client.ImportRequest{
		JobID: "job_1", SourceKey: source, Target: fmt.Sprintf(benchmarkTable, i), Options: options,
	}, nil)
	if err != nil || problem != nil {
		b.Fatal(problem, err)
	}
	return sourceOf(done)
}

// duckOwnImport lets DuckDB guess the types and write Parquet.
func duckOwnImport(b *testing.B, path string) {
	b.Helper()
	dir := b.TempDir()
	db, err := open(b.Context(), access{dir: dir, paths: []string{path}, memoryMB: 1024, threads: 2})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	out := literal(filepath.Join(dir, "own.parquet"))
	if _, err := db.Exec("COPY (FROM read_csv(" + literal(path) + ")) TO " + out + " (FORMAT parquet, COMPRESSION zstd)"); err != nil {
		b.Fatal(err)
	}
}

func took(b *testing.B, do func()) time.Duration {
	b.Helper()
	started := time.Now()
	do()
	return time.Since(started)
}

// peakOfChildren is the most memory that a child of this process had meanwhile.
func peakOfChildren(b *testing.B, do func()) int64 {
	b.Helper()
	ctx, stop := context.WithCancel(b.Context())
	var peak int64
	var watching sync.WaitGroup
	watching.Go(func() {
		for tick := time.Tick(10 * time.Millisecond); ctx.Err() == nil; <-tick {
			for _, pid := range children(b) {
				peak = max(peak, highWater(pid))
			}
		}
	})
	do()
	stop()
	watching.Wait()
	return peak
}

// highWater is the most resident memory that a worker has had, in bytes; 0 once it
// ended, and before it is a worker, when its memory is still ours.
func highWater(pid string) int64 {
	line, err := os.ReadFile("/proc/" + pid + "/cmdline")
	if err != nil || !bytes.HasSuffix(line, []byte("\x00"+workerVerb+"\x00")) {
		return 0
	}
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		if text, ok := strings.CutPrefix(string(line), "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}
