package store

import (
	"context"
	"fmt"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

func versionKey(id string, n int64) table.Key {
	return table.Key{Table: table.Datasets, PK: "DATASET#" + id, SK: fmt.Sprintf("VERSION#%06d", n)}
}

func writeDatasetVersion(v *core.DatasetVersion) table.Item {
	it := table.Item{
		"dataset_id": v.DatasetID, "number": v.Number, "schema": writeColumns(v.Columns),
		"row_count": v.RowCount, "bytes": v.Bytes, "s3_path": v.Path,
	}
	putStrings(it, "parts", v.Parts)
	putStr(it, "summary_key", v.Summary)
	putStr(it, "kind", string(v.Kind))
	putStr(it, "job_id", v.JobID)
	putStr(it, "run_id", v.RunID)
	if v.Restored > 0 {
		it["restored"] = v.Restored
	}
	putStr(it, "created_by", v.CreatedBy)
	putTime(it, "created_at", v.CreatedAt)
	return it
}

func readDatasetVersion(it table.Item) *core.DatasetVersion {
	return &core.DatasetVersion{
		DatasetID: it.Str("dataset_id"), Number: it.Int("number"), Columns: readColumns(it["schema"]),
		RowCount: it.Int("row_count"), Bytes: it.Int("bytes"), Path: it.Str("s3_path"),
		Parts: it.Strings("parts"), Summary: it.Str("summary_key"), Kind: core.ImportKind(it.Str("kind")), JobID: it.Str("job_id"), RunID: it.Str("run_id"),
		Restored: it.Int("restored"), CreatedAt: getTime(it, "created_at"), CreatedBy: it.Str("created_by"),
	}
}

// Publish writes a new version of the data, points the dataset at it, ends the
// job and tells people of it, all or nothing. A dataset of Version 0 is created;
// any other must still be at that version, else CONFLICT. The nouns' versions are
// raised here.
func (r *Datasets) Publish(ctx context.Context, d *core.Dataset, v *core.DatasetVersion, job *core.ImportJob, tell ...core.Notice) error {
	jobWas := job.Version
	job.Version++
	end := table.Put(jobKey(job.ID), writeJob(job), table.IfVersion(jobWas))
	return r.publish(ctx, d, v, append(noticeWrites(tell), end))
}

// Restore is Publish for a version that refers to the objects of an earlier one,
// Restored; CONFLICT where that one is gone.
func (r *Datasets) Restore(ctx context.Context, d *core.Dataset, v *core.DatasetVersion, tell ...core.Notice) error {
	held := table.Check(versionKey(d.ID, v.Restored), table.IfExists())
	return r.publish(ctx, d, v, append(noticeWrites(tell), held))
}

func (r *Datasets) publish(ctx context.Context, d *core.Dataset, v *core.DatasetVersion, more []table.Write) error {
	defer forget[core.Dataset](ctx, table.Datasets, d.ID)
	ws, err := r.publishWrites(ctx, d, v)
	if err != nil {
		return err
	}
	err = apply(ctx, r.e, append(ws, more...))
	if failed := table.ConditionFailed(err); failed != nil {
		return &core.Error{Code: core.CodeConflict, Cause: err}
	}
	return err
}

// publishWrites make a version the dataset's newest; a dataset of Version 0 is
// created, though never beside a deleted one of the same id. Columns of other
// classes are written to its history. The dataset's version is raised here.
func (r *Datasets) publishWrites(ctx context.Context, d *core.Dataset, v *core.DatasetVersion) ([]table.Write, error) {
	was := d.Version
	d.Version++
	number := table.Put(versionKey(d.ID, v.Number), writeDatasetVersion(v), table.IfAbsent())
	if was == 0 {
		return []table.Write{
			table.Put(datasetKey(d.ID), writeDataset(d), table.IfAbsent()), number,
			newGuard(datasetKey(d.ID), nil), rightsWrite(datasetKey(d.ID), rightsChange(ctx, d.ID, core.RightsCreated, d.OwnerID)),
			table.Check(deletedKey(d.ID), table.IfAbsent()),
		}, nil
	}
	ws := []table.Write{table.Put(datasetKey(d.ID), writeDataset(d), table.IfVersion(was)), number}
	before, err := r.Get(ctx, d.ID)
	if err != nil || before == nil {
		return ws, err
	}
	return append(ws, rulesWrites(ctx, before, d)...), nil
}

// describe writes what is said of the dataset's columns to its newest version.
func (r *Datasets) describe(ctx context.Context, d *core.Dataset) ([]table.Write, error) {
	v, err := r.VersionAt(ctx, d.ID, d.DataVersion)
	if err != nil || v == nil {
		return nil, err
	}
	v.Columns = d.Columns
	return []table.Write{table.Put(versionKey(d.ID, v.Number), writeDatasetVersion(v), table.IfExists())}, nil
}

// VersionAt reads one version of a dataset's data; nil when there is none.
func (r *Datasets) VersionAt(ctx context.Context, id string, number int64) (*core.DatasetVersion, error) {
	it, err := r.e.Get(ctx, versionKey(id, number))
	if err != nil || it == nil {
		return nil, err
	}
	return readDatasetVersion(it), nil
}

// Versions lists the versions of a dataset's data, newest first.
func (r *Datasets) Versions(ctx context.Context, id string) ([]*core.DatasetVersion, error) {
	return collectAs(ctx, r.e, table.Query{Table: table.Datasets, PK: "DATASET#" + id, Prefix: "VERSION#", Desc: true}, 0, readDatasetVersion)
}
