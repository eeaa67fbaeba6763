package guard

import (
	"testing"
	"time"
)

// Whoever waits as long as they were told is let in, wherever in its second the window
// ends, and nobody waits longer than a window or a second too long (RL-3).
func TestRefusalsTellTheEndOfTheWindow(t *testing.T) {
	const step = 130 * time.Millisecond
	second := time.Unix(1_800_000_000, 0)
	for end := second; end.Before(second.Add(time.Second)); end = end.Add(step) {
		for now := end.Add(-window); now.Before(end); now = now.Add(step) {
			told := time.Duration(untilOver(second, now)) * time.Second
			if left := end.Sub(now); told < left || told > window || told > left+2*time.Second {
				t.Fatalf("%s before the end, at %s: told to wait %s", left, end.Format(".000"), told)
			}
		}
	}
}
