package store

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Transforms is bi_transforms: TRANSFORM#id / METADATA, STATE, INPUT#dataset or
// HISTORY#time#…. STATE is apart from the transform, so that a run and a schedule
// never stand in the way of who edits it.
type Transforms struct{ e table.Engine }

const transformsList = "TRANSFORM"

func transformKey(id string) table.Key {
	return table.Key{Table: table.Transforms, PK: "TRANSFORM#" + id, SK: metadata}
}

func inputKey(id, datasetID string) table.Key {
	return table.Key{Table: table.Transforms, PK: "TRANSFORM#" + id, SK: "INPUT#" + datasetID}
}

// graphKey is written with every change of what a transform reads, so that two
// changes which close a circle only together cannot both happen.
var graphKey = table.Key{Table: table.Transforms, PK: "GRAPH", SK: metadata}

// besideLost tells whether a transaction failed because the state of a transform
// or the graph of all of them was written meanwhile.
func besideLost(err error) bool {
	failed := table.ConditionFailed(err)
	return failed != nil && failed.Key.Table == table.Transforms
}

func transformVersioned(id string) versioned[core.Transform] {
	return versioned[core.Transform]{
		key: transformKey(id), read: readTransform, write: writeTransform,
		version: func(t *core.Transform) *int64 { return &t.Version },
		touch:   func(t *core.Transform, at time.Time) { t.UpdatedAt = at },
	}
}

func writeTransform(t *core.Transform) table.Item {
	it := table.Item{
		"transform_id": t.ID, "name": t.Name, "code": t.Code, "inputs": writeInputs(t.Inputs),
		"output_dataset_id": t.OutputID, "output_name": t.OutputName, "owner_id": t.OwnerID, "version": t.Version,
		"schedule_enabled": t.Schedule.Enabled, "list_key": transformsList,
	}
	putStr(it, "description", t.Description)
	putStr(it, "params", t.Params)
	putStr(it, "schedule_cron", t.Schedule.Cron)
	putStr(it, "schedule_zone", t.Schedule.Zone)
	putStr(it, "schedule_catch_up", string(t.Schedule.CatchUp))
	putTime(it, "created_at", t.CreatedAt)
	putTime(it, "updated_at", t.UpdatedAt)
	return it
}

func readTransform(it table.Item) *core.Transform {
	return &core.Transform{
		ID: it.Str("transform_id"), Name: it.Str("name"), Description: it.Str("description"), Code: it.Str("code"),
		Params: it.Str("params"), Inputs: readInputs(it["inputs"]), OutputID: it.Str("output_dataset_id"), OutputName: it.Str("output_name"),
		Schedule: core.Schedule{
			Cron: it.Str("schedule_cron"), Zone: it.Str("schedule_zone"), Enabled: it.Bool("schedule_enabled"),
			CatchUp: core.CatchUp(it.Str("schedule_catch_up")),
		},
		OwnerID: it.Str("owner_id"), Version: it.Int("version"),
		CreatedAt: getTime(it, "created_at"), UpdatedAt: getTime(it, "updated_at"),
	}
}

func writeInputs(inputs []core.TransformInput) []any {
	out := make([]any, len(inputs))
	for i, in := range inputs {
		m := map[string]any{"dataset_id": in.DatasetID}
		if in.Alias != "" {
			m["alias"] = in.Alias
		}
		out[i] = m
	}
	return out
}

func readInputs(v any) []core.TransformInput {
	list, _ := v.([]any)
	inputs := make([]core.TransformInput, 0, len(list))
	for _, e := range list {
		raw, _ := e.(map[string]any)
		m := table.Item(raw)
		inputs = append(inputs, core.TransformInput{DatasetID: m.Str("dataset_id"), Alias: m.Str("alias")})
	}
	return inputs
}

// Get reads a transform; nil when there is none.
func (r *Transforms) Get(ctx context.Context, id string) (*core.Transform, error) {
	it, err := r.e.Get(ctx, transformKey(id))
	if err != nil || it == nil {
		return nil, err
	}
	return readTransform(it), nil
}

// Many reads transforms by id; the missing are absent.
func (r *Transforms) Many(ctx context.Context, ids []string) (map[string]*core.Transform, error) {
	return getMany(ctx, r.e, ids, transformKey, readTransform)
}

// ManyOnce is Many, reading each transform at most once a request. Nobody may
// change the transforms that it gives.
func (r *Transforms) ManyOnce(ctx context.Context, ids []string) (map[string]*core.Transform, error) {
	return once(ctx, table.Transforms, ids, r.Many)
}

// ByOwner lists a person's transforms, newest first; the cursor is the last id.
// Where keep is not nil the list has only those that it keeps.
func (r *Transforms) ByOwner(ctx context.Context, ownerID string, keep func(*core.Transform) bool, p core.PageArgs) (core.Page[*core.Transform], error) {
	return r.list(ctx, table.TransformsByOwner, ownerID, keep, p)
}

// List is every transform, newest first; for admins. See [Transforms.ByOwner].
func (r *Transforms) List(ctx context.Context, keep func(*core.Transform) bool, p core.PageArgs) (core.Page[*core.Transform], error) {
	return r.list(ctx, table.TransformsList, transformsList, keep, p)
}

func (r *Transforms) list(ctx context.Context, index, pk string, keep func(*core.Transform) bool, p core.PageArgs) (core.Page[*core.Transform], error) {
	start, err := afterID("TRANSFORM#", metadata, p.After, core.NounTransform)
	if err != nil {
		return core.Page[*core.Transform]{}, err
	}
	var found []*core.Transform
	for q := (table.Query{Table: table.Transforms, Index: index, PK: pk, Desc: true, Start: start}); ; {
		q.Limit = p.First + 1 - len(found)
		page, err := readPage(ctx, r.e, q)
		if err != nil {
			return core.Page[*core.Transform]{}, err
		}
		for _, it := range page.Items {
			if t := readTransform(it); keep == nil || keep(t) {
				found = append(found, t)
			}
		}
		if page.Last == nil || len(found) > p.First {
			return pageOf(found, p.First, func(t *core.Transform) string { return t.ID }), nil
		}
		q.Start = page.Last // others took the places of those that are kept
	}
}

// ByInput lists the ids of transforms that read a dataset, newest first, at most
// limit (0: all).
func (r *Transforms) ByInput(ctx context.Context, datasetID string, limit int) ([]string, error) {
	return collectAs(ctx, r.e, table.Query{Table: table.Transforms, Index: table.TransformsByInput, PK: datasetID, Desc: true}, limit,
		func(it table.Item) string { return it.Str("transform_id") })
}
