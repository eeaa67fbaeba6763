package core

import (
	"sync"
	"sync/atomic"
	"time"
)

// Reading notes what the answer to a request is made from, so that it can be told
// later whether it would be made the same. It is safe for many goroutines.
type Reading struct {
	mu    sync.Mutex
	from  []source
	ends  time.Time // zero: never by itself
	acted bool
}

// source counts the changes of what is read.
type source struct {
	changes *atomic.Uint64
	before  uint64 // when it was read from first
}

// From notes that something is about to be read whose changes are counted there. A
// change is counted after it was made and before it is told to anybody.
func (r *Reading) From(changes *atomic.Uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.from {
		if s.changes == changes {
			return
		}
	}
	r.from = append(r.from, source{changes, changes.Load()})
}

// Until notes that something which was read ends by itself at the time; zero: never.
func (r *Reading) Until(end time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ends.IsZero() || !end.IsZero() && end.Before(r.ends) {
		r.ends = end
	}
}

// Acted notes that the request did more than read: it is not the same to answer it
// from memory.
func (r *Reading) Acted() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acted = true
}

// Holds tells whether at the time, now or later, everything is as it was read.
func (r *Reading) Holds(at time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.acted || !r.ends.IsZero() && !at.Before(r.ends) {
		return false
	}
	for _, s := range r.from {
		if s.changes.Load() != s.before {
			return false
		}
	}
	return true
}
