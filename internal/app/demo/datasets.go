package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
)

// lookEvery is how often an import is asked whether it is done.
const lookEvery = 20 * time.Millisecond

// importDatasets imports the tables that are not there yet, all at once.
func (b *builder) importDatasets(ctx context.Context) error {
	jobs := map[string]string{}
	for _, t := range tables {
		there, err := b.haveDataset(b.as(ctx, t.owner), t)
		if err != nil {
			return err
		}
		if there {
			continue
		}
		if jobs[t.file], err = b.startImport(b.as(ctx, t.owner), t); err != nil {
			return fmt.Errorf("%s: %w", t.file, err)
		}
	}
	for file, job := range jobs {
		id, err := b.await(ctx, job)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		b.datasets[file] = id
	}
	return nil
}

func (b *builder) haveDataset(ctx context.Context, t table) (bool, error) {
	page, err := b.Datasets.Datasets(ctx, false, everything)
	if err != nil {
		return false, err
	}
	found, ok := named(page.Nodes, t.name, func(d *core.Dataset) string { return d.Name })
	if ok {
		b.datasets[t.file] = found.ID
	}
	return ok, nil
}

func (b *builder) startImport(ctx context.Context, t table) (string, error) {
	file, err := openTable(t.file)
	if err != nil {
		return "", err
	}
	job, err := b.Datasets.Import(ctx, dataset.ImportInput{Name: t.name, Description: t.description, Filename: t.file + ".csv", File: file})
	if err != nil {
		return "", err
	}
	return job.ID, nil
}

// await waits until an import is over and gives its dataset.
func (b *builder) await(ctx context.Context, jobID string) (string, error) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		job, err := b.Datasets.ImportJob(ctx, jobID)
		if err != nil {
			return "", err
		}
		switch {
		case job.Status == core.StatusSucceeded:
			return job.DatasetID, nil
		case job.Status.Final():
			return "", fmt.Errorf("import ended as %s: %+v", job.Status, job.Problem)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-look.C:
		}
	}
}
