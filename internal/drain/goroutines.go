package drain

import (
	"context"
	"sync"
	"time"
)

// Wait waits until all goroutines of the group have ended; when the context ends
// first it returns its error.
func Wait(ctx context.Context, group *sync.WaitGroup) error {
	ended := make(chan struct{})
	go func() { group.Wait(); close(ended) }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Every does something at each interval until stop is called, which waits for
// what is being done. The end of the context ends it, too.
func Every(ctx context.Context, interval time.Duration, do func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				do(ctx)
			}
		}
	})
	return func() { cancel(); wg.Wait() }
}
