package blob

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// openFolder gives the engine on the directory until the test ends.
func openFolder(t *testing.T, dir string) *Folder {
	t.Helper()
	f, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func put(t *testing.T, s Store, key, body string) {
	t.Helper()
	if _, err := s.Put(t.Context(), key, strings.NewReader(body)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s Store, key string) string {
	t.Helper()
	r, _, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func list(t *testing.T, s Store) (keys []string) {
	t.Helper()
	if err := s.List(t.Context(), "", func(info Info) error { keys = append(keys, info.Key); return nil }); err != nil {
		t.Error(err)
	}
	return keys
}

// files are all files and folders below the directory.
func files(t *testing.T, dir string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if path != dir {
			found = append(found, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestFolderLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir)
	put(t, f, "a/b/c", "x")
	put(t, f, "a/d", "y")
	if _, err := f.PutNew(t.Context(), "a/d", strings.NewReader("z")); !errors.Is(err, ErrExists) {
		t.Error(err)
	}
	_, release, err := f.Local(t.Context(), "a/d")
	if err != nil {
		t.Fatal(err)
	}
	if all := list(t, f); !slices.Equal(all, []string{"a/b/c", "a/d"}) {
		t.Errorf("listed are %q", all)
	}
	release()
	if left := files(t, filepath.Join(dir, f.work.name)); len(left) > 0 {
		t.Errorf("in the workspace are %q", left)
	}
	if err := f.Delete(t.Context(), "a/b/c"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := files(t, dir), []string{"a", "a/d", workFolder}; !slices.Equal(got, want) {
		t.Errorf("in the folder are %q, want %q", got, want)
	}
}

func TestFolderClosed(t *testing.T) {
	f := openFolder(t, t.TempDir())
	put(t, f, "a", "x")
	_, release, err := f.Local(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	release()
	if _, err := f.Head(t.Context(), "a"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("error is %v", err)
	}
}

func TestFolderOfAnotherKey(t *testing.T) {
	f := openFolder(t, t.TempDir())
	put(t, f, "a/b/c", "x")
	put(t, f, "object", "y")
	for _, key := range []string{"a", "a/b", "a/b/c/d", "object/a", "object/a/b/c"} {
		for name, write := range map[string]func() (Info, error){
			"Put":    func() (Info, error) { return f.Put(t.Context(), key, strings.NewReader("")) },
			"PutNew": func() (Info, error) { return f.PutNew(t.Context(), key, strings.NewReader("")) },
		} {
			if _, err := write(); !errors.Is(err, ErrBadKey) || errors.Is(err, ErrExists) {
				t.Errorf("%s %s: error is %v", name, key, err)
			}
		}
	}
}

// TestFolderEmptyFolder: what a process left when it was killed between making
// a folder and using it is in nobody's way.
func TestFolderEmptyFolder(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir)
	for _, key := range []string{"put", "new"} {
		if err := os.Mkdir(filepath.Join(dir, key), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	put(t, f, "put", "x")
	if _, err := f.PutNew(t.Context(), "new", strings.NewReader("x")); err != nil {
		t.Error(err)
	}
}

// TestFolderEmptiedFolders: a folder that a Delete takes away, being empty, is
// made again by a Put that was about to use it, of this process or another.
func TestFolderEmptiedFolders(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for i := range 16 {
		f := openFolder(t, dir)
		all.Go(func() {
			key := fmt.Sprintf("a/b/%d/c/%d", i/8, i)
			for range 20 {
				_, putErr := f.PutNew(t.Context(), key, strings.NewReader("x"))
				_, headErr := f.Head(t.Context(), key)
				if err := errors.Join(putErr, headErr, f.Delete(t.Context(), key)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for _, left := range files(t, dir) {
		if !strings.HasPrefix(left, workFolder) {
			t.Errorf("left is %s", left)
		}
	}
}

// TestFolderVanishes: the same where the folder comes and goes as fast as it can
// while an object is written, less often than a Put tries.
func TestFolderVanishes(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir)
	for i := range 100 {
		key := fmt.Sprintf("a/%d", i)
		var flicker sync.WaitGroup
		flicker.Go(func() {
			for range placeTries / 2 {
				_ = os.Mkdir(filepath.Join(dir, "a"), 0o700)
				_ = os.Remove(filepath.Join(dir, "a"))
			}
		})
		put(t, f, key, "x")
		flicker.Wait()
		if err := f.Delete(t.Context(), key); err != nil {
			t.Error(err)
		}
	}
}

func TestFolderLinks(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	f := openFolder(t, dir)
	put(t, f, "object", "inside")
	secret := filepath.Join(outside, "secret")
	if err := os.WriteFile(secret, []byte("outside"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{
		"file": secret, "folder": outside, "upwards": "../" + filepath.Base(outside), "beside": "object", "loop": "loop",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"file", "folder/secret", "upwards/secret", "beside", "loop", "loop/a"} {
		if _, err := f.Head(t.Context(), key); err == nil {
			t.Errorf("head %s", key)
		}
		if r, _, err := f.Get(t.Context(), key); err == nil {
			_ = r.Close()
			t.Errorf("get %s", key)
		}
		if _, release, err := f.Local(t.Context(), key); err == nil {
			release()
			t.Errorf("local %s", key)
		}
	}
	for _, key := range []string{"folder/new", "upwards/new", "folder/secret", "upwards/a/b"} {
		if _, err := f.Put(t.Context(), key, strings.NewReader("x")); err == nil {
			t.Errorf("put %s", key)
		}
		_ = f.Delete(t.Context(), key)
	}
	put(t, f, "file", "replaced") // the link, not what it points to
	if err := f.Delete(t.Context(), "folder"); err != nil {
		t.Error(err)
	}
	if found := files(t, outside); !slices.Equal(found, []string{"secret"}) {
		t.Errorf("outside are %q", found)
	}
	if body, err := os.ReadFile(secret); err != nil || string(body) != "outside" {
		t.Errorf("outside is %q, error %v", body, err)
	}
	if all := list(t, f); !slices.Equal(all, []string{"file", "object"}) {
		t.Errorf("listed are %q", all)
	}
}

const helperDir = "KARUTA_TEST_BLOB_FOLDER"

// TestHelperHalfway is no test: it is the process that is killed while it
// writes an object and holds another.
func TestHelperHalfway(t *testing.T) {
	dir := os.Getenv(helperDir)
	if dir == "" {
		t.Skip("runs as a process of its own, started by another test")
	}
	f := openFolder(t, dir)
	if _, _, err := f.Local(t.Context(), "object"); err != nil {
		t.Fatal(err)
	}
	_, err := f.Put(t.Context(), "half", io.MultiReader(bytes.NewReader(make([]byte, 1<<20)), blocked{}))
	t.Fatal(err)
}

// blocked tells on standard output that it was reached and never ends.
type blocked struct{}

func (blocked) Read([]byte) (int, error) {
	_, _ = os.Stdout.WriteString("halfway\n")
	select {}
}

func TestFolderSweepsTheDeadAlone(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir)
	put(t, f, "object", "x")
	killHalfway(t, dir)
	if left := files(t, filepath.Join(dir, workFolder)); len(left) < 4 {
		t.Fatalf("the killed process left %q, so this test shows nothing", left)
	}

	writing, finish := io.Pipe()
	written := make(chan error)
	go func() {
		_, err := f.Put(t.Context(), "other", writing)
		written <- err
	}()
	if _, err := finish.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	held, release, err := f.Local(t.Context(), "object")
	if err != nil {
		t.Fatal(err)
	}
	defer release()

	second := openFolder(t, dir)
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if left := files(t, filepath.Join(dir, workFolder)); len(left) != 3 {
		t.Errorf("left are %q, want the living workspace with two files", left)
	}
	if _, err := os.Stat(held); err != nil {
		t.Error(err)
	}
	_, _ = finish.Write([]byte(" and half"))
	_ = finish.Close()
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if got := read(t, f, "other"); got != "half and half" {
		t.Errorf("the object is %q", got)
	}
	if _, err := f.Head(t.Context(), "half"); !errors.Is(err, ErrNotFound) {
		t.Errorf("error is %v", err)
	}
}

// killHalfway kills a process while it writes to the directory.
func killHalfway(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHelperHalfway$")
	cmd.Env = append(os.Environ(), helperDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, len("halfway\n"))
	_, readErr := io.ReadFull(out, said)
	_ = cmd.Process.Kill()
	rest, _ := io.ReadAll(out)
	_ = cmd.Wait()
	if readErr != nil || string(said) != "halfway\n" {
		t.Fatalf("the process said %s%s, error %v", said, rest, readErr)
	}
}

// TestFolderOpenedTogether: many processes may open the directory at once.
func TestFolderOpenedTogether(t *testing.T) {
	dir := t.TempDir()
	done := make(chan error)
	const openers = 16
	for range openers {
		go func() {
			f, err := OpenFolder(dir)
			if err == nil {
				_, err = f.Put(t.Context(), "object", strings.NewReader("x"))
				err = errors.Join(err, f.Close())
			}
			done <- err
		}()
	}
	for range openers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
