//go:build linux

package supervisor

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
)

var update = flag.Bool("update", false, "write testdata/syscalls_amd64.txt anew; review what changed")

// lastCall is the highest number that is tried; the kernels of today end below it.
const lastCall = 470

//go:embed testdata/sweep.py
var sweepProgram string

// entries are the ways into the kernel that a program has, and what each call
// answers there, by its number.
type entries struct{ Native, X32, Int80 []string }

// Every system call there is, made with arguments of 0 behind the allowlist, is let
// through or refused as the table says that was reviewed. By the other two ways
// into the kernel nothing is let through.
func TestSweep(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("not run here: the table is that of amd64")
	}
	found := map[Profile]entries{Cards: sweep(t, Cards), Transforms: sweep(t, Transforms)}
	table := golden(found)
	file := filepath.Join("testdata", "syscalls_amd64.txt")
	if *update {
		if err := os.WriteFile(file, []byte(table), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for number, line := range strings.Split(string(want), "\n") {
		if lines := strings.Split(table, "\n"); number < len(lines) && lines[number] != line {
			t.Errorf("got %q, want %q", lines[number], line)
		}
	}
	for profile, e := range found {
		for number := range e.X32 {
			if e.X32[number] != "ENOSYS" || e.Int80[number] != "EPERM" {
				t.Errorf("profile %d, call %d: by x32 %s, by int 0x80 %s", profile, number, e.X32[number], e.Int80[number])
			}
		}
	}
}

// probes are two calls (uretprobe, uprobe) that new kernels keep for code they
// patched themselves and let past every filter. From elsewhere they do nothing, or
// end the process.
var probes = []int{335, 336}

// sweep runs testdata/sweep.py, in namespaces of its own where the machine has them.
func sweep(t *testing.T, p Profile) entries {
	t.Helper()
	program, err := filter(p)
	if err != nil {
		t.Fatal(err)
	}
	python := resolved(interpreter(t))
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, program, 0o600); err != nil {
		t.Fatal(err)
	}
	var out []byte
	for _, flags := range []uintptr{namespaces, 0} {
		cmd := exec.CommandContext(t.Context(), python, "-I", "-S", "-c", sweepProgram, file, fmt.Sprint(lastCall))
		cmd.Env = []string{"LD_LIBRARY_PATH=" + filepath.Join(prefixOf(python), "lib")}
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
		var err error
		if out, err = cmd.Output(); err == nil {
			break
		} else if flags == 0 {
			t.Fatalf("%v: %s", err, out)
		}
	}
	var found entries
	if err := json.Unmarshal(out, &found); err != nil || len(found.Native) != lastCall+1 {
		t.Fatalf("%v: %.200s", err, out)
	}
	return found
}

// golden is the table of what the allowlists do with each call: number, name,
// verdict for cards, verdict for transforms.
func golden(found map[Profile]entries) string {
	names := map[int]string{}
	for name, number := range arch.X86_64.SyscallNames {
		names[number] = name
	}
	var out strings.Builder
	for number := range lastCall + 1 {
		name := cmp.Or(names[number], "-")
		fmt.Fprintf(&out, "%d %s %s %s\n", number, name,
			verdictOn(Cards, number, name, found[Cards].Native), verdictOn(Transforms, number, name, found[Transforms].Native))
	}
	return out.String()
}

// verdictOn reads an answer: what fails with EPERM was refused, and what did
// anything else was let through, with the arguments of 0 that it had.
func verdictOn(p Profile, number int, name string, answers []string) string {
	verdict := "allow"
	switch {
	case answers[number] == "EPERM", slices.Contains(probes, number):
		verdict = "deny"
	case answers[number] == "ENOSYS":
		verdict = "absent"
	}
	if slices.ContainsFunc(boundCalls(p), func(c seccomp.NameWithConditions) bool { return c.Name == name }) {
		verdict += ",bound" // by its arguments: TestFilter
	}
	return verdict
}
