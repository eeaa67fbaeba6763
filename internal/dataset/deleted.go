package dataset

import (
	"context"
	"errors"
	"time"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

// Delete takes a dataset away from everybody; for its owner and admins, who can
// bring it back with Undelete until the time that it gives. Until then its
// versions, policies and objects stay. Refused with VALIDATION_ERROR.in_use while cards or
// transforms read it, written_by_transform while a transform writes it.
func (s *Service) Delete(ctx context.Context, id string) (until time.Time, err error) {
	d, err := s.Gate.RequireDataset(ctx, "input.id", id, access.Manage)
	if err != nil {
		return until, err
	}
	if err := s.Audit.Ready(); err != nil {
		return until, err
	}
	at := s.cfg.Now()
	if err := s.Store.Datasets.Delete(ctx, d, at); err != nil {
		return until, err
	}
	return at.Add(core.DeletedKept), s.Audit.RecordStrict(ctx, event(core.EventDatasetDeleted, id, map[string]string{"name": d.Name}))
}

// Deleted lists the actor's own datasets that were deleted and can still be
// brought back, the newest deletion first; with all set an admin lists everybody's.
func (s *Service) Deleted(ctx context.Context, all bool, page core.PageArgs) (core.Page[*core.DeletedDataset], error) {
	ownerID := ""
	if all {
		if _, err := s.Gate.RequireAdmin(ctx); err != nil {
			return core.Page[*core.DeletedDataset]{}, err
		}
	} else {
		actor, err := s.Gate.RequireSignedIn(ctx)
		if err != nil {
			return core.Page[*core.DeletedDataset]{}, err
		}
		ownerID = actor.UserID()
	}
	since := s.cfg.Now().Add(-core.DeletedKept + time.Millisecond)
	return s.Store.Datasets.DeletedOf(ctx, ownerID, since, page)
}

// Undelete brings a deleted dataset back as it was; for its owner and admins.
// NOT_FOUND where there never was one or nothing is left of it, CONFLICT.not_deleted
// where it is there, CONFLICT.deletion_final where its time is over.
func (s *Service) Undelete(ctx context.Context, id string) (*core.Dataset, error) {
	gone, err := s.Gate.RequireDeletedDataset(ctx, "input.id", id)
	if err != nil {
		return nil, err
	}
	if gone == nil {
		return nil, &core.Error{Code: core.CodeConflict, Reason: "not_deleted", Field: "input.id"}
	}
	if !gone.Restorable(s.cfg.Now()) {
		return nil, &core.Error{Code: core.CodeConflict, Reason: "deletion_final", Field: "input.id"}
	}
	if err := s.Audit.Ready(); err != nil {
		return nil, err
	}
	d, err := s.Store.Datasets.Undelete(ctx, gone)
	if err != nil {
		return nil, err
	}
	return d, s.Audit.RecordStrict(ctx, event(core.EventDatasetUndeleted, id, map[string]string{"name": d.Name}))
}

// Purge removes for good what was deleted longer than [core.DeletedKept] ago. Call
// it now and then, with the time as it is. What breaks off is done again.
func (s *Service) Purge(ctx context.Context, now time.Time) error {
	ctx = core.AsSystem(ctx, "purge")
	due, err := s.Store.Datasets.Outdated(ctx, now.Add(-core.DeletedKept))
	if err != nil {
		return core.Internal("read deleted datasets", err)
	}
	var problems []error
	for _, gone := range due {
		problems = append(problems, s.purge(ctx, gone))
	}
	return errors.Join(problems...)
}

// purge removes a deleted dataset: first that it can be brought back, then its
// objects, and its items last, since they tell what is still to be done.
func (s *Service) purge(ctx context.Context, gone *core.DeletedDataset) (err error) {
	if err := s.Audit.Ready(); err != nil {
		return err
	}
	if !gone.Purging {
		if gone, err = s.Store.Datasets.Forgo(ctx, gone); err != nil || gone == nil {
			return err
		}
	}
	if err := s.removeFolders(ctx, []string{dataFolder(gone.ID)}, nil); err != nil {
		return err
	}
	mine, err := s.Store.Datasets.Purge(ctx, gone)
	if err != nil || !mine {
		return err
	}
	return s.Audit.RecordStrict(ctx, event(core.EventDatasetPurged, gone.ID, map[string]string{
		"name": gone.Name, "deletedBy": gone.DeletedBy, "deletedAt": gone.DeletedAt.UTC().Format(time.RFC3339),
	}))
}
