package identity

import (
	"context"
	"errors"

	"github.com/karuta-bi/karuta/internal/core"
)

// NewUser is an account to be.
type NewUser struct {
	core.Idempotent
	Email    string
	Name     string // at most 100 characters, may be empty
	Role     core.Role
	Password string
}

const personNameMax = 100

// CreateUser makes an account. For administrators; DUPLICATE_ERROR.email when
// the address has one.
func (s *Service) CreateUser(ctx context.Context, in NewUser) (*core.User, error) {
	if _, err := s.gate.RequireAdmin(ctx); err != nil {
		return nil, err
	}
	user, err := s.newUser(in)
	if err != nil {
		return nil, err
	}
	if user.PasswordHash, err = s.passwords.hash(ctx, in.Password); err != nil {
		return nil, err
	}
	if err := s.audit.Ready(); err != nil {
		return nil, err
	}
	if err := s.store.Users.Create(ctx, user); err != nil {
		return nil, core.Known("identity: create user", err)
	}
	return shown(user), s.recordStrict(ctx, core.EventUserCreated, "user", user.ID, "email", user.Email, "role", string(user.Role))
}

func (s *Service) newUser(in NewUser) (*core.User, error) {
	email, err := checkEmail("input.email", in.Email)
	if err != nil {
		return nil, err
	}
	name := email
	if in.Name != "" {
		if name, err = core.CheckLine("input.name", in.Name, personNameMax); err != nil {
			return nil, err
		}
	}
	if err := checkRole(in.Role); err != nil {
		return nil, err
	}
	if err := s.passwords.check("input.password", in.Password); err != nil {
		return nil, err
	}
	now := s.now()
	return &core.User{
		ID: core.NewID(core.NounUser), Email: email, Name: name, Role: in.Role,
		CreatedAt: now, UpdatedAt: now,
	}, nil
}

func checkRole(r core.Role) error {
	if r != core.RoleAdmin && r != core.RoleUser {
		return core.Invalid("input.role", "bad_choice", "choices", "ADMIN, USER")
	}
	return nil
}

// SetRole makes a person an administrator or an ordinary user. For
// administrators; VALIDATION_ERROR.last_admin when nobody would be left.
func (s *Service) SetRole(ctx context.Context, userID string, role core.Role) (*core.User, error) {
	user, err := s.forChange(ctx, userID)
	if err != nil {
		return nil, err
	}
	if err := checkRole(role); err != nil {
		return nil, err
	}
	if user.Role == role {
		return shown(user), nil
	}
	before := user.Role
	user, err = s.changeRights(ctx, user, func(u *core.User) { u.Role = role })
	if err != nil {
		return nil, err
	}
	return shown(user), s.recordStrict(ctx, core.EventRoleChanged, "user", user.ID, "from", string(before), "to", string(role))
}

// Deactivate locks an account, ends its sessions and revokes its API keys. For
// administrators; VALIDATION_ERROR.last_admin when no administrator would be left.
func (s *Service) Deactivate(ctx context.Context, userID string) (*core.User, error) {
	user, err := s.forChange(ctx, userID)
	if err != nil {
		return nil, err
	}
	if user.Active() {
		user, err = s.changeRights(ctx, user, func(u *core.User) {
			u.DeactivatedAt = s.now()
			u.EndSessions("")
		})
		if err != nil {
			return nil, err
		}
		if err := s.recordStrict(ctx, core.EventUserDeactivated, "user", user.ID); err != nil {
			return nil, err
		}
	}
	return shown(user), s.revokeKeys(ctx, user.ID)
}

var errStepsDown = errors.New("identity: the change takes an administrator away")

// changeRights changes a user; where that takes an administrator away, only
// while another one stays.
func (s *Service) changeRights(ctx context.Context, user *core.User, change func(*core.User)) (*core.User, error) {
	if err := s.audit.Ready(); err != nil {
		return nil, err
	}
	changed, err := s.store.Users.Edit(ctx, user.ID, func(u *core.User) error {
		before := isAdmin(u)
		if change(u); before && !isAdmin(u) {
			return errStepsDown
		}
		return nil
	})
	if errors.Is(err, errStepsDown) {
		changed, err = s.store.Users.StepDown(ctx, user.ID, func(u *core.User) error {
			change(u)
			return nil
		})
	}
	return found(changed, err, "input.userId")
}

func isAdmin(u *core.User) bool { return u.Role == core.RoleAdmin && u.Active() }
