package identity

import (
	"context"
	"errors"

	"github.com/karuta-bi/karuta/internal/core"
)

// Authenticate tells whose token it is, with one call to the store.
// UNAUTHORIZED without a token and for a locked account, TOKEN_EXPIRED where
// signing in again helps, INVALID_TOKEN for a forged token and an ended session.
func (s *Service) Authenticate(ctx context.Context, token string) (*core.User, *core.Session, error) {
	if token == "" {
		return nil, nil, &core.Error{Code: core.CodeUnauthorized}
	}
	c, err := s.keys.parse(token, s.now())
	if err != nil {
		return nil, nil, err
	}
	session, user, err := s.store.Sessions.WithUser(ctx, c.SessionID, c.Subject)
	now := s.now()
	switch {
	case err != nil:
		return nil, nil, core.Internal("identity: authenticate", err)
	case !now.Before(c.ExpiresAt.Time): // from now on the store may have forgotten the session
		return nil, nil, &core.Error{Code: core.CodeTokenExpired}
	case session == nil || user == nil || session.UserID != user.ID:
		return nil, nil, invalidToken("", errors.New("no such session of this user"))
	case !user.Active():
		return nil, nil, &core.Error{Code: core.CodeUnauthorized, Cause: errors.New("account is deactivated")}
	case !user.Holds(session, now):
		return nil, nil, invalidToken("", errors.New("session was ended"))
	}
	return shown(user), session, nil
}

// Logout ends the actor's own session at once.
func (s *Service) Logout(ctx context.Context) error {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return err
	}
	if actor.SessionID == "" {
		return nil
	}
	if err := s.store.Sessions.Revoke(ctx, actor.SessionID, s.now()); err != nil {
		return core.Internal("identity: logout", err)
	}
	s.record(ctx, core.EventLogout, "user", actor.UserID())
	return nil
}
