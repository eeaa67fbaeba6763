package card

// Waiting is how many wait for runs.
func (s *Service) Waiting() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.flying {
		n += f.waiting
	}
	return n
}
