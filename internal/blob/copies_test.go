package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func openTestCopies(t *testing.T, dir string, limit int64) *copies {
	t.Helper()
	c, err := openCopies(dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// wanted is a copy of an object whose body is its number, 10 bytes long.
func wanted(object int) localCopy {
	return localCopy{name: fmt.Sprintf("%024x-%016x", object, 1), bytes: 10, ending: ".txt"}
}

func bodyOf(object int) string { return fmt.Sprintf("%010d", object) }

// source fetches and counts how often.
type source struct{ fetches atomic.Int64 }

func (s *source) fetch(object int) fetcher {
	return func(_ context.Context, w io.Writer) error {
		s.fetches.Add(1)
		_, err := io.WriteString(w, bodyOf(object))
		return err
	}
}

func (s *source) use(t *testing.T, c *copies, object int) (release func()) {
	t.Helper()
	path, release, err := c.use(t.Context(), wanted(object), s.fetch(object))
	if err != nil {
		t.Fatal(err)
	}
	if body, err := os.ReadFile(path); err != nil || string(body) != bodyOf(object) {
		t.Errorf("the copy of %d is %q, error %v", object, body, err)
	}
	return release
}

func (s *source) want(t *testing.T, fetches int64) {
	t.Helper()
	if n := s.fetches.Swap(0); n != fetches {
		t.Errorf("fetched %d times, want %d", n, fetches)
	}
}

func wantFiles(t *testing.T, c *copies, n int) {
	t.Helper()
	if left := files(t, c.dir); len(left) != n {
		t.Errorf("there are %q, want %d", left, n)
	}
}

func TestCopiesMakeRoom(t *testing.T) {
	c, s := openTestCopies(t, t.TempDir(), 30), &source{}
	defer c.close()
	for object := range 3 {
		s.use(t, c, object)()
	}
	s.use(t, c, 0)() // now 1 is the longest unused
	s.want(t, 3)
	s.use(t, c, 3)()
	wantFiles(t, c, 3)
	for _, object := range []int{0, 2, 3} {
		s.use(t, c, object)()
	}
	s.want(t, 1)
	s.use(t, c, 1)()
	s.want(t, 1)
}

func TestCopiesInUseStay(t *testing.T) {
	c, s := openTestCopies(t, t.TempDir(), 20), &source{}
	defer c.close()
	var releases []func()
	for object := range 5 {
		releases = append(releases, s.use(t, c, object))
	}
	wantFiles(t, c, 5)
	for object := range 5 {
		s.use(t, c, object)()
	}
	s.want(t, 5)
	for i, release := range releases {
		release()
		release()
		wantFiles(t, c, max(4-i, 2))
	}
	if c.bytes != 20 {
		t.Errorf("%d bytes are counted", c.bytes)
	}
}

// TestCopiesLargerThanAll: what alone exceeds the limit is there while it is used.
func TestCopiesLargerThanAll(t *testing.T) {
	c, s := openTestCopies(t, t.TempDir(), 5), &source{}
	defer c.close()
	s.use(t, c, 1)()
	wantFiles(t, c, 0)
}

func TestCopiesSurvive(t *testing.T) {
	dir, s := t.TempDir(), &source{}
	c := openTestCopies(t, dir, 100)
	for object := range 4 {
		s.use(t, c, object)()
		at := time.Unix(int64(1000-object), 0) // 3 is the longest unused
		if err := os.Chtimes(filepath.Join(c.dir, c.byName[wanted(object).name].file()), at, at); err != nil {
			t.Fatal(err)
		}
	}
	s.want(t, 4)
	place := c.dir
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{unfinished + "1": "half", "other": "not ours"} {
		if err := os.WriteFile(filepath.Join(place, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c = openTestCopies(t, dir, 30)
	defer c.close()
	wantFiles(t, c, 4) // three copies and what is not ours
	for object := range 3 {
		s.use(t, c, object)()
	}
	s.want(t, 0)
	s.use(t, c, 3)()
	s.want(t, 1)
}

func TestCopiesSpoiled(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"changed":   func(path string) error { return os.WriteFile(path, []byte("012345678x"), 0o600) },
		"shortened": func(path string) error { return os.Truncate(path, 3) },
		"emptied":   func(path string) error { return os.Truncate(path, 0) },
		"removed":   os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			dir, s := t.TempDir(), &source{}
			c := openTestCopies(t, dir, 100)
			s.use(t, c, 1)()
			s.want(t, 1)
			path := filepath.Join(c.dir, c.byName[wanted(1).name].file())
			if err := c.close(); err != nil {
				t.Fatal(err)
			}
			if err := spoil(path); err != nil {
				t.Fatal(err)
			}
			c = openTestCopies(t, dir, 100)
			defer c.close()
			s.use(t, c, 1)()
			s.want(t, 1)
			if c.bytes != 10 {
				t.Errorf("%d bytes are counted", c.bytes)
			}
			if name == "changed" {
				return // not seen while the process runs
			}
			if err := spoil(path); err != nil {
				t.Fatal(err)
			}
			s.use(t, c, 1)()
			s.want(t, 1)
		})
	}
}

// TestCopiesOfTwoProcesses: neither drops what the other uses.
func TestCopiesOfTwoProcesses(t *testing.T) {
	dir, s := t.TempDir(), &source{}
	first, second := openTestCopies(t, dir, 5), openTestCopies(t, dir, 5)
	release := s.use(t, first, 1)
	s.use(t, second, 1)()
	wantFiles(t, first, 1)
	release()
	if first.dir == second.dir {
		t.Errorf("both are in %s", first.dir)
	}
	if err := errors.Join(first.close(), second.close()); err != nil {
		t.Error(err)
	}
	again := openTestCopies(t, dir, 5)
	defer again.close()
	if again.dir != first.dir {
		t.Errorf("the next process is in %s", again.dir)
	}
}

// gate is a fetch that waits for the test.
type gate struct {
	began, ended chan struct{}
	open         chan error
}

func newGate() *gate {
	return &gate{began: make(chan struct{}, 9), ended: make(chan struct{}, 9), open: make(chan error)}
}

func (g *gate) fetch(ctx context.Context, w io.Writer) error {
	g.began <- struct{}{}
	defer func() { g.ended <- struct{}{} }()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-g.open:
		if err == nil {
			_, err = io.WriteString(w, bodyOf(1))
		}
		return err
	}
}

// ask asks for a copy as one of several.
func (g *gate) ask(ctx context.Context, c *copies) <-chan error {
	asked := make(chan error, 1)
	go func() {
		_, release, err := c.use(ctx, wanted(1), g.fetch)
		if err == nil {
			release()
		}
		asked <- err
	}()
	return asked
}

// waiting waits until so many wait for the copy.
func waiting(c *copies, users int) {
	for {
		c.mu.Lock()
		lc := c.byName[wanted(1).name]
		there := lc != nil && lc.users == users
		c.mu.Unlock()
		if there {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// TestCopiesFirstLeaves: who asked first may leave without harm to the others.
func TestCopiesFirstLeaves(t *testing.T) {
	c, g := openTestCopies(t, t.TempDir(), 100), newGate()
	defer c.close()
	ctx, cancel := context.WithCancel(t.Context())
	first := g.ask(ctx, c)
	<-g.began
	second := g.ask(t.Context(), c)
	waiting(c, 2)
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the first got %v", err)
	}
	g.open <- nil
	if err := <-second; err != nil {
		t.Errorf("the second got %v", err)
	}
	if len(g.began) != 0 {
		t.Error("fetched twice")
	}
	wantFiles(t, c, 1)
}

// TestCopiesAllLeave: a fetch that nobody waits for ends, and the next who asks
// gets a new one.
func TestCopiesAllLeave(t *testing.T) {
	c, g := openTestCopies(t, t.TempDir(), 100), newGate()
	defer c.close()
	ctx, cancel := context.WithCancel(t.Context())
	both := []<-chan error{g.ask(ctx, c), g.ask(ctx, c)}
	<-g.began
	waiting(c, 2)
	cancel()
	for _, asked := range both {
		if err := <-asked; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	<-g.ended
	again := g.ask(t.Context(), c)
	<-g.began
	g.open <- nil
	if err := <-again; err != nil {
		t.Errorf("the next got %v", err)
	}
	c.arrivals.Wait()
	wantFiles(t, c, 1)
	if c.bytes != 10 {
		t.Errorf("%d bytes are counted", c.bytes)
	}
}

// TestCopiesFailure: all who wait are told, and the next who asks tries anew.
func TestCopiesFailure(t *testing.T) {
	c, g := openTestCopies(t, t.TempDir(), 100), newGate()
	defer c.close()
	both := []<-chan error{g.ask(t.Context(), c), g.ask(t.Context(), c)}
	<-g.began
	waiting(c, 2)
	g.open <- ErrNotFound
	for _, asked := range both {
		if err := <-asked; !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v", err)
		}
	}
	wantFiles(t, c, 0)
	if c.bytes != 0 {
		t.Errorf("%d bytes are counted", c.bytes)
	}
	new(source).use(t, c, 1)()
}

func TestCopiesClose(t *testing.T) {
	c, g := openTestCopies(t, t.TempDir(), 100), newGate()
	asked := g.ask(t.Context(), c)
	<-g.began
	if err := c.close(); err != nil {
		t.Error(err)
	}
	if len(g.ended) != 1 {
		t.Error("the fetch goes on")
	}
	if err := <-asked; !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if _, _, err := c.use(t.Context(), wanted(1), g.fetch); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// TestCopiesTogether: however many use, release and make room, a path is good
// until its release, and in the end the count is right.
func TestCopiesTogether(t *testing.T) {
	c, s := openTestCopies(t, t.TempDir(), 50), &source{}
	defer c.close()
	var all sync.WaitGroup
	for user := range 16 {
		all.Go(func() {
			for round := range 200 {
				object := (user*7 + round*(1+user%3)) % 12
				ctx, cancel := context.WithCancel(t.Context())
				if (user+round)%5 == 0 {
					cancel()
				}
				path, release, err := c.use(ctx, wanted(object), s.fetch(object))
				cancel()
				if err != nil {
					if !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
					continue
				}
				if body, err := os.ReadFile(path); err != nil || string(body) != bodyOf(object) {
					t.Errorf("the copy is %q, error %v", body, err)
				}
				release()
			}
		})
	}
	all.Wait()
	c.arrivals.Wait()
	left := files(t, c.dir)
	if c.bytes > 50 || c.bytes != int64(10*len(left)) || len(c.byName) != len(left) || c.idle.Len() != len(left) {
		t.Errorf("%d bytes, %d copies, %d idle, files %q", c.bytes, len(c.byName), c.idle.Len(), left)
	}
	if n := s.fetches.Load(); n < 12 {
		t.Errorf("%d fetches", n)
	}
}

func TestCopiesWithoutAFolder(t *testing.T) {
	if _, err := OpenS3(t.Context(), S3Options{Region: "us-east-1", Bucket: "b"}); err == nil || !strings.Contains(err.Error(), "folder of local copies") {
		t.Errorf("error is %v", err)
	}
}
