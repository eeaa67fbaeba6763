package dataset

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

const (
	// silentAfter is how long a job of another process may give no sign of life.
	silentAfter = time.Minute
	// lookAgain is how long one is waited for all the same, because the other process's
	// clock may be behind by more than silentAfter. While an import is published it
	// shows none.
	lookAgain = endTimeout + 5*beatEvery
	// uploadKept is how long an upload without a job may lie in a shared store:
	// another process may still be receiving it.
	uploadKept = 24 * time.Hour
)

// Recover goes on with the jobs that an earlier process left unfinished; those that it
// cannot go on with fail, and what they wrote is swept. Call it once at start, before the first import. Where other
// processes share the store, jobs that show life are left alone; call it again
// now and then.
func (s *Service) Recover(ctx context.Context) error {
	ctx = core.AsSystem(ctx, "import")
	if err := s.sweepStaged(ctx, store.Now()); err != nil {
		return err
	}
	jobs, err := s.Store.Jobs.Open(ctx)
	if err != nil {
		return core.Internal("read open imports", err)
	}
	alive := map[string]bool{}
	staged, err := s.Store.Jobs.Staged(ctx)
	if err != nil {
		return core.Internal("read staged imports", err)
	}
	for _, job := range staged { // it may be read again without some columns
		alive[job.ID] = true
	}
	lost, err := s.silent(ctx, jobs, alive)
	if err != nil {
		return err
	}
	for _, job := range lost {
		s.Log.WarnContext(ctx, "import was interrupted", "job", job.ID)
		switch {
		case s.takeOver(ctx, job):
			alive[job.ID] = true
		case job.Cancel:
			s.fail(ctx, job, cancelled())
		default:
			s.fail(ctx, job, interrupted())
		}
	}
	return s.sweepUploads(ctx, alive)
}

// silent are those of the jobs that nobody works on any more; the others are noted as alive.
func (s *Service) silent(ctx context.Context, jobs []*core.ImportJob, alive map[string]bool) ([]*core.ImportJob, error) {
	if !s.cfg.Shared {
		return jobs, nil
	}
	jobs = slices.DeleteFunc(jobs, func(job *core.ImportJob) bool {
		alive[job.ID] = store.Now().Sub(job.Heartbeat) < silentAfter
		return alive[job.ID]
	})
	if len(jobs) == 0 {
		return nil, nil
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.cfg.Wait(lookAgain):
	}
	var lost []*core.ImportJob
	for _, job := range jobs {
		now, err := s.Store.Jobs.Get(ctx, job.ID)
		if err != nil {
			return nil, core.Internal("read open import", err)
		}
		if alive[job.ID] = now != nil && !now.Heartbeat.Equal(job.Heartbeat); now != nil && !alive[job.ID] {
			lost = append(lost, now)
		}
	}
	return lost, nil
}

// sweepUploads removes the uploads that no living job will read.
func (s *Service) sweepUploads(ctx context.Context, alive map[string]bool) error {
	var orphans []string
	err := s.Blobs.List(ctx, uploads, func(info blob.Info) error {
		job, _, _ := strings.Cut(strings.TrimPrefix(info.Key, uploads), "/")
		if !alive[job] && !(s.cfg.Shared && time.Since(info.Modified) < uploadKept) {
			orphans = append(orphans, info.Key)
		}
		return nil
	})
	for _, key := range orphans {
		s.remove(ctx, key)
	}
	return err
}

// sweep removes the upload of a failed job and what it wrote.
func (s *Service) sweep(ctx context.Context, job *core.ImportJob) {
	s.remove(ctx, job.SourceKey)
	s.sweepWritten(ctx, job)
}

func (s *Service) sweepWritten(ctx context.Context, job *core.ImportJob) {
	if job.Kind == core.ImportNew {
		s.removeAll(ctx, dataFolder(job.DatasetID))
		return
	}
	s.removeWhere(ctx, dataFolder(job.DatasetID), func(key string) bool {
		return strings.Contains(key, ownEnding(job.ID))
	})
}

func (s *Service) removeAll(ctx context.Context, prefix string) {
	s.removeWhere(ctx, prefix, func(string) bool { return true })
}

func (s *Service) removeWhere(ctx context.Context, prefix string, match func(key string) bool) {
	keys, err := s.keysBelow(ctx, prefix)
	if err != nil {
		s.Log.ErrorContext(ctx, "files could not be listed", "prefix", prefix, "error", err)
	}
	for _, key := range keys {
		if match(key) {
			s.remove(ctx, key)
		}
	}
}

func (s *Service) keysBelow(ctx context.Context, prefix string) (keys []string, err error) {
	err = s.Blobs.List(ctx, prefix, func(info blob.Info) error {
		keys = append(keys, info.Key)
		return nil
	})
	return keys, err
}

// remove deletes a file that nothing refers to any more. A failure leaves an
// orphan that costs space and nothing else, so it is only logged.
func (s *Service) remove(ctx context.Context, key string) {
	if err := s.Blobs.Delete(context.WithoutCancel(ctx), key); err != nil {
		s.Log.ErrorContext(ctx, "file could not be removed", "key", key, "error", err)
	}
}
