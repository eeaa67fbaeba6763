package dataset_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
	"github.com/karuta-bi/karuta/internal/store"
)

// An import ends when its owner or an administrator asks for it, and leaves nothing.
func TestCancelImport(t *testing.T) { // DS-1
	w := newWorld(t)
	began, release := make(chan struct{}), make(chan struct{})
	w.executor.Import = func(r client.ImportRequest, _ func(client.ImportEvent)) client.ImportEvent {
		if _, err := w.blobs.Put(t.Context(), r.Target+"part-0000.parquet", strings.NewReader("x")); err != nil {
			t.Error(err)
		}
		close(began)
		<-release // the caller has gone by then
		return client.ImportEvent{}
	}
	t.Cleanup(func() { close(release) })
	job, err := w.s.Import(w.As(w.owner), csv("売上"))
	if err != nil {
		t.Fatal(err)
	}
	<-began
	for u, code := range map[*core.User]core.Code{w.other: core.CodeNotFound, nil: core.CodeUnauthorized} {
		_, err := w.s.CancelImport(w.As(u), job.ID)
		accesstest.Code(t, "somebody else", err, code)
	}
	if now, err := w.s.CancelImport(w.As(w.admin), job.ID); err != nil || !now.Cancel {
		t.Fatalf("got %+v, %v", now, err)
	}
	if end := w.ended(t, job); end.Status != core.StatusCancelled || end.Problem != nil {
		t.Errorf("ended as %+v", end)
	}
	if again, err := w.s.CancelImport(w.As(w.owner), job.ID); err != nil || again.Status != core.StatusCancelled {
		t.Errorf("again: %+v, %v", again, err)
	}
	w.wantNothing(t, job)
}

// An import whose executor goes away is tried again, up to three times in all, and
// its progress never goes back.
func TestImportIsTriedAgain(t *testing.T) { // FAIL-5, FAIL-6
	for name, lost := range map[string]client.ImportEvent{
		"connection": {Progress: .7}, "worker": {Progress: 1, Problem: &client.Problem{Code: core.CodeUnavailable}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.importing(t, region)
			importing, tries := w.executor.Import, 0
			w.executor.Import = func(r client.ImportRequest, tell func(client.ImportEvent)) client.ImportEvent {
				if tries++; tries < 3 {
					if _, err := w.blobs.Put(t.Context(), r.Target+"part-0009.parquet", strings.NewReader("x")); err != nil {
						t.Error(err)
					}
					return lost
				}
				return importing(r, tell)
			}
			job, err := w.s.Import(w.As(w.owner), csv("売上"))
			if err != nil {
				t.Fatal(err)
			}
			end := w.ended(t, job)
			if end.Status != core.StatusSucceeded || end.Attempt != 3 {
				t.Fatalf("ended as %+v, %+v", end, end.Problem)
			}
			if err := w.s.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if keys := w.blobs.Keys(); len(keys) != 1 {
				t.Errorf("files: %v", keys)
			}
		})
	}
}

// What an earlier process left goes on where its upload is there, and fails where it
// is not, or was tried too often.
func TestRecoverGoesOn(t *testing.T) { // FAIL-5
	for name, c := range map[string]struct {
		change func(w *world, j *core.ImportJob)
		want   core.RunStatus
	}{
		"in the middle": {func(*world, *core.ImportJob) {}, core.StatusSucceeded},
		"tried often":   {func(_ *world, j *core.ImportJob) { j.Attempt = 3 }, core.StatusFailed},
		"cancelled":     {func(_ *world, j *core.ImportJob) { j.Cancel = true }, core.StatusCancelled},
		"no upload":     {func(w *world, j *core.ImportJob) { _ = w.blobs.Delete(t.Context(), j.SourceKey) }, core.StatusFailed},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.importing(t, region)
			job := w.killed(t, store.Now())
			_, err := w.Store.Jobs.Edit(t.Context(), job.ID, func(j *core.ImportJob) error { c.change(w, j); return nil })
			if err != nil {
				t.Fatal(err)
			}
			if err := w.s.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}
			end := w.ended(t, job)
			if end.Status != c.want {
				t.Fatalf("ended as %+v, %+v", end, end.Problem)
			}
			if c.want != core.StatusSucceeded {
				w.wantNothing(t, job)
			}
		})
	}
}

func (w *world) diagnosis(t *testing.T, id string) dataset.Diagnosis {
	t.Helper()
	found, err := w.s.Diagnose(w.As(w.admin), id)
	if err != nil {
		t.Fatal(err)
	}
	return *found
}

func TestDatasetDiagnosis(t *testing.T) { // DS-14, DIA-3
	w := newWorld(t)
	d := w.summarised(t)
	want := dataset.Diagnosis{DatasetID: d.ID, ObjectExists: true, PathMatches: true, Registered: true, SuggestedFix: dataset.FixNone}
	if got := w.diagnosis(t, d.ID); got != want {
		t.Errorf("in order: %+v", got)
	}
	_, err := w.Store.Datasets.Edit(t.Context(), d.ID, 0, func(d *core.Dataset) error {
		d.Path, d.Parts = "datasets/elsewhere/", []string{"datasets/elsewhere/part-0000.parquet"}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want.ObjectExists, want.PathMatches, want.SuggestedFix = false, false, dataset.FixPath
	if got := w.diagnosis(t, d.ID); got != want {
		t.Errorf("elsewhere: %+v", got)
	}
	for u, code := range map[*core.User]core.Code{w.other: core.CodeNotFound, nil: core.CodeUnauthorized} {
		_, err := w.s.RepairPath(w.As(u), d.ID)
		accesstest.Code(t, "repair by somebody else", err, code)
		_, err = w.s.Diagnose(w.As(u), d.ID)
		accesstest.Code(t, "diagnosis for somebody else", err, code)
	}
	back, err := w.s.RepairPath(w.As(w.owner), d.ID)
	if err != nil || back.Path != d.Path || !slices.Equal(back.Parts, d.Parts) || back.SummaryKey != d.SummaryKey {
		t.Errorf("repaired: %+v, %v", back, err)
	}
	if evs := w.Events(core.EventDatasetUpdated); len(evs) != 1 || evs[0].Details["path"] != d.Path {
		t.Errorf("audited %+v", evs)
	}
	if err := w.blobs.Delete(t.Context(), d.Parts[0]); err != nil {
		t.Fatal(err)
	}
	want.PathMatches, want.SuggestedFix = true, dataset.FixReimport
	if got := w.diagnosis(t, d.ID); got != want {
		t.Errorf("gone: %+v", got)
	}
	_, err = w.s.RepairPath(w.As(w.owner), d.ID)
	accesstest.Code(t, "what cannot be repaired", err, core.CodeValidation, "not_repairable")
	nobodys := core.NewID(core.NounDataset)
	if got := w.diagnosis(t, nobodys); got.Registered || got.SuggestedFix != dataset.FixUnknown {
		t.Errorf("nobody's: %+v", got)
	}
	if _, err := w.blobs.Put(t.Context(), "datasets/"+nobodys+"/data/v000001/part-0000.parquet", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	if got := w.diagnosis(t, nobodys); got.Registered || !got.ObjectExists || got.SuggestedFix != dataset.FixRegister {
		t.Errorf("files alone: %+v", got)
	}
}

// The runbook searches the log for this word.
func TestAMissingFileIsLoggedAndCounted(t *testing.T) { // DS-14, DIA-3
	w := newWorld(t)
	var log bytes.Buffer
	w.Log = slog.New(slog.NewTextHandler(&log, nil))
	w.s = w.service(dataset.Config{MaxUpload: maxUpload})
	d := w.Dataset(w.owner, region)
	w.executor.Rows = func(client.RowsRequest) client.RowsReply {
		return client.RowsReply{Problem: &client.Problem{Code: core.CodeSourceNotFound}}
	}
	for range 2 {
		_, err := w.s.Preview(w.As(w.owner), d.ID, 1)
		accesstest.Code(t, "preview", err, core.CodeSourceNotFound)
	}
	if got := w.diagnosis(t, d.ID); got.LogHits != 2 {
		t.Errorf("%d hits", got.LogHits)
	}
	if err := w.s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(log.String(), "msg=DatasetFileNotFoundError dataset="+d.ID); lines != 2 {
		t.Errorf("logged %d times: %s", lines, log.String())
	}
}
