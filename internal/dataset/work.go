package dataset

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/drain"
	"github.com/karuta-bi/karuta/internal/store"
)

const (
	beatEvery    = time.Second      // how often progress and heartbeat are saved
	endTimeout   = 10 * time.Second // for writing down how an import ended
	publishTries = 5

	successorsAsked = 10 // who took over may have left, too
)

// work does one import from its turn to its end.
func (s *Service) work(ctx context.Context, job *core.ImportJob) {
	target, done, problem := s.write(ctx, job)
	if problem == nil {
		if err := s.settle(ctx, job, target, done); err != nil {
			problem = problemOf(ctx, err)
		}
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	switch {
	case problem != nil:
		s.fail(end, job, problem)
	case !blocked(job): // else it may be read again without some columns
		s.remove(end, job.SourceKey)
	}
}

// write waits for its turn and lets the executor write the version below
// target, where nobody looks before it is published. The job shows life all
// the while.
func (s *Service) write(ctx context.Context, job *core.ImportJob) (target string, done *client.ImportDone, p *core.ImportProblem) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	at := &standing{stage: core.StageReceiving}
	showLife := func(ctx context.Context) { s.showLife(ctx, job, at, cancel) }
	stop := drain.Every(ctx, beatEvery, showLife)
	defer func() { stop(); showLife(ctx) }() // what was told last
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return "", nil, problemOf(ctx, ctx.Err())
	}
	target, done, p = s.attempts(ctx, job, at)
	if p == nil {
		done.Columns = s.propose(ctx, done)
		at.tell(notes(job.Options, done)...)
	}
	return target, done, p
}

// begin marks the job as running, for the first time or again, and tells where its
// version goes.
func (s *Service) begin(ctx context.Context, job *core.ImportJob) (target string, attempt int, err error) {
	number, err := s.nextNumber(ctx, job)
	if err != nil {
		return "", 0, err
	}
	if job.Kind.Replaces() {
		job.Base = number - 1
	}
	_, err = s.editMine(ctx, job, func(j *core.ImportJob) error {
		if j.Attempt++; j.StartedAt.IsZero() {
			j.StartedAt = store.Now()
		}
		j.Status, j.Base, attempt = core.StatusRunning, job.Base, j.Attempt
		ev := core.ImportEvent{Kind: core.ImportEventStatus}
		if attempt > 1 {
			ev.Note = core.NoteTriedAgain
		}
		tell(j, ev)
		return nil
	})
	return versionFolder(job, number), attempt, err
}

func (s *Service) nextNumber(ctx context.Context, job *core.ImportJob) (int64, error) {
	if job.Kind == core.ImportNew {
		return 1, nil
	}
	d, err := s.goal(ctx, job)
	if err != nil {
		return 0, err
	}
	return d.DataVersion + 1, nil
}

// goal is the dataset that a job changes: NOT_FOUND.dataset_deleted where it was
// deleted since the job was asked for.
func (s *Service) goal(ctx context.Context, job *core.ImportJob) (*core.Dataset, error) {
	d, err := s.existing(ctx, job.DatasetID)
	if core.CodeOf(err) == core.CodeNotFound {
		return nil, &core.Error{Code: core.CodeNotFound, Reason: "dataset_deleted", Field: "id"}
	}
	return d, err
}

// showLife saves how a job stands, with a sign of life, and ends the work when
// somebody has asked for that.
func (s *Service) showLife(ctx context.Context, mine *core.ImportJob, at *standing, end context.CancelCauseFunc) {
	var told int
	job, err := s.editMine(ctx, mine, func(j *core.ImportJob) error {
		if j.Status.Final() {
			return errEnded
		}
		told = at.write(j)
		return nil
	})
	switch {
	case err == nil:
		at.saved(told)
	case errors.Is(err, errEnded):
		end(errEnded)
	case ctx.Err() == nil:
		s.Log.WarnContext(ctx, "import progress not saved", "job", mine.ID, "error", err)
	}
	if job != nil && job.Cancel {
		end(errCancelled)
	}
}

// settle publishes the written version, or lays it aside where it holds
// confidential columns or changes columns that somebody may depend on, until
// somebody decides on that.
func (s *Service) settle(ctx context.Context, job *core.ImportJob, target string, done *client.ImportDone) error {
	open, err := s.openQuestions(ctx, job, done)
	if err != nil {
		return err
	}
	if len(open.blocked) > 0 || open.changed {
		return s.stage(ctx, job, target, done, open.blocked)
	}
	return s.publish(ctx, job, target, done)
}

// publish makes the written version the dataset's newest and ends the job, in
// one transaction. A dataset that was edited meanwhile is read again, and so is
// one of which no answer came. The error
// is errEnded where the job ended otherwise before.
func (s *Service) publish(ctx context.Context, job *core.ImportJob, target string, done *client.ImportDone) error {
	for try := 1; ; try++ {
		current, err := s.Store.Jobs.Get(ctx, job.ID)
		if err != nil {
			return core.Internal("read import job", err)
		}
		if current == nil || current.Staged == nil && (current.Status.Final() || job.Staged != nil) {
			return s.happened(ctx, current, try)
		}
		switch {
		case current.Worker != job.Worker:
			return errEnded
		case current.Cancel:
			return errCancelled
		}
		d, v, warn, err := s.version(ctx, current, target, done)
		if err != nil {
			return err
		}
		now := store.Now()
		current.Staged = nil
		before := lastSeq(current)
		current.Status, current.Progress, current.FinishedAt, current.Heartbeat = core.StatusSucceeded, 1, now, now
		tell(current, core.ImportEvent{Kind: core.ImportEventStatus, Rows: v.RowCount})
		err = s.Store.Datasets.Publish(ctx, d, v, current, warn[:min(len(warn), toldAtOnce)]...)
		if err == nil {
			s.announce(ctx, current, before)
			s.tellRest(ctx, warn)
			s.noteImport(ctx, job, v)
			s.overtaken(ctx, d.ID)
			if d.SummaryKey == "" {
				s.summariseLater(ctx, d)
			}
			return nil
		}
		if code := core.CodeOf(err); code != core.CodeConflict && code != core.CodeInternal || try == publishTries {
			return err
		}
	}
}

// happened tells of a job that has ended whether an earlier try to publish its
// version did it, and its answer was lost; errEnded where it did not.
func (s *Service) happened(ctx context.Context, job *core.ImportJob, try int) error {
	if job == nil || try == 1 {
		return errEnded
	}
	v, err := s.published(ctx, job)
	if err != nil {
		return err
	}
	if v == nil {
		return errEnded
	}
	s.announce(ctx, job, lastSeq(job)-1)
	s.noteImport(ctx, job, v)
	return nil
}

// version is the dataset as the job leaves it, with its new version, and who is to
// be told of it.
func (s *Service) version(ctx context.Context, job *core.ImportJob, target string, done *client.ImportDone) (*core.Dataset, *core.DatasetVersion, []core.Notice, error) {
	if job.Kind == core.ImportNew {
		d := firstVersion(job, done)
		d.Columns = decided(d.Columns, job.Decisions)
		var err error
		d.OwnerID, err = s.ownerFor(ctx, job.OwnerID)
		return d, versionOf(d, job, target), nil, err
	}
	d, err := s.goal(ctx, job)
	if err != nil {
		return nil, nil, nil, err
	}
	var warn []core.Notice
	if job.Kind.Replaces() {
		warn, err = s.replace(ctx, d, job, done)
	} else {
		err = addPart(d, job, done)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	d.Path, d.Columns = target, decided(d.Columns, job.Decisions)
	return d, versionOf(d, job, target), warn, nil
}

// replace is replaceData where the dataset is what the job was begun over.
func (s *Service) replace(ctx context.Context, d *core.Dataset, job *core.ImportJob, done *client.ImportDone) ([]core.Notice, error) {
	if d.DataVersion != job.Base {
		return nil, outdated(job.Base, d.DataVersion)
	}
	columns, err := s.described(ctx, d, done.Columns)
	if err != nil {
		return nil, err
	}
	warn, err := s.warnings(ctx, d, columns, job.OwnerID)
	if err == nil {
		replaceData(d, job, done, columns)
	}
	return warn, err
}

// ownerFor is whose a new dataset is: of who imported it or, where they have left
// meanwhile, of who took over what they owned.
func (s *Service) ownerFor(ctx context.Context, userID string) (string, error) {
	for range successorsAsked {
		u, err := s.Store.Users.Get(ctx, userID)
		if err != nil {
			return "", core.Internal("read owner of import", err)
		}
		if u == nil || u.Active() || u.SuccessorID == "" {
			break
		}
		userID = u.SuccessorID
	}
	return userID, nil
}

func (s *Service) noteImport(ctx context.Context, job *core.ImportJob, v *core.DatasetVersion) {
	if v.Number == 1 {
		s.note(ctx, core.EventDatasetCreated, job.DatasetID, map[string]string{"name": job.Name})
	}
	s.note(ctx, core.EventDatasetImported, job.DatasetID, map[string]string{
		"job": job.ID, "kind": string(job.Kind), "version": strconv.FormatInt(v.Number, 10), "rows": strconv.FormatInt(v.RowCount, 10),
		"columns": strconv.Itoa(len(v.Columns)),
	})
}

// fail ends a job as failed and sweeps what it wrote, unless another process has taken
// it over.
func (s *Service) fail(ctx context.Context, job *core.ImportJob, p *core.ImportProblem) {
	_, err := s.editMine(ctx, job, func(j *core.ImportJob) error {
		if j.Status.Final() {
			return errEnded
		}
		j.Status, j.Problem, j.FinishedAt = core.StatusFailed, p, store.Now()
		if p.Reason == cancelled().Reason || j.Cancel && p.Reason == interrupted().Reason {
			j.Status, j.Problem = core.StatusCancelled, nil
		}
		tell(j, core.ImportEvent{Kind: core.ImportEventStatus, Problem: j.Problem})
		return nil
	})
	if errors.Is(err, errEnded) {
		return
	}
	if err != nil {
		s.Log.ErrorContext(ctx, "import could not be ended", "job", job.ID, "error", err)
		return
	}
	s.sweep(ctx, job)
	ev := event(core.EventDatasetImported, job.DatasetID, map[string]string{"job": job.ID, "code": string(p.Code), "reason": p.Reason})
	ev.Outcome = core.OutcomeFailure
	s.Audit.Record(ctx, ev)
}

var errEnded = errors.New("the job has ended already")
