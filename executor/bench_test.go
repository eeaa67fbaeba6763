package executor

import (
	"cmp"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/executor/engine"
	"github.com/karuta-bi/karuta/executor/supervisor"
)

// benchSamples are measured for each round, so that there is a 95th percentile.
const benchSamples = 100

var benchCards = []struct{ name, code string }{
	{"trivial", "def render(dataset, filters, params):\n    return 'hello'"},
	{"groupby", `
import numpy as np, pandas as pd
def render(dataset, filters, params):
    frame = pd.DataFrame({"k": np.arange(100_000) % 7, "v": np.arange(100_000.0)})
    return frame.groupby("k").agg(total=("v", "sum"), mean=("v", "mean")).to_html()`},
	{"plotly", `
import plotly.graph_objects as go
def render(dataset, filters, params):
    return go.Figure(go.Bar(x=list("abc"), y=[1, 3, 2])).to_html()`},
	{"matplotlib", `
import io, matplotlib.pyplot as plt
def render(dataset, filters, params):
    fig, ax = plt.subplots()
    ax.bar(list("abc"), [1, 3, 2])
    fig.savefig(io.BytesIO(), format="png")
    return "drawn"`},
}

// BenchmarkCard is a call of the executor that runs a card, over its own
// protocol with all layers of the sandbox on, beside a fresh Python that only
// imports pandas.
func BenchmarkCard(b *testing.B) {
	python := preparedPython(b)
	runner, err := supervisor.Start(b.Context(), supervisor.Config{Python: python, Strict: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = runner.Close() }()
	x := start(b, &fakeEngine{slice: &engine.Slice{}}, runner)
	for _, card := range benchCards {
		b.Run(card.name, func(b *testing.B) {
			sample(b, benchSamples, func() error {
				reply, err := x.client.Render(b.Context(), client.CardRequest{RunID: "bench", Code: card.code, TimeoutSeconds: 10})
				if err == nil && reply.Problem != nil {
					b.Fatalf("%+v", reply.Problem)
				}
				return err
			})
		})
	}
	b.Run("fresh-python", func(b *testing.B) {
		sample(b, benchSamples/10, func() error {
			cmd := exec.CommandContext(b.Context(), python, "-c", "import pandas")
			cmd.Env = []string{"LD_LIBRARY_PATH=" + filepath.Join(filepath.Dir(filepath.Dir(python)), "lib")}
			return cmd.Run()
		})
	})
}

func preparedPython(b testing.TB) string {
	b.Helper()
	python, err := filepath.Abs(cmp.Or(os.Getenv("EXECUTOR_PYTHON"), "../bin/python/bin/python3.11"))
	if err == nil {
		_, err = os.Stat(python)
	}
	if err != nil {
		b.Skip("not run here: there is no prepared Python; make build makes it")
	}
	return python
}

// sample does the work many times and reports the middle and the slow end in
// milliseconds.
func sample(b *testing.B, times int, work func() error) {
	b.Helper()
	var took []time.Duration
	for b.Loop() {
		for range times {
			began := time.Now()
			if err := work(); err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}
