// Command supervisorbench measures what a run of a card costs, beside a fresh
// Python that only imports pandas:
//
//	go run ./executor/supervisor/supervisorbench [interpreter]
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/karuta-bi/karuta/executor/supervisor"
)

const (
	warmRuns  = 200
	freshRuns = 15
)

var cards = []struct{ name, code string }{
	{"trivial card", "def render(dataset, filters, params):\n    return 'hello'"},
	{"groupby to table, 100,000 rows", `
import numpy as np, pandas as pd
def render(dataset, filters, params):
    frame = pd.DataFrame({"k": np.arange(100_000) % 7, "v": np.arange(100_000.0)})
    return frame.groupby("k").agg(total=("v", "sum"), mean=("v", "mean")).to_html()`},
	{"plotly bar", `
import plotly.graph_objects as go
def render(dataset, filters, params):
    return go.Figure(go.Bar(x=list("abc"), y=[1, 3, 2])).to_html(include_plotlyjs=False, full_html=False)`},
	{"matplotlib png", `
import io, matplotlib.pyplot as plt
def render(dataset, filters, params):
    fig, ax = plt.subplots()
    ax.bar(list("abc"), [1, 3, 2])
    fig.savefig(io.BytesIO(), format="png")
    return "drawn"`},
}

func main() {
	python := filepath.Join("bin", "python", "bin", "python3.11")
	if len(os.Args) > 1 {
		python = os.Args[1]
	}
	if err := run(context.Background(), python); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, python string) error {
	began := time.Now()
	s, err := supervisor.Start(ctx, supervisor.Config{Python: python, Strict: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	if why := s.Refusal(); why != "" {
		return fmt.Errorf("python is refused: %s", why)
	}
	fmt.Printf("%-34s %8.1f ms\n", "start, warm-up and canaries", ms(time.Since(began)))
	fmt.Printf("%-34s %8s %8s %8s\n", "", "min", "p50", "p95")
	for _, card := range cards {
		err := measure(card.name, warmRuns, func() error { return render(ctx, s, card.code) })
		if err != nil {
			return err
		}
	}
	return measure("fresh python -c 'import pandas'", freshRuns, func() error { return fresh(ctx, python) })
}

func render(ctx context.Context, s *supervisor.Supervisor, code string) error {
	reply, err := s.Render(ctx, supervisor.Run{ID: "bench", Code: code})
	if err == nil && reply.Problem != nil {
		err = fmt.Errorf("%s: %s", reply.Problem.Code, reply.Problem.Message)
	}
	return err
}

func fresh(ctx context.Context, python string) error {
	cmd := exec.CommandContext(ctx, python, "-c", "import pandas")
	cmd.Env = []string{"LD_LIBRARY_PATH=" + filepath.Join(filepath.Dir(filepath.Dir(python)), "lib")}
	return cmd.Run()
}

// measure runs work the given number of times and prints a line in milliseconds.
func measure(name string, times int, work func() error) error {
	took := make([]time.Duration, times)
	for i := range took {
		began := time.Now()
		if err := work(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	fmt.Printf("%-34s %8.1f %8.1f %8.1f\n", name, ms(took[0]), ms(took[times/2]), ms(took[times*95/100]))
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
