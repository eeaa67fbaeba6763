package dataset_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
)

var salary = core.Column{Name: "給与", Type: core.TypeInt64}

// dropping makes the executor write what is not to be left out.
func (w *world) dropping(t *testing.T, columns ...core.Column) {
	w.importing(t, columns...)
	importing := w.executor.Import
	w.executor.Import = func(r client.ImportRequest, tell func(client.ImportEvent)) client.ImportEvent {
		ev := importing(r, tell)
		ev.Done.Columns = slices.DeleteFunc(slices.Clone(ev.Done.Columns), func(c core.Column) bool { return slices.Contains(r.Options.DropColumns, c.Name) })
		return ev
	}
}

// blocked imports a file with a confidential column as the owner.
func (w *world) blocked(t *testing.T, in dataset.ImportInput) *core.ImportJob {
	t.Helper()
	job, err := w.s.Import(w.As(w.owner), in)
	accesstest.Code(t, "import", err, "")
	end := w.ended(t, job)
	if end.Status != core.StatusSucceeded || end.Staged == nil || len(end.Staged.Blocked) != 1 || end.Staged.Blocked[0].Name != salary.Name {
		t.Fatalf("ended as %+v with %+v, %+v", end, end.Problem, end.Staged)
	}
	return end
}

// A dataset with a confidential column does not exist for anybody before an
// administrator has approved it, and the owner may not say that it is harmless.
func TestConfidentialColumnsBlockAnImport(t *testing.T) { // PII-4
	w := newWorld(t)
	w.dropping(t, region, salary)
	job := w.blocked(t, csv("社員"))
	for _, u := range []*core.User{w.owner, w.other, w.admin} {
		_, err := w.s.Dataset(w.As(u), job.DatasetID)
		accesstest.Code(t, "the dataset", err, core.CodeNotFound)
		_, err = w.s.Preview(w.As(u), job.DatasetID, 10)
		accesstest.Code(t, "its rows", err, core.CodeNotFound)
	}
	confirm := func(u *core.User, in dataset.ConfirmInput) error {
		in.JobID = job.ID
		_, err := w.s.ConfirmImport(w.As(u), in)
		return err
	}
	harmless := dataset.ConfirmInput{Classes: []dataset.ColumnClass{{Column: salary.Name, Class: core.ClassNone}}}
	accesstest.Code(t, "somebody else", confirm(w.other, harmless), core.CodeNotFound)
	accesstest.Code(t, "the owner classes it lower", confirm(w.owner, harmless), core.CodeForbidden, "confidential_class")
	accesstest.Code(t, "the owner approves", confirm(w.owner, dataset.ConfirmInput{Approve: true}), core.CodeForbidden, "confidential_class")
	accesstest.Code(t, "no such column", confirm(w.owner, dataset.ConfirmInput{Drop: []string{"x"}}), core.CodeValidation, "unknown_column")
	accesstest.Code(t, "nothing left", confirm(w.owner, dataset.ConfirmInput{Drop: []string{region.Name, salary.Name}}), core.CodeValidation, "no_columns_left")
	page, err := w.s.ImportJobs(w.As(w.admin), true, core.PageArgs{First: 10})
	if err != nil || len(page.Nodes) != 1 || page.Nodes[0].ID != job.ID {
		t.Errorf("administrators are shown %+v, %v", page, err)
	}
	accesstest.Code(t, "an administrator approves", confirm(w.admin, dataset.ConfirmInput{Approve: true}), "")
	d, err := w.s.Dataset(w.As(w.owner), job.DatasetID)
	if err != nil || len(d.Columns) != 2 || d.Columns[1].Class != core.ClassConfidential || d.OwnerID != w.owner.ID {
		t.Fatalf("got %+v, %v", d, err)
	}
	accesstest.Code(t, "again", confirm(w.admin, dataset.ConfirmInput{Approve: true}), core.CodeValidation, "not_blocked")
	if evs := w.Events(core.EventImportConfirmed); len(evs) != 1 || evs[0].UserID != w.admin.ID || evs[0].TargetID != d.ID {
		t.Errorf("audited %+v", evs)
	}
	lower := dataset.Change{ID: d.ID, Version: d.Version, Columns: []dataset.ColumnChange{{Name: salary.Name, Class: new(core.ClassNone)}}}
	_, err = w.s.Update(w.As(w.owner), lower)
	accesstest.Code(t, "the owner opens it later", err, core.CodeForbidden, "confidential_class")
	_, err = w.s.Update(w.As(w.admin), lower)
	accesstest.Code(t, "an administrator opens it", err, "")
	next := csv("")
	next.AppendTo = d.ID
	if job, err = w.s.Import(w.As(w.owner), next); err != nil {
		t.Fatal(err)
	}
	if end := w.ended(t, job); end.Staged != nil || end.Status != core.StatusSucceeded {
		t.Errorf("what is decided blocks again: %+v", end)
	}
}

// What its owner leaves out is imported nowhere, not at the next import either.
func TestConfidentialColumnsAreLeftOut(t *testing.T) { // PII-4
	w := newWorld(t)
	w.dropping(t, region, salary)
	in := csv("社員")
	in.Options.SortColumn = salary.Name
	job := w.blocked(t, in)
	if _, err := w.s.ConfirmImport(w.As(w.owner), dataset.ConfirmInput{JobID: job.ID, Drop: []string{salary.Name}}); err != nil {
		t.Fatal(err)
	}
	if end := w.ended(t, job); end.Status != core.StatusSucceeded || end.Staged != nil {
		t.Fatalf("ended as %+v, %+v", end, end.Problem)
	}
	if err := w.s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := w.now(t, job.DatasetID)
	if len(d.Columns) != 1 || !slices.Equal(d.Source.DropColumns, []string{salary.Name}) || d.Source.SortColumn != "" {
		t.Errorf("got %+v", d)
	}
	if keys := w.blobs.Keys(); !slices.Equal(keys, d.Parts) {
		t.Errorf("files: %v", keys)
	}
}

// A column that was left out does not come back with another upload, and what was
// decided on one holds for it, too.
func TestReuploadsHoldToWhatWasDecided(t *testing.T) { // PII-4
	w := newWorld(t)
	w.dropping(t, region, salary)
	decide := func(u *core.User, in dataset.ConfirmInput) (datasetID string) {
		t.Helper()
		job := w.blocked(t, csv("社員"))
		in.JobID = job.ID
		_, err := w.s.ConfirmImport(w.As(u), in)
		accesstest.Code(t, "decide", err, "")
		w.ended(t, job)
		return job.DatasetID
	}
	reupload := func(id string) *dataset.Outcome {
		t.Helper()
		o, err := w.s.Reupload(w.As(w.owner), dataset.ReuploadInput{ID: id, File: strings.NewReader("x")})
		accesstest.Code(t, "re-upload", err, "")
		if o.Version == nil {
			t.Fatalf("waits: %+v", o)
		}
		return o
	}
	without := decide(w.owner, dataset.ConfirmInput{Drop: []string{salary.Name}})
	for range 2 {
		if d := reupload(without).Dataset; len(d.Columns) != 1 || !slices.Equal(d.Source.DropColumns, []string{salary.Name}) {
			t.Errorf("what was left out: %+v", d)
		}
	}
	open := decide(w.admin, dataset.ConfirmInput{Classes: []dataset.ColumnClass{{Column: salary.Name, Class: core.ClassNone}}})
	if d := reupload(open).Dataset; d.Columns[1].Class != core.ClassNone {
		t.Errorf("what was approved: %+v", d.Columns)
	}
}

// Nobody but administrators decides beforehand that what is confidential is not.
func TestClassesBeforehand(t *testing.T) { // PII-4
	w := newWorld(t)
	w.importing(t, region, salary)
	in := csv("社員")
	in.Classes = []dataset.ColumnClass{{Column: salary.Name, Class: core.ClassNone}}
	w.blocked(t, in)
	in.File = strings.NewReader("x")
	job, err := w.s.Import(w.As(w.admin), in)
	accesstest.Code(t, "import", err, "")
	if end := w.ended(t, job); end.Staged != nil {
		t.Errorf("an administrator's waits: %+v", end.Staged)
	}
	if d := w.now(t, job.DatasetID); d.Columns[1].Class != core.ClassNone {
		t.Errorf("got %+v", d.Columns)
	}
}

// What nobody decides on in time leaves nothing; until then a restart keeps it.
func TestBlockedImportsAreGivenUp(t *testing.T) { // PII-4
	w := newWorld(t)
	w.importing(t, region, salary)
	job := w.blocked(t, csv("社員"))
	if err := w.s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.blobs.Head(t.Context(), job.SourceKey); err != nil {
		t.Errorf("the upload is gone: %v", err)
	}
	if err := w.s.Retain(t.Context(), job.Staged.ExpiresAt.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if keys := w.blobs.Keys(); len(keys) > 0 {
		t.Errorf("left: %v", keys)
	}
}

// A re-import that brings a confidential column waits for that first, then for its
// plan.
func TestReimportWithAConfidentialColumn(t *testing.T) { // PII-4, DS-10
	w := newWorld(t)
	d := w.fromS3(t, region)
	w.dropping(t, region, salary)
	o := w.reimport(t, d)
	force := dataset.ReimportInput{ID: d.ID, Force: true, PlanToken: o.Confirmation.PlanToken}
	_, err := w.s.Reimport(w.As(w.owner), force)
	accesstest.Code(t, "with the plan's token", err, core.CodeValidation, "import_blocked")
	if _, err := w.s.ConfirmImport(w.As(w.admin), dataset.ConfirmInput{JobID: o.Job.ID, Approve: true}); err != nil {
		t.Fatal(err)
	}
	if now := w.now(t, d.ID); now.DataVersion != 1 {
		t.Errorf("published without its plan: %+v", now)
	}
	_, err = w.s.Reimport(w.As(w.owner), force)
	accesstest.Code(t, "once it is approved", err, "")
	if now := w.now(t, d.ID); now.DataVersion != 2 || now.Columns[1].Class != core.ClassConfidential {
		t.Errorf("published %+v", now)
	}
}
