package card

import (
	"context"

	"golang.org/x/sync/singleflight"

	"github.com/karuta-bi/karuta/internal/core"
)

// flight is a run and how many wait for it.
type flight struct {
	life    context.Context
	end     context.CancelFunc
	waiting int
}

// join waits for the run of that name, which is begun where there is none. Whoever asks
// for other filters leaves what they asked for before, so that no run takes a place
// for nobody. leave must be called.
func (s *Service) join(ctx context.Context, name string, j job, key string) (done <-chan singleflight.Result, leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.flying[name]
	if f == nil {
		f = &flight{}
		f.life, f.end = context.WithCancel(core.Detach(s.life, ctx))
		s.flying[name] = f
	}
	f.waiting++
	done = s.flights.DoChan(name, func() (any, error) {
		defer s.land(name, f)
		return s.share(f.life, j, key)
	})
	return done, func() { s.leave(name, f) }
}

// leave ends the run when nobody waits for it any more.
func (s *Service) leave(name string, f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		f.end()
		s.forget(name, f)
	}
}

func (s *Service) land(name string, f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(name, f)
}

// forget makes room for another run of the name. The caller holds the lock.
func (s *Service) forget(name string, f *flight) {
	if s.flying[name] == f {
		delete(s.flying, name)
		s.flights.Forget(name)
	}
}
