package dataset

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// Confirmation is what somebody has to confirm before a staged version is
// published, and the token that confirms it.
type Confirmation struct {
	Job       *core.ImportJob
	Changes   []SchemaChange
	Impact    *Impact
	PlanToken string
	ExpiresAt time.Time
}

// Confirmation is what a job waits for; nil where it waits for nothing, or in
// vain since the dataset has got another version. The job is one that the
// service gave.
func (s *Service) Confirmation(ctx context.Context, job *core.ImportJob) (*Confirmation, error) {
	if job.Staged == nil {
		return nil, nil
	}
	d, err := s.existing(ctx, job.DatasetID)
	if core.CodeOf(err) == core.CodeNotFound || err == nil && d.DataVersion != job.Base {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.confirmation(ctx, d, job)
}

func (s *Service) confirmation(ctx context.Context, d *core.Dataset, job *core.ImportJob) (*Confirmation, error) {
	on, err := s.dependents(ctx, d.ID)
	if err != nil {
		return nil, err
	}
	changes := schemaChanges(d.Columns, job.Staged.Columns)
	return &Confirmation{
		Job: job, Changes: changes, Impact: impactOf(d, changes, on),
		PlanToken: planOf(job).token(s.cfg.PlanKeys[0]), ExpiresAt: job.Staged.ExpiresAt,
	}, nil
}
