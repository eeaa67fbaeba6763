package identity

import (
	"context"
	"strconv"

	"github.com/karuta-bi/karuta/internal/core"
)

// sessionsMax is how many of a person's sessions are listed.
const sessionsMax = 100

// Sessions are the actor's own live sessions, newest first, at most 100. One
// that began a moment ago may be missing.
func (s *Service) Sessions(ctx context.Context) ([]*core.Session, error) {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil || actor.User == nil {
		return nil, err
	}
	user, err := s.existing(ctx, "", actor.User.ID)
	if err != nil {
		return nil, err
	}
	live, err := s.liveSessions(ctx, user)
	return live[:min(len(live), sessionsMax)], err
}

func (s *Service) liveSessions(ctx context.Context, user *core.User) ([]*core.Session, error) {
	all, err := s.store.Sessions.ByUser(ctx, user.ID)
	if err != nil {
		return nil, core.Internal("identity: sessions", err)
	}
	live, now := all[:0], s.now()
	for _, session := range all {
		if user.Holds(session, now) {
			live = append(live, session)
		}
	}
	return live, nil
}

// Session is one of the actor's own live sessions; NOT_FOUND for any other.
func (s *Service) Session(ctx context.Context, id string) (*core.Session, error) {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	if err := core.CheckID("id", id, core.NounSession); err != nil {
		return nil, err
	}
	session, user, err := s.store.Sessions.WithUser(ctx, id, actor.UserID())
	if err != nil {
		return nil, core.Internal("identity: session", err)
	}
	if session != nil && session.UserID != actor.UserID() {
		s.audit.Denied(ctx, "session", id, "VIEW")
	}
	if session == nil || user == nil || !user.Holds(session, s.now()) {
		return nil, core.NotFound("id")
	}
	return session, nil
}

// Revocation says which sessions are to end. With neither person nor session
// it is all of one's own but the present one.
type Revocation struct {
	UserID    *string // all of this person, the present one too
	SessionID *string // this one alone
	Reason    string  // for the audit log, at most 200 characters
}

// RevokeSessions ends sessions at once and tells how many there were, as far as
// the list of sessions knows. Everybody ends their own, administrators anybody's;
// to others somebody else's session is NOT_FOUND, and somebody else FORBIDDEN.
func (s *Service) RevokeSessions(ctx context.Context, in Revocation) (int, error) {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return 0, err
	}
	if err := core.CheckText("input.reason", in.Reason, core.MaxName); err != nil {
		return 0, err
	}
	whose := actor.UserID()
	if in.UserID != nil {
		whose = *in.UserID
		if err := s.mayRevoke(ctx, actor, whose); err != nil {
			return 0, err
		}
	}
	switch {
	case in.SessionID != nil:
		anybody := in.UserID == nil && actor.IsAdmin()
		return s.revokeOne(ctx, *in.SessionID, whose, anybody, in.Reason)
	case in.UserID != nil:
		return s.revokeAll(ctx, whose, "", in.Reason)
	case actor.User == nil:
		return 0, core.Invalid("input.userId", "required")
	}
	return s.revokeAll(ctx, whose, actor.SessionID, in.Reason)
}

func (s *Service) mayRevoke(ctx context.Context, actor *core.Actor, userID string) error {
	if userID != actor.UserID() {
		if _, err := s.gate.RequireAdmin(ctx); err != nil {
			return err
		}
	}
	_, err := s.existing(ctx, "input.userId", userID)
	return err
}

// revokeOne ends a session of the person, or of anybody.
func (s *Service) revokeOne(ctx context.Context, id, whose string, anybody bool, reason string) (int, error) {
	const field = "input.sessionId"
	if err := core.CheckID(field, id, core.NounSession); err != nil {
		return 0, err
	}
	session, err := s.store.Sessions.Get(ctx, id)
	if err != nil {
		return 0, core.Internal("identity: session", err)
	}
	if session != nil && session.UserID != whose && !anybody {
		s.audit.Denied(ctx, "session", id, "MANAGE")
		session = nil
	}
	if session == nil {
		return 0, core.NotFound(field)
	}
	user, err := s.existing(ctx, field, session.UserID)
	if err != nil {
		return 0, err
	}
	now := s.now()
	if !user.Holds(session, now) {
		return 0, nil
	}
	if err := s.store.Sessions.Revoke(ctx, id, now); err != nil {
		return 0, core.Internal("identity: end session", err)
	}
	s.record(ctx, core.EventSessionRevoked, "user", user.ID, "session", id, "sessions", "1", "reason", reason)
	return 1, nil
}

// revokeAll ends the person's sessions but the kept one. That they are over
// stands in the person, whom every request reads, and not in the sessions: no
// list could be trusted to know the one that began a moment ago.
func (s *Service) revokeAll(ctx context.Context, userID, kept, reason string) (int, error) {
	user, err := s.existing(ctx, "input.userId", userID)
	if err != nil {
		return 0, err
	}
	live, err := s.liveSessions(ctx, user)
	if err != nil {
		return 0, err
	}
	ended := 0
	for _, session := range live {
		if session.ID != kept {
			ended++
		}
	}
	changed, err := s.store.Users.Edit(ctx, userID, func(u *core.User) error {
		u.EndSessions(kept)
		return nil
	})
	if _, err := found(changed, err, "input.userId"); err != nil {
		return 0, err
	}
	s.record(ctx, core.EventSessionRevoked, "user", userID, "sessions", strconv.Itoa(ended), "reason", reason)
	return ended, nil
}
