package dataset_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
)

// importing makes the executor write one part of three rows.
func (w *world) importing(t *testing.T, columns ...core.Column) {
	w.executor.Import = func(r client.ImportRequest, tell func(client.ImportEvent)) client.ImportEvent {
		if _, err := w.blobs.Head(t.Context(), r.SourceKey); err != nil || r.MaxBytes != maxUpload {
			t.Errorf("asked for %+v: %v", r, err)
		}
		tell(client.ImportEvent{Progress: .5})
		part := r.Target + "part-0000.parquet"
		if _, err := w.blobs.Put(t.Context(), part, strings.NewReader("PAR1")); err != nil {
			t.Error(err)
		}
		return client.ImportEvent{Progress: 1, Done: &client.ImportDone{Columns: columns, RowCount: 3, Bytes: 4, Parts: []string{part}}}
	}
}

// ended waits for the job to end.
func (w *world) ended(t *testing.T, job *core.ImportJob) *core.ImportJob {
	t.Helper()
	for {
		now, err := w.s.ImportJob(w.As(w.admin), job.ID)
		if err != nil {
			t.Fatal(err)
		}
		if now.Status.Final() {
			return now
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("the job is still %s", now.Status)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func csv(name string) dataset.ImportInput {
	return dataset.ImportInput{Name: name, Filename: "売上.csv", File: strings.NewReader("地域\n関東\n")}
}

func TestImport(t *testing.T) { // DS-1, DS-7, DS-8, DS-16, FAIL-5
	w := newWorld(t)
	w.importing(t, region)
	in := csv(" 売上 ")
	in.Description, in.Options = "説明", core.CSVOptions{Encoding: "cp932", SortColumn: "地域"}
	job, err := w.s.Import(w.As(w.owner), in)
	if err != nil || job.Status != core.StatusQueued || job.OwnerID != w.owner.ID {
		t.Fatalf("got %+v, %v", job, err)
	}
	_, err = w.s.ImportJob(w.As(w.other), job.ID)
	accesstest.Code(t, "somebody else's job", err, core.CodeNotFound)
	end := w.ended(t, job)
	if end.Status != core.StatusSucceeded || end.Progress != 1 || end.FinishedAt.IsZero() || end.StartedAt.IsZero() {
		t.Fatalf("ended as %+v", end)
	}
	d, err := w.s.Dataset(w.As(w.owner), job.DatasetID)
	if err != nil || d.Name != "売上" || d.Description != "説明" || d.RowCount != 3 || d.DataVersion != 1 || d.SourceType != "csv" ||
		d.Source.Encoding != "cp932" || d.Path != "datasets/"+d.ID+"/data/v000001/" || d.LastImportBy != w.owner.ID {
		t.Errorf("got %+v, %v", d, err)
	}
	if err := w.s.Close(t.Context()); err != nil { // the upload is removed after the job has ended
		t.Fatal(err)
	}
	if keys := w.blobs.Keys(); !slices.Equal(keys, d.Parts) {
		t.Errorf("files: %v", keys)
	}
	if evs := w.Events(core.EventDatasetImported); len(evs) != 1 || evs[0].UserID != w.owner.ID || evs[0].Details["rows"] != "3" {
		t.Errorf("audited %+v", evs)
	}
	_, err = w.s.Import(w.As(w.owner), csv("x"))
	accesstest.Code(t, "after the end", err, core.CodeUnavailable)
}

func TestAppend(t *testing.T) { // DS-2
	w := newWorld(t)
	w.importing(t, region)
	job, err := w.s.Import(w.As(w.owner), csv("売上"))
	if err != nil {
		t.Fatal(err)
	}
	w.ended(t, job)
	nullable := region
	nullable.Nullable = true
	w.importing(t, nullable)
	next := csv("ignored")
	next.AppendTo = job.DatasetID
	if job, err = w.s.Import(w.As(w.owner), next); err != nil {
		t.Fatal(err)
	}
	if end := w.ended(t, job); end.Status != core.StatusSucceeded {
		t.Fatalf("ended as %+v, %+v", end, end.Problem)
	}
	d, err := w.s.Dataset(w.As(w.owner), job.DatasetID)
	if err != nil || d.Name != "売上" || d.DataVersion != 2 || d.RowCount != 6 || len(d.Parts) != 2 || !d.Columns[0].Nullable {
		t.Fatalf("got %+v, %v", d, err)
	}
	versions, err := w.s.Versions(w.As(w.owner), d.ID, core.PageArgs{First: 10})
	if err != nil || len(versions.Nodes) != 2 || versions.Nodes[0].Number != 2 || versions.Nodes[1].RowCount != 3 || len(versions.Nodes[1].Parts) != 1 {
		t.Errorf("versions %+v, %v", versions.Nodes, err)
	}
	w.importing(t, core.Column{Name: "地域", Type: core.TypeInt64})
	next.File = strings.NewReader("x")
	if job, err = w.s.Import(w.As(w.owner), next); err != nil {
		t.Fatal(err)
	}
	if end := w.ended(t, job); end.Problem == nil || end.Problem.Code != core.CodeValidation || end.Problem.Reason != "columns_differ" {
		t.Errorf("other columns ended as %+v, %+v", end, end.Problem)
	}
	if err := w.s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(d.Parts)
	slices.Sort(want)
	if keys := w.blobs.Keys(); !slices.Equal(keys, want) {
		t.Errorf("files: %v, want %v", keys, want)
	}
}

func TestManyPartsAtOnceAllArrive(t *testing.T) { // DS-2, FAIL-5
	w := newWorld(t)
	w.importing(t, region)
	job, err := w.s.Import(w.As(w.owner), csv("売上"))
	if err != nil {
		t.Fatal(err)
	}
	w.ended(t, job)
	const parts = 5
	var jobs []*core.ImportJob
	for range parts {
		next := csv("")
		next.AppendTo = job.DatasetID
		j, err := w.s.Import(w.As(w.owner), next)
		if err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, j)
	}
	for _, j := range jobs {
		if end := w.ended(t, j); end.Status != core.StatusSucceeded {
			t.Errorf("ended as %+v", end.Problem)
		}
	}
	d, err := w.s.Dataset(w.As(w.owner), job.DatasetID)
	if err != nil || d.DataVersion != parts+1 || d.RowCount != 3*(parts+1) || len(d.Parts) != parts+1 {
		t.Errorf("got %+v, %v", d, err)
	}
}

func TestFailedImportLeavesNothing(t *testing.T) { // DS-3, DS-4, FAIL-5
	problem := &client.Problem{Code: core.CodeCSVParse, Reason: "ragged", Line: 3, Column: 2, Sample: "x"}
	cases := map[string]struct {
		answer client.ImportEvent
		away   bool
		want   core.ImportProblem
	}{
		"bad file":      {client.ImportEvent{Problem: problem}, false, core.ImportProblem{Code: core.CodeCSVParse, Reason: "ragged", Line: 3, Column: 2, Sample: "x"}},
		"executor away": {client.ImportEvent{}, true, core.ImportProblem{Code: core.CodeUnavailable}},
		"broken off":    {client.ImportEvent{Progress: .7}, false, core.ImportProblem{Code: core.CodeUnavailable, Reason: "interrupted"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.executor.Import = func(r client.ImportRequest, _ func(client.ImportEvent)) client.ImportEvent {
				if _, err := w.blobs.Put(t.Context(), r.Target+"part-0000.parquet", strings.NewReader("x")); err != nil {
					t.Error(err)
				}
				return c.answer
			}
			w.executor.Away.Store(c.away)
			job, err := w.s.Import(w.As(w.owner), csv("売上"))
			if err != nil {
				t.Fatal(err)
			}
			end := w.ended(t, job)
			if end.Status != core.StatusFailed || end.Problem == nil || fmt.Sprint(*end.Problem) != fmt.Sprint(c.want) {
				t.Errorf("ended as %s with %+v", end.Status, end.Problem)
			}
			w.wantNothing(t, job)
			if evs := w.Events(core.EventDatasetImported); len(evs) != 1 || evs[0].Outcome != core.OutcomeFailure {
				t.Errorf("audited %+v", evs)
			}
		})
	}
}

// wantNothing wants no trace of the job's dataset once its imports have ended.
func (w *world) wantNothing(t *testing.T, job *core.ImportJob) {
	t.Helper()
	if err := w.s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if keys := w.blobs.Keys(); len(keys) > 0 {
		t.Errorf("files left: %v", keys)
	}
	_, err := w.s.Dataset(w.As(w.admin), job.DatasetID)
	accesstest.Code(t, "the dataset", err, core.CodeNotFound)
	if open, err := w.Store.Jobs.Open(t.Context()); err != nil || len(open) > 0 {
		t.Errorf("open jobs: %v, %v", open, err)
	}
}

type broken struct{ after io.Reader }

func (b broken) Read(p []byte) (int, error) {
	if n, err := b.after.Read(p); err == nil {
		return n, nil
	}
	return 0, errors.New("connection reset")
}

func TestImportBadInput(t *testing.T) { // DS-2
	w := newWorld(t)
	for name, c := range map[string]struct {
		change func(in *dataset.ImportInput)
		code   core.Code
		reason string
	}{
		"no name":          {func(in *dataset.ImportInput) { in.Name = "" }, core.CodeValidation, "required"},
		"long name":        {func(in *dataset.ImportInput) { in.Name = strings.Repeat("x", 1<<20) }, core.CodeValidation, "too_long"},
		"long description": {func(in *dataset.ImportInput) { in.Description = strings.Repeat("x", 2001) }, core.CodeValidation, "too_long"},
		"bad delimiter":    {func(in *dataset.ImportInput) { in.Options.Delimiter = ",," }, core.CodeValidation, "bad_value"},
		"no file":          {func(in *dataset.ImportInput) { in.File = nil }, core.CodeValidation, "required"},
		"unknown dataset":  {func(in *dataset.ImportInput) { in.AppendTo = core.NewID(core.NounDataset) }, core.CodeNotFound, ""},
		"one byte too many": {func(in *dataset.ImportInput) { in.File = strings.NewReader(strings.Repeat("x", maxUpload+1)) },
			core.CodeFileTooLarge, ""},
		"client that leaves": {func(in *dataset.ImportInput) { in.File = broken{strings.NewReader("地域\n")} },
			core.CodeValidation, "upload_interrupted"},
	} {
		in := csv("売上")
		c.change(&in)
		_, err := w.s.Import(w.As(w.owner), in)
		accesstest.Code(t, name, err, c.code, c.reason)
	}
	if keys := w.blobs.Keys(); len(keys) > 0 {
		t.Errorf("files left: %v", keys)
	}
	if open, err := w.Store.Jobs.Open(t.Context()); err != nil || len(open) > 0 {
		t.Errorf("jobs left: %v, %v", open, err)
	}
	_, err := w.s.Import(w.As(nil), csv("x"))
	accesstest.Code(t, "nobody", err, core.CodeUnauthorized)
}

func TestLargestFileIsTaken(t *testing.T) { // DS-2
	w := newWorld(t)
	w.importing(t, region)
	in := csv("売上")
	in.File = strings.NewReader(strings.Repeat("x", maxUpload))
	job, err := w.s.Import(w.As(w.owner), in)
	if err != nil || job.SourceBytes != maxUpload {
		t.Fatalf("got %+v, %v", job, err)
	}
	w.ended(t, job)
}

func TestCloseInterruptsImports(t *testing.T) { // FAIL-5
	w := newWorld(t)
	began, release := make(chan struct{}), make(chan struct{})
	w.executor.Import = func(client.ImportRequest, func(client.ImportEvent)) client.ImportEvent {
		close(began)
		<-release
		return client.ImportEvent{}
	}
	t.Cleanup(func() { close(release) })
	job, err := w.s.Import(w.As(w.owner), csv("売上"))
	if err != nil {
		t.Fatal(err)
	}
	<-began
	w.wantNothing(t, job)
	if end := w.ended(t, job); end.Status != core.StatusFailed || end.Problem.Reason != "interrupted" {
		t.Errorf("ended as %+v", end)
	}
}

// An import that ends after its owner has left makes a dataset of who took over.
func TestImportOfSomebodyWhoLeaves(t *testing.T) { // SH-8
	w := newWorld(t)
	w.importing(t, region)
	importing := w.executor.Import
	w.executor.Import = func(r client.ImportRequest, tell func(client.ImportEvent)) client.ImportEvent {
		_, err := w.Store.Users.Edit(t.Context(), w.owner.ID, func(u *core.User) error {
			u.DeactivatedAt, u.SuccessorID = time.Now(), w.other.ID
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		return importing(r, tell)
	}
	job, err := w.s.Import(w.As(w.owner), csv("売上"))
	accesstest.Code(t, "import", err, "")
	w.ended(t, job)
	d, err := w.s.Dataset(w.As(w.other), job.DatasetID)
	if err != nil || d.OwnerID != w.other.ID || d.LastImportBy != w.owner.ID {
		t.Errorf("got %+v, %v", d, err)
	}
}
