package bus

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"github.com/karuta-bi/karuta/internal/core"
)

// Teller publishes values as JSON, and nil, as what is too long or does not encode, as
// an event without data. What cannot be published is logged; whoever
// watches is told of a gap.
func Teller(b Bus, log *slog.Logger) core.Tell {
	return func(ctx context.Context, topic string, value any) {
		var data []byte
		if value != nil {
			if data, _ = json.Marshal(value); len(data) > MaxData {
				data = nil
			}
		}
		_, err := b.Publish(ctx, topic, data)
		if err != nil && !errors.Is(err, ErrClosed) && !errors.Is(err, ErrAway) {
			log.WarnContext(ctx, "an event was not told", "topic", topic, "error", err)
		}
	}
}
