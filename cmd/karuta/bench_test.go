package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// BenchmarkStart is a Karuta on an empty data folder, from its start to the
// ready line, and the memory that all its processes take once nothing happens:
// private pages whole, shared pages each by its part (PSS, proc(5)).
func BenchmarkStart(b *testing.B) {
	var memory int64
	var start time.Duration
	for range b.N {
		began := time.Now()
		p := serve(b, b.TempDir())
		start += time.Since(began)
		memory += resting(b, p)
		_ = p.cmd.Process.Kill()
		_ = p.wait()
	}
	b.ReportMetric(float64(memory)/float64(b.N)/1024, "MB-idle")
	b.ReportMetric(start.Seconds()/float64(b.N), "s/start")
}

// resting is the memory of the process and all below it in KiB, read until it
// no longer falls.
func resting(b *testing.B, p *process) int64 {
	b.Helper()
	look := time.NewTicker(500 * time.Millisecond)
	defer look.Stop()
	for last := int64(0); ; <-look.C {
		now := proportional(b, p.cmd.Process.Pid)
		for _, l := range descendants(b, p.cmd.Process.Pid) {
			now += proportional(b, l.pid)
		}
		if last > 0 && now >= last {
			return now
		}
		last = now
	}
}

func proportional(b *testing.B, pid int) (kib int64) {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\nPss:")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		b.Fatal(err)
	}
	return kib
}
