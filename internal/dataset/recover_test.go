package dataset_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
	"github.com/karuta-bi/karuta/internal/store"
)

// killed leaves what a process that was killed in an import leaves.
func (w *world) killed(t *testing.T, heartbeat time.Time) *core.ImportJob {
	t.Helper()
	job := &core.ImportJob{ID: core.NewID(core.NounJob), Status: core.StatusRunning, Name: "売上", DatasetID: core.NewID(core.NounDataset),
		OwnerID: w.owner.ID, CreatedAt: heartbeat, Heartbeat: heartbeat}
	job.SourceKey = "uploads/" + job.ID + "/source.csv"
	if err := w.Store.Jobs.Create(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{job.SourceKey, "datasets/" + job.DatasetID + "/data/v000001/part-0000.parquet"} {
		if _, err := w.blobs.Put(t.Context(), key, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	return job
}

func TestRecover(t *testing.T) { // FAIL-5
	w := newWorld(t)
	kept := w.Dataset(w.owner, region)
	for _, key := range []string{kept.Parts[0], "uploads/" + core.NewID(core.NounJob) + "/source.csv"} {
		if _, err := w.blobs.Put(t.Context(), key, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	job := w.killed(t, store.Now())
	if err := w.blobs.Delete(t.Context(), job.SourceKey); err != nil { // otherwise it would go on
		t.Fatal(err)
	}
	if err := w.s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if end := w.ended(t, job); end.Status != core.StatusFailed || end.Problem.Reason != "interrupted" {
		t.Errorf("ended as %+v", end)
	}
	if keys := w.blobs.Keys(); !slices.Equal(keys, kept.Parts) {
		t.Errorf("files: %v, want %v", keys, kept.Parts)
	}
}

func TestRecoverLeavesOthersAlone(t *testing.T) { // FAIL-5
	w := newWorld(t)
	alive, dead, behind := w.killed(t, store.Now()), w.killed(t, store.Now().Add(-time.Hour)), w.killed(t, store.Now().Add(-time.Hour))
	s := w.service(dataset.Config{MaxUpload: maxUpload, Shared: true, Wait: func(d time.Duration) <-chan time.Time {
		over := make(chan time.Time)
		close(over)
		_, err := w.Store.Jobs.Edit(t.Context(), behind.ID, func(j *core.ImportJob) error { j.Heartbeat = j.Heartbeat.Add(d); return nil })
		if err != nil {
			t.Error(err)
		}
		return over
	}})
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	if err := w.blobs.Delete(t.Context(), dead.SourceKey); err != nil { // otherwise it would go on
		t.Fatal(err)
	}
	receiving := "uploads/" + core.NewID(core.NounJob) + "/source.csv"
	if _, err := w.blobs.Put(t.Context(), receiving, strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	if err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, job := range []*core.ImportJob{alive, behind} {
		if now, err := s.ImportJob(w.As(w.admin), job.ID); err != nil || now.Status != core.StatusRunning {
			t.Errorf("a living job: %+v, %v", now, err)
		}
	}
	if now, err := s.ImportJob(w.As(w.admin), dead.ID); err != nil || now.Status != core.StatusFailed {
		t.Errorf("a dead job: %+v, %v", now, err)
	}
	if keys := w.blobs.Keys(); len(keys) != 5 || !slices.Contains(keys, receiving) || !slices.Contains(keys, alive.SourceKey) || !slices.Contains(keys, behind.SourceKey) {
		t.Errorf("files: %v", keys)
	}
}

func TestOperatorImportsForSomebody(t *testing.T) { // DS-1
	w := newWorld(t)
	w.importing(t, region)
	in := csv("売上")
	in.OwnerID = w.other.ID
	job, err := w.s.Import(core.AsSystem(t.Context(), "operator"), in)
	if err != nil || job.OwnerID != w.other.ID {
		t.Fatalf("got %+v, %v", job, err)
	}
	w.ended(t, job)
	in.File = strings.NewReader("x")
	if job, err = w.s.Import(w.As(w.owner), in); err != nil || job.OwnerID != w.owner.ID {
		t.Errorf("a person imported for somebody else: %+v, %v", job, err)
	}
	w.ended(t, job)
}
