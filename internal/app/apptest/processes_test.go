package apptest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// below are the processes below one, at this moment.
func below(pid int) (found []int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, path := range tasks {
		children, _ := os.ReadFile(path)
		for _, field := range strings.Fields(string(children)) {
			child, _ := strconv.Atoi(field)
			found = append(append(found, child), below(child)...)
		}
	}
	return found
}

// ticksPerSecond of the processor's time in /proc, see proc(5).
const ticksPerSecond = 100

// processorTime is what this process and all below it have taken, those included
// that have ended.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var ticks int64
	for _, pid := range append(below(os.Getpid()), os.Getpid()) {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // it may have ended
		_, rest, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); len(fields) > 14 {
			for _, field := range fields[11:15] { // utime, stime, cutime, cstime
				n, _ := strconv.ParseInt(field, 10, 64)
				ticks += n
			}
		}
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond
}

// proportional is the memory of a process in bytes, private pages whole and shared
// ones by its part; 0 once it ended.
func proportional(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	_, rest, _ := strings.Cut(string(text), "\nPss:")
	var kib int64
	_, _ = fmt.Sscan(rest, &kib)
	return kib << 10
}

// memoryFiles are the bytes of the slices that a process holds open.
func memoryFiles(pid int) (bytes int64) {
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, link := range links {
		if to, _ := os.Readlink(link); strings.HasPrefix(to, "/memfd:slice") {
			if info, err := os.Stat(link); err == nil {
				bytes += info.Size()
			}
		}
	}
	return bytes
}
