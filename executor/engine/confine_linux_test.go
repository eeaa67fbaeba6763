package engine

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// confinedVerb makes the test binary a process that confines itself and tells
// what it can still do.
const confinedVerb = "confined"

// confined tells of each probe whether it got through.
func confined(dir string) int {
	own, given, other := filepath.Join(dir, "own"), filepath.Join(dir, "given"), filepath.Join(dir, "other")
	if err := confine(task{Dir: own, Threads: 1}, 60, given); err != nil {
		os.Stdout.WriteString(err.Error())
		return 1
	}
	probes := map[string]func() error{
		"own write":     func() error { return os.WriteFile(filepath.Join(own, "a"), nil, 0o600) },
		"given":         func() error { _, err := os.ReadFile(given); return err },
		"given write":   func() error { return os.WriteFile(given, nil, 0o600) },
		"other":         func() error { _, err := os.ReadFile(other); return err },
		"passwd":        func() error { _, err := os.ReadFile("/etc/passwd"); return err },
		"parent":        func() error { _, err := os.ReadFile("/proc/1/environ"); return err },
		"link":          func() error { return os.Symlink(other, filepath.Join(own, "link")) },
		"socket":        func() error { _, err := net.Listen("tcp", "127.0.0.1:0"); return err },
		"unix":          func() error { _, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err },
		"program":       func() error { return exec.Command("/bin/true").Run() },
		"signal":        func() error { return unix.Kill(os.Getppid(), 0) },
		"thread signal": func() error { return unix.Tgkill(os.Getppid(), os.Getppid(), 0) },
		"limits": func() error {
			return unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY})
		},
		"namespace": func() error { return unix.Unshare(unix.CLONE_NEWUSER) },
	}
	for name, probe := range probes {
		if err := probe(); err == nil {
			os.Stdout.WriteString(name + "\n")
		}
	}
	return 0
}

func TestAWorkerThatReadsAFileIsConfined(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "own"), 0o700),
		os.WriteFile(filepath.Join(dir, "given"), []byte("a"), 0o600), os.WriteFile(filepath.Join(dir, "other"), []byte("b"), 0o600)); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(os.Args[0], confinedVerb, dir).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		got[strings.TrimSpace(line)] = true
	}
	if !got["own write"] || !got["given"] {
		t.Errorf("what is needed is refused: %v", got)
	}
	allowed := map[string]bool{"own write": true, "given": true}
	if !hasLandlock() {
		t.Log("files: not run here: the kernel has no Landlock")
		for _, name := range []string{"other", "passwd", "given write"} {
			allowed[name] = true
		}
	}
	for name := range got {
		if !allowed[name] {
			t.Errorf("%s got through", name)
		}
	}
}

func hasLandlock() bool {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	return errno == 0 && version > 0
}

// A worker that says that a part lies elsewhere has it neither read nor removed.
func TestPartsAreTakenFromTheWorkersFolderAlone(t *testing.T) {
	b := newBench(t, nil)
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "part.parquet")
	if err := errors.Join(os.WriteFile(outside, []byte("secret"), 0o600), os.Symlink(outside, filepath.Join(dir, "link"))); err != nil {
		t.Fatal(err)
	}
	p := &parts{engine: b.Engine, target: target}
	for _, path := range []string{outside, "../" + filepath.Base(outside), filepath.Join(dir, "link")} {
		if err := p.store(context.Background(), dir, partFile{Path: path}); err == nil {
			t.Errorf("%s was stored", path)
		}
	}
	if _, err := os.Stat(outside); err != nil {
		t.Error(err)
	}
	b.wantNothingLeft(t)
}
