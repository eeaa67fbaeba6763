package table

import (
	"errors"
	"fmt"
)

// ErrLimit is the root of every refusal of a request that breaks a limit or is
// not well formed: a bug of the caller, never of the person.
var ErrLimit = errors.New("table: request breaks a limit")

// ErrTooLarge tells that an item has more than [MaxItemBytes] or a transaction
// more than [MaxTransactBytes]. It is an [ErrLimit] too.
var ErrTooLarge = fmt.Errorf("%w: too large", ErrLimit)

// ErrThrottled tells that the engine refused for load; the call may be tried again later.
var ErrThrottled = errors.New("table: throttled")

// ErrNoTable tells that a declared table does not exist yet in the engine: Init was not run.
var ErrNoTable = errors.New("the table does not exist; karuta tables init makes it")

// ErrToken tells that a transaction's token was used before for other writes. It is an [ErrLimit] too.
var ErrToken = fmt.Errorf("%w: the token was used for other writes", ErrLimit)

// ConditionError tells that a condition did not hold. Index is the failed
// write's place in the transaction (0 for a single write) and Current the item
// found there, nil when there was none.
type ConditionError struct {
	Index   int
	Key     Key
	Current Item
}

// Error names the item and the write.
func (e *ConditionError) Error() string {
	return fmt.Sprintf("table: condition failed on %s %s/%s (write %d)", e.Key.Table, e.Key.PK, e.Key.SK, e.Index)
}

// ConditionFailed finds the failed condition in an error's chain, nil when the error is another.
func ConditionFailed(err error) *ConditionError {
	if e, ok := errors.AsType[*ConditionError](err); ok {
		return e
	}
	return nil
}
