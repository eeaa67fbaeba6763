//go:build linux

package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
)

const full = "EXECUTION_ERROR disk_full"

// outside are the answers to a write that is not in the run's folder, by its user,
// by Landlock, or because it is on the other side of a border.
const outside = "EACCES|EPERM|EXDEV|EROFS"

// transformAttacks try to get out of the folder that a transform may write in, or
// to leave something in it. The supervisor of these tests allows 20 MB and 50 files.
var transformAttacks = []attack{
	{items: []int{69}, name: "what the run before left", want: "got []", code: "return os.listdir('.')"},
	{items: []int{24}, name: "big file in the folder", want: full, code: "with open('big', 'wb') as file:\n    while True: file.write(bytes(1 << 20))"},
	{items: []int{24}, name: "many big files in the folder", want: full, code: "import itertools, time\nfor n in itertools.count():\n    open(f'{n}', 'wb').write(bytes(4 << 20))\n    time.sleep(0.01)"},
	{items: []int{25}, name: "many files in the folder", want: full, code: "import itertools\nfor n in itertools.count(): open(f'{n}', 'w').close()"},
	{items: []int{26}, name: "deep folders in the folder", want: full, code: `
import os
here = os.open('.', os.O_RDONLY)
while True:
    os.mkdir('x', dir_fd=here)
    below = os.open('x', os.O_RDONLY, dir_fd=here)
    os.close(here)
    here = below`},
	{items: []int{26}, name: "folders that cannot be listed", want: full + "|TRANSFORM_FUNCTION_MISSING", code: "import os, time\nfor n in range(20):\n    os.mkdir(f'{n}', 0o300)\n    open(f'{n}/kept', 'w').close()\n    os.mkdir(f'{n}/below', 0o300)\n    open(f'{n}/below/kept', 'w').close()\ntime.sleep(1)"},
	{items: []int{24}, name: "removed files that it holds open", want: full + "|TRANSFORM_FUNCTION_MISSING", // in a container nobody may look
		code: "import os, time\nheld = []\nfor n in range(10):\n    held.append(os.open('x', os.O_CREAT | os.O_RDWR))\n    os.unlink('x')\n    os.write(held[-1], bytes(4 << 20))\ntime.sleep(1)"},
	{items: []int{27}, name: "file of a terabyte with a hole", want: "EFBIG", code: "with open('hole', 'wb') as file: file.truncate(1 << 40)"},
	{items: []int{72}, name: "write to a library from the folder", want: outside, code: "import pandas\nopen(pandas.__file__, 'a')"},
	{items: []int{72}, name: "new file beside a library", want: outside, code: "import pandas\nopen(os.path.dirname(pandas.__file__) + '/evil.py', 'w')"},
	{items: []int{72}, name: "delete a library from the folder", want: outside, code: "import pandas\nos.unlink(pandas.__file__)"},
	{items: []int{72}, name: "byte code beside a library", want: outside, code: "import py_compile, pandas\npy_compile.compile(pandas.__file__, doraise=True)"},
	{items: []int{73}, name: "file in shared memory from a transform", want: outside + "|ENOENT", code: "open('/dev/shm/x', 'w')"},
	{items: []int{74}, name: "symbolic link in the folder", want: eperm, code: "os.symlink('/etc/passwd', 'link')"},
	{items: []int{75}, name: "hard link in the folder", want: eperm, code: "import pandas\nos.link(pandas.__file__, 'link')"},
	{items: []int{76}, name: "move a library into the folder", want: outside, code: "import pandas\nos.rename(pandas.__file__, 'x')"},
	{items: []int{76}, name: "move a file out of the folder", want: outside, code: "import pandas\nopen('mine', 'w').close()\nos.rename('mine', os.path.dirname(pandas.__file__) + '/evil.py')"},
	{items: []int{76}, name: "exchange the folder", want: outside + "|EBUSY", code: "call('renameat2', -100, b'.', -100, b'..', 2)"},
	{items: []int{77}, name: "named pipe in the folder", want: eperm, code: "os.mkfifo('pipe')"},
	{items: []int{77}, name: "device in the folder", want: eperm, code: "os.mknod('memory', 0o20666, os.makedev(1, 1))"},
	{items: []int{78}, name: "program with root's rights in the folder", want: eperm, code: "open('x', 'w').close()\nos.chmod('x', 0o6777)"},
	{items: []int{78}, name: "attributes in the folder", want: eperm, code: "open('y', 'w').close()\nos.setxattr('y', 'user.x', b'x')"},
	{items: []int{68}, name: "folder of a transform beside", want: outside, code: "return os.listdir(P['beside'])"},
	{items: []int{68}, name: "file in the folder of a transform beside", want: outside, code: "open(P['beside'] + '/x', 'w')"},
	{items: []int{68}, name: "list of all folders", want: outside, code: "return os.listdir('..')"},
	{items: []int{79}, name: "out of the folder", want: outside, code: "open('../x', 'w')"},
	{items: []int{79}, name: "file that is in no folder", want: eperm, code: "os.open('.', os.O_TMPFILE | os.O_RDWR)"},
	{items: []int{67}, name: "temporary file outside of the folder", want: outside, code: "open('/tmp/x', 'w')"},
	{items: []int{80}, name: "break out of the root from the folder", want: eperm, code: "os.mkdir('r')\nos.chroot('r')"},
}

// transformsMay are attacks on cards that transforms may do.
var transformsMay = []string{"call ftruncate", "call fsync", "call umask", "what was inherited"}

// TestTransformAttacks runs what transforms alone can try, and once more what is
// the same for cards and transforms.
func TestTransformAttacks(t *testing.T) {
	s, b := transforms(t), newBait(t)
	if s.rooms == nil {
		t.Skip("not run here: whoever runs the tests may not make folders within the Python folder")
	}
	good := func() {
		t.Helper()
		table := b.transform(t, s, TransformRun{Code: "import os\nassert os.listdir() == []\nopen('mine', 'w').close()\nresult = df_0.groupby('region', as_index=False)['amount'].sum()"}, 20*time.Second, nil)
		if _, text := table.read(t); !strings.Contains(text, "東京") || !strings.Contains(text, "30.5") {
			t.Fatal("a good transform afterwards: ", text)
		}
		_ = table.File.Close()
	}
	good()
	both := slices.DeleteFunc(slices.Concat(processAttacks, networkAttacks, kernelAttacks()), func(a attack) bool {
		return a.whole() || a.sibling || slices.Contains(transformsMay, a.name)
	})
	for _, group := range append(grouped(transformAttacks), both) {
		well := howItIs(t, s)
		if group[0].whole() {
			t.Run(group[0].name, func(t *testing.T) { b.wantTransformHeld(t, s, group[0]); well.wantSame(t, s, good) })
			continue
		}
		b.wantTransformsHeld(t, s, group)
		well.wantSame(t, s, good)
	}
	if n := b.touched.Load(); n > 0 {
		t.Errorf("%d packets or calls reached the canaries", n)
	}
}

// transform runs a transform on data that stays open, so that descriptors can be counted.
func (b *bait) transform(t *testing.T, s *Supervisor, run TransformRun, timeout time.Duration, h *heard) *Table {
	t.Helper()
	run.ID, run.Inputs = t.Name(), []Input{{ID: "ds_1", Data: b.data, Bytes: b.size}}
	turn, err := s.Turn(t.Context(), Wish{User: "user", Timeout: timeout, MemoryMB: 256}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer turn.Leave()
	if h == nil {
		h = &heard{}
	}
	table, err := turn.Transform(t.Context(), run, h.tell)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func (b *bait) wantTransformHeld(t *testing.T, s *Supervisor, a attack) {
	t.Helper()
	table := b.transform(t, s, TransformRun{Code: a.code}, 20*time.Second, nil)
	if table.Problem == nil {
		_ = table.File.Close()
	}
	if got := problemOf(table.Problem); !slices.Contains(a.wanted(), got) {
		t.Errorf("items %v: %s, want %q: %+v", a.items, got, a.wanted(), table.Problem)
	}
}

// wantTransformsHeld runs attacks in one transform, which prints how each ended.
func (b *bait) wantTransformsHeld(t *testing.T, s *Supervisor, group []attack) {
	t.Helper()
	code := cardOf(group) + "\nP = params\nfor name, attack in ATTACKS.items(): print(json.dumps([name, outcome(attack, df_0)]))\nresult = df_0\n"
	h, params := &heard{}, b.params(t)
	beside, end := b.beginTransform(t, s)
	defer end()
	params["beside"] = beside
	table := b.transform(t, s, TransformRun{Code: code, Params: encode(t, params)}, time.Minute, h)
	if table.Problem != nil {
		t.Fatalf("the attacks did not come to an end: %+v %q", table.Problem, h.lines)
	}
	_ = table.File.Close()
	outcomes := map[string]string{}
	for _, line := range h.lines {
		var pair [2]string
		if err := json.Unmarshal([]byte(line), &pair); err == nil {
			outcomes[pair[0]] = pair[1]
		}
	}
	for _, a := range group {
		t.Run(a.name, func(t *testing.T) { a.wantOutcome(t, outcomes[a.name]) })
	}
}

// beginTransform starts a transform that keeps a file in its folder and waits; it
// gives that folder, as others see it, and a function that ends it.
func (b *bait) beginTransform(t *testing.T, s *Supervisor) (string, func()) {
	t.Helper()
	turn, err := s.Turn(t.Context(), Wish{User: "another", Timeout: time.Minute, MemoryMB: 256}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	there, ended := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(ended)
		code := "import os, time\nwith open('secret', 'w') as file: file.write('x')\nprint('folder', os.path.basename(os.getcwd()))\ntime.sleep(60)"
		_, _ = turn.Transform(ctx, TransformRun{Code: code}, func(event client.TransformEvent) {
			if name, found := strings.CutPrefix(event.Log, "folder "); found {
				there <- "../" + name
			}
		})
	}()
	return <-there, func() { cancel(); <-ended; turn.Leave() }
}

// A folder is emptied of whatever its run made, and the next run finds it new.
func TestRoomsAreEmptied(t *testing.T) {
	r := &rooms{dir: t.TempDir()}
	user := uint32(Transforms.firstUser())
	own := r.of(user)
	watched := &room{dir: own, pid: os.Getpid(), mostBytes: mebibyte, mostFiles: 10}
	if err := r.prepare(user); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"closed/within", "blind"} {
		err := errors.Join(os.MkdirAll(filepath.Join(own, folder), 0o700), os.WriteFile(filepath.Join(own, folder, "kept"), []byte("x"), 0o600))
		if err != nil {
			t.Fatal(err)
		}
	}
	for folder, mode := range map[string]os.FileMode{"closed/within": 0, "closed": 0, "blind": 0o300} {
		if err := os.Chmod(filepath.Join(own, folder), mode); err != nil && !errors.Is(err, os.ErrPermission) {
			t.Fatal(err)
		}
	}
	if !plainUser() && watched.full() {
		t.Error("three folders and two files are too much")
	}
	if plainUser() && !watched.full() {
		t.Error("what cannot be looked at does not count")
	}
	if err := r.prepare(user); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(own); err != nil || len(left) > 0 {
		t.Errorf("%v, %v is left", err, left)
	}
}
