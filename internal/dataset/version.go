package dataset

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

const uploads = "uploads/"

func dataFolder(datasetID string) string { return "datasets/" + datasetID + "/" }

// versionFolder is where a job writes: of a new dataset the folder of its first
// version, otherwise a folder of the job's own, since two parts may be added at
// the same time. Who has taken the job over writes into another one than who may be
// writing still.
func versionFolder(job *core.ImportJob, number int64) string {
	ending := "/"
	if job.Kind != core.ImportNew {
		ending = ownEnding(job.ID)
	}
	if job.Worker != "" {
		ending = "-" + job.Worker + ending
	}
	return fmt.Sprintf("%sdata/v%06d%s", dataFolder(job.DatasetID), number, ending)
}

// ownEnding ends the folder that a job adds a part in.
func ownEnding(jobID string) string { return "-" + jobID[len(jobID)-8:] + "/" }

// firstVersion is the new dataset that a job makes.
func firstVersion(job *core.ImportJob, done *client.ImportDone) *core.Dataset {
	now := store.Now()
	d := &core.Dataset{
		ID: job.DatasetID, Name: job.Name, Description: job.Description, SourceType: core.SourceCSV, Source: job.Options, S3: job.S3,
		Columns: done.Columns, RowCount: done.RowCount, Bytes: done.Bytes, Parts: done.Parts, SummaryKey: done.Summary,
		Path: versionFolder(job, 1), DataVersion: 1, OwnerID: job.OwnerID,
		LastImportAt: now, LastImportBy: job.OwnerID, CreatedAt: now, UpdatedAt: now,
	}
	if job.S3 != nil {
		d.SourceType = core.SourceS3
	}
	return d
}

// addPart makes the dataset what it is with one more part.
func addPart(d *core.Dataset, job *core.ImportJob, done *client.ImportDone) error {
	columns, err := mergeColumns(d.Columns, done.Columns)
	if err != nil {
		return err
	}
	d.Columns, d.Parts = columns, slices.Concat(d.Parts, done.Parts)
	d.RowCount += done.RowCount
	d.Bytes += done.Bytes
	d.SummaryKey = "" // the part's tells nothing of the whole
	renewed(d, job.OwnerID)
	return nil
}

// replaceData makes the dataset what the job read, in place of what it was. The
// columns are the job's, described as those before.
func replaceData(d *core.Dataset, job *core.ImportJob, done *client.ImportDone, columns []core.Column) {
	d.Columns, d.Parts, d.SummaryKey = columns, done.Parts, done.Summary
	d.RowCount, d.Bytes = done.RowCount, done.Bytes
	d.Source, d.S3 = job.Options, job.S3
	renewed(d, job.OwnerID)
}

// renewed counts one more version, by somebody.
func renewed(d *core.Dataset, by string) {
	d.DataVersion++
	d.LastImportAt, d.LastImportBy, d.UpdatedAt = store.Now(), by, store.Now()
}

// versionOf is the dataset's newest version as the job leaves it.
func versionOf(d *core.Dataset, job *core.ImportJob, path string) *core.DatasetVersion {
	return &core.DatasetVersion{
		DatasetID: d.ID, Number: d.DataVersion, Columns: d.Columns, RowCount: d.RowCount, Bytes: d.Bytes,
		Path: path, Parts: d.Parts, Summary: d.SummaryKey, Kind: job.Kind, JobID: job.ID, CreatedAt: d.LastImportAt, CreatedBy: job.OwnerID,
	}
}

func interrupted() *core.ImportProblem {
	return &core.ImportProblem{Code: core.CodeUnavailable, Reason: "interrupted"}
}

func cancelled() *core.ImportProblem { return &core.ImportProblem{Reason: "cancelled"} }

func fromExecutor(p *client.Problem) *core.ImportProblem {
	return &core.ImportProblem{Code: p.Code, Reason: p.Reason, Args: p.Args,
		Line: p.Line, Column: p.Column, Offset: p.Offset, Sample: p.Sample}
}

// problemOf is what people are told of an error; an import that the end of the
// service stopped was interrupted, whatever came of that.
func problemOf(ctx context.Context, err error) *core.ImportProblem {
	e, ok := errors.AsType[*core.Error](err)
	switch {
	case errors.Is(err, errCancelled) || errors.Is(context.Cause(ctx), errCancelled):
		return cancelled()
	case ctx.Err() != nil || errors.Is(err, errEnded) || ok && e.Code == core.CodeExecution:
		return interrupted()
	case ok:
		return &core.ImportProblem{Code: e.Code, Reason: e.Reason, Args: e.Args}
	}
	return &core.ImportProblem{Code: core.CodeInternal}
}
