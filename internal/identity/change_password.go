package identity

import (
	"context"

	"github.com/karuta-bi/karuta/internal/core"
)

// ChangePassword gives the actor a new password, for the current one. All their
// other sessions end.
func (s *Service) ChangePassword(ctx context.Context, current, next string) (*core.User, error) {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	if actor.User == nil {
		return nil, core.Forbidden("")
	}
	user, err := s.existing(ctx, "input.userId", actor.User.ID)
	if err != nil {
		return nil, err
	}
	if err := s.checkCurrent(ctx, user, current); err != nil {
		return nil, err
	}
	user, err = s.setPassword(ctx, user, next, newPassword{still: user.PasswordHash, kept: actor.SessionID})
	if err != nil {
		return nil, err
	}
	s.record(ctx, core.EventPasswordChanged, "user", user.ID)
	return shown(user), nil
}

func (s *Service) checkCurrent(ctx context.Context, user *core.User, current string) error {
	const field = "input.currentPassword"
	if current == "" {
		return core.Invalid(field, "required")
	}
	if len(current) > loginPassword {
		return core.Invalid(field, "too_long", "max", passwordMax)
	}
	try, err := s.reserve(ctx, user.Email)
	if err != nil {
		return err
	}
	matches, err := s.passwords.matches(ctx, user.PasswordHash, current)
	if err != nil {
		return err
	}
	if err := s.settle(ctx, try, user, matches); err != nil || matches {
		return err
	}
	s.audit.Record(ctx, core.AuditEvent{Type: core.EventPasswordChanged, TargetType: "user", TargetID: user.ID, Outcome: core.OutcomeFailure})
	return core.Invalid(field, "password_wrong")
}

// ResetPassword gives somebody a new password and ends all their sessions. For administrators.
func (s *Service) ResetPassword(ctx context.Context, userID, next string) (*core.User, error) {
	user, err := s.forChange(ctx, userID)
	if err != nil {
		return nil, err
	}
	if err := s.audit.Ready(); err != nil {
		return nil, err
	}
	if user, err = s.setPassword(ctx, user, next, newPassword{}); err != nil {
		return nil, err
	}
	return shown(user), s.recordStrict(ctx, core.EventPasswordReset, "user", user.ID)
}

// newPassword says how a password is replaced.
type newPassword struct {
	still string // hash that must still be the user's, "" for any
	kept  string // session that goes on, "" for none
}

// setPassword checks, hashes and stores, and ends the sessions in the same
// write. A hash that is given must still be the user's: two changes at once do
// not both win with one old password.
func (s *Service) setPassword(ctx context.Context, user *core.User, next string, how newPassword) (*core.User, error) {
	if err := s.passwords.check("input.newPassword", next); err != nil {
		return nil, err
	}
	hash, err := s.passwords.hash(ctx, next)
	if err != nil {
		return nil, err
	}
	changed, err := s.store.Users.Edit(ctx, user.ID, func(u *core.User) error {
		if how.still != "" && u.PasswordHash != how.still {
			return core.Invalid("input.currentPassword", "password_wrong")
		}
		u.PasswordHash = hash
		u.EndSessions(how.kept)
		return nil
	})
	return found(changed, err, "input.userId")
}
