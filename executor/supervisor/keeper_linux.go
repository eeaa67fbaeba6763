package supervisor

import (
	"context"
	"time"
)

const (
	maxForks       = 2000
	maxAge         = time.Hour
	hurtPause      = 30 * time.Second // between two zygotes, when runs break down one after the other
	maxGrowth      = 5                // the part of its first memory by which a zygote may grow
	calmAfter      = time.Minute      // a zygote that lived so long starts the pauses anew
	wearInterval   = 5 * time.Second  // between looks at the zygote's wear
	warmPatience   = 60 * time.Second
	firstBackoff   = 50 * time.Millisecond
	longestBackoff = 10 * time.Second
)

func (s *Supervisor) startZygote(ctx context.Context) (*zygote, error) {
	ctx, cancel := context.WithTimeout(ctx, warmPatience)
	defer cancel()
	return startZygote(ctx, s.cfg, s.guest, s.program, s.rooms)
}

// zygote is the current zygote; where it just died, the next one.
func (s *Supervisor) zygote(ctx context.Context) (*zygote, error) {
	for {
		s.mu.Lock()
		z, changed := s.current, s.changed
		s.mu.Unlock()
		if z != nil && !z.ended() {
			return z, nil
		}
		select {
		case <-changed:
		case <-s.closing:
			return nil, errGone
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (s *Supervisor) replace(z *zygote) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = z
	close(s.changed)
	s.changed = make(chan struct{})
}

// keep sees that there is a zygote: a new one when it dies, and a fresh one
// before the old one is worn out.
func (s *Supervisor) keep(ctx context.Context, z *zygote) {
	wear := time.NewTicker(wearInterval)
	defer wear.Stop()
	backoff := firstBackoff
	for z != nil {
		select {
		case <-ctx.Done():
			z.kill()
			<-z.gone
			z = nil
		case <-z.gone:
			s.cfg.Log.Error("python ended unexpectedly, starting it again", "stderr", z.tail)
			s.replace(nil)
			if time.Since(z.born) >= calmAfter {
				backoff = firstBackoff
			}
			z, backoff = s.revive(ctx, backoff)
		case <-wear.C:
			if why := z.worn(s.cfg.Python); why != "" {
				s.cfg.Log.Info("python is renewed", "because", why)
				z = s.renew(ctx, z)
			}
		}
	}
}

// revive starts a zygote until one is warm, nil when the supervisor closes. Each
// try is made after a longer pause than the one before, and the next pause is
// given back: a zygote that always dies again must not keep the machine busy.
func (s *Supervisor) revive(ctx context.Context, backoff time.Duration) (*zygote, time.Duration) {
	for ctx.Err() == nil {
		select {
		case <-time.After(backoff):
		case <-ctx.Done():
			return nil, backoff
		}
		backoff = min(2*backoff, longestBackoff)
		z, err := s.startZygote(ctx)
		if err == nil {
			s.replace(z)
			return z, backoff
		}
		s.cfg.Log.Error("python did not start", "error", err, "retryIn", backoff)
	}
	return nil, backoff
}

// renew lets a fresh zygote take over; the old one goes on when none can start.
func (s *Supervisor) renew(ctx context.Context, old *zygote) *zygote {
	z, err := s.startZygote(ctx)
	if err != nil {
		s.cfg.Log.Error("python was not renewed", "error", err)
		return old
	}
	s.replace(z)
	old.retire()
	s.ended.Go(func() {
		select {
		case <-ctx.Done():
			old.kill()
		case <-old.gone:
		}
		<-old.gone
	})
	return z
}
