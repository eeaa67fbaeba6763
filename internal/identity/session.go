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
	switch {
	case err != nil:
		return nil, nil, core.Internal("identity: authenticate", err)
	case !s.now().Before(c.ExpiresAt.Time): // from now on the store may have forgotten the session
		return nil, nil, &core.Error{Code: core.CodeTokenExpired}
	}
	if err := s.holds(user, session); err != nil {
		return nil, nil, err
	}
	return shown(user), session, nil
}

// holds tells why a session does not let somebody in, nil where it does.
func (s *Service) holds(user *core.User, session *core.Session) error {
	switch {
	case session == nil || user == nil || session.UserID != user.ID:
		return invalidToken("", errors.New("no such session of this user"))
	case !user.Active():
		return &core.Error{Code: core.CodeUnauthorized, Cause: errors.New("account is deactivated")}
	case !user.Holds(session, s.now()):
		return invalidToken("", errors.New("session was ended"))
	}
	return nil
}

// Resume is the actor of the request as the person whose sign-in it is, for what
// was offered to them before and is fetched without their token. Errors as of
// [Service.Authenticate] and [Service.AuthenticateKey] where it has ended since.
func (s *Service) Resume(ctx context.Context, in core.SignIn) (*core.Actor, error) {
	from := core.ActorFrom(ctx)
	actor := &core.Actor{SessionID: in.SessionID, IP: from.IP, Agent: from.Agent, RequestID: from.RequestID, Locale: from.Locale}
	var user *core.User
	var err error
	if in.KeyID != "" {
		user, actor.Key, err = s.resumeKey(ctx, in)
	} else {
		user, err = s.resumeSession(ctx, in)
	}
	if err != nil {
		return nil, err
	}
	actor.User = shown(user)
	return actor, nil
}

func (s *Service) resumeSession(ctx context.Context, in core.SignIn) (*core.User, error) {
	session, user, err := s.store.Sessions.WithUser(ctx, in.SessionID, in.UserID)
	if err != nil {
		return nil, core.Internal("identity: resume", err)
	}
	return user, s.holds(user, session)
}

func (s *Service) resumeKey(ctx context.Context, in core.SignIn) (*core.User, *core.APIKey, error) {
	key, owner, err := s.store.APIKeys.WithOwner(ctx, in.KeyID, in.UserID)
	if err != nil {
		return nil, nil, core.Internal("identity: resume key", err)
	}
	return owner, shownKey(key), s.good(owner, key)
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
