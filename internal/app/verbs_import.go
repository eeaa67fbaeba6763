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
	if job, err = a.awaitImport(ctx, job.ID); err != nil {
		return ImportRow{}, err
	}
	if job.Problem != nil {
		return ImportRow{}, problemError(job.Problem)
	}
	if job.Status == core.StatusCancelled {
		return ImportRow{}, &core.Error{Code: core.CodeUnavailable, Reason: "interrupted"}
	}
	if job.Staged != nil {
		return ImportRow{}, core.Invalid("input.file", "import_blocked")
	}
	d, err := a.Datasets.Dataset(ctx, job.DatasetID)
	if err != nil {
		return ImportRow{}, err
	}
	return ImportRow{ID: d.ID, Name: d.Name, Rows: d.RowCount, Columns: d.Columns}, nil
}

func (a *App) awaitImport(ctx context.Context, id string) (*core.ImportJob, error) {
	poll := time.NewTicker(jobPoll)
	defer poll.Stop()
	for {
		job, err := a.Datasets.ImportJob(ctx, id)
		if err != nil || !job.FinishedAt.IsZero() {
			return job, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), a.cancelImport(ctx, id))
		case <-poll.C:
		}
	}
}

// cancelImport ends an import that nobody waits for any more.
func (a *App) cancelImport(ctx context.Context, id string) error {
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
