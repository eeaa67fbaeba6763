package dashboard

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// ShareInput shares a dashboard. A zero ExpiresAt never ends.
type ShareInput struct {
	DashboardID string
	TargetType  core.TargetType
	TargetID    string
	Permission  core.Permission
	ExpiresAt   time.Time
}

// CreateShare shares a dashboard; for its owner (admins too), FORBIDDEN.owner_only
// for everybody else. DUPLICATE_ERROR.share carries Details["shareId"].
func (s *Service) CreateShare(ctx context.Context, in ShareInput) (*core.Share, error) {
	grant, err := s.gate.RequireShareManagement(ctx, "input.dashboardId", in.DashboardID)
	if err != nil {
		return nil, err
	}
	if err := checkPermission(in.Permission); err != nil {
		return nil, err
	}
	if in.ExpiresAt, err = checkEnd(in.ExpiresAt, store.Now()); err != nil {
		return nil, err
	}
	if err := s.requireTarget(ctx, in, grant.Dashboard.OwnerID); err != nil {
		return nil, err
	}
	actor, now := core.ActorFrom(ctx).UserID(), store.Now()
	sh := &core.Share{
		DashboardID: in.DashboardID, TargetType: in.TargetType, TargetID: in.TargetID, Permission: in.Permission,
		CreatedBy: actor, CreatedAt: now, UpdatedAt: now, ExpiresAt: in.ExpiresAt,
	}
	if err := s.audit.Ready(); err != nil {
		return nil, err
	}
	if err := s.store.Shares.Create(ctx, sh, actor, sharedNotice(sh)...); err != nil {
		return nil, err
	}
	return sh, s.noteShare(ctx, core.EventShareAdded, sh, core.PermissionNone)
}

// sharedNotice tells a person of a share to them; whoever shares with
// themselves, and the members of a group, are told nothing.
func sharedNotice(sh *core.Share) []core.Notice {
	if sh.TargetType != core.TargetUser || sh.TargetID == sh.CreatedBy {
		return nil
	}
	return []core.Notice{{UserID: sh.TargetID, Kind: core.NoticeShared, ActorID: sh.CreatedBy, TargetID: sh.DashboardID}}
}

// requireTarget wants somebody there to share with.
func (s *Service) requireTarget(ctx context.Context, in ShareInput, ownerID string) error {
	const field = "input.target.id"
	switch in.TargetType {
	case core.TargetUser:
		if err := core.CheckID(field, in.TargetID, core.NounUser); err != nil {
			return err
		}
		u, err := s.store.Users.Get(ctx, in.TargetID)
		if err != nil {
			return core.Internal("read user to share with", err)
		}
		return checkUser(field, u, ownerID)
	case core.TargetGroup:
		if err := core.CheckID(field, in.TargetID, core.NounGroup); err != nil {
			return err
		}
		g, err := s.store.Groups.Get(ctx, in.TargetID)
		if err != nil {
			return core.Internal("read group to share with", err)
		}
		if g == nil {
			return core.NotFound(field)
		}
		return nil
	}
	return core.Invalid("input.target.type", "bad_choice", "choices", "USER, GROUP")
}

func checkUser(field string, u *core.User, ownerID string) error {
	switch {
	case u == nil:
		return core.NotFound(field)
	case !u.Active():
		return core.Invalid(field, "inactive")
	case u.ID == ownerID:
		return core.Invalid(field, "is_owner")
	}
	return nil
}

func checkPermission(p core.Permission) error {
	if p.Rank() == 0 {
		return core.Invalid("input.permission", "bad_choice", "choices", "VIEWER, EDITOR, OWNER")
	}
	return nil
}

// checkEnd wants an end in the future, and gives it to the milliseconds that
// are stored.
func checkEnd(at, now time.Time) (time.Time, error) {
	at = at.UTC().Truncate(time.Millisecond)
	if !at.IsZero() && !at.After(now) {
		return at, core.Invalid("input.expiresAt", "in_past")
	}
	return at, nil
}

// ShareChange is an edit of a share. Nil leaves a part as it is; a zero
// ExpiresAt removes the end.
type ShareChange struct {
	core.Idempotent
	ID         string
	Permission *core.Permission
	ExpiresAt  *time.Time
}

// Share is a share; as CreateShare.
func (s *Service) Share(ctx context.Context, id string) (*core.Share, error) {
	dashboardID, kind, targetID, err := s.openShare(ctx, id)
	if err != nil {
		return nil, err
	}
	sh, err := s.store.Shares.Get(ctx, dashboardID, kind, targetID)
	if err != nil {
		return nil, core.Internal("read share", err)
	}
	if sh == nil {
		return nil, core.NotFound("input.id")
	}
	return sh, nil
}

// UpdateShare changes a share; as CreateShare.
func (s *Service) UpdateShare(ctx context.Context, c ShareChange) (*core.Share, error) {
	dashboardID, kind, targetID, err := s.openShare(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	if c.Permission != nil {
		if err := checkPermission(*c.Permission); err != nil {
			return nil, err
		}
	}
	if c.ExpiresAt != nil {
		end, err := checkEnd(*c.ExpiresAt, store.Now())
		if err != nil {
			return nil, err
		}
		c.ExpiresAt = &end
	}
	if err := s.audit.Ready(); err != nil {
		return nil, err
	}
	var previous core.Permission
	sh, err := s.store.Shares.Edit(ctx, dashboardID, kind, targetID, core.ActorFrom(ctx).UserID(), func(sh *core.Share) error {
		previous = sh.Permission
		if c.Permission != nil {
			sh.Permission = *c.Permission
		}
		if c.ExpiresAt != nil {
			sh.ExpiresAt = *c.ExpiresAt
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if sh == nil {
		return nil, core.NotFound("input.id")
	}
	return sh, s.noteShare(ctx, core.EventShareUpdated, sh, previous)
}

// DeleteShare ends a share; as CreateShare.
func (s *Service) DeleteShare(ctx context.Context, id string) error {
	sh, err := s.Share(ctx, id)
	if err != nil {
		return err
	}
	if err := s.audit.Ready(); err != nil {
		return err
	}
	if err := s.store.Shares.Delete(ctx, sh, core.ActorFrom(ctx).UserID()); err != nil {
		return err
	}
	return s.noteShare(ctx, core.EventShareRemoved, sh, sh.Permission)
}

// openShare opens the dashboard that a share id names for changing its shares.
func (s *Service) openShare(ctx context.Context, id string) (dashboardID string, kind core.TargetType, targetID string, err error) {
	if _, err = s.gate.RequireSignedIn(ctx); err != nil {
		return "", "", "", err
	}
	if err = core.CheckID("input.id", id, core.NounShare); err != nil {
		return "", "", "", err
	}
	dashboardID, kind, targetID, _ = core.ParseShareID(id)
	_, err = s.gate.RequireShareManagement(ctx, "input.id", dashboardID)
	return dashboardID, kind, targetID, err
}

// Shares lists a dashboard's shares, by target; for its owner and admins.
func (s *Service) Shares(ctx context.Context, dashboardID string) ([]*core.Share, error) {
	if _, err := s.gate.RequireDashboard(ctx, "id", dashboardID, access.Manage); err != nil {
		return nil, err
	}
	shares, err := s.store.Shares.Of(ctx, dashboardID)
	if err != nil {
		return nil, core.Internal("read shares", err)
	}
	return shares, nil
}

// noteShare writes a change of access to the audit log; the access history was
// written with the change itself.
func (s *Service) noteShare(ctx context.Context, t core.EventType, sh *core.Share, previous core.Permission) error {
	s.gate.Forget(ctx, sh.DashboardID)
	details := map[string]string{
		"share": sh.ID(), "targetType": string(sh.TargetType), "target": sh.TargetID, "permission": string(sh.Permission),
	}
	if previous != core.PermissionNone {
		details["previous"] = string(previous)
	}
	if !sh.ExpiresAt.IsZero() {
		details["expiresAt"] = sh.ExpiresAt.Format(time.RFC3339)
	}
	return s.audit.RecordStrict(ctx, event(t, sh.DashboardID, details))
}
