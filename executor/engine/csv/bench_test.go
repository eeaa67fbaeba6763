package csv

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkScan is the pass over a table of many kinds of columns, in bytes of the source.
func BenchmarkScan(b *testing.B) {
	path := filepath.Join(b.TempDir(), "source.csv")
	if err := os.WriteFile(path, benchTable(100_000), 0o600); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	for _, cores := range []int{1, 2} {
		b.Run(fmt.Sprintf("cores=%d", cores), func(b *testing.B) {
			b.SetBytes(info.Size())
			dir := b.TempDir()
			for b.Loop() {
				if _, err := Scan(context.Background(), path, Options{Dir: dir, Cores: cores}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
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
