package store_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
)

func jobsAreOpenUntilTheyEnd(t *testing.T, st *world) {
	j := &core.ImportJob{
		ID: core.NewID(core.NounJob), Status: core.StatusQueued, Name: "売上", Description: "d", DatasetID: core.NewID(core.NounDataset),
		Kind: core.ImportAgain, Base: 3, S3: &core.S3Object{Bucket: "b", Key: "k.csv", ETag: "e"}, OwnerID: core.NewID(core.NounUser), SourceKey: "uploads/x", SourceBytes: 1 << 33,
		Options: core.CSVOptions{Delimiter: "\t"}, Progress: 0.25, CreatedAt: store.Now(),
		Events: []core.ImportEvent{{Seq: 7, At: store.Now(), Kind: core.ImportEventNote, Status: core.StatusRunning, Note: core.NoteFormatFound, Args: map[string]any{"encoding": "cp932"}}},
	}
	must(t, st.Jobs.Create(t.Context(), j))
	st.wantCalls(t, "Write jobs")
	got, err := st.Jobs.Get(t.Context(), j.ID)
	if err != nil || !reflect.DeepEqual(got, j) {
		t.Errorf("read %+v, %v, wrote %+v", got, err, j)
	}
	running := st.job(t, j.OwnerID)
	st.calls.Take()
	open, err := st.Jobs.Open(t.Context())
	if err != nil || len(open) != 2 {
		t.Errorf("%d open, %v", len(open), err)
	}
	st.wantCalls(t, "Query jobs/JobsOpen")
	end := func(id string, at time.Time) *core.ImportJob {
		ended, err := st.Jobs.Edit(t.Context(), id, func(j *core.ImportJob) error {
			j.Status, j.FinishedAt, j.Progress = core.StatusFailed, at, 1
			j.Problem = &core.ImportProblem{Code: "CSV_PARSE_ERROR", Line: 3, Sample: "\"x"}
			return nil
		})
		must(t, err)
		return ended
	}
	ended := end(j.ID, store.Now())
	if got, err := st.Jobs.Get(t.Context(), j.ID); err != nil || !reflect.DeepEqual(got, ended) {
		t.Errorf("read %+v, %v, wrote %+v", got, err, ended)
	}
	if open, err := st.Jobs.Open(t.Context()); err != nil || len(open) != 1 || open[0].ID != running.ID {
		t.Errorf("open are %v, %v", open, err)
	}
	it, err := st.Engine().Get(t.Context(), table.Key{Table: table.Jobs, PK: "JOB#" + j.ID, SK: "METADATA"})
	if kept := it.Int("ttl") - ended.FinishedAt.Unix(); err != nil || kept != 90*24*3600 {
		t.Errorf("an ended job is kept for %d seconds, %v", kept, err)
	}
	end(running.ID, store.Now().Add(-91*24*time.Hour))
	if got, err := st.Jobs.Get(t.Context(), running.ID); got != nil || err != nil {
		t.Errorf("a job ended long ago is %+v, %v", got, err)
	}
}

func jobsAreListedByOwner(t *testing.T, st *world) {
	owner := core.NewID(core.NounUser)
	var ids []string
	for i := range 3 {
		j := &core.ImportJob{ID: core.NewID(core.NounJob), Status: core.StatusQueued, OwnerID: owner, CreatedAt: store.Now().Add(time.Duration(i) * time.Second)}
		if i == 1 { // a key of the client's makes an id that tells no time
			j.ID = "job_ffffffffffffffffffffffffffffffff"
		}
		j.Decisions = []core.ColumnDecision{{Column: "給与", Class: core.ClassNone, Approved: true}}
		must(t, st.Jobs.Create(t.Context(), j))
		ids = append([]string{j.ID}, ids...)
	}
	st.job(t, core.NewID(core.NounUser))
	st.calls.Take()
	first, err := st.Jobs.ByOwner(t.Context(), owner, core.PageArgs{First: 2})
	if err != nil || len(first.Nodes) != 2 || !first.HasNext || first.Nodes[0].ID != ids[0] || first.Nodes[1].ID != ids[1] || len(first.Nodes[0].Decisions) != 1 {
		t.Fatalf("got %+v, %v", first, err)
	}
	st.wantCalls(t, "Query jobs/JobsByOwner")
	rest, err := st.Jobs.ByOwner(t.Context(), owner, core.PageArgs{First: 2, After: first.Cursors[1]})
	if err != nil || len(rest.Nodes) != 1 || rest.HasNext || rest.Nodes[0].ID != ids[2] {
		t.Errorf("got %+v, %v", rest, err)
	}
	for _, after := range []string{"x", "2026-01-01T00:00:00.000Z#x", "x#" + ids[0]} {
		if _, err := st.Jobs.ByOwner(t.Context(), owner, core.PageArgs{First: 2, After: after}); core.CodeOf(err) != core.CodeValidation {
			t.Errorf("cursor %q: %v", after, err)
		}
	}
}
