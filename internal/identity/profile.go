package identity

import (
	"context"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
)

// Profile is what people may change of their own account; nil stays as it is.
type Profile struct {
	Name   *string // 1 to 100 characters
	Locale *core.Locale
}

// UpdateProfile changes the actor's own account. From the next request on
// Karuta speaks to them in the language they chose, whatever their browser asks for.
func (s *Service) UpdateProfile(ctx context.Context, in Profile) (*core.User, error) {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	if actor.User == nil {
		return nil, core.Forbidden("")
	}
	fields, changes := []string{}, []func(*core.User){}
	if in.Name != nil {
		name, err := core.CheckLine("input.name", *in.Name, personNameMax)
		if err != nil {
			return nil, err
		}
		fields, changes = append(fields, "name"), append(changes, func(u *core.User) { u.Name = name })
	}
	if in.Locale != nil {
		fields, changes = append(fields, "locale"), append(changes, func(u *core.User) { u.Locale = *in.Locale })
	}
	changed, err := s.store.Users.Edit(ctx, actor.User.ID, func(u *core.User) error {
		for _, change := range changes {
			change(u)
		}
		return nil
	})
	user, err := found(changed, err, "input")
	if err != nil {
		return nil, err
	}
	s.record(ctx, core.EventUserUpdated, "user", user.ID, "fields", strings.Join(fields, ", "))
	return shown(user), nil
}
