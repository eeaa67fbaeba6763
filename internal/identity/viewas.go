package identity

import (
	"context"

	"github.com/karuta-bi/karuta/internal/core"
)

// ViewAs gives an actor who sees what a person sees. It is for administrators,
// and for owners of datasets, to whom nothing but their own data opens this way
// and nothing that is not open to themselves too. The look is recorded before
// anything is shown.
func (s *Service) ViewAs(ctx context.Context, userID string) (*core.Actor, error) {
	asker, err := s.gate.RequireDataOwner(ctx)
	if err != nil {
		return nil, err
	}
	user, err := s.existing(ctx, "userId", userID)
	if err != nil {
		return nil, err
	}
	if !user.Active() {
		if !asker.IsAdmin() {
			return nil, core.NotFound("userId")
		}
		return nil, core.Invalid("userId", "inactive")
	}
	if err := s.audit.Ready(); err != nil {
		return nil, err
	}
	if err := s.recordStrict(ctx, core.EventViewedAs, "user", user.ID); err != nil {
		return nil, err
	}
	seer := &core.Actor{
		User: shown(user), ViewedBy: asker.UserID(), SessionID: asker.SessionID,
		IP: asker.IP, Agent: asker.Agent, RequestID: asker.RequestID, Locale: asker.Locale,
	}
	if !asker.IsAdmin() {
		seer.Asker = asker
	}
	return seer, nil
}
