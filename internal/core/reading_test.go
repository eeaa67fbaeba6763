package core

import (
	"sync/atomic"
	"testing"
	"time"
)

// What was read holds until it is changed, ends by itself, or was more than a reading.
func TestReading(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		note  func(r *Reading, changes *atomic.Uint64)
		holds bool
	}{
		"nothing":                  {func(*Reading, *atomic.Uint64) {}, true},
		"read":                     {func(r *Reading, c *atomic.Uint64) { r.From(c) }, true},
		"changed before":           {func(r *Reading, c *atomic.Uint64) { c.Add(1); r.From(c) }, true},
		"changed after":            {func(r *Reading, c *atomic.Uint64) { r.From(c); c.Add(1) }, false},
		"changed between":          {func(r *Reading, c *atomic.Uint64) { r.From(c); c.Add(1); r.From(c) }, false},
		"one of several":           {func(r *Reading, c *atomic.Uint64) { r.From(&atomic.Uint64{}); r.From(c); c.Add(1) }, false},
		"ends later":               {func(r *Reading, _ *atomic.Uint64) { r.Until(now.Add(1)) }, true},
		"ends now":                 {func(r *Reading, _ *atomic.Uint64) { r.Until(now) }, false},
		"the first end":            {func(r *Reading, _ *atomic.Uint64) { r.Until(now); r.Until(now.Add(1)) }, false},
		"the first end, told last": {func(r *Reading, _ *atomic.Uint64) { r.Until(now.Add(1)); r.Until(now) }, false},
		"no end":                   {func(r *Reading, _ *atomic.Uint64) { r.Until(time.Time{}) }, true},
		"an end and no end":        {func(r *Reading, _ *atomic.Uint64) { r.Until(now); r.Until(time.Time{}) }, false},
		"acted":                    {func(r *Reading, _ *atomic.Uint64) { r.Acted() }, false},
	} {
		r, changes := &Reading{}, &atomic.Uint64{}
		if c.note(r, changes); r.Holds(now) != c.holds {
			t.Errorf("%s: holds is %v", name, !c.holds)
		}
	}
}
