package dashboard

import "time"

// Later moves the service's clock.
func (s *Service) Later(d time.Duration) {
	now := s.now
	s.now = func() time.Time { return now().Add(d) }
}
