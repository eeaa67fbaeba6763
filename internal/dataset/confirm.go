package dataset

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// ConfirmInput decides on the columns of an import that waits because some are
// confidential. What is left out stays undecided.
type ConfirmInput struct {
	JobID   string
	Classes []ColumnClass
	Drop    []string // names of columns of which nothing is to be stored
	Approve bool     // keep the confidential columns that are not named otherwise
}

// ConfirmImport decides on the confidential columns of an import, one's own or, for
// admins, any. Where columns are left out, the file is imported anew without them;
// else the version is published once nothing is undecided. Admins alone may approve
// a column or class it lower (FORBIDDEN.confidential_class). A version whose columns
// differ from the dataset's waits on, to be confirmed with Reimport. Errors:
// NOT_FOUND, VALIDATION_ERROR (not_blocked, unknown_column, no_columns_left,
// plan_expired), CONFLICT where the dataset has got another version meanwhile,
// SERVICE_UNAVAILABLE when too many imports wait.
func (s *Service) ConfirmImport(ctx context.Context, in ConfirmInput) (*core.ImportJob, error) {
	job, err := s.jobOf(ctx, "input.jobId", in.JobID)
	if err != nil {
		return nil, err
	}
	if err := s.checkConfirm(ctx, job, in); err != nil {
		return nil, err
	}
	if err := s.Audit.Ready(); err != nil {
		return nil, err
	}
	admin := core.ActorFrom(ctx).IsAdmin()
	decisions := decide(job.Decisions, in.Classes, admin)
	if in.Approve {
		decisions = decide(decisions, remaining(job.Staged.Blocked, in), admin)
	}
	if len(in.Drop) > 0 {
		job, err = s.importWithout(ctx, job, in.Drop, decisions)
	} else {
		job, err = s.settleAgain(ctx, job, decisions)
	}
	if err != nil {
		return nil, err
	}
	return job, s.Audit.RecordStrict(ctx, event(core.EventImportConfirmed, job.DatasetID, map[string]string{
		"job": job.ID, "classes": fmt.Sprint(in.Classes), "dropped": strings.Join(in.Drop, ", "), "approved": fmt.Sprint(in.Approve),
	}))
}

// remaining are the blocked columns that are named in no other way.
func remaining(blocked []core.Column, in ConfirmInput) (keep []ColumnClass) {
	for _, c := range blocked {
		named := slices.ContainsFunc(in.Classes, func(cc ColumnClass) bool { return cc.Column == c.Name })
		if !named && !slices.Contains(in.Drop, c.Name) {
			keep = append(keep, ColumnClass{c.Name, core.ClassConfidential})
		}
	}
	return keep
}

func (s *Service) checkConfirm(ctx context.Context, job *core.ImportJob, in ConfirmInput) error {
	if err := checkClasses(in.Classes); err != nil {
		return err
	}
	if err := checkList("input.drop", in.Drop, maxColumns); err != nil {
		return err
	}
	switch {
	case !blocked(job):
		return core.Invalid("input.jobId", "not_blocked")
	case !store.Now().Before(job.Staged.ExpiresAt):
		return core.Invalid("input.jobId", "plan_expired")
	}
	if job.Kind != core.ImportNew {
		if _, err := s.Gate.RequireDataset(ctx, "input.jobId", job.DatasetID, access.Manage); err != nil {
			return err
		}
	}
	if err := checkNames(job.Staged.Columns, in); err != nil || core.ActorFrom(ctx).IsAdmin() {
		return err
	}
	if field := beyondOwner(job.Staged.Blocked, in); field != "" {
		s.Audit.Denied(ctx, "job", job.ID, string(access.Manage))
		return confidentialClass(field)
	}
	return nil
}

// checkNames checks that the columns are some of the version's, and not all are left out.
func checkNames(columns []core.Column, in ConfirmInput) error {
	for i, c := range in.Classes {
		if _, ok := core.ColumnNamed(columns, c.Column); !ok {
			return core.UnknownColumn(fmt.Sprintf("input.classes.%d.column", i), c.Column)
		}
	}
	for i, name := range in.Drop {
		if _, ok := core.ColumnNamed(columns, name); !ok {
			return core.UnknownColumn(fmt.Sprintf("input.drop.%d", i), name)
		}
	}
	if !slices.ContainsFunc(columns, func(c core.Column) bool { return !slices.Contains(in.Drop, c.Name) }) {
		return core.Invalid("input.drop", "no_columns_left")
	}
	return nil
}

// beyondOwner is the field that only an administrator may give, "" where there is none.
func beyondOwner(blocked []core.Column, in ConfirmInput) string {
	if in.Approve {
		return "input.approve"
	}
	for i, c := range in.Classes {
		if col, ok := core.ColumnNamed(blocked, c.Column); ok && lowers(col, c.Class) {
			return fmt.Sprintf("input.classes.%d.class", i)
		}
	}
	return ""
}

// importWithout imports the kept upload anew and leaves columns out.
func (s *Service) importWithout(ctx context.Context, job *core.ImportJob, drop []string, decisions []core.ColumnDecision) (*core.ImportJob, error) {
	if !s.enter() {
		return nil, &core.Error{Code: core.CodeUnavailable}
	}
	again, err := s.editJob(ctx, job.ID, func(j *core.ImportJob) error {
		if !blocked(j) {
			return core.Invalid("input.jobId", "not_blocked")
		}
		if slices.Contains(drop, j.Options.SortColumn) {
			j.Options.SortColumn = ""
		}
		j.Options.DropColumns, j.Decisions = slices.Concat(j.Options.DropColumns, drop), decisions
		j.Status, j.Staged, j.Attempt, j.Progress, j.Stage = core.StatusQueued, nil, 0, 0, core.StageReceiving
		j.FinishedAt, j.Heartbeat = time.Time{}, store.Now()
		tell(j, core.ImportEvent{Kind: core.ImportEventStatus})
		return nil
	})
	if err == nil && again == nil {
		err = core.NotFound("input.jobId")
	}
	if err != nil {
		s.leave()
		return nil, err
	}
	begun := *again
	s.again(ctx, &begun)
	return again, nil
}

// settleAgain publishes the version where nothing is undecided any more.
func (s *Service) settleAgain(ctx context.Context, job *core.ImportJob, decisions []core.ColumnDecision) (*core.ImportJob, error) {
	job.Decisions = decisions
	open, err := s.openQuestions(ctx, job, written(job.Staged))
	if err != nil {
		return nil, err
	}
	job, err = s.editJob(ctx, job.ID, func(j *core.ImportJob) error {
		if !blocked(j) {
			return core.Invalid("input.jobId", "not_blocked")
		}
		j.Decisions = decisions
		if len(open.blocked) > 0 || open.changed {
			j.Staged.Blocked = open.blocked
			tell(j, waits(open.blocked))
		}
		return nil
	})
	if err == nil && job == nil {
		err = core.NotFound("input.jobId")
	}
	if err != nil || len(open.blocked) > 0 {
		return job, err
	}
	if !open.changed {
		if err := s.whole(ctx, "input.jobId", job.Staged); err != nil {
			return nil, err
		}
		if err := s.publish(ctx, job, job.Staged.Target, written(job.Staged)); err != nil && !errors.Is(err, errEnded) {
			return nil, err
		}
	}
	s.remove(ctx, job.SourceKey)
	return s.jobOf(ctx, "input.jobId", job.ID)
}
