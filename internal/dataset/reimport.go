package dataset

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

// ReimportInput asks to read a dataset's S3 object again. With Force, it asks to
// publish what an earlier call staged, which PlanToken names.
type ReimportInput struct {
	ID        string
	Force     bool
	PlanToken string
}

// ReuploadInput replaces the data of an uploaded dataset with another file's.
type ReuploadInput struct {
	ID       string
	Filename string // as the client named it; only for the log
	File     io.Reader
	Options  core.CSVOptions
}

// Outcome is where the replacement of a dataset's data stands. Without a Version
// and a Confirmation it still goes on.
type Outcome struct {
	Job          *core.ImportJob
	Dataset      *core.Dataset
	Version      *core.DatasetVersion // that was published
	Confirmation *Confirmation        // that is waited for
}

// Reimport reads the object again that a dataset was imported from, with the
// options of then, and waits a while for the end; for the owner and admins.
// Where the columns are the same the new version is published, else it waits to
// be confirmed. With force it publishes exactly what was staged. Errors:
// VALIDATION_ERROR (reimport_other for a dataset that is not from S3,
// bucket_not_allowed, plan_required, plan_unknown, plan_expired),
// SOURCE_NOT_FOUND, FILE_TOO_LARGE, CONFLICT where the dataset has got another
// version meanwhile, and whatever the import ended with.
func (s *Service) Reimport(ctx context.Context, in ReimportInput) (*Outcome, error) {
	d, err := s.Gate.RequireDataset(ctx, "input.id", in.ID, access.Manage)
	if err != nil {
		return nil, err
	}
	if err := core.CheckText("input.planToken", in.PlanToken, maxPlanToken); err != nil {
		return nil, err
	}
	if in.Force {
		o, err := s.confirm(ctx, d, in.PlanToken)
		if err == nil {
			err = s.Store.Idempotency.Keep(ctx, o.Job.ID)
		}
		return o, core.Known("keep import for its key", err)
	}
	if d.S3 == nil {
		return nil, core.Invalid("input.id", "reimport_other")
	}
	job := replacement(ctx, d, core.ImportAgain, d.Source)
	job.S3 = &core.S3Object{Bucket: d.S3.Bucket, Key: d.S3.Key}
	if _, err := s.look(ctx, "input.id", job.S3); err != nil {
		return nil, err
	}
	ended, err := s.start(ctx, job, nil, "s3://"+job.S3.Bucket+"/"+job.S3.Key)
	return s.await(ctx, job.ID, ended, err)
}

// Reupload replaces a dataset's data with the file's, as Reimport does. Columns that
// were left out stay so, and classes are those that were last given.
// VALIDATION_ERROR.reupload_other for a dataset whose data comes from elsewhere.
func (s *Service) Reupload(ctx context.Context, in ReuploadInput) (*Outcome, error) {
	d, err := s.Gate.RequireDataset(ctx, "input.id", in.ID, access.Manage)
	if err != nil {
		return nil, err
	}
	if d.SourceType != core.SourceCSV {
		return nil, core.Invalid("input.id", "reupload_other")
	}
	if in.File == nil {
		return nil, core.Invalid("input.file", "required")
	}
	if err := checkOptions(in.Options); err != nil {
		return nil, err
	}
	in.Options.DropColumns = slices.Concat(in.Options.DropColumns, d.Source.DropColumns)
	job := replacement(ctx, d, core.ImportReupload, in.Options)
	ended, err := s.start(ctx, job, in.File, in.Filename)
	return s.await(ctx, job.ID, ended, err)
}

func replacement(ctx context.Context, d *core.Dataset, kind core.ImportKind, o core.CSVOptions) *core.ImportJob {
	job := jobOf(core.ActorFrom(ctx), kind, d.ID, o)
	job.Name = d.Name
	return job
}

// await waits for the end of a job that was started, or could not be, as long as
// people wait for an answer.
func (s *Service) await(ctx context.Context, jobID string, ended <-chan struct{}, err error) (*Outcome, error) {
	if err != nil {
		return nil, err
	}
	patience := time.NewTimer(s.cfg.Patience)
	defer patience.Stop()
	select {
	case <-ended:
	case <-patience.C:
	case <-ctx.Done():
	}
	return s.outcome(context.WithoutCancel(ctx), jobID)
}

// Asked is where a replacement stands that the actor has asked for before, by its
// job. NOT_FOUND for others than they and administrators.
func (s *Service) Asked(ctx context.Context, jobID string) (*Outcome, error) {
	if _, err := s.jobOf(ctx, "input.id", jobID); err != nil {
		return nil, err
	}
	return s.outcome(ctx, jobID)
}

// outcome is where a job that replaces data stands; an error where it failed.
func (s *Service) outcome(ctx context.Context, jobID string) (*Outcome, error) {
	job, err := s.Store.Jobs.Get(ctx, jobID)
	if err != nil {
		return nil, core.Internal("read import job", err)
	}
	if job == nil {
		return nil, core.NotFound("input.id")
	}
	if p := job.Problem; p != nil {
		return nil, &core.Error{Code: p.Code, Reason: p.Reason, Args: p.Args, Details: map[string]any{"jobId": job.ID}}
	}
	o := &Outcome{Job: job}
	if !job.Status.Final() {
		return o, nil
	}
	if o.Dataset, err = s.existing(ctx, job.DatasetID); err != nil {
		return nil, err
	}
	if job.Staged != nil {
		o.Confirmation, err = s.confirmation(ctx, o.Dataset, job)
		return o, err
	}
	o.Version, err = s.published(ctx, job)
	return o, err
}
