package store

import (
	"context"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

const deletedMark = "DELETED"

func deletedKey(id string) table.Key {
	return table.Key{Table: table.Datasets, PK: "DATASET#" + id, SK: deletedMark}
}

func deletedVersioned(id string) versioned[core.DeletedDataset] {
	return versioned[core.DeletedDataset]{
		key: deletedKey(id), read: readDeleted, write: writeDeleted,
		version: func(d *core.DeletedDataset) *int64 { return &d.Version },
		touch:   func(*core.DeletedDataset, time.Time) {}, // it comes back as it was
	}
}

// writeDeleted is the dataset's item without what puts it into the lists of
// datasets, and with what puts it into those of deleted ones.
func writeDeleted(d *core.DeletedDataset) table.Item {
	it := writeDataset(&d.Dataset)
	delete(it, "owner_id")
	it["deleted_of"], it["list_key"], it["list_sort"] = d.OwnerID, deletedList, deletedSort(d)
	putStr(it, "deleted_by", d.DeletedBy)
	putTime(it, "deleted_at", d.DeletedAt)
	if d.Purging {
		it["purging"] = true
	}
	return it
}

func readDeleted(it table.Item) *core.DeletedDataset {
	d := &core.DeletedDataset{
		Dataset: *readDataset(it), DeletedAt: getTime(it, "deleted_at"), DeletedBy: it.Str("deleted_by"), Purging: it.Bool("purging"),
	}
	d.OwnerID = it.Str("deleted_of")
	return d
}

// deletedSort sorts deleted datasets by when they were deleted. It is the cursor
// of their lists, too.
func deletedSort(d *core.DeletedDataset) string {
	return d.DeletedAt.UTC().Format(timeForm) + "#" + d.ID
}

// Delete takes a dataset at the given version out of everything that reads and
// lists datasets, and keeps it for [Datasets.Undelete] or [Datasets.Forgo]. Its
// versions and objects stay. CONFLICT when it changed meanwhile, NOT_FOUND when
// it is gone, VALIDATION_ERROR.in_use while cards or transforms read it,
// written_by_transform while a transform writes it.
func (r *Datasets) Delete(ctx context.Context, d *core.Dataset, at time.Time) error {
	defer forget[core.Dataset](ctx, table.Datasets, d.ID)
	gone := &core.DeletedDataset{Dataset: *d, DeletedAt: at, DeletedBy: core.ActorFrom(ctx).UserID()}
	gone.Version++
	return guarded(func() error {
		g, err := unread(ctx, r.e, d.ID)
		if err != nil {
			return err
		}
		if err := unwritten(ctx, r.e, d); err != nil {
			return err
		}
		err = r.e.Transact(ctx, "", []table.Write{
			table.Delete(datasetKey(d.ID), table.IfVersion(d.Version)),
			table.Put(deletedKey(d.ID), writeDeleted(gone), table.IfAbsent()),
			table.Delete(g.key, table.IfVersion(g.version)),
			rightsWrite(datasetKey(d.ID), rightsChange(ctx, d.ID, core.RightsDeleted, "")),
		})
		if failed := table.ConditionFailed(err); failed != nil && failed.Index == 0 {
			return core.Conflict(d.Version, failed.Current.Int("version"))
		}
		return err
	})
}

// Deleted reads a deleted dataset; nil when there is none.
func (r *Datasets) Deleted(ctx context.Context, id string) (*core.DeletedDataset, error) {
	it, err := r.e.Get(ctx, deletedKey(id))
	if err != nil || it == nil {
		return nil, err
	}
	return readDeleted(it), nil
}

// Undelete makes a deleted dataset what it was before. CONFLICT when somebody
// brought it back or began to remove it meanwhile.
func (r *Datasets) Undelete(ctx context.Context, gone *core.DeletedDataset) (*core.Dataset, error) {
	defer forget[core.Dataset](ctx, table.Datasets, gone.ID)
	d := gone.Dataset
	d.Version++
	err := r.e.Transact(ctx, "", []table.Write{
		table.Delete(deletedKey(d.ID), table.IfVersion(gone.Version)),
		table.Put(datasetKey(d.ID), writeDataset(&d), table.IfAbsent()),
		newGuard(datasetKey(d.ID), nil),
		rightsWrite(datasetKey(d.ID), rightsChange(ctx, d.ID, core.RightsRestored, "")),
	})
	if table.ConditionFailed(err) != nil {
		return nil, &core.Error{Code: core.CodeConflict, Cause: err}
	}
	if err != nil {
		return nil, err
	}
	return &d, nil
}

// TransferDeleted gives a deleted dataset to somebody else, who may then bring it
// back; nil when there is none.
func (r *Datasets) TransferDeleted(ctx context.Context, h Handover) (*core.DeletedDataset, error) {
	return edit(ctx, r.e, deletedVersioned(h.ID), h.Want, func(d *core.DeletedDataset) ([]table.Write, error) {
		if d.OwnerID != h.FromID {
			return nil, core.Conflict(h.Want, d.Version)
		}
		d.OwnerID = h.ToID
		return []table.Write{rightsWrite(datasetKey(h.ID), rightsChange(ctx, h.ID, core.RightsOwner, h.ToID))}, nil
	})
}

// DeletedOf lists what was deleted of a person's datasets since the time, the
// newest deletion first; of everybody's where ownerID is "".
func (r *Datasets) DeletedOf(ctx context.Context, ownerID string, since time.Time, p core.PageArgs) (core.Page[*core.DeletedDataset], error) {
	q := table.Query{Table: table.Datasets, Index: table.DatasetsDeleted, PK: ownerID, From: since.UTC().Format(timeForm), Desc: true}
	if ownerID == "" {
		q.Index, q.PK = table.DatasetsList, deletedList
	}
	var err error
	if q.Start, err = afterDeleted(p.After); err != nil {
		return core.Page[*core.DeletedDataset]{}, err
	}
	found, err := collectAs(ctx, r.e, q, p.First+1, readDeleted)
	if err != nil {
		return core.Page[*core.DeletedDataset]{}, err
	}
	return pageOf(found, p.First, deletedSort), nil
}

// afterDeleted is the position of a cursor of DeletedOf.
func afterDeleted(after string) (*table.Position, error) {
	if after == "" {
		return nil, nil
	}
	at, id, ok := strings.Cut(after, "#")
	if _, err := time.Parse(timeForm, at); !ok || err != nil || core.CheckID("after", id, core.NounDataset) != nil {
		return nil, core.Invalid("after", "bad_cursor")
	}
	return &table.Position{PK: deletedKey(id).PK, SK: deletedMark, Sort: after}, nil
}

// Outdated lists the datasets that were deleted at the time or before, oldest first.
func (r *Datasets) Outdated(ctx context.Context, until time.Time) ([]*core.DeletedDataset, error) {
	return collectAs(ctx, r.e, table.Query{
		Table: table.Datasets, Index: table.DatasetsList, PK: deletedList, To: until.UTC().Format(timeForm) + "#~",
	}, 0, readDeleted)
}

// Forgo gives up a deleted dataset: nobody can bring it back from now on. Nil
// where somebody brought it back or removed it meanwhile.
func (r *Datasets) Forgo(ctx context.Context, gone *core.DeletedDataset) (*core.DeletedDataset, error) {
	d, err := edit(ctx, r.e, deletedVersioned(gone.ID), gone.Version, func(d *core.DeletedDataset) ([]table.Write, error) {
		d.Purging = true
		return nil, nil
	})
	if core.CodeOf(err) == core.CodeConflict {
		return nil, nil
	}
	return d, err
}

// Purge removes what is left of a dataset that was given up, whose objects are
// gone: its versions first and itself last, so that what breaks off is done
// again. False where somebody else was faster.
func (r *Datasets) Purge(ctx context.Context, gone *core.DeletedDataset) (bool, error) {
	versions, err := r.Versions(ctx, gone.ID)
	if err != nil {
		return false, err
	}
	for _, v := range versions {
		if err := r.e.Write(ctx, table.Delete(versionKey(gone.ID, v.Number), table.Always())); err != nil {
			return false, err
		}
	}
	retired, err := r.Retired(ctx, gone.ID)
	if err != nil {
		return false, err
	}
	for _, v := range retired {
		if err := r.Forget(ctx, v); err != nil {
			return false, err
		}
	}
	err = r.e.Write(ctx, table.Delete(deletedKey(gone.ID), table.IfVersion(gone.Version)))
	if table.ConditionFailed(err) != nil {
		return false, nil
	}
	return err == nil, err
}
