package supervisor

import (
	"slices"
	"sync"
)

// Memory is what the runs of one container may take together, each counted with
// its data and all that it may take on top. A run for which there is no room
// waits. Several supervisors may share one Memory.
type Memory struct {
	total int64 // bytes

	mu      sync.Mutex
	shares  []*share
	waiting []*share // that found no room, the first first
}

// NewMemory is a memory of so many bytes.
func NewMemory(bytes int64) *Memory { return &Memory{total: bytes} }

// share is one supervisor's part. As much as it is sure of is always kept for it,
// so that long transforms leave room for cards.
type share struct {
	of   *Memory
	sure int64
	used int64
	wake func()
}

// share makes a part, nil of an endless memory; wake is called when there may be room again.
func (m *Memory) share(sure int64, wake func()) *share {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &share{of: m, sure: sure, wake: wake}
	m.shares = append(m.shares, s)
	return s
}

// take tells whether there is room for the bytes, and takes them. Who found no
// room goes before everybody who comes later, but for what is kept for them. A
// run that is larger than the memory has it for itself.
func (s *share) take(bytes int64) bool {
	if s == nil {
		return true
	}
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	if !s.fits(bytes) {
		if !slices.Contains(s.of.waiting, s) {
			s.of.waiting = append(s.of.waiting, s)
		}
		return false
	}
	s.used += bytes
	s.of.waiting = slices.DeleteFunc(s.of.waiting, func(v *share) bool { return v == s })
	return true
}

func (s *share) fits(bytes int64) bool {
	if s.used+bytes <= s.sure {
		return true
	}
	if len(s.of.waiting) > 0 && s.of.waiting[0] != s {
		return false
	}
	var used, kept int64
	for _, v := range s.of.shares {
		used += v.used
		if v != s {
			kept += max(v.used, v.sure)
		}
	}
	return used == 0 || kept+s.used+bytes <= s.of.total
}

// give gives bytes back; the caller then wakes the others.
func (s *share) give(bytes int64) {
	if s == nil {
		return
	}
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.used -= bytes
}

// forgo gives up the place among those who wait for room.
func (s *share) forgo() {
	if s == nil {
		return
	}
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.of.waiting = slices.DeleteFunc(s.of.waiting, func(v *share) bool { return v == s })
}

// wakeOthers lets the other parts look again. It must be called without locks.
func (s *share) wakeOthers() {
	if s == nil {
		return
	}
	s.of.mu.Lock()
	others := slices.DeleteFunc(slices.Clone(s.of.shares), func(v *share) bool { return v == s })
	s.of.mu.Unlock()
	for _, v := range others {
		v.wake()
	}
}

// close takes the part away; what it used is free.
func (s *share) close() {
	if s == nil {
		return
	}
	s.of.mu.Lock()
	remove := func(v *share) bool { return v == s }
	s.of.shares, s.of.waiting = slices.DeleteFunc(s.of.shares, remove), slices.DeleteFunc(s.of.waiting, remove)
	s.of.mu.Unlock()
}
