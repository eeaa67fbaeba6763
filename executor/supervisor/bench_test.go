package supervisor

import (
	"os/exec"
	"testing"
)

// BenchmarkTrivialCard is one warm run from the call to the reply, process and sandbox included.
func BenchmarkTrivialCard(b *testing.B) {
	s := begin(b, config(b), every)
	data, size, columns := sales(b)
	run := Run{Code: "def render(dataset, filters, params):\n    return 'hello'", Data: data, DataBytes: size, Columns: columns}
	for b.Loop() {
		if reply, err := s.Render(b.Context(), run); err != nil || reply.Problem != nil {
			b.Fatal(err, reply)
		}
	}
}

// BenchmarkTableCard groups four rows and makes a table of them.
func BenchmarkTableCard(b *testing.B) {
	s := begin(b, config(b), every)
	for b.Loop() {
		wantGood(b, s)
	}
}

// BenchmarkFreshPython is what each run would cost without a warm process.
func BenchmarkFreshPython(b *testing.B) {
	python := resolved(interpreter(b))
	for b.Loop() {
		cmd := exec.CommandContext(b.Context(), python, "-c", "import pandas")
		cmd.Env = []string{"LD_LIBRARY_PATH=" + prefixOf(python) + "/lib"}
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
}
