package dynamo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/karuta-bi/karuta/internal/table"
)

const (
	tries     = 5 // of what is refused for load or for another transaction, or meets a broken connection
	firstWait = 50 * time.Millisecond
)

// retryer is the SDK's own with our waits. It asks again after a broken
// connection, by a busy service, and also after an answer that broke off.
func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = tries
		o.Backoff = retry.BackoffDelayerFunc(func(try int, _ error) (time.Duration, error) { return wait(try), nil })
		o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(brokeOff))
	})
}

func brokeOff(err error) aws.Ternary {
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// wait is how long to wait after a try, counted from 0: 50 ms, doubled each
// time, half of it by chance.
func wait(try int) time.Duration {
	most := firstWait << try
	return most/2 + rand.N(most/2)
}

func pause(ctx context.Context, try int) error {
	timer := time.NewTimer(wait(try))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// untilFree repeats a write that another transaction kept from happening. What
// the service refuses for load alone the SDK repeats.
func untilFree(ctx context.Context, write func() error) error {
	for try := 0; ; try++ {
		err := write()
		if !busy(err) {
			return err
		}
		if try+1 == tries {
			return fmt.Errorf("%w: %w", table.ErrThrottled, err)
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// busy tells whether the write did not happen now but may in a moment.
func busy(err error) bool {
	if canceled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		held := false
		for _, r := range canceled.CancellationReasons {
			switch deref(r.Code) {
			case "ConditionalCheckFailed", "ValidationError", "ItemCollectionSizeLimitExceeded":
				return false
			case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
				held = true
			}
		}
		return held
	}
	_, held := errors.AsType[*types.TransactionConflictException](err)
	return held
}

// translate gives an error of the service the port's own name.
func translate(err error) error {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return err
	}
	if _, throttled := retry.DefaultThrottleErrorCodes[api.ErrorCode()]; throttled {
		return fmt.Errorf("%w: %w", table.ErrThrottled, err)
	}
	switch api.ErrorCode() {
	case "ResourceNotFoundException":
		return fmt.Errorf("%w: %w", table.ErrNoTable, err)
	case "IdempotentParameterMismatchException":
		return fmt.Errorf("%w: %w", table.ErrToken, err)
	case "ValidationException":
		return fmt.Errorf("%w: %w", table.ErrLimit, err)
	}
	return err
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
