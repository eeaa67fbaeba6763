package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// stagedKept is how long a version waits to be confirmed.
const stagedKept = 24 * time.Hour

// stage ends a job with its version written and not published.
func (s *Service) stage(ctx context.Context, job *core.ImportJob, target string, done *client.ImportDone, blocked []core.Column) error {
	digest, err := s.digest(ctx, done.Parts)
	if err != nil {
		return core.Internal("read staged parts", err)
	}
	staged, err := s.editMine(ctx, job, func(j *core.ImportJob) error {
		switch {
		case j.Status.Final():
			return errEnded
		case j.Cancel:
			return errCancelled
		}
		now := store.Now()
		j.Status, j.Progress, j.FinishedAt, j.Heartbeat = core.StatusSucceeded, 1, now, now
		j.Staged = &core.StagedVersion{
			Columns: done.Columns, RowCount: done.RowCount, Bytes: done.Bytes, Target: target, Parts: done.Parts,
			Summary: done.Summary, Digest: digest, ExpiresAt: now.Add(stagedKept),
			Blocked: blocked,
		}
		tell(j, waits(blocked))
		return nil
	})
	if staged != nil {
		job.Staged = staged.Staged
	}
	return err
}

// waits tells what a staged version waits for.
func waits(blocked []core.Column) core.ImportEvent {
	ev := core.ImportEvent{Kind: core.ImportEventStatus, Note: core.NoteUnconfirmed}
	if len(blocked) > 0 {
		ev.Note, ev.Args = core.NoteBlocked, map[string]any{"columns": listed(namesOf(blocked))}
	}
	return ev
}

// digest is the SHA-256 over the bytes of parts in their order, in hex.
func (s *Service) digest(ctx context.Context, parts []string) (string, error) {
	h := sha256.New()
	for _, key := range parts {
		r, _, err := s.Blobs.Get(ctx, key)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(h, r)
		if err := errors.Join(err, r.Close()); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// confirm publishes exactly the version that the token names, and answers the
// same when it is asked again.
func (s *Service) confirm(ctx context.Context, d *core.Dataset, token string) (*Outcome, error) {
	p, err := readPlan(token, d.ID, store.Now(), s.cfg.PlanKeys...)
	if err != nil {
		return nil, err
	}
	job, err := s.Store.Jobs.Get(ctx, p.JobID)
	if err != nil {
		return nil, core.Internal("read import job", err)
	}
	switch {
	case job == nil || job.DatasetID != d.ID:
		return nil, planUnknown()
	case job.Staged == nil:
		return s.confirmed(ctx, job)
	case planOf(job) != p:
		return nil, planUnknown()
	case blocked(job):
		return nil, core.Invalid("input.planToken", "import_blocked")
	case d.DataVersion != p.Base:
		return nil, outdated(p.Base, d.DataVersion)
	}
	if err := s.whole(ctx, "input.planToken", job.Staged); err != nil {
		return nil, err
	}
	err = s.publish(ctx, job, job.Staged.Target, written(job.Staged))
	if err != nil && !errors.Is(err, errEnded) {
		return nil, err
	}
	return s.confirmed(ctx, job)
}

// whole tells whether the staged parts are what they were when they were staged.
func (s *Service) whole(ctx context.Context, field string, v *core.StagedVersion) error {
	digest, err := s.digest(ctx, v.Parts)
	switch {
	case errors.Is(err, blob.ErrNotFound) || err == nil && digest != v.Digest:
		return &core.Error{Code: core.CodeConflict, Reason: "plan_damaged", Field: field, Cause: err}
	case err != nil:
		return core.Internal("read staged parts", err)
	}
	return nil
}

// written is what the executor said of a staged version.
func written(v *core.StagedVersion) *client.ImportDone {
	return &client.ImportDone{Columns: v.Columns, RowCount: v.RowCount, Bytes: v.Bytes, Parts: v.Parts, Summary: v.Summary}
}

// confirmed is the outcome of a job that staged a version before:
// VALIDATION_ERROR.plan_expired where it was given up.
func (s *Service) confirmed(ctx context.Context, job *core.ImportJob) (*Outcome, error) {
	o, err := s.outcome(ctx, job.ID)
	if err == nil && o.Version == nil {
		err = planExpired()
	}
	return o, err
}

// published is the version that a job made; nil where there is none.
func (s *Service) published(ctx context.Context, job *core.ImportJob) (*core.DatasetVersion, error) {
	versions, err := s.Store.Datasets.Versions(ctx, job.DatasetID)
	if err != nil {
		return nil, core.Internal("read dataset versions", err)
	}
	at := slices.IndexFunc(versions, func(v *core.DatasetVersion) bool { return v.JobID == job.ID })
	if at < 0 {
		return nil, nil
	}
	return versions[at], nil
}

// sweepStaged gives up the staged versions that can be published no more: nobody
// confirmed them in time, or their dataset has got another version since.
func (s *Service) sweepStaged(ctx context.Context, now time.Time) error {
	jobs, err := s.Store.Jobs.Staged(ctx)
	if err != nil {
		return core.Internal("read staged imports", err)
	}
	for _, job := range jobs {
		if err := s.reconsider(ctx, job, now); err != nil {
			return err
		}
	}
	return nil
}

// overtaken gives up what was staged over a version of the dataset that is no longer
// the newest. What it does not get done, the next round does.
func (s *Service) overtaken(ctx context.Context, datasetID string) {
	jobs, err := s.Store.Jobs.Staged(ctx)
	for _, job := range jobs {
		if job.DatasetID == datasetID {
			err = errors.Join(err, s.reconsider(ctx, job, store.Now()))
		}
	}
	if err != nil {
		s.Log.WarnContext(ctx, "what was staged before is not given up yet", "dataset", datasetID, "error", err)
	}
}

// reconsider gives a staged version up where it can be published no more.
func (s *Service) reconsider(ctx context.Context, job *core.ImportJob, now time.Time) error {
	vain, err := s.vain(ctx, job)
	if err != nil || vain == nil && now.Before(job.Staged.ExpiresAt) {
		return err
	}
	if err := s.giveUp(ctx, job, vain); err != nil {
		return core.Internal("give up staged import", err)
	}
	return nil
}

// vain tells why a staged version will never be published; nil where it still may
// be, also when its dataset is brought back.
func (s *Service) vain(ctx context.Context, job *core.ImportJob) (why, err error) {
	if !job.Kind.Replaces() {
		return nil, nil
	}
	d, err := s.existing(ctx, job.DatasetID)
	switch {
	case core.CodeOf(err) == core.CodeNotFound:
		return nil, nil
	case err == nil && d.DataVersion != job.Base:
		why = outdated(job.Base, d.DataVersion)
	}
	return why, err
}

// giveUp ends a job that staged a version: as failed where it was in vain, else as
// cancelled, because nobody wanted it. One that was published meanwhile stays.
func (s *Service) giveUp(ctx context.Context, job *core.ImportJob, vain error) error {
	_, err := s.editJob(ctx, job.ID, func(j *core.ImportJob) error {
		if j.Staged == nil || j.Staged.Target != job.Staged.Target {
			return errEnded
		}
		ev := core.ImportEvent{Kind: core.ImportEventStatus, Note: core.NoteGivenUp}
		j.Staged, j.Status = nil, core.StatusCancelled
		if vain != nil {
			j.Status, j.Problem = core.StatusFailed, problemOf(ctx, vain)
			ev = core.ImportEvent{Kind: core.ImportEventStatus, Problem: j.Problem}
		}
		tell(j, ev)
		return nil
	})
	if errors.Is(err, errEnded) {
		return nil
	}
	if err == nil {
		s.sweep(ctx, job)
	}
	return err
}
