package store

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Datasets is bi_datasets: DATASET#id / METADATA, CARDS, DELETED, VERSION#n or
// HISTORY#time#…. The METADATA item names the newest version, and changing it is
// what publishes a version. A change of its policies or classes writes a line of
// history with it. Of a deleted dataset METADATA has become DELETED, where nobody
// looks who does not look for deleted ones.
type Datasets struct{ e table.Engine }

const datasetsList = "DATASET"

func datasetKey(id string) table.Key {
	return table.Key{Table: table.Datasets, PK: "DATASET#" + id, SK: metadata}
}

func datasetVersioned(id string) versioned[core.Dataset] {
	return versioned[core.Dataset]{
		key: datasetKey(id), read: readDataset, write: writeDataset,
		version: func(d *core.Dataset) *int64 { return &d.Version },
		touch:   func(d *core.Dataset, t time.Time) { d.UpdatedAt = t },
	}
}

func writeDataset(d *core.Dataset) table.Item {
	it := table.Item{
		"dataset_id": d.ID, "name": d.Name, "source_type": d.SourceType, "schema": writeColumns(d.Columns),
		"row_count": d.RowCount, "column_count": int64(len(d.Columns)), "bytes": d.Bytes, "s3_path": d.Path,
		"data_version": d.DataVersion, "owner_id": d.OwnerID, "version": d.Version,
		"list_key": datasetsList, "list_sort": strings.ToLower(d.Name) + "#" + d.ID,
	}
	putStr(it, "description", d.Description)
	putStr(it, "partition_column", d.Source.SortColumn)
	putStr(it, "last_import_by", d.LastImportBy)
	putStr(it, "transform_id", d.TransformID)
	putStr(it, "summary_key", d.SummaryKey)
	putStrings(it, "parts", d.Parts)
	if raw, err := json.Marshal(d.Source); err == nil {
		it["source_config"] = string(raw)
	}
	putJSON(it, "s3_object", d.S3)
	if len(d.Policies) > 0 {
		it["policies"] = policiesText(d.Policies)
	}
	putTime(it, "last_import_at", d.LastImportAt)
	putTime(it, "created_at", d.CreatedAt)
	putTime(it, "updated_at", d.UpdatedAt)
	return it
}

func readDataset(it table.Item) *core.Dataset {
	d := &core.Dataset{
		ID: it.Str("dataset_id"), Name: it.Str("name"), Description: it.Str("description"),
		SourceType: it.Str("source_type"), S3: getJSON[core.S3Object](it, "s3_object"), TransformID: it.Str("transform_id"),
		SummaryKey: it.Str("summary_key"), Columns: readColumns(it["schema"]), RowCount: it.Int("row_count"),
		Bytes: it.Int("bytes"), Path: it.Str("s3_path"), Parts: it.Strings("parts"),
		DataVersion: it.Int("data_version"), OwnerID: it.Str("owner_id"), Version: it.Int("version"),
		LastImportAt: getTime(it, "last_import_at"), LastImportBy: it.Str("last_import_by"),
		CreatedAt: getTime(it, "created_at"), UpdatedAt: getTime(it, "updated_at"),
	}
	_ = json.Unmarshal([]byte(it.Str("source_config")), &d.Source) // written by writeDataset
	if text := it.Str("policies"); text != "" && json.Unmarshal([]byte(text), &d.Policies) != nil {
		d.Policies = []core.Policy{{Masked: []core.MaskedColumn{{}}}} // broken, so that it opens nothing
	}
	return d
}

func policiesText(policies []core.Policy) string {
	raw, _ := json.Marshal(policies) // texts and times always encode
	return string(raw)
}

// sightRules are what decides who sees which part of a dataset, as its history
// keeps them: the policies and the classes of columns by name, in JSON.
func sightRules(d *core.Dataset) map[string]string {
	classes := map[string]core.PIIClass{}
	for _, c := range d.Columns {
		if class := c.Holds(); class != core.ClassNone {
			classes[c.Name] = class
		}
	}
	raw, _ := json.Marshal(classes) // texts always encode
	return map[string]string{"policies": policiesText(d.Policies), "classes": string(raw)}
}

// rulesWrites is the line of history that the rules of a dataset are others than
// before; none where they are the same.
func rulesWrites(ctx context.Context, before, d *core.Dataset) []table.Write {
	now := sightRules(d)
	if maps.Equal(now, sightRules(before)) {
		return nil
	}
	c := rightsChange(ctx, d.ID, core.RightsPolicies, "")
	c.Details = now
	return []table.Write{rightsWrite(datasetKey(d.ID), c)}
}

func writeColumns(cols []core.Column) []any {
	out := make([]any, len(cols))
	for i, c := range cols {
		m := map[string]any{"name": c.Name, "type": string(c.Type), "nullable": c.Nullable}
		if c.Zoned {
			m["zoned"] = true
		}
		if c.Description != "" {
			m["description"] = c.Description
		}
		if c.Class != "" {
			m["class"] = string(c.Class)
		}
		if p := c.Proposed; p.Class != "" {
			m["proposed_class"], m["proposed_kind"], m["proposed_by"] = string(p.Class), string(p.Kind), string(p.Evidence)
		}
		out[i] = m
	}
	return out
}

func readColumns(v any) []core.Column {
	list, _ := v.([]any)
	cols := make([]core.Column, 0, len(list))
	for _, e := range list {
		raw, _ := e.(map[string]any)
		m := table.Item(raw)
		cols = append(cols, core.Column{
			Name: m.Str("name"), Type: core.ColumnType(m.Str("type")), Nullable: m.Bool("nullable"),
			Zoned: m.Bool("zoned"), Description: m.Str("description"), Class: core.PIIClass(m.Str("class")),
			Proposed: core.Proposal{Class: core.PIIClass(m.Str("proposed_class")), Kind: core.PIIKind(m.Str("proposed_kind")),
				Evidence: core.PIIEvidence(m.Str("proposed_by"))},
		})
	}
	return cols
}

// Get reads a dataset; nil when there is none.
func (r *Datasets) Get(ctx context.Context, id string) (*core.Dataset, error) {
	it, err := r.e.Get(ctx, datasetKey(id))
	if err != nil || it == nil {
		return nil, err
	}
	return readDataset(it), nil
}

// Many reads datasets by id; the missing are absent.
func (r *Datasets) Many(ctx context.Context, ids []string) (map[string]*core.Dataset, error) {
	return getMany(ctx, r.e, ids, datasetKey, readDataset)
}

// ManyOnce is Many, reading each dataset at most once a request. Nobody may
// change the datasets that it gives.
func (r *Datasets) ManyOnce(ctx context.Context, ids []string) (map[string]*core.Dataset, error) {
	return once(ctx, table.Datasets, ids, r.Many)
}

// Edit changes a dataset's own words and rules under the version the caller saw
// (0: any); nil when there is none. Rules that are others afterwards are written
// to its history in the same transaction, and what is said of columns to the
// newest version, so that it comes back with it.
func (r *Datasets) Edit(ctx context.Context, id string, want int64, change func(*core.Dataset) error) (*core.Dataset, error) {
	defer forget[core.Dataset](ctx, table.Datasets, id)
	return edit(ctx, r.e, datasetVersioned(id), want, func(d *core.Dataset) (ws []table.Write, err error) {
		before := *d
		before.Columns, before.Policies = slices.Clone(d.Columns), slices.Clone(d.Policies)
		if err := change(d); err != nil {
			return nil, err
		}
		if d.OwnerID != before.OwnerID {
			ws = append(ws, rightsWrite(datasetKey(id), rightsChange(ctx, id, core.RightsOwner, d.OwnerID)))
		}
		ws = append(ws, rulesWrites(ctx, &before, d)...)
		if n := len(d.Policies); n > len(before.Policies) {
			ws = append(ws, onceWrites(ctx, d.Policies[n-1].ID)...)
		}
		if slices.Equal(d.Columns, before.Columns) {
			return ws, nil
		}
		said, err := r.describe(ctx, d)
		return append(ws, said...), err
	})
}

// ByOwner lists a person's datasets, newest first; the cursor is the last id.
func (r *Datasets) ByOwner(ctx context.Context, ownerID string, p core.PageArgs) (core.Page[*core.Dataset], error) {
	start, err := afterID("DATASET#", metadata, p.After, core.NounDataset)
	if err != nil {
		return core.Page[*core.Dataset]{}, err
	}
	items, err := collect(ctx, r.e, table.Query{Table: table.Datasets, Index: table.DatasetsByOwner, PK: ownerID, Desc: true, Start: start}, p.First+1)
	if err != nil {
		return core.Page[*core.Dataset]{}, err
	}
	return datasetPage(items, p.First, func(d *core.Dataset) string { return d.ID }), nil
}

// List is every dataset by name; for admins. The cursor is opaque.
func (r *Datasets) List(ctx context.Context, p core.PageArgs) (core.Page[*core.Dataset], error) {
	q := table.Query{Table: table.Datasets, Index: table.DatasetsList, PK: datasetsList}
	if p.After != "" {
		id, name, err := splitNameCursor(p.After, core.NounDataset)
		if err != nil {
			return core.Page[*core.Dataset]{}, err
		}
		q.Start = &table.Position{PK: "DATASET#" + id, SK: metadata, Sort: name + "#" + id}
	}
	items, err := collect(ctx, r.e, q, p.First+1)
	if err != nil {
		return core.Page[*core.Dataset]{}, err
	}
	return datasetPage(items, p.First, func(d *core.Dataset) string { return nameCursor(d.ID, strings.ToLower(d.Name)) }), nil
}

func datasetPage(items []table.Item, first int, cursor func(*core.Dataset) string) core.Page[*core.Dataset] {
	out := make([]*core.Dataset, len(items))
	for i, it := range items {
		out[i] = readDataset(it)
	}
	return pageOf(out, first, cursor)
}
