package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// killChildren kills the workers of this process and nothing else.
func killChildren(t testing.TB) { signalChildren(t, syscall.SIGKILL) }

func signalChildren(t testing.TB, s syscall.Signal) {
	t.Helper()
	for _, pid := range children(t) {
		n, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(n, s); err != nil && err != syscall.ESRCH {
			t.Fatal(err)
		}
	}
}

// until waits for something that happens in another goroutine or process.
func until(t testing.TB, what string, happened func() bool) {
	t.Helper()
	end := time.Now().Add(2 * time.Minute)
	for !happened() {
		if time.Now().After(end) {
			t.Fatal("it did not happen: ", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func (b *bench) idle() int {
	b.pool.mu.Lock()
	defer b.pool.mu.Unlock()
	return len(b.pool.idle)
}

func TestAWorkerThatDiedIdleIsReplaced(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a\n1\n", core.CSVOptions{})
	b.rows(t, src)
	first := children(t)
	killChildren(t)
	until(t, "the worker is gone", func() bool { return len(children(t)) == 0 })
	b.rows(t, src)
	if second := children(t); len(first) != 1 || len(second) != 1 || first[0] == second[0] {
		t.Errorf("workers %s, then %s", first, second)
	}
}

// The end of an idle worker may be noticed only when it is asked.
func TestAWorkerThatCannotBeAskedIsReplaced(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a\n1\n", core.CSVOptions{})
	b.rows(t, src)
	b.pool.idle[0].channel.close()
	b.rows(t, src)
}

func TestAWorkerIsUsedAgain(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a\n1\n", core.CSVOptions{})
	b.rows(t, src)
	first := children(t)
	b.rows(t, src)
	if second := children(t); !slices.Equal(first, second) {
		t.Errorf("workers %s, then %s", first, second)
	}
}

func TestAWorkerKilledInTheMiddleOfAQuery(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a\n1\n", core.CSVOptions{})
	b.rows(t, src)
	var err error
	for tries := 0; err == nil && tries < 20; tries++ { // one that is killed before it is asked is replaced
		signalChildren(t, syscall.SIGSTOP)
		failed := make(chan error, 1)
		go func() {
			_, err := b.Rows(t.Context(), client.RowsRequest{Source: src, Limit: 1})
			failed <- err
		}()
		until(t, "the worker is asked", func() bool { return b.idle() == 0 })
		killChildren(t)
		err = <-failed
	}
	if core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("got %v", err)
	}
	b.rows(t, src)
}

// A worker that does not listen is ended with the caller's patience.
func TestAQueryEndsWithItsCaller(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a\n1\n", core.CSVOptions{})
	b.rows(t, src)
	signalChildren(t, syscall.SIGSTOP)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := b.Rows(ctx, client.RowsRequest{Source: src, Limit: 1})
		failed <- err
	}()
	until(t, "the worker is asked", func() bool { return b.idle() == 0 })
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left := children(t); len(left) > 0 {
		t.Errorf("the worker lives on: %s", left)
	}
	b.rows(t, src)
}

func TestQueriesWaitForTheirTurn(t *testing.T) {
	b := newBench(t, func(c *Config) { c.QueryWorkers = 1 })
	src, _ := b.load(t, "a\n1\n", core.CSVOptions{})
	b.rows(t, src)
	signalChildren(t, syscall.SIGSTOP)
	first := make(chan error, 1)
	go func() {
		_, err := b.Rows(t.Context(), client.RowsRequest{Source: src, Limit: 1})
		first <- err
	}()
	until(t, "the worker is asked", func() bool { return b.idle() == 0 })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := b.Rows(ctx, client.RowsRequest{Source: src, Limit: 1}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if n := len(children(t)); n != 1 {
		t.Errorf("%d workers", n)
	}
	signalChildren(t, syscall.SIGCONT)
	if err := <-first; err != nil {
		t.Error(err)
	}
}

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a\n1\n", core.CSVOptions{})
	open, err := b.Slice(t.Context(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	signalChildren(t, syscall.SIGSTOP)
	failed := make(chan error, 2)
	go func() {
		_, err := b.Rows(t.Context(), client.RowsRequest{Source: src, Limit: 1})
		failed <- err
	}()
	until(t, "the worker is asked", func() bool { return b.idle() == 0 })
	b.put(t, source, numbered(severalParts, strconv.Itoa))
	begun := make(chan struct{})
	hold := sync.OnceFunc(func() { close(begun); <-b.life.Done() })
	go func() {
		req := request(core.CSVOptions{})
		req.Target = "datasets/ds_2/data/v000001/"
		_, _, err := b.Import(t.Context(), req, func(client.ImportEvent) { hold() })
		failed <- err
	}()
	<-begun
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	wantNoChildren(t)
	for range 2 {
		if err := <-failed; core.CodeOf(err) != core.CodeUnavailable {
			t.Errorf("got %v", err)
		}
	}
	if left := b.keys(t, "datasets/ds_2/"); len(left) > 0 {
		t.Errorf("left: %s", left)
	}
	if got := sliceText(t, open); !reflect.DeepEqual(got, [][]string{{"1"}}) {
		t.Errorf("the open slice: %q", got)
	}
	if err := open.Close(); err != nil {
		t.Error(err)
	}
	if _, err := b.Slice(t.Context(), src, nil); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("after the end: %v", err)
	}
	if _, _, err := b.Import(t.Context(), request(core.CSVOptions{}), nil); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("after the end: %v", err)
	}
}

func TestTheWorkFolderIsEmptiedFirst(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "work")
	if err := os.MkdirAll(filepath.Join(dir, "worker-000001", "spill"), 0o700); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, func(c *Config) { c.WorkDir = dir })
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("%v, %v", files, err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if _, err := New(Config{WorkDir: filepath.Join(t.TempDir(), "a[b]")}); err == nil {
		t.Error("DuckDB would read the folder's name as a pattern")
	}
}
