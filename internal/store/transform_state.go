package store

import (
	"context"
	"hash/fnv"
	"strconv"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// dueShards is over how many partitions of the index the due times are spread.
const dueShards = 4

// DueShards are the partitions of the due times, to be asked one by one.
func DueShards() []string {
	all := make([]string, dueShards)
	for i := range all {
		all[i] = strconv.Itoa(i)
	}
	return all
}

func dueShard(transformID string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(transformID)) // never fails
	return strconv.FormatUint(uint64(h.Sum32()%dueShards), 10)
}

func stateKey(id string) table.Key {
	return table.Key{Table: table.Transforms, PK: "TRANSFORM#" + id, SK: "STATE"}
}

func stateVersioned(id string) versioned[core.TransformState] {
	return versioned[core.TransformState]{
		key: stateKey(id), read: readState, write: writeState,
		version: func(s *core.TransformState) *int64 { return &s.Version },
		touch:   func(*core.TransformState, time.Time) {},
	}
}

func writeState(s *core.TransformState) table.Item {
	it := table.Item{"transform_id": s.TransformID, "version": s.Version}
	putStr(it, "running_id", s.RunningID)
	if !s.NextRunAt.IsZero() {
		putTime(it, "next_run_at", s.NextRunAt)
		it["due_shard"] = dueShard(s.TransformID)
	}
	return it
}

func readState(it table.Item) *core.TransformState {
	return &core.TransformState{
		TransformID: it.Str("transform_id"), NextRunAt: getTime(it, "next_run_at"),
		RunningID: it.Str("running_id"), Version: it.Int("version"),
	}
}

// State reads the state of a transform; nil when there is none.
func (r *Transforms) State(ctx context.Context, id string) (*core.TransformState, error) {
	it, err := r.e.Get(ctx, stateKey(id))
	if err != nil || it == nil {
		return nil, err
	}
	return readState(it), nil
}

// States reads the states of transforms by the transforms' ids; the missing are absent.
func (r *Transforms) States(ctx context.Context, ids []string) (map[string]*core.TransformState, error) {
	return getMany(ctx, r.e, ids, stateKey, readState)
}

// EditState changes the state of a transform as it is now; nil when there is none.
func (r *Transforms) EditState(ctx context.Context, id string, change func(*core.TransformState) error) (*core.TransformState, error) {
	return edit(ctx, r.e, stateVersioned(id), 0, func(s *core.TransformState) ([]table.Write, error) { return nil, change(s) })
}

// dueWrite makes a transform due at the time, zero for never. A due time that has
// passed and is not decided yet stays, so that it does not pass without a trace.
func (r *Transforms) dueWrite(ctx context.Context, id string, next time.Time) (table.Write, error) {
	s, err := r.State(ctx, id)
	if err != nil {
		return table.Write{}, err
	}
	if s == nil {
		return table.Write{}, core.NotFound("input.id")
	}
	if s.NextRunAt.IsZero() || s.NextRunAt.After(Now()) {
		s.NextRunAt = next
	}
	return stateWrite(s), nil
}

// stateWrite is the state, as it was read and then changed, written back under
// its version.
func stateWrite(s *core.TransformState) table.Write {
	changed := *s
	changed.Version++
	return table.Put(stateKey(s.TransformID), writeState(&changed), table.IfVersion(s.Version))
}

// Due lists the states of one shard's transforms that are due until the time, the
// longest overdue first, at most limit (0: all). The list may lag behind, see
// [Executions.Claim].
func (r *Transforms) Due(ctx context.Context, shard string, until time.Time, limit int) ([]*core.TransformState, error) {
	q := table.Query{Table: table.Transforms, Index: table.TransformsDue, PK: shard}
	if !until.IsZero() {
		q.To = until.UTC().Format(timeForm)
	}
	return collectAs(ctx, r.e, q, limit, readState)
}
