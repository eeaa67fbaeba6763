package identity

import (
	"context"

	"github.com/karuta-bi/karuta/internal/core"
)

// Unlinking names a person who is to be parted from the issuer.
type Unlinking struct {
	UserID string
	DryRun bool // only tell
}

// Unlinked is a person, and the issuers that knew them.
type Unlinked struct {
	User  *core.User
	Links []*core.IssuerLink
}

// Unlink parts a person from every issuer that knows them, and ends their sessions with
// it. Their password and API keys stay. Whom the issuer signs in next with the address
// of the account is linked anew, under the rules of a first sign-in. For administrators;
// nothing happens where no issuer knows the person.
func (s *Service) Unlink(ctx context.Context, in Unlinking) (*Unlinked, error) {
	user, err := s.forChange(ctx, in.UserID)
	if err != nil {
		return nil, err
	}
	if in.DryRun {
		links, err := s.store.Users.Links(ctx, user.ID)
		return &Unlinked{shown(user), links}, core.Known("identity: links of a person", err)
	}
	if err := s.audit.Ready(); err != nil {
		return nil, err
	}
	user, links, err := s.store.Users.Unlink(ctx, user.ID)
	if err != nil {
		return nil, core.Known("identity: unlink", err)
	}
	for _, link := range links {
		if err := s.recordStrict(ctx, core.EventUserUpdated, "user", user.ID, "unlinked", link.Issuer); err != nil {
			return nil, err
		}
	}
	return &Unlinked{shown(user), links}, nil
}

// IssuerLinks tells since when the issuer knows people, by their ids; those whom it does
// not are absent. Everybody sees their own, administrators anybody's.
func (s *Service) IssuerLinks(ctx context.Context, userIDs []string) (map[string]*core.IssuerLink, error) {
	actor, err := s.gate.RequireOnlooker(ctx)
	if err != nil || s.admission.Issuer == "" {
		return nil, err
	}
	var seen []string
	for _, id := range userIDs {
		if actor.IsAdmin() || actor.Is(id) {
			seen = append(seen, id)
		}
	}
	links, err := s.store.Users.Linked(ctx, s.admission.Issuer, seen)
	return links, core.Known("identity: links of people", err)
}
