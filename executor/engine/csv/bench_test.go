package csv

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// BenchmarkScan is the pass over a table of many kinds of columns, in bytes of the
// source a second and a second of one core.
func BenchmarkScan(b *testing.B) {
	text := benchTable(100_000)
	for name, content := range map[string][]byte{"utf-8": text, "cp932": []byte(cp932(string(text)))} {
		path := filepath.Join(b.TempDir(), "source.csv")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			b.Fatal(err)
		}
		for _, cores := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/cores=%d", name, cores), func(b *testing.B) {
				b.SetBytes(int64(len(content)))
				dir, before := b.TempDir(), processorTime(b)
				for b.Loop() {
					if _, err := Scan(b.Context(), path, Options{Dir: dir, Cores: cores}); err != nil {
						b.Fatal(err)
					}
				}
				used := (processorTime(b) - before).Seconds()
				b.ReportMetric(float64(len(content))*float64(b.N)/1e6/used, "MB/cpu-s")
			})
		}
	}
}

// processorTime is what this process has used of all cores.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// benchTable has 50 columns of ten kinds, with Japanese text, nulls and quoted commas.
func benchTable(rows int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	var text []byte
	for c := range 50 {
		text = fmt.Appendf(text, "列%d,", c)
	}
	text[len(text)-1] = '\n'
	for range rows {
		for range 5 {
			text = fmt.Appendf(text, `%d,%07d,東京都,%d.%02d,2024-%02d-02,2024-01-02 03:%02d:05,,"alpha, %d",true,NA,`,
				random.IntN(1e9), random.IntN(1e7), random.IntN(1e6), random.IntN(100),
				1+random.IntN(12), random.IntN(60), random.IntN(100))
		}
		text[len(text)-1] = '\n'
	}
	return text
}
