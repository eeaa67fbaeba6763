package dashboard

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

// What is said when a request is made and answered, and how often.
const (
	maxMessage  = 500 // characters
	maxRequests = 20  // open ones of a person
	maxTold     = 20  // people who are told of one request
	declinedFor = 24 * time.Hour
)

// RequestInput asks for a level on a dashboard.
type RequestInput struct {
	DashboardID string
	Permission  core.Permission
	Message     string // to who answers, at most [maxMessage] characters
}

// RequestAccess asks who manages a dashboard for a level on it; for whoever is
// signed in. It says the same whether the request was written, was open already,
// was declined a short while ago, is one too many, or names no dashboard at all:
// that a dashboard exists is told to nobody. VALIDATION_ERROR.already_has to who
// has the level.
func (s *Service) RequestAccess(ctx context.Context, in RequestInput) error {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return err
	}
	if actor.User == nil {
		return core.Forbidden("") // nobody could be given anything
	}
	if err := checkRequest(in); err != nil {
		return err
	}
	if err := s.audit.Ready(); err != nil {
		return err
	}
	standing, err := s.gate.Standing(ctx, in.DashboardID)
	if err != nil || standing == nil {
		return err
	}
	if standing.Allows(rightOf[in.Permission]) {
		return core.Invalid("input.permission", "already_has")
	}
	q, err := s.newRequest(ctx, actor.UserID(), in)
	if err != nil || q == nil {
		return err
	}
	told, err := s.managers(ctx, standing.Dashboard)
	if err != nil {
		return err
	}
	return s.ask(ctx, q, told)
}

var rightOf = map[core.Permission]access.Right{
	core.PermissionViewer: access.View,
	core.PermissionEditor: access.Edit,
	core.PermissionOwner:  access.Manage,
}

func checkRequest(in RequestInput) error {
	if err := core.CheckID("input.dashboardId", in.DashboardID, core.NounDashboard); err != nil {
		return err
	}
	if err := checkPermission(in.Permission); err != nil {
		return err
	}
	return core.CheckText("input.message", in.Message, maxMessage)
}

// newRequest is the request to write over the one that there may be, nil where
// none is to be written now.
func (s *Service) newRequest(ctx context.Context, userID string, in RequestInput) (*core.AccessRequest, error) {
	now := s.now()
	q, err := s.store.Requests.Get(ctx, in.DashboardID, userID)
	if err != nil {
		return nil, core.Internal("read access request", err)
	}
	if q == nil {
		q = &core.AccessRequest{DashboardID: in.DashboardID, UserID: userID}
	} else if !mayAskAgain(q, now) {
		return nil, nil
	}
	open, err := s.store.Requests.CountOpen(ctx, userID, maxRequests)
	if err != nil {
		return nil, core.Internal("count access requests", err)
	}
	if open >= maxRequests {
		return nil, nil
	}
	return &core.AccessRequest{
		DashboardID: q.DashboardID, UserID: q.UserID, Version: q.Version,
		Permission: in.Permission, Message: in.Message, Status: core.RequestOpen, CreatedAt: now,
	}, nil
}

// mayAskAgain tells whether a request may be made anew: not while it is open,
// and not soon after it was declined.
func mayAskAgain(q *core.AccessRequest, now time.Time) bool {
	switch q.Status {
	case core.RequestOpen:
		return false
	case core.RequestDeclined:
		return now.Sub(q.AnsweredAt) >= declinedFor
	}
	return true
}

// managers are who is told of a request: the owner, and people with a share as
// OWNER, up to [maxTold].
func (s *Service) managers(ctx context.Context, d *core.Dashboard) ([]string, error) {
	shares, err := s.store.Shares.Of(ctx, d.ID)
	if err != nil {
		return nil, core.Internal("read shares", err)
	}
	ids, now := []string{d.OwnerID}, s.now()
	for _, sh := range shares {
		live := sh.ExpiresAt.IsZero() || now.Before(sh.ExpiresAt)
		if live && sh.TargetType == core.TargetUser && sh.Permission == core.PermissionOwner && sh.TargetID != d.OwnerID && len(ids) < maxTold {
			ids = append(ids, sh.TargetID)
		}
	}
	return ids, nil
}

func (s *Service) ask(ctx context.Context, q *core.AccessRequest, told []string) error {
	notices := make([]core.Notice, len(told))
	for i, id := range told {
		notices[i] = core.Notice{
			UserID: id, Kind: core.NoticeAccessRequested, ActorID: q.UserID, TargetID: q.DashboardID, RequestID: q.ID(), Message: q.Message,
		}
	}
	err := s.store.Requests.Ask(ctx, q, notices)
	switch core.CodeOf(err) {
	case core.CodeConflict, core.CodeNotFound: // they asked twice at once, or the dashboard is gone by now
		return nil
	case "":
		return s.audit.RecordStrict(ctx, event(core.EventAccessRequested, q.DashboardID, map[string]string{"request": q.ID(), "permission": string(q.Permission)}))
	}
	return core.Internal("write access request", err)
}

// AccessRequests lists the open requests for a dashboard, by person; for its
// owner and admins.
func (s *Service) AccessRequests(ctx context.Context, dashboardID string) ([]*core.AccessRequest, error) {
	if _, err := s.gate.RequireDashboard(ctx, "id", dashboardID, access.Manage); err != nil {
		return nil, err
	}
	open, err := s.store.Requests.OpenOf(ctx, dashboardID)
	if err != nil {
		return nil, core.Internal("read access requests", err)
	}
	return open, nil
}

// AccessRequest is one request: for who manages the dashboard, and for who asked
// once it is answered, or while they may view the dashboard. Before that their
// own request would tell them that the dashboard exists.
func (s *Service) AccessRequest(ctx context.Context, id string) (*core.AccessRequest, error) {
	q, standing, err := s.request(ctx, "id", id)
	if err != nil {
		return nil, err
	}
	mine := q.UserID == core.ActorFrom(ctx).UserID() && (q.Status != core.RequestOpen || standing.Allows(access.View))
	if !mine {
		_, err = s.gate.RequireDashboard(ctx, "id", q.DashboardID, access.Manage)
	}
	if err != nil {
		return nil, err
	}
	return q, nil
}

// request reads a request and what the actor may do with its dashboard.
func (s *Service) request(ctx context.Context, field, id string) (*core.AccessRequest, *access.Grant, error) {
	if _, err := s.gate.RequireSignedIn(ctx); err != nil {
		return nil, nil, err
	}
	if err := core.CheckID(field, id, core.NounAccessRequest); err != nil {
		return nil, nil, err
	}
	dashboardID, userID, ok := core.ParseAccessRequestID(id)
	if !ok {
		return nil, nil, core.NotFound(field)
	}
	standing, err := s.gate.Standing(ctx, dashboardID)
	if err != nil {
		return nil, nil, err
	}
	q, err := s.store.Requests.Get(ctx, dashboardID, userID)
	if err != nil {
		return nil, nil, core.Internal("read access request", err)
	}
	if standing == nil || q == nil {
		return nil, nil, core.NotFound(field)
	}
	return q, standing, nil
}
