package identity

import (
	"context"
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/karuta-bi/karuta/internal/core"
)

// shown is a user without the hash.
func shown(u *core.User) *core.User {
	if u == nil {
		return nil
	}
	v := *u
	v.PasswordHash = ""
	return &v
}

// asSeenBy is a user as the actor may see them: all but the hash for
// administrators and themselves, else id, address and name.
func asSeenBy(actor *core.Actor, u *core.User) *core.User {
	if actor.IsAdmin() || actor.Is(u.ID) {
		return shown(u)
	}
	return &core.User{ID: u.ID, Email: u.Email, Name: u.Name}
}

// Users finds people by a part of their address, ordered by address. For
// everybody who is signed in; others than administrators find active accounts
// only and see id, address and name. An empty query finds nobody.
func (s *Service) Users(ctx context.Context, query string, p core.PageArgs) (core.Page[*core.User], error) {
	var page core.Page[*core.User]
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return page, err
	}
	if len(query) > emailMax {
		return page, core.Invalid("query", "too_long", "max", emailMax)
	}
	after, err := addressAfter(p.After)
	if err != nil {
		return page, err
	}
	part := normalEmail(query)
	if part == "" {
		return page, nil
	}
	return s.people(ctx, actor, p.First, after, func(u *core.User) bool {
		return strings.Contains(u.Email, part) && (u.Active() || actor.IsAdmin())
	})
}

// AllUsers lists every account by address. For administrators.
func (s *Service) AllUsers(ctx context.Context, p core.PageArgs) (core.Page[*core.User], error) {
	actor, err := s.gate.RequireAdmin(ctx)
	if err != nil {
		return core.Page[*core.User]{}, err
	}
	after, err := addressAfter(p.After)
	if err != nil {
		return core.Page[*core.User]{}, err
	}
	return s.people(ctx, actor, p.First, after, func(*core.User) bool { return true })
}

func (s *Service) people(ctx context.Context, actor *core.Actor, first int, after string, match func(*core.User) bool) (core.Page[*core.User], error) {
	var page core.Page[*core.User]
	found, err := s.store.Users.Search(ctx, after, match, first+1)
	if err != nil {
		return page, core.Internal("identity: search users", err)
	}
	page.HasNext = len(found) > first
	for _, u := range found[:min(first, len(found))] {
		page.Nodes = append(page.Nodes, asSeenBy(actor, u))
		page.Cursors = append(page.Cursors, base64.RawURLEncoding.EncodeToString([]byte(u.Email)))
	}
	return page, nil
}

// addressAfter reads a cursor; a forged one only starts the same list elsewhere.
func addressAfter(cursor string) (string, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) > emailMax || !utf8.Valid(raw) {
		return "", core.Invalid("after", "bad_cursor")
	}
	return string(raw), nil
}

// UsersByID reads people by id, for loaders; the missing are absent. Everybody
// who is signed in sees id, address and name, locked accounts' too.
func (s *Service) UsersByID(ctx context.Context, ids []string) (map[string]*core.User, error) {
	actor, err := s.gate.RequireOnlooker(ctx)
	if err != nil {
		return nil, err
	}
	users, err := s.store.Users.Many(ctx, ids)
	if err != nil {
		return nil, core.Internal("identity: read users", err)
	}
	for id, u := range users {
		users[id] = asSeenBy(actor, u)
	}
	return users, nil
}

// Account is the account with the id. For administrators; NOT_FOUND when there is none.
func (s *Service) Account(ctx context.Context, id string) (*core.User, error) {
	user, err := s.forChange(ctx, id)
	return shown(user), err
}

// UserByEmail finds the account with the address, for the operator's verbs.
// For administrators; NOT_FOUND when there is none.
func (s *Service) UserByEmail(ctx context.Context, email string) (*core.User, error) {
	if _, err := s.gate.RequireAdmin(ctx); err != nil {
		return nil, err
	}
	email, err := checkEmail("email", email)
	if err != nil {
		return nil, err
	}
	user, err := s.store.Users.ByEmail(ctx, email)
	return found(shown(user), err, "email")
}

// forChange is the user an administrator wants to change.
func (s *Service) forChange(ctx context.Context, userID string) (*core.User, error) {
	if _, err := s.gate.RequireAdmin(ctx); err != nil {
		return nil, err
	}
	return s.existing(ctx, "input.userId", userID)
}

func (s *Service) existing(ctx context.Context, field, userID string) (*core.User, error) {
	if err := core.CheckID(field, userID, core.NounUser); err != nil {
		return nil, err
	}
	user, err := s.store.Users.Get(ctx, userID)
	return found(user, err, field)
}

// found turns the store's nil into NOT_FOUND and its unexpected errors into INTERNAL_ERROR.
func found[T any](noun *T, err error, field string) (*T, error) {
	if err != nil {
		return nil, core.Known("identity: "+field, err)
	}
	if noun == nil {
		return nil, core.NotFound(field)
	}
	return noun, nil
}
