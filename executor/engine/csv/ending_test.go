package csv

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// brief is a context that ends when it is asked for the n-th time.
type brief struct {
	context.Context
	left atomic.Int64
}

func endsAfter(ctx context.Context, n int) context.Context {
	e := &brief{Context: ctx}
	e.left.Store(int64(n))
	return e
}

func (e *brief) Err() error {
	if e.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

func source(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "source.csv")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Wherever the text is being decoded when the context ends, it stops there and leaves nothing.
func TestCancelledWhileDecoding(t *testing.T) {
	rows := strings.Repeat("東京都,1\n", 30_000)
	for name, content := range map[string]string{
		"cp932": cp932("名,b\n" + rows), "utf-16": utf16(le, bom+"a,b\n"+rows), "no encoding": cp932(rows) + "\xFF",
	} {
		path := source(t, content)
		stops := 0
		for n := 0; ; n++ {
			dir := t.TempDir()
			r, err := Scan(endsAfter(t.Context(), n), path, Options{Dir: dir, Cores: 2})
			if !errors.Is(err, context.Canceled) {
				if fault := name == "no encoding"; fault == (err == nil) || !fault && r.Rows != 30_000 {
					t.Errorf("%s: %+v, %v", name, r, err)
				}
				break
			}
			if stops++; len(files(t, dir)) > 0 || r != nil {
				t.Errorf("%s: after %d looks: %v left %v", name, n, r, files(t, dir))
			}
		}
		if stops < 5 {
			t.Errorf("%s: could be stopped in %d places only", name, stops)
		}
	}
}

func TestCancelledWhileReading(t *testing.T) {
	path := source(t, "a,b\n"+strings.Repeat("東京都,1\n", 6<<20/12))
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reports := 0
	_, err := Scan(ctx, path, Options{Dir: dir, Progress: func(float64) { reports++; cancel() }})
	if !errors.Is(err, context.Canceled) || reports > 1 || len(files(t, dir)) > 0 {
		t.Errorf("%v after %d reports, left %v", err, reports, files(t, dir))
	}
	if _, err := Scan(ctx, source(t, "a\n1\n"), Options{Dir: dir}); !errors.Is(err, context.Canceled) || len(files(t, dir)) > 0 {
		t.Errorf("%v left %v", err, files(t, dir))
	}
}

func TestProgressRisesToTheEnd(t *testing.T) {
	text := "a,b\n" + strings.Repeat("東京都,\"1\n2\"\n", 4<<20/16)
	last, reports := 0.0, 0
	inParts(t, t.TempDir(), text, Options{Cores: 3, Progress: func(share float64) {
		if reports++; share < last {
			t.Errorf("%v after %v", share, last)
		}
		last = share
	}}, 3)
	if last != 1 || reports < 4 {
		t.Errorf("%d reports up to %v", reports, last)
	}
}

func TestFolderThatTakesNothing(t *testing.T) {
	plain, japanese := source(t, "a,b\n1,2\n"), source(t, cp932("名,b\n1,2\n"))
	for _, path := range []string{plain, japanese} {
		for _, dir := range []string{filepath.Join(t.TempDir(), "missing"), plain} {
			if _, err := Scan(t.Context(), path, Options{Dir: dir}); !isOwnFailure(err) {
				t.Errorf("%v", err)
			}
		}
	}
}

func TestFullDisk(t *testing.T) {
	text := "a,b\n" + strings.Repeat("東京都,1\n", 3<<20/12)
	for parts := 1; parts < 4; parts++ {
		dir := t.TempDir()
		last := filepath.Join(dir, "part-000"+string(rune('0'+parts-1))+".csv")
		if err := os.Symlink("/dev/full", last); err != nil {
			t.Fatal(err)
		}
		j, err := newJob([]byte(text), verdict{encoding: encodingUTF8}, Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := j.run(t.Context(), parts); !errors.Is(err, syscall.ENOSPC) || len(files(t, dir)) > 0 {
			t.Errorf("%v left %v", err, files(t, dir))
		}
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	if _, err := transcode(t.Context(), full, []byte(cp932(text)), encodingCP932); !errors.Is(err, syscall.ENOSPC) {
		t.Error(err)
	}
}

func TestSourceThatCannotBeRead(t *testing.T) {
	if _, err := Scan(t.Context(), filepath.Join(t.TempDir(), "none.csv"), Options{Dir: t.TempDir()}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := Scan(t.Context(), t.TempDir(), Options{Dir: t.TempDir()}); !isOwnFailure(err) {
		t.Error(err)
	}
}

// isOwnFailure tells whether the error blames neither the file nor the options.
func isOwnFailure(err error) bool {
	_, fault := errors.AsType[*Fault](err)
	return err != nil && !fault
}
