package store

import (
	"context"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Executions is bi_transform_executions: TRANSFORM#id / EXECUTION#own, EVENTS#own
// or DUE#time, and USER#id / KEY#hash. Runs that have not ended are in a sparse
// index by their sign of life; everything goes after 90 days.
type Executions struct{ e table.Engine }

const (
	executionsKept  = 90 * 24 * time.Hour
	executionPrefix = "EXECUTION#"
	runningShard    = "RUNNING"
)

// executionKey is the item of a run; the zero key for what is no id of one.
func executionKey(id string) table.Key { return executionPart(executionPrefix, id) }

func executionPart(prefix, id string) table.Key {
	transformID, ok := core.ExecutionTransform(id)
	if !ok {
		return table.Key{Table: table.Executions, PK: "NONE", SK: "NONE"}
	}
	return table.Key{Table: table.Executions, PK: "TRANSFORM#" + transformID, SK: prefix + ownPart(id)}
}

func ownPart(id string) string { return id[strings.LastIndexByte(id, '_')+1:] }

func executionVersioned(id string) versioned[core.Execution] {
	return versioned[core.Execution]{
		key: executionKey(id), read: readExecution, write: writeExecution,
		version: func(x *core.Execution) *int64 { return &x.Version },
		touch:   func(*core.Execution, time.Time) {},
	}
}

// The words of the runbook's commands for where a run stands.
var storedStatus = map[core.RunStatus]string{
	core.StatusQueued: "queued", core.StatusRunning: "running", core.StatusSucceeded: "success", core.StatusFailed: "failed",
	core.StatusCancelled: "cancelled", core.StatusTimedOut: "timed_out", core.StatusSkipped: "skipped",
}

func readStatus(stored string) core.RunStatus {
	for status, word := range storedStatus {
		if word == stored {
			return status
		}
	}
	return core.StatusFailed
}

func writeExecution(x *core.Execution) table.Item {
	it := table.Item{
		"execution_id": x.ID, "transform_id": x.TransformID, "status": storedStatus[x.Status], "triggered_by": string(x.Trigger),
		"code_hash": x.CodeHash, "attempt": x.Attempt, "progress": x.Progress, "version": x.Version,
		"ttl": x.CreatedAt.Add(executionsKept).Unix(),
	}
	for name, value := range map[string]string{
		"requested_by": x.RequestedBy, "params": x.Params, "output_dataset_id": x.OutputID, "skip_reason": string(x.Reason),
		"executor_version": x.Executor, "cancelled_by": x.CancelledBy,
	} {
		putStr(it, name, value)
	}
	putList(it, "inputs", x.Inputs)
	putJSON(it, "error", x.Problem)
	if x.OutputVer != 0 {
		it["output_version"], it["output_row_count"] = x.OutputVer, x.OutputRows
	}
	if !x.FinishedAt.IsZero() && !x.StartedAt.IsZero() {
		it["duration_ms"] = x.FinishedAt.Sub(x.StartedAt).Milliseconds()
	}
	if !x.Status.Final() {
		it["running_shard"] = runningShard
	}
	putTime(it, "due_at", x.DueAt)
	putTime(it, "due_until", x.DueUntil)
	putTime(it, "heartbeat", x.Heartbeat)
	putTime(it, "created_at", x.CreatedAt)
	putTime(it, "started_at", x.StartedAt)
	putTime(it, "finished_at", x.FinishedAt)
	return it
}

func readExecution(it table.Item) *core.Execution {
	return &core.Execution{
		ID: it.Str("execution_id"), TransformID: it.Str("transform_id"), Status: readStatus(it.Str("status")),
		Trigger: core.Trigger(it.Str("triggered_by")), RequestedBy: it.Str("requested_by"), Params: it.Str("params"),
		CodeHash: it.Str("code_hash"), OutputID: it.Str("output_dataset_id"), OutputVer: it.Int("output_version"),
		OutputRows: it.Int("output_row_count"), Attempt: it.Int("attempt"), Progress: it.Float("progress"),
		Reason: core.SkipReason(it.Str("skip_reason")), Executor: it.Str("executor_version"), CancelledBy: it.Str("cancelled_by"), Version: it.Int("version"),
		DueAt: getTime(it, "due_at"), DueUntil: getTime(it, "due_until"), Heartbeat: getTime(it, "heartbeat"), CreatedAt: getTime(it, "created_at"),
		StartedAt: getTime(it, "started_at"), FinishedAt: getTime(it, "finished_at"),
		Inputs: getList[core.ExecutionInput](it, "inputs"), Problem: getJSON[core.RunProblem](it, "error"),
	}
}

// Get reads a run; nil when there is none.
func (r *Executions) Get(ctx context.Context, id string) (*core.Execution, error) {
	it, err := r.e.Get(ctx, executionKey(id))
	if err != nil || it == nil {
		return nil, err
	}
	return readExecution(it), nil
}

// Many reads runs by id; the missing are absent.
func (r *Executions) Many(ctx context.Context, ids []string) (map[string]*core.Execution, error) {
	return getMany(ctx, r.e, ids, executionKey, readExecution)
}

// Edit changes a run that goes on, under its version; nil when there is none.
func (r *Executions) Edit(ctx context.Context, id string, change func(*core.Execution) error) (*core.Execution, error) {
	return edit(ctx, r.e, executionVersioned(id), 0, func(x *core.Execution) ([]table.Write, error) { return nil, change(x) })
}

// Of lists the runs of a transform and the due times that had none, newest first;
// the cursor is the last id.
func (r *Executions) Of(ctx context.Context, transformID string, p core.PageArgs) (core.Page[*core.Execution], error) {
	q := table.Query{Table: table.Executions, PK: "TRANSFORM#" + transformID, Prefix: executionPrefix, Desc: true}
	if p.After != "" {
		if of, ok := core.ExecutionTransform(p.After); !ok || of != transformID {
			return core.Page[*core.Execution]{}, core.Invalid("after", "bad_cursor")
		}
		q.Start = &table.Position{SK: executionPrefix + ownPart(p.After)}
	}
	found, err := collectAs(ctx, r.e, q, p.First+1, readExecution)
	if err != nil {
		return core.Page[*core.Execution]{}, err
	}
	return pageOf(found, p.First, func(x *core.Execution) string { return x.ID }), nil
}

// Count is how many runs of a transform are kept, at most limit.
func (r *Executions) Count(ctx context.Context, transformID string, limit int) (int, error) {
	items, err := collect(ctx, r.e, table.Query{Table: table.Executions, PK: "TRANSFORM#" + transformID, Prefix: executionPrefix}, limit)
	return len(items), err
}

// Open lists the runs that have not ended, those that were silent longest first;
// only those silent since the time where it is not zero. The list may lag behind.
func (r *Executions) Open(ctx context.Context, silentSince time.Time) ([]*core.Execution, error) {
	q := table.Query{Table: table.Executions, Index: table.ExecutionsRunning, PK: runningShard}
	if !silentSince.IsZero() {
		q.To = silentSince.UTC().Format(timeForm)
	}
	return collectAs(ctx, r.e, q, 0, readExecution)
}
