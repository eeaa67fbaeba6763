package dataset

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

const (
	maxAttempts = 3 // of an import, in all
	retryPause  = 200 * time.Millisecond
)

var errCancelled = errors.New("somebody asked for the end of the import")

// CancelImport asks for the end of an import, one's own or, for admins, any. It ends
// as CANCELLED within a second or two, in whichever process it runs, and leaves
// nothing. One that has ended stays as it ended. NOT_FOUND otherwise.
func (s *Service) CancelImport(ctx context.Context, id string) (*core.ImportJob, error) {
	job, err := s.jobOf(ctx, "input.id", id)
	if err != nil || job.Status.Final() {
		return job, err
	}
	marked, err := s.Store.Jobs.Edit(ctx, id, func(j *core.ImportJob) error {
		if j.Status.Final() {
			return errEnded
		}
		j.Cancel = true
		return nil
	})
	switch {
	case errors.Is(err, errEnded):
		return s.jobOf(ctx, "input.id", id)
	case err != nil:
		return nil, err
	case marked == nil:
		return nil, core.NotFound("input.id")
	}
	return marked, nil
}

// attempts lets the executor write the version, again where it was lost on the way.
func (s *Service) attempts(ctx context.Context, job *core.ImportJob, at *standing) (target string, done *client.ImportDone, p *core.ImportProblem) {
	var left string // by the attempt before
	for fetched := job.S3 == nil || job.SourceBytes > 0; ; fetched = true {
		target, attempt, err := s.begin(ctx, job)
		if err == nil && left != "" {
			s.removeAll(ctx, left)
		}
		if err == nil && !fetched {
			err = s.fetch(ctx, job)
		}
		if err != nil {
			return "", nil, problemOf(ctx, err)
		}
		done, problem, err := s.Executor.Import(ctx, client.ImportRequest{
			JobID: job.ID, SourceKey: job.SourceKey, Target: target, Options: job.Options, MaxBytes: s.cfg.MaxUpload,
		}, at.reach)
		if attempt < maxAttempts && ctx.Err() == nil && lostOnTheWay(attempt, problem, err) {
			s.Log.WarnContext(ctx, "executor lost in an import, trying again", "job", job.ID, "attempt", attempt, "error", err)
			left = target
			select {
			case <-ctx.Done():
			case <-time.After(retryPause):
			}
			continue
		}
		switch {
		case problem != nil:
			return "", nil, fromExecutor(problem)
		case err != nil:
			return "", nil, problemOf(ctx, err)
		}
		return target, done, nil
	}
}

// lostOnTheWay tells that an attempt ended by no fault of the file: the executor or its
// worker went away, or is not back yet.
func lostOnTheWay(attempt int, problem *client.Problem, err error) bool {
	if problem != nil {
		return problem.Code == core.CodeUnavailable
	}
	e, ok := errors.AsType[*core.Error](err)
	return ok && (e.Code == core.CodeExecution && e.Reason == "executor_lost" || e.Code == core.CodeUnavailable && attempt > 1)
}

// takeOver makes a job that an earlier process left one of this process; false where
// it cannot be, because its upload is gone, it was tried too often, somebody asked for
// its end, or another process was faster.
func (s *Service) takeOver(ctx context.Context, job *core.ImportJob) bool {
	if job.Cancel || job.Attempt >= maxAttempts {
		return false
	}
	if _, err := s.Blobs.Head(ctx, job.SourceKey); err != nil || !s.enter() {
		return false
	}
	seen := job.Heartbeat
	mine, err := s.editJob(ctx, job.ID, func(j *core.ImportJob) error {
		if j.Status.Final() || !j.Heartbeat.Equal(seen) {
			return errEnded
		}
		j.Status, j.Heartbeat, j.Worker = core.StatusQueued, store.Now(), rand.Text()[:8]
		tell(j, core.ImportEvent{Kind: core.ImportEventStatus})
		return nil
	})
	if err != nil || mine == nil {
		s.leave()
		return false
	}
	s.Log.InfoContext(ctx, "import goes on", "job", job.ID, "attempt", job.Attempt+1)
	s.again(ctx, mine)
	return true
}

// again works on a job from its upload, for which a place is reserved.
func (s *Service) again(ctx context.Context, job *core.ImportJob) {
	work := core.Detach(s.life, ctx)
	go func() {
		defer s.leave()
		s.sweepWritten(work, job)
		s.work(work, job)
	}()
}
