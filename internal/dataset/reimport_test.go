package dataset_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
)

var amount = core.Column{Name: "金額", Type: core.TypeInt64}

// fromS3 imports an object of the company's bucket as the owner.
func (w *world) fromS3(t *testing.T, columns ...core.Column) *core.Dataset {
	t.Helper()
	w.importing(t, columns...)
	w.objects.Fill("company-data", "sales.csv", "地域\n関東\n")
	job, err := w.s.ImportS3(w.As(w.owner), dataset.S3Input{
		Bucket: "company-data", Key: "sales.csv", Name: "売上", Options: core.CSVOptions{Encoding: "cp932", Format: core.FormatXLSX, Sheet: "売上"},
	})
	accesstest.Code(t, "import", err, "")
	if end := w.ended(t, job); end.Status != core.StatusSucceeded || end.SourceBytes == 0 || end.S3.ETag == "" {
		t.Fatalf("ended as %+v with %+v", end, end.Problem)
	}
	return w.now(t, job.DatasetID)
}

func (w *world) now(t *testing.T, id string) *core.Dataset {
	t.Helper()
	d, err := w.Store.Datasets.Get(t.Context(), id)
	if err != nil || d == nil {
		t.Fatalf("got %+v, %v", d, err)
	}
	return d
}

func (w *world) reimport(t *testing.T, d *core.Dataset) *dataset.Outcome {
	t.Helper()
	o, err := w.s.Reimport(w.As(w.owner), dataset.ReimportInput{ID: d.ID})
	accesstest.Code(t, "reimport", err, "")
	return o
}

func TestReimport(t *testing.T) { // DS-9, DS-10, DS-16
	w := newWorld(t)
	d := w.fromS3(t, region)
	if d.SourceType != core.SourceS3 || d.S3.Key != "sales.csv" || d.Source.Encoding != "cp932" {
		t.Errorf("got %+v", d)
	}
	first := d.Parts
	importing := w.executor.Import
	w.executor.Import = func(r client.ImportRequest, tell func(client.ImportEvent)) client.ImportEvent {
		if r.Options.Encoding != "cp932" || r.Options.Format != core.FormatXLSX || r.Options.Sheet != "売上" {
			t.Errorf("the options are forgotten: %+v", r.Options)
		}
		return importing(r, tell)
	}
	w.objects.Fill("company-data", "sales.csv", "地域\n関西\n")
	o := w.reimport(t, d)
	if o.Version == nil || o.Version.Number != 2 || o.Version.Origin() != core.ImportAgain || o.Dataset.DataVersion != 2 ||
		slices.Equal(o.Dataset.Parts, first) || o.Dataset.S3.ETag == d.S3.ETag || o.Dataset.RowCount != 3 {
		t.Errorf("got %+v, %+v", o.Dataset, o.Version)
	}
	w.objects.Empty("company-data", "sales.csv")
	_, err := w.s.Reimport(w.As(w.owner), dataset.ReimportInput{ID: d.ID})
	accesstest.Code(t, "without the object", err, core.CodeSourceNotFound)
	_, err = w.s.Reimport(w.As(w.owner), dataset.ReimportInput{ID: w.Dataset(w.owner, region).ID})
	accesstest.Code(t, "of an upload", err, core.CodeValidation, "reimport_other")
}

func TestReimportWaitsForConfirmation(t *testing.T) { // DS-10, DS-11
	w := newWorld(t)
	d := w.fromS3(t, region, amount)
	w.importing(t, core.Column{Name: "地域", Type: core.TypeString, Nullable: true}, core.Column{Name: "支店", Type: core.TypeString})
	o := w.reimport(t, d)
	c := o.Confirmation
	want := []dataset.SchemaChange{
		{Kind: dataset.NullableChanged, Column: "地域", From: "false", To: "true"},
		{Kind: dataset.ColumnRemoved, Column: "金額", From: "int64", Breaking: true},
		{Kind: dataset.ColumnAdded, Column: "支店", To: "string"},
	}
	if o.Version != nil || c == nil || !slices.Equal(c.Changes, want) || o.Job.Status != core.StatusSucceeded {
		t.Fatalf("got %+v, %+v", o, c)
	}
	if seen, err := w.s.ImportJob(w.As(w.owner), o.Job.ID); err != nil {
		t.Error(err)
	} else if again, err := w.s.Confirmation(w.As(w.owner), seen); err != nil || again.PlanToken != c.PlanToken {
		t.Errorf("the job waits for %+v, %v", again, err)
	}
	if now := w.now(t, d.ID); now.DataVersion != 1 || len(now.Columns) != 2 {
		t.Errorf("the staged version is seen: %+v", now)
	}
	w.executor.Away.Store(true) // nothing is read again
	w.objects.Empty("company-data", "sales.csv")
	staged := o.Job.Staged
	for range 2 { // asked twice, it answers the same
		o, err := w.s.Reimport(w.As(w.owner), dataset.ReimportInput{ID: d.ID, Force: true, PlanToken: c.PlanToken})
		if err != nil || o.Version == nil || o.Version.Number != 2 || !slices.Equal(o.Dataset.Parts, staged.Parts) || len(o.Dataset.Columns) != 2 {
			t.Fatalf("got %+v, %v", o, err)
		}
	}
	if now := w.now(t, d.ID); now.DataVersion != 2 || now.Columns[1].Name != "支店" {
		t.Errorf("published %+v", now)
	}
}

func TestPlansThatAreRefused(t *testing.T) { // DS-10
	w := newWorld(t)
	d := w.fromS3(t, region)
	w.importing(t, amount)
	plan := func() (string, *core.ImportJob) { o := w.reimport(t, d); return o.Confirmation.PlanToken, o.Job }
	force := func(id, token string) error {
		_, err := w.s.Reimport(w.As(w.owner), dataset.ReimportInput{ID: id, Force: true, PlanToken: token})
		return err
	}
	token, job := plan()
	accesstest.Code(t, "without a token", force(d.ID, ""), core.CodeValidation, "plan_required")
	accesstest.Code(t, "for another dataset", force(w.Dataset(w.owner, region).ID, token), core.CodeValidation, "plan_unknown")
	accesstest.Code(t, "cut short", force(d.ID, token[:len(token)-2]), core.CodeValidation, "plan_unknown")
	body, sign, _ := strings.Cut(token, ".")
	accesstest.Code(t, "forged", force(d.ID, body[:len(body)-3]+"AAA."+sign), core.CodeValidation, "plan_unknown")

	if _, err := w.blobs.Put(t.Context(), job.Staged.Parts[0], strings.NewReader("other bytes")); err != nil {
		t.Fatal(err)
	}
	accesstest.Code(t, "over other bytes", force(d.ID, token), core.CodeConflict, "plan_damaged")

	token, _ = plan()
	o, err := w.s.Reimport(w.As(w.owner), dataset.ReimportInput{ID: d.ID, Force: true, PlanToken: token})
	accesstest.Code(t, "good", err, "")
	w.importing(t, region)
	d = o.Dataset
	late, overtaken := plan()
	early, _ := plan()
	accesstest.Code(t, "good", force(d.ID, early), "")
	if job, err := w.Store.Jobs.Get(t.Context(), overtaken.ID); err != nil || job.Status != core.StatusFailed || job.Problem == nil || job.Problem.Reason != "plan_outdated" || job.Staged != nil {
		t.Errorf("a job that was overtaken: %+v, %v", job, err) // a success without a version would be a lie
	}
	accesstest.Code(t, "over a newer version", force(d.ID, late), core.CodeConflict, "plan_outdated")

	w.importing(t, amount)
	token, job = plan()
	if err := w.s.Retain(t.Context(), job.Staged.ExpiresAt.Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.blobs.Head(t.Context(), job.Staged.Parts[0]); err != nil {
		t.Errorf("given up too early: %v", err)
	}
	if err := w.s.Retain(t.Context(), job.Staged.ExpiresAt); err != nil {
		t.Fatal(err)
	}
	accesstest.Code(t, "too late", force(d.ID, token), core.CodeValidation, "plan_expired")
	if _, err := w.blobs.Head(t.Context(), job.Staged.Parts[0]); err == nil {
		t.Error("what was staged was left")
	}
}

func TestReupload(t *testing.T) { // DS-12
	w := newWorld(t)
	d := w.Dataset(w.owner, region)
	w.importing(t, region)
	in := dataset.ReuploadInput{ID: d.ID, File: strings.NewReader("地域\n関西\n"), Options: core.CSVOptions{Delimiter: ";"}}
	o, err := w.s.Reupload(w.As(w.admin), in)
	if err != nil || o.Version == nil || o.Version.Origin() != core.ImportReupload || o.Dataset.Source.Delimiter != ";" ||
		o.Dataset.LastImportBy != w.admin.ID || o.Dataset.OwnerID != w.owner.ID {
		t.Fatalf("got %+v, %v", o, err)
	}
	w.importing(t, amount)
	in.File = strings.NewReader("金額\n1\n")
	if o, err = w.s.Reupload(w.As(w.owner), in); err != nil || o.Confirmation == nil {
		t.Fatalf("got %+v, %v", o, err)
	}
	o, err = w.s.Reimport(w.As(w.owner), dataset.ReimportInput{ID: d.ID, Force: true, PlanToken: o.Confirmation.PlanToken})
	if err != nil || o.Dataset.DataVersion != 3 || o.Dataset.Columns[0].Name != "金額" {
		t.Errorf("got %+v, %v", o, err)
	}
	in.ID, in.File = w.fromS3(t, region).ID, strings.NewReader("x")
	_, err = w.s.Reupload(w.As(w.owner), in)
	accesstest.Code(t, "for an object", err, core.CodeValidation, "reupload_other")
}

// An object that changes while it is read is read again, and not for ever.
func TestObjectsThatChange(t *testing.T) { // DS-9
	w := newWorld(t)
	d := w.fromS3(t, region)
	var looks atomic.Int32
	changes := int32(2)
	w.objects.Looked = func() {
		if n := looks.Add(1); n > 1 && n <= changes { // the first look is before the job
			w.objects.Fill("company-data", "sales.csv", strings.Repeat("x", int(n)))
		}
	}
	o := w.reimport(t, d)
	if o.Job.SourceBytes != 2 || looks.Load() != 3 {
		t.Errorf("read %d bytes after %d looks", o.Job.SourceBytes, looks.Load())
	}
	looks.Store(0)
	changes = 100
	_, err := w.s.Reimport(w.As(w.owner), dataset.ReimportInput{ID: d.ID})
	accesstest.Code(t, "for ever", err, core.CodeConflict, "source_changed")
	w.objects.Looked = nil
	w.objects.Fill("company-data", "sales.csv", strings.Repeat("x", maxUpload+1))
	_, err = w.s.Reimport(w.As(w.owner), dataset.ReimportInput{ID: d.ID})
	accesstest.Code(t, "too large", err, core.CodeFileTooLarge)
}

func TestS3BadInput(t *testing.T) { // DS-9
	w := newWorld(t)
	w.objects.Fill("secret", "x.csv", "x")
	for name, c := range map[string]struct {
		bucket, key string
		code        core.Code
		reason      string
	}{
		"another bucket": {"secret", "x.csv", core.CodeValidation, "bucket_not_allowed"},
		"no key":         {"company-data", "", core.CodeValidation, "required"},
		"upwards":        {"company-data", "a/../x.csv", core.CodeValidation, "bad_key"},
		"absolute":       {"company-data", "/x.csv", core.CodeValidation, "bad_key"},
		"odd":            {"company-data", "売上.csv", core.CodeValidation, "bad_key"},
		"line end":       {"company-data", "x.csv\n", core.CodeValidation, "bad_key"},
		"long":           {"company-data", strings.Repeat("x", 1025), core.CodeValidation, "too_long"},
		"missing":        {"company-data", "x.csv", core.CodeSourceNotFound, ""},
	} {
		_, err := w.s.ImportS3(w.As(w.owner), dataset.S3Input{Bucket: c.bucket, Key: c.key, Name: "x"})
		accesstest.Code(t, name, err, c.code, c.reason)
	}
	_, err := w.s.ImportS3(w.As(nil), dataset.S3Input{Bucket: "company-data", Key: "x.csv", Name: "x"})
	accesstest.Code(t, "nobody", err, core.CodeUnauthorized)
}

// What somebody kept secret stays so, however the column comes and goes.
func TestColumnsComeBackAsConfidentialAsTheyWent(t *testing.T) { // PII-4
	w := newWorld(t)
	d := w.fromS3(t, region, amount)
	class, words := core.ClassConfidential, "給与"
	_, err := w.s.Update(w.As(w.owner), dataset.Change{ID: d.ID, Version: d.Version, Columns: []dataset.ColumnChange{{Name: "金額", Class: &class, Description: &words}}})
	accesstest.Code(t, "class", err, "")
	confirmed := func(columns ...core.Column) *core.Dataset {
		w.importing(t, columns...)
		o := w.reimport(t, d)
		o, err := w.s.Reimport(w.As(w.owner), dataset.ReimportInput{ID: d.ID, Force: true, PlanToken: o.Confirmation.PlanToken})
		accesstest.Code(t, "force", err, "")
		return o.Dataset
	}
	confirmed(region)
	if back := confirmed(region, amount); back.Columns[1].Class != class || back.Columns[1].Description != words {
		t.Errorf("imported again: %+v", back.Columns)
	}
	confirmed(region)
	back, v, err := w.s.Restore(w.As(w.owner), dataset.RestoreInput{ID: d.ID, Number: 1})
	if err != nil || back.Columns[1].Class != class || v.Columns[1].Class != class {
		t.Errorf("restored: %+v, %v", back, err)
	}
}

func TestRestore(t *testing.T) { // DS-16
	w := newWorld(t)
	d := w.fromS3(t, region)
	w.reimport(t, d)
	back, v, err := w.s.Restore(w.As(w.admin), dataset.RestoreInput{ID: d.ID, Number: 1})
	if err != nil || v.Number != 3 || v.Restored != 1 || v.Origin() != core.KindRestore || v.CreatedBy != w.admin.ID ||
		back.DataVersion != 3 || !slices.Equal(back.Parts, d.Parts) || back.Path != d.Path {
		t.Errorf("got %+v, %+v, %v", back, v, err)
	}
	_, _, err = w.s.Restore(w.As(w.owner), dataset.RestoreInput{ID: d.ID, Number: 3})
	accesstest.Code(t, "the newest", err, core.CodeValidation, "newest_already")
	_, _, err = w.s.Restore(w.As(w.owner), dataset.RestoreInput{ID: d.ID, Number: 9})
	accesstest.Code(t, "none", err, core.CodeNotFound)
	_, _, err = w.s.Restore(w.As(w.owner), dataset.RestoreInput{ID: d.ID, Number: 2, Version: new(back.Version - 1)})
	accesstest.Code(t, "an old version", err, core.CodeConflict)
	_, _, err = w.s.Restore(w.As(w.viewer), dataset.RestoreInput{ID: d.ID, Number: 2})
	accesstest.Code(t, "a stranger", err, core.CodeNotFound)
	if evs := w.Events(core.EventDatasetRestored); len(evs) != 1 || evs[0].Details["restored"] != "1" {
		t.Errorf("audited %+v", evs)
	}
}
