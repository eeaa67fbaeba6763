package engine

import (
	"context"
	"errors"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// wantNothingLeft sees that an import left no objects and no files behind.
func (b *bench) wantNothingLeft(t *testing.T) {
	t.Helper()
	if left := b.keys(t, "datasets/"); len(left) > 0 {
		t.Errorf("left under the target: %s", left)
	}
	files, err := os.ReadDir(b.dir)
	if err != nil || len(files) > 0 {
		t.Errorf("left in the work folder: %v, %v", files, err)
	}
}

func request(options core.CSVOptions) client.ImportRequest {
	return client.ImportRequest{JobID: "job_1", SourceKey: source, Target: target, Options: options}
}

func TestProblemsOfFiles(t *testing.T) { // DS-2, DS-3, DS-4
	b := newBench(t, nil)
	no := false
	for name, c := range map[string]struct {
		text    string
		options core.CSVOptions
		max     int64
		want    client.Problem
	}{
		"empty":       {text: "", want: client.Problem{Code: core.CodeCSVParse, Reason: "empty"}},
		"a PNG":       {text: "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", want: client.Problem{Code: core.CodeCSVParse, Reason: "not_csv"}},
		"ragged":      {text: "a,b\n1,2\n3\n", want: client.Problem{Code: core.CodeCSVParse, Reason: "ragged", Line: 3, Column: 1, Offset: 8, Sample: "3"}},
		"not text":    {text: "a,b\n1,\xff\n", want: client.Problem{Code: core.CodeEncoding, Line: 2, Offset: 6, Sample: "1,\uFFFD"}},
		"too large":   {text: "a,b\n1,2\n", max: 7, want: client.Problem{Code: core.CodeFileTooLarge}},
		"sort column": {text: "a,b\n1,2\n", options: core.CSVOptions{SortColumn: "c"}, want: client.Problem{Code: core.CodeValidation, Reason: "unknown_column"}},
		"no header":   {text: "1,2\n", options: core.CSVOptions{Header: &no, SortColumn: "a"}, want: client.Problem{Code: core.CodeValidation, Reason: "unknown_column"}},
	} {
		b.put(t, source, c.text)
		req := request(c.options)
		req.MaxBytes = c.max
		done, problem, err := b.Import(t.Context(), req, nil)
		if err != nil || done != nil || problem == nil {
			t.Errorf("%s: %+v, %v", name, done, err)
			continue
		}
		problem.Args = nil
		if !reflect.DeepEqual(*problem, c.want) {
			t.Errorf("%s: %+v", name, *problem)
		}
	}
	if _, problem, err := b.Import(t.Context(), client.ImportRequest{SourceKey: "uploads/other.csv", Target: target}, nil); err != nil || problem == nil || problem.Code != core.CodeSourceNotFound {
		t.Errorf("a source that is not there: %+v, %v", problem, err)
	}
	b.wantNothingLeft(t)
}

// rows are all rows of a source as text.
func (b *bench) rows(t testing.TB, src client.Source) [][]string {
	t.Helper()
	reply, err := b.Rows(t.Context(), client.RowsRequest{Source: src, Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	return rowsText(reply.Rows)
}

func TestProgressRises(t *testing.T) {
	b := newBench(t, nil)
	b.put(t, source, numbered(severalParts, strconv.Itoa))
	var told []float64
	var rows []int64
	done, _, err := b.Import(t.Context(), request(core.CSVOptions{}), func(ev client.ImportEvent) {
		told, rows = append(told, ev.Progress), append(rows, ev.Rows)
	})
	if err != nil || done == nil {
		t.Fatal(err)
	}
	if len(told) < 5 || !slices.IsSorted(told) || told[0] < 0 || told[len(told)-1] != 1 {
		t.Errorf("told %v", told)
	}
	if !slices.IsSorted(rows) || rows[0] != 0 || rows[len(rows)-1] != done.RowCount {
		t.Errorf("told rows %v of %d", rows, done.RowCount)
	}
}

func TestPartsOfSeveralImportsAreOneTable(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a,b\n1,x\n", core.CSVOptions{})
	b.put(t, source, "a,b\n2,\n")
	req := request(core.CSVOptions{})
	req.Target = "datasets/ds_1/data/v000002-job00002/"
	done, problem, err := b.Import(t.Context(), req, nil)
	if err != nil || problem != nil {
		t.Fatal(problem, err)
	}
	src.Parts = append(src.Parts, done.Parts...)
	if got := b.rows(t, src); !reflect.DeepEqual(got, [][]string{{"1", "x"}, {"2", "␀"}}) {
		t.Errorf("%q", got)
	}
}

func TestATakenTargetIsNotTouched(t *testing.T) {
	b := newBench(t, nil)
	_, done := b.load(t, "a\n1\n", core.CSVOptions{})
	if _, _, err := b.Import(t.Context(), request(core.CSVOptions{}), nil); err == nil {
		t.Error("written over another version")
	}
	if got := b.keys(t, "datasets/"); !slices.Equal(got, append(done.Parts, done.Summary)) {
		t.Errorf("left: %s", got)
	}
}

func TestAWorkerKilledInTheMiddleOfAnImport(t *testing.T) {
	b := newBench(t, nil)
	b.put(t, source, numbered(severalParts, strconv.Itoa))
	done, problem, err := b.Import(t.Context(), request(core.CSVOptions{}), func(client.ImportEvent) { killChildren(t) })
	if done != nil || problem != nil || core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("%+v %+v %v", done, problem, err)
	}
	b.wantNothingLeft(t)
	b.load(t, "a\n1\n", core.CSVOptions{})
}

func TestAnImportEndsWithItsCaller(t *testing.T) {
	b := newBench(t, nil)
	b.put(t, source, numbered(severalParts, strconv.Itoa))
	for _, at := range []float64{0, scanShare, 0.9} {
		ctx, cancel := context.WithCancel(t.Context())
		done, problem, err := b.Import(ctx, request(core.CSVOptions{}), func(ev client.ImportEvent) {
			if ev.Progress >= at {
				cancel()
			}
		})
		cancel()
		if done != nil || problem != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("at %v: %+v %+v %v", at, done, problem, err)
		}
		b.wantNothingLeft(t)
	}
}
