package resolvers

import (
	"context"

	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
)

func importInput(in graph.ImportCSVInput) dataset.ImportInput {
	options := csvOptions(in.Header, in.SkipRows, in.Delimiter, in.Encoding, in.PartitionColumn, in.NullValues, in.DateColumns)
	options.DropColumns = in.DropColumns
	return dataset.ImportInput{
		Name: text(in.Name), Description: text(in.Description), AppendTo: text(in.AppendTo),
		Filename: in.File.Name, File: in.File.Body, Options: readingOf(in.Format, in.Sheet, options), Classes: in.Classes,
	}
}

func s3Input(in graph.ImportS3Input) dataset.S3Input {
	options := csvOptions(in.Header, in.SkipRows, in.Delimiter, in.Encoding, in.PartitionColumn, in.NullValues, in.DateColumns)
	options.DropColumns = in.DropColumns
	return dataset.S3Input{
		Bucket: in.Bucket, Key: in.Key, Name: in.Name, Description: text(in.Description),
		Options: readingOf(in.Format, in.Sheet, options), Classes: in.Classes,
	}
}

func reuploadInput(in graph.ReuploadDatasetInput) dataset.ReuploadInput {
	return dataset.ReuploadInput{
		ID: in.ID, Filename: in.File.Name, File: in.File.Body,
		Options: readingOf(in.Format, in.Sheet, csvOptions(in.Header, in.SkipRows, in.Delimiter, in.Encoding, in.PartitionColumn, in.NullValues, in.DateColumns)),
	}
}

func csvOptions(header *bool, skip *int, delimiter, encoding, sort *string, nulls, dates []string) core.CSVOptions {
	o := core.CSVOptions{
		Header: header, Delimiter: text(delimiter), Encoding: text(encoding),
		NullValues: nulls, DateColumns: dates, SortColumn: text(sort),
	}
	if skip != nil {
		o.SkipRows = *skip
	}
	return o
}

// readingOf is how a file of any format is to be read.
func readingOf(format *core.FileFormat, sheet *string, o core.CSVOptions) core.CSVOptions {
	o.Sheet = text(sheet)
	if format != nil {
		o.Format = *format
	}
	return o
}

// replaced is the answer about a dataset whose data is replaced.
func replaced[T any](o *dataset.Outcome, err error) (answer T, _ error) {
	if err != nil {
		return answer, err
	}
	var is any = &graph.ReimportRunning{ImportStatus: "running", Job: o.Job}
	switch {
	case o.Version != nil:
		is = &graph.ReimportCompleted{ImportStatus: "completed", Dataset: o.Dataset, Version: o.Version, Job: o.Job}
	case o.Confirmation != nil:
		is = pending(o.Confirmation)
	}
	return is.(T), nil
}

func pending(c *dataset.Confirmation) *graph.ReimportPendingConfirmation {
	return &graph.ReimportPendingConfirmation{
		ImportStatus: "pending_confirmation", SchemaChanges: c.Changes, Impact: c.Impact, PlanToken: c.PlanToken, ExpiresAt: c.ExpiresAt, Job: c.Job,
	}
}

// importError says in the reader's language why an import failed; nil where it did not.
func importError(ctx context.Context, p *core.ImportProblem) *graph.ImportError {
	if p == nil {
		return nil
	}
	e := &graph.ImportError{
		Code:    p.Code,
		Message: core.Sentence(core.ActorFrom(ctx).Locale, &core.Error{Code: p.Code, Reason: p.Reason, Args: p.Args}),
		Line:    positive(p.Line),
		Column:  positive(p.Column),
	}
	if p.Code == core.CodeEncoding {
		e.Offset = &p.Offset
	}
	if p.Sample != "" {
		e.Sample = &p.Sample
	}
	if cell, ok := p.Args["cell"].(string); ok {
		e.Cell = &cell
	}
	return e
}

func positive(n int64) *int64 {
	if n <= 0 {
		return nil
	}
	return &n
}
