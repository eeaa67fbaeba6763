//go:build linux

package supervisor

import (
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"
)

const hello = "def render(d, f, p): return 'hello'"

// BenchmarkLayers is the same card with all layers and with none, in turn, so
// that both see the same noise; the difference is what the layers cost.
func BenchmarkLayers(b *testing.B) {
	cfg := config(b)
	cfg.Strict, cfg.Log = false, slog.New(slog.DiscardHandler)
	sets := map[string]*Supervisor{"all": begin(b, cfg, every), "none": begin(b, cfg, 0)}
	took := map[string][]time.Duration{}
	for b.Loop() {
		for name, s := range sets {
			began := time.Now()
			if reply, err := s.Render(b.Context(), Run{Code: hello}); err != nil || reply.Problem != nil {
				b.Fatal(err, reply)
			}
			took[name] = append(took[name], time.Since(began))
		}
	}
	for name, t := range took {
		slices.Sort(t)
		b.ReportMetric(float64(t[len(t)/2].Microseconds())/1000, name+"-p50-ms")
	}
}

// BenchmarkEightAtATime is how many trivial cards come through when eight are always asked for.
func BenchmarkEightAtATime(b *testing.B) {
	cfg := config(b)
	cfg.Log = slog.New(slog.DiscardHandler)
	s := begin(b, cfg, every)
	b.ResetTimer()
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := worker; i < b.N; i += 8 {
				if reply, err := s.Render(b.Context(), Run{Code: hello, User: string(rune('a' + worker))}); err != nil || reply.Problem != nil {
					b.Error(err, reply)
				}
			}
		})
	}
	group.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "cards/s")
}
