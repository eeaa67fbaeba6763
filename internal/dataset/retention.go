package dataset

import (
	"context"
	"time"
)

// Retain does what time asks for: it gives up what nobody confirmed. Call it now
// and then, with the time as it is.
func (s *Service) Retain(ctx context.Context, now time.Time) error {
	return s.sweepStaged(ctx, now)
}
