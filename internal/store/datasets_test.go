package store_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
)

func publishIsAllOrNothing(t *testing.T, st *world) {
	job := &core.ImportJob{ID: core.NewID(core.NounJob), Status: core.StatusRunning, Name: "d", OwnerID: core.NewID(core.NounUser)}
	if err := st.Jobs.Create(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	ds := &core.Dataset{ID: core.NewID(core.NounDataset), Name: "d", OwnerID: core.NewID(core.NounUser), DataVersion: 1,
		Columns: []core.Column{{Name: "a", Type: core.TypeInt64, Nullable: true}}, Parts: []string{"p"}}
	v := &core.DatasetVersion{DatasetID: ds.ID, Number: 1, Columns: ds.Columns, Parts: ds.Parts}
	stale := *job
	stale.Version = 7
	lost, lostVersion := *ds, *v
	wantCode(t, st.Datasets.Publish(t.Context(), &lost, &lostVersion, &stale), core.CodeConflict)
	if got, _ := st.Datasets.Get(t.Context(), ds.ID); got != nil {
		t.Fatal("a refused publication left a dataset")
	}
	job.Status, job.FinishedAt = core.StatusSucceeded, store.Now()
	if err := st.Datasets.Publish(t.Context(), ds, v, job); err != nil {
		t.Fatal(err)
	}
	got, err := st.Datasets.Get(t.Context(), ds.ID)
	if err != nil || len(got.Columns) != 1 || got.Columns[0] != ds.Columns[0] || got.Parts[0] != "p" || got.Version != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if open, _ := st.Jobs.Open(t.Context()); len(open) != 0 {
		t.Fatal("an ended job is still open")
	}
}

func datasetsKeepAllTheyAreGiven(t *testing.T, st *world) {
	header, owner := false, core.NewID(core.NounUser)
	job := st.job(t, owner)
	d := &core.Dataset{
		ID: core.NewID(core.NounDataset), Name: "売上 2026", Description: "by shop", SourceType: "csv",
		Source:   core.CSVOptions{Header: &header, Delimiter: ";", Encoding: "cp932", NullValues: []string{"", "-"}, SkipRows: 2, SortColumn: "日付"},
		Columns:  []core.Column{{Name: "日付", Type: core.TypeDate}, {Name: "t", Type: core.TypeDatetime, Nullable: true, Zoned: true, Description: "when"}},
		RowCount: 1 << 40, Bytes: 12, Path: "datasets/x/data/v000001/", Parts: []string{"p0", "p1"}, DataVersion: 1, OwnerID: owner,
		LastImportAt: store.Now(), LastImportBy: owner, CreatedAt: store.Now(), UpdatedAt: store.Now(),
	}
	v := &core.DatasetVersion{DatasetID: d.ID, Number: 1, Columns: d.Columns, RowCount: d.RowCount, Bytes: 12, Path: d.Path,
		Parts: d.Parts, JobID: job.ID, CreatedAt: store.Now(), CreatedBy: owner}
	st.calls.Take()
	must(t, st.Datasets.Publish(t.Context(), d, v, job))
	st.wantCalls(t, "Transact datasets,jobs")
	got, err := st.Datasets.Get(t.Context(), d.ID)
	if err != nil || !reflect.DeepEqual(got, d) {
		t.Errorf("read %+v, %v, wrote %+v", got, err, d)
	}
	versions, err := st.Datasets.Versions(t.Context(), d.ID)
	if err != nil || len(versions) != 1 || !reflect.DeepEqual(versions[0], v) {
		t.Errorf("versions are %+v, %v", versions, err)
	}
	st.wantCalls(t, "Get datasets", "Query datasets")
	// the runbook's get-item reads these
	it, err := st.Engine().Get(t.Context(), table.Key{Table: table.Datasets, PK: "DATASET#" + d.ID, SK: "METADATA"})
	if err != nil || it.Str("dataset_id") != d.ID || it.Str("s3_path") != d.Path || it.Int("row_count") != d.RowCount || it.Str("partition_column") != "日付" {
		t.Errorf("the item is %v, %v", it, err)
	}
}

// publicationsRace: of two imports into one dataset one is told of the other.
func publicationsRace(t *testing.T, st *world) {
	owner := core.NewID(core.NounUser)
	d := st.dataset(t, owner, "d")
	results := make(chan error, 4)
	for range cap(results) {
		job, mine := st.job(t, owner), *d
		mine.DataVersion = 2
		go func() {
			results <- st.Datasets.Publish(t.Context(), &mine, &core.DatasetVersion{DatasetID: d.ID, Number: 2, JobID: job.ID}, job)
		}()
	}
	won := 0
	for range cap(results) {
		if err := <-results; err == nil {
			won++
		} else if core.CodeOf(err) != core.CodeConflict {
			t.Errorf("unexpected: %v", err)
		}
	}
	versions, err := st.Datasets.Versions(t.Context(), d.ID)
	if err != nil || won != 1 || len(versions) != 2 || versions[0].Number != 2 {
		t.Errorf("%d published, %d versions, %v", won, len(versions), err)
	}
}

func datasetListsRunByOwnerAndByName(t *testing.T, st *world) {
	owner, other := core.NewID(core.NounUser), core.NewID(core.NounUser)
	long := strings.Repeat("長", core.MaxName)
	var mine, byName []string
	for _, name := range []string{"b", "A", long, "c", "B"} {
		mine = append(mine, st.dataset(t, owner, name).ID)
	}
	foreign := st.dataset(t, other, "a0")
	id := func(d *core.Dataset) string { return d.ID }
	got := walk(t, func(p core.PageArgs) (core.Page[*core.Dataset], error) {
		st.calls.Take()
		defer st.wantCalls(t, "Query datasets/DatasetsByOwner")
		return st.Datasets.ByOwner(t.Context(), owner, p)
	}, id)
	wantIDs(t, "by owner", got, newestFirst(mine...))
	bs := slices.Sorted(slices.Values([]string{mine[0], mine[4]}))
	byName = []string{mine[1], foreign.ID, bs[0], bs[1], mine[3], mine[2]}
	got = walk(t, func(p core.PageArgs) (core.Page[*core.Dataset], error) {
		if _, err := core.NewPageArgs(&p.First, &p.After, 2); err != nil {
			t.Errorf("a cursor of %d bytes is refused: %v", len(p.After), err)
		}
		st.calls.Take()
		defer st.wantCalls(t, "Query datasets/DatasetsList")
		return st.Datasets.List(t.Context(), p)
	}, id)
	wantIDs(t, "by name", got, byName)
	for _, bad := range []string{"x", "????", core.NewID(core.NounCard), strings.Repeat("A", 1200)} {
		_, err := st.Datasets.List(t.Context(), core.PageArgs{First: 2, After: bad})
		wantCode(t, err, core.CodeValidation)
		_, err = st.Datasets.ByOwner(t.Context(), owner, core.PageArgs{First: 2, After: bad})
		wantCode(t, err, core.CodeValidation)
	}
}
