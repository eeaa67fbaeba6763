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
	program, err := filter(Cards)
	if err != nil {
		t.Fatal(err)
	}
	found := sweep(t, program)
	table := golden(t, found.Native)
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
	for number := range found.X32 {
		if found.X32[number] != "ENOSYS" || found.Int80[number] != "EPERM" {
			t.Errorf("call %d: by x32 %s, by int 0x80 %s", number, found.X32[number], found.Int80[number])
		}
	}
}

// probes are two calls (uretprobe, uprobe) that new kernels keep for code they
// patched themselves and let past every filter. From elsewhere they do nothing, or
// end the process.
var probes = []int{335, 336}

// sweep runs testdata/sweep.py, in namespaces of its own where the machine has them.
func sweep(t *testing.T, program []byte) entries {
	t.Helper()
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

// golden is the table of what the allowlist does with each call.
func golden(t *testing.T, answers []string) string {
	t.Helper()
	names := map[int]string{}
	for name, number := range arch.X86_64.SyscallNames {
		names[number] = name
	}
	bound := map[string]string{}
	for _, c := range boundCalls(Cards) {
		bound[c.Name] = " bound" // by its arguments: TestFilter
	}
	verdicts := map[string]string{"EPERM": "deny", "ENOSYS": "absent"}
	var out strings.Builder
	for number, answer := range answers {
		if slices.Contains(probes, number) {
			answer = "EPERM"
		}
		name := cmp.Or(names[number], "-")
		fmt.Fprintf(&out, "%d %s %s%s\n", number, name, cmp.Or(verdicts[answer], "allow"), bound[name])
	}
	return out.String()
}
