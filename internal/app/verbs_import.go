package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
	"github.com/karuta-bi/karuta/server/control"
)

// ImportArgs ask for a file to become a dataset of somebody's.
type ImportArgs struct {
	Name        string
	Description string
	Filename    string
	Owner       string // address of the account
	Options     core.CSVOptions
}

// ImportRow is the dataset that came out.
type ImportRow struct {
	ID      string
	Name    string
	Rows    int64
	Columns []core.Column
}

// ImportTold is what VerbImport tells while it works.
type ImportTold struct {
	JobID  string
	Events []core.ImportEvent
}

// HearImport is a context in which heard gets what VerbImport tells.
func HearImport(ctx context.Context, heard func(ImportTold)) context.Context {
	return control.Hear(ctx, func(raw json.RawMessage) {
		var told ImportTold
		if json.Unmarshal(raw, &told) == nil {
			heard(told)
		}
	})
}

// JobArgs name an import.
type JobArgs struct{ ID string }

const (
	jobPoll       = 50 * time.Millisecond // how often an operator's import looks whether it has ended
	cancelTimeout = 5 * time.Second
)

func (a *App) importFile(ctx context.Context, args json.RawMessage, file io.Reader) (any, error) {
	var in ImportArgs
	if err := json.Unmarshal(args, &in); err != nil {
		return nil, fmt.Errorf("arguments: %w", err)
	}
	owner, err := a.Identity.UserByEmail(ctx, in.Owner)
	if err != nil {
		return nil, err
	}
	return a.importFor(ctx, owner.ID, in, file)
}

// importFor imports the file and waits until it is readable.
func (a *App) importFor(ctx context.Context, ownerID string, in ImportArgs, file io.Reader) (ImportRow, error) {
	job, err := a.Datasets.Import(ctx, dataset.ImportInput{
		Name: in.Name, Description: in.Description, Filename: in.Filename, File: file, Options: in.Options, OwnerID: ownerID,
	})
	if err != nil {
		return ImportRow{}, err
	}
	return a.imported(ctx, job.ID)
}

// imported waits for the end of an import and gives what came out.
func (a *App) imported(ctx context.Context, jobID string) (ImportRow, error) {
	job, err := a.awaitImport(ctx, jobID)
	if err != nil {
		return ImportRow{}, err
	}
	if job.Problem != nil {
		return ImportRow{}, problemError(job.Problem)
	}
	if job.Status == core.StatusCancelled {
		return ImportRow{}, &core.Error{Code: core.CodeExecution, Reason: "import_cancelled"}
	}
	if job.Staged != nil {
		e := core.Invalid("input.file", "import_blocked")
		e.Cause = fmt.Errorf("job %s", job.ID) // to be confirmed by somebody who may
		return ImportRow{}, e
	}
	d, err := a.Datasets.Dataset(ctx, job.DatasetID)
	if err != nil {
		return ImportRow{}, err
	}
	return ImportRow{ID: d.ID, Name: d.Name, Rows: d.RowCount, Columns: d.Columns}, nil
}

// awaitImport waits for the end of an import and tells what it tells.
func (a *App) awaitImport(ctx context.Context, id string) (*core.ImportJob, error) {
	var told int64
	poll := time.NewTicker(jobPoll)
	defer poll.Stop()
	for {
		job, err := a.Datasets.ImportJob(ctx, id)
		if err != nil {
			return nil, err
		}
		if events, err := a.Datasets.ImportEvents(job, told); err == nil && len(events) > 0 {
			told = events[len(events)-1].Seq
			control.Tell(ctx, ImportTold{JobID: id, Events: events})
		}
		if !job.FinishedAt.IsZero() {
			return job, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), a.stopImport(ctx, id))
		case <-poll.C:
		}
	}
}

// cancelImport ends an import; what came out where it had ended before, an error
// that says so where it had not.
func (a *App) cancelImport(ctx context.Context, in JobArgs) (ImportRow, error) {
	if _, err := a.Datasets.CancelImport(ctx, in.ID); err != nil {
		return ImportRow{}, err
	}
	return a.imported(ctx, in.ID)
}

// stopImport ends an import that nobody waits for any more.
func (a *App) stopImport(ctx context.Context, id string) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer stop()
	_, err := a.Datasets.CancelImport(ctx, id)
	return err
}

// problemError is what is wrong with the file, with its place for the operator.
func problemError(p *core.ImportProblem) error {
	e := &core.Error{Code: p.Code, Reason: p.Reason, Args: p.Args}
	if p.Line > 0 {
		e.Cause = fmt.Errorf("line %d, column %d, near %q", p.Line, p.Column, p.Sample)
	}
	return e
}
