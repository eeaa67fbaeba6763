package storetest

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/karuta-bi/karuta/internal/table"
)

// Fault is how a call fails.
type Fault int

// The faults. A lost answer is that of a call that was carried out.
const (
	Refused Fault = iota
	Throttled
	TimedOut
	AnswerLost
)

// AllFaults is each of them.
var AllFaults = map[string]Fault{"refused": Refused, "throttled": Throttled, "timed out": TimedOut, "answer lost": AnswerLost}

var errFault = errors.New("storetest: the call was made to fail")

// Faults is an engine of which one call fails.
type Faults struct {
	table.Engine
	calls, at atomic.Int64
	fault     atomic.Int64
}

// NewFaults makes an engine that works until it is told otherwise.
func NewFaults(e table.Engine) *Faults { return &Faults{Engine: e} }

// Arm lets the nth call from now on fail (from 1; 0: none).
func (f *Faults) Arm(n int64, fault Fault) {
	f.fault.Store(int64(fault))
	f.calls.Store(0)
	f.at.Store(n)
}

// Calls is the number of calls since it was armed.
func (f *Faults) Calls() int64 { return f.calls.Load() }

// fail runs a call, or fails it.
func (f *Faults) fail(do func() error) error {
	if f.calls.Add(1) != f.at.Load() {
		return do()
	}
	switch Fault(f.fault.Load()) {
	case Throttled:
		return table.ErrThrottled
	case TimedOut:
		return context.DeadlineExceeded
	case AnswerLost:
		if err := do(); err != nil {
			return err
		}
	}
	return errFault
}

// Get implements [table.Engine].
func (f *Faults) Get(ctx context.Context, k table.Key) (it table.Item, err error) {
	err = f.fail(func() error { it, err = f.Engine.Get(ctx, k); return err })
	return it, err
}

// BatchGet implements [table.Engine].
func (f *Faults) BatchGet(ctx context.Context, keys []table.Key) (items map[table.Key]table.Item, err error) {
	err = f.fail(func() error { items, err = f.Engine.BatchGet(ctx, keys); return err })
	return items, err
}

// Query implements [table.Engine].
func (f *Faults) Query(ctx context.Context, q table.Query) (page table.Page, err error) {
	err = f.fail(func() error { page, err = f.Engine.Query(ctx, q); return err })
	return page, err
}

// Write implements [table.Engine].
func (f *Faults) Write(ctx context.Context, w table.Write) error {
	return f.fail(func() error { return f.Engine.Write(ctx, w) })
}

// Transact implements [table.Engine].
func (f *Faults) Transact(ctx context.Context, token string, ws []table.Write) error {
	return f.fail(func() error { return f.Engine.Transact(ctx, token, ws) })
}
