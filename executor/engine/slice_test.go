package engine

import (
	"context"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

func TestSliceHasTheColumnsAndTypesThatWereAsked(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, everyType, core.CSVOptions{})
	names := []string{"郵便", "世界", "時刻", "日付", "真偽", "小数", "整数"}
	src.Where = &core.Predicate{Op: core.OpIn, Column: "文字", Values: []string{"nowhere"}}
	for _, want := range []int64{0, 1} {
		slice, err := b.Slice(t.Context(), src, names)
		if err != nil {
			t.Fatal(err)
		}
		defer slice.Close()
		rec := batch(t, slice)
		types := []arrow.DataType{
			arrow.BinaryTypes.LargeString, &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"},
			&arrow.TimestampType{Unit: arrow.Microsecond}, arrow.FixedWidthTypes.Date32,
			arrow.FixedWidthTypes.Boolean, arrow.PrimitiveTypes.Float64, arrow.PrimitiveTypes.Int64,
		}
		for i, f := range rec.Schema().Fields() {
			if f.Name != names[i] || !arrow.TypeEqual(f.Type, types[i]) {
				t.Errorf("column %d is %s", i, f)
			}
		}
		if slice.Rows != want || rec.NumRows() != want || !slices.Equal(slice.Columns, names) {
			t.Errorf("%d rows, %d in the batch, columns %s", slice.Rows, rec.NumRows(), slice.Columns)
		}
		src.Where = &core.Predicate{Op: core.OpIn, Column: "文字", Values: []string{"😀"}}
	}
}

func TestOnlyColumnsOfTheSourceCanBeRead(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a,secret\n1,x\n", core.CSVOptions{})
	src.Columns = src.Columns[:1]
	slice, err := b.Slice(t.Context(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer slice.Close()
	if got := sliceText(t, slice); !reflect.DeepEqual(got, [][]string{{"1"}}) {
		t.Errorf("%q", got)
	}
	if _, err := b.Slice(t.Context(), src, []string{"secret"}); reasonOf(err) != "unknown_column" {
		t.Errorf("read: %v", err)
	}
	if _, err := b.Values(t.Context(), client.ValuesRequest{Source: src, Column: "secret", Limit: 1}); reasonOf(err) != "unknown_column" {
		t.Errorf("values: %v", err)
	}
	src.Where = &core.Predicate{Op: core.OpIn, Column: "secret", Values: []string{"x"}}
	if _, err := b.Slice(t.Context(), src, nil); reasonOf(err) != "unknown_column" {
		t.Errorf("filter: %v", err)
	}
	src.Where = nil
	if _, err := b.Slice(t.Context(), src, []string{"a", "a"}); reasonOf(err) != "duplicate_item" {
		t.Errorf("twice: %v", err)
	}
	src.Columns = nil
	if _, err := b.Slice(t.Context(), src, nil); reasonOf(err) != "required" {
		t.Errorf("nothing: %v", err)
	}
}

// The reading of Parquet itself gets the columns and the filter, although its
// values are bound.
func TestFilterAndColumnsReachTheParquet(t *testing.T) { // FL-3
	b := newBench(t, nil)
	src, _ := b.load(t, "n,at,s,unread\n1,2024-01-01 10:00,x,y\n2,2024-01-02 10:00,z,y\n", core.CSVOptions{})
	path, release, err := b.blobs.Local(t.Context(), src.Parts[0])
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	src.Where = &core.Predicate{Op: core.OpAnd, Args: []core.Predicate{
		{Op: core.OpRange, Column: "at", From: "2024-01-01", To: "2024-01-01"},
		{Op: core.OpIn, Column: "s", Values: []string{"x"}},
	}}
	d := data{Source: src, Paths: []string{path}}
	r, err := openData(t.Context(), task{Dir: t.TempDir(), MemoryMB: 256, Threads: 1}, d)
	if err != nil {
		t.Fatal(err)
	}
	defer r.db.Close()
	statement, values := r.sql(d.Paths, `"n"`, "")
	var kind, plan string
	if err := r.db.QueryRowContext(t.Context(), "EXPLAIN "+statement, values...).Scan(&kind, &plan); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"READ_PARQUET", "Filters:", "at>='2024-01-01 00:00:00'", "s='x'"} {
		if !strings.Contains(plan, want) {
			t.Errorf("no %q in the plan", want)
		}
	}
	if strings.Contains(plan, "unread") || t.Failed() {
		t.Error(plan)
	}
}

func TestEqualSlicesAreOne(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a,b\n1,2\n", core.CSVOptions{})
	var mu sync.Mutex
	var all []*Slice
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() {
			s, err := b.Slice(t.Context(), src, nil)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, s)
		})
	}
	asking.Wait()
	other, err := b.Slice(t.Context(), src, []string{"b"})
	if err != nil || t.Failed() {
		t.Fatal(err)
	}
	defer other.Close()
	for _, s := range all {
		if s.File != all[0].File {
			t.Error("made twice")
		}
	}
	if other.File == all[0].File {
		t.Error("other columns, the same slice")
	}
	for _, s := range all[1:] {
		_ = s.Close()
		_ = s.Close() // does no harm
	}
	if got := sliceText(t, all[0]); !reflect.DeepEqual(got, [][]string{{"1", "2"}}) {
		t.Errorf("%q", got)
	}
	_ = all[0].Close()
	if _, err := all[0].File.Stat(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("it stays open: %v", err)
	}
	if n := len(b.slices); n != 1 {
		t.Errorf("%d slices are remembered", n)
	}
}

// One who leaves takes the slice from nobody; the last who leaves ends the work.
func TestASliceIsMadeWhileSomebodyWaits(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a\n1\n", core.CSVOptions{})
	b.rows(t, src)
	signalChildren(t, syscall.SIGSTOP)
	ask := func(ctx context.Context) <-chan error {
		failed := make(chan error, 1)
		go func() {
			s, err := b.Slice(ctx, src, nil)
			if err == nil {
				_ = s.Close()
			}
			failed <- err
		}()
		return failed
	}
	waiting := func(n int) func() bool {
		return func() bool {
			b.mu.Lock()
			defer b.mu.Unlock()
			for _, s := range b.slices {
				return s.refs == n
			}
			return n == 0
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	leaving := ask(ctx)
	until(t, "one waits", waiting(1))
	staying := ask(t.Context())
	until(t, "two wait", waiting(2))
	cancel()
	if err := <-leaving; !errors.Is(err, context.Canceled) {
		t.Errorf("who left: %v", err)
	}
	signalChildren(t, syscall.SIGCONT)
	if err := <-staying; err != nil {
		t.Errorf("who stayed: %v", err)
	}
	signalChildren(t, syscall.SIGSTOP)
	ctx, cancel = context.WithCancel(t.Context())
	leaving = ask(ctx)
	until(t, "one waits", waiting(1))
	until(t, "the worker is asked", func() bool { return b.idle() == 0 })
	cancel()
	if err := <-leaving; !errors.Is(err, context.Canceled) {
		t.Errorf("who left: %v", err)
	}
	if left := children(t); len(left) > 0 {
		t.Errorf("the worker goes on for nobody: %s", left)
	}
}

func TestPartsThatAreNotWhatTheyShouldBe(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a,b\n1,x\n2,y\n", core.CSVOptions{})
	whole, info, err := b.blobs.Get(t.Context(), src.Parts[0])
	if err != nil {
		t.Fatal(err)
	}
	content := make([]byte, info.Bytes)
	if _, err := whole.Read(content); err != nil {
		t.Fatal(err)
	}
	_ = whole.Close()
	middle := slices.Clone(content)
	for i := 4; i < len(middle)-20; i++ {
		middle[i] ^= 0x55
	}
	wrong := src
	wrong.Columns = slices.Clone(src.Columns)
	wrong.Columns[0].Type = core.TypeFloat64 // as wide as what is there
	for name, text := range map[string]string{
		"nothing": "", "no Parquet": strings.Repeat("karuta", 100), "cut": string(content[:len(content)/2]), "scrambled": string(middle),
	} {
		b.put(t, "datasets/ds_1/data/broken/part-0000.parquet", text)
		broken := src
		broken.Parts = []string{src.Parts[0], "datasets/ds_1/data/broken/part-0000.parquet"}
		if _, err := b.Slice(t.Context(), broken, nil); err == nil {
			t.Errorf("%s: a slice came of it", name)
		} else if code := core.CodeOf(err); code != core.CodeInternal && code != core.CodeUnavailable {
			t.Errorf("%s: %v", name, err)
		}
		b.rows(t, src)
	}
	if _, err := b.Slice(t.Context(), wrong, nil); core.CodeOf(err) != core.CodeInternal {
		t.Errorf("other types: %v", err)
	}
	gone := src
	gone.Parts = append(slices.Clone(src.Parts), "datasets/ds_1/data/v000009/part-0000.parquet")
	if _, err := b.Rows(t.Context(), client.RowsRequest{Source: gone, Limit: 1}); core.CodeOf(err) != core.CodeSourceNotFound {
		t.Errorf("a part that is not there: %v", err)
	}
	gone.Parts = nil
	if _, err := b.Rows(t.Context(), client.RowsRequest{Source: gone, Limit: 1}); core.CodeOf(err) != core.CodeSourceNotFound {
		t.Errorf("no parts: %v", err)
	}
}

func TestMoreThanFitsInMemory(t *testing.T) {
	dir := t.TempDir()
	db, err := open(t.Context(), access{dir: dir, memoryMB: 64, threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.Exec("SELECT list(range) FROM range(100000000)")
	if f := failed(err).Failure; f == nil || f.Code != core.CodeMemoryLimit || f.Fatal {
		t.Errorf("%+v", f)
	}
}
