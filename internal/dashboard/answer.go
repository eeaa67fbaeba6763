package dashboard

import (
	"context"
	"errors"
	"time"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

// AnswerInput answers a request. A Permission of none gives what was asked for,
// a zero ExpiresAt never ends; both are for a grant alone.
type AnswerInput struct {
	ID         string
	Grant      bool
	Permission core.Permission
	ExpiresAt  time.Time
	Message    string // to who asked, at most [maxMessage] characters
}

// AnswerRequest grants or declines a request; for who manages the dashboard,
// FORBIDDEN.owner_only for others who may view it. A grant makes the share, or
// raises the one that there is: it never takes a level away. CONFLICT.answered
// when somebody else answered first.
func (s *Service) AnswerRequest(ctx context.Context, in AnswerInput) (*core.AccessRequest, error) {
	q, in, err := s.openRequest(ctx, in)
	if err != nil {
		return nil, err
	}
	var sh *core.Share
	var previous core.Permission
	if in.Grant {
		if sh, previous, err = s.grantedShare(ctx, q, in); err != nil {
			return nil, err
		}
	}
	if err := s.audit.Ready(); err != nil {
		return nil, err
	}
	answered, notice := answer(q, in, core.ActorFrom(ctx).UserID(), s.now())
	if err := s.store.Requests.Answer(ctx, &answered, sh, previous, notice); err != nil {
		if problem, ok := errors.AsType[*core.Error](err); ok && problem.Code == core.CodeConflict {
			problem.Reason = "answered"
		}
		return nil, err
	}
	return &answered, s.noteAnswer(ctx, &answered, sh, previous)
}

// openRequest reads the request that an answer is for, checks the answer and
// fills in the level that it gives.
func (s *Service) openRequest(ctx context.Context, in AnswerInput) (*core.AccessRequest, AnswerInput, error) {
	if _, err := s.gate.RequireSignedIn(ctx); err != nil {
		return nil, in, err
	}
	if err := core.CheckID("input.id", in.ID, core.NounAccessRequest); err != nil {
		return nil, in, err
	}
	dashboardID, _, ok := core.ParseAccessRequestID(in.ID)
	if !ok {
		return nil, in, core.NotFound("input.id")
	}
	if _, err := s.gate.RequireDashboard(ctx, "input.id", dashboardID, access.Manage); err != nil {
		return nil, in, err
	}
	q, _, err := s.request(ctx, "input.id", in.ID)
	if err != nil {
		return nil, in, err
	}
	if in.Permission == core.PermissionNone {
		in.Permission = q.Permission
	}
	if err := checkPermission(in.Permission); err != nil {
		return nil, in, err
	}
	if in.ExpiresAt, err = checkEnd(in.ExpiresAt, s.now()); err != nil {
		return nil, in, err
	}
	if err := core.CheckText("input.message", in.Message, maxMessage); err != nil {
		return nil, in, err
	}
	if q.Status != core.RequestOpen {
		return nil, in, &core.Error{Code: core.CodeConflict, Reason: "answered", Field: "input.id"}
	}
	return q, in, nil
}

// grantedShare is the share that a grant makes or raises, and the level that
// there was.
func (s *Service) grantedShare(ctx context.Context, q *core.AccessRequest, in AnswerInput) (*core.Share, core.Permission, error) {
	d, err := s.store.Dashboards.Get(ctx, q.DashboardID)
	if err != nil {
		return nil, "", core.Internal("read dashboard of request", err)
	}
	if d == nil {
		return nil, "", core.NotFound("input.id")
	}
	u, err := s.store.Users.Get(ctx, q.UserID)
	if err != nil {
		return nil, "", core.Internal("read user of request", err)
	}
	if err := checkUser("input.id", u, d.OwnerID); err != nil {
		return nil, "", err
	}
	sh, err := s.store.Shares.Get(ctx, q.DashboardID, core.TargetUser, q.UserID)
	if err != nil {
		return nil, "", core.Internal("read share of request", err)
	}
	sh, previous := raise(sh, q, in, core.ActorFrom(ctx).UserID(), s.now())
	return sh, previous, nil
}

// raise is a new share, or the one that there is with at least the level that
// was granted; one that has ended counts for nothing.
func raise(sh *core.Share, q *core.AccessRequest, in AnswerInput, actorID string, now time.Time) (*core.Share, core.Permission) {
	if sh == nil {
		return &core.Share{
			DashboardID: q.DashboardID, TargetType: core.TargetUser, TargetID: q.UserID, Permission: in.Permission,
			CreatedBy: actorID, CreatedAt: now, UpdatedAt: now, ExpiresAt: in.ExpiresAt,
		}, core.PermissionNone
	}
	previous := sh.Permission
	live := sh.ExpiresAt.IsZero() || now.Before(sh.ExpiresAt)
	if sh.Permission = in.Permission; live {
		sh.Permission = core.Highest(previous, in.Permission)
	}
	sh.ExpiresAt, sh.UpdatedAt = in.ExpiresAt, now
	return sh, previous
}

// answer is the request with its answer, and the notice of it.
func answer(q *core.AccessRequest, in AnswerInput, actorID string, now time.Time) (core.AccessRequest, core.Notice) {
	answered, kind := *q, core.NoticeAccessDeclined
	answered.Status = core.RequestDeclined
	if in.Grant {
		answered.Status, kind = core.RequestGranted, core.NoticeAccessGranted
	}
	answered.AnsweredBy, answered.Answer, answered.AnsweredAt = actorID, in.Message, now
	return answered, core.Notice{UserID: q.UserID, Kind: kind, ActorID: actorID, TargetID: q.DashboardID, RequestID: q.ID(), Message: in.Message}
}

// noteAnswer writes an answer, and the share that came of it, to the audit log.
func (s *Service) noteAnswer(ctx context.Context, q *core.AccessRequest, sh *core.Share, previous core.Permission) error {
	details := map[string]string{"request": q.ID(), "status": string(q.Status), "target": q.UserID}
	err := s.audit.RecordStrict(ctx, event(core.EventAccessAnswered, q.DashboardID, details))
	if sh == nil {
		return err
	}
	kind := core.EventShareUpdated
	if sh.Version == 1 {
		kind = core.EventShareAdded
	}
	return errors.Join(err, s.noteShare(ctx, kind, sh, previous))
}
