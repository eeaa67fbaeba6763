package store

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// PutEvents keeps the newest events of a run, all that are to be kept of it. Only
// who runs it writes them.
func (r *Executions) PutEvents(ctx context.Context, executionID string, events []core.RunEvent) error {
	it := table.Item{"execution_id": executionID, "ttl": time.Now().Add(executionsKept).Unix()}
	putList(it, "events", events)
	return r.e.Write(ctx, table.Put(executionPart("EVENTS#", executionID), it, table.Always()))
}

// Events are the events of a run after the number (0: from the first that is
// kept), in their order.
func (r *Executions) Events(ctx context.Context, executionID string, after int64) ([]core.RunEvent, error) {
	it, err := r.e.Get(ctx, executionPart("EVENTS#", executionID))
	if err != nil || it == nil {
		return nil, err
	}
	all := getList[core.RunEvent](it, "events")
	for i, ev := range all {
		if ev.Seq > after {
			return all[i:], nil
		}
	}
	return nil, nil
}
