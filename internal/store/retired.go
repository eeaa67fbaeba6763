package store

import (
	"context"
	"fmt"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// RetiredVersion is a version that nobody can come to read any more, while those
// that began to read it still do.
type RetiredVersion struct {
	*core.DatasetVersion
	At time.Time // when it was retired
}

func retiredKey(id string, n int64) table.Key {
	return table.Key{Table: table.Datasets, PK: "DATASET#" + id, SK: fmt.Sprintf("RETIRED#%06d", n)}
}

// Retire takes a version out of its dataset's history and leaves a note of its
// objects, until [Datasets.Forget]. CONFLICT where it is out already.
func (r *Datasets) Retire(ctx context.Context, v *core.DatasetVersion, at time.Time) error {
	it := writeDatasetVersion(v)
	putTime(it, "retired_at", at)
	err := r.e.Transact(ctx, "", []table.Write{
		table.Delete(versionKey(v.DatasetID, v.Number), table.IfExists()),
		table.Put(retiredKey(v.DatasetID, v.Number), it, table.IfAbsent()),
	})
	if table.ConditionFailed(err) != nil {
		return &core.Error{Code: core.CodeConflict, Cause: err}
	}
	return err
}

// Retired lists what was retired of a dataset and not forgotten.
func (r *Datasets) Retired(ctx context.Context, id string) ([]*RetiredVersion, error) {
	return collectAs(ctx, r.e, table.Query{Table: table.Datasets, PK: "DATASET#" + id, Prefix: "RETIRED#"}, 0, func(it table.Item) *RetiredVersion {
		return &RetiredVersion{readDatasetVersion(it), getTime(it, "retired_at")}
	})
}

// Forget removes the note of a retired version, whose objects are gone.
func (r *Datasets) Forget(ctx context.Context, v *RetiredVersion) error {
	return r.e.Write(ctx, table.Delete(retiredKey(v.DatasetID, v.Number), table.Always()))
}
