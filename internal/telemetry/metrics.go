package telemetry

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Metrics is a set of named numbers about the running process. The zero value is ready.
type Metrics struct {
	mu  sync.Mutex
	all map[string]*Counter
}

// Counter is one number: a count that only rises (Add) or a level (Set). Its
// methods may be called at any time from anywhere, on a nil Counter too.
type Counter struct {
	name, help string
	value      atomic.Int64
}

// Sample is what a counter stood at.
type Sample struct {
	Name  string // "bi_audit_write_failures_total"
	Help  string
	Value int64
}

// Counter is the number with the name; the first call makes it. A nil Metrics
// gives a counter that nobody reads.
func (m *Metrics) Counter(name, help string) *Counter {
	if m == nil {
		return &Counter{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil {
		m.all = map[string]*Counter{}
	}
	if m.all[name] == nil {
		m.all[name] = &Counter{name: name, help: help}
	}
	return m.all[name]
}

// Snapshot is every number as it stands, by name.
func (m *Metrics) Snapshot() []Sample {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]Sample, 0, len(m.all))
	for _, c := range m.all {
		out = append(out, Sample{Name: c.name, Help: c.help, Value: c.Value()})
	}
	slices.SortFunc(out, func(a, b Sample) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Add raises the count.
func (c *Counter) Add(n int64) {
	if c != nil {
		c.value.Add(n)
	}
}

// Set puts a level.
func (c *Counter) Set(n int64) {
	if c != nil {
		c.value.Store(n)
	}
}

// Value is what the counter stands at.
func (c *Counter) Value() int64 {
	if c == nil {
		return 0
	}
	return c.value.Load()
}
