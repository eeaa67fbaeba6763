package app

import (
	"context"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/identity"
)

// UserArgs name an account and what it is to have.
type UserArgs struct {
	Email    string
	Name     string
	Role     string // admin or user
	Password string
}

// UserFacts name an account and what policies are to know of the person.
type UserFacts struct {
	Email      string
	Attributes []core.Attribute
	PIIAccess  bool
}

// UserRow is an account as operators see it.
type UserRow struct {
	ID        string
	Email     string
	Name      string
	Role      core.Role
	Active    bool
	CreatedAt time.Time

	Attributes []core.Attribute // by name
	PIIAccess  bool

	Link *core.IssuerLink // with the issuer that people sign in with; nil for none
}

// UnlinkArgs name a person who is to be parted from the issuer.
type UnlinkArgs struct {
	Email  string
	DryRun bool // only tell
}

// UnlinkedRow is a person, and the issuers that knew them.
type UnlinkedRow struct {
	User  UserRow
	Links []*core.IssuerLink
}

func userRow(u *core.User) UserRow {
	return UserRow{
		ID: u.ID, Email: u.Email, Name: u.Name, Role: u.Role, Active: u.Active(), CreatedAt: u.CreatedAt,
		Attributes: u.AttributeList(), PIIAccess: u.PIIAccess,
	}
}

func (a *App) createUser(ctx context.Context, in UserArgs) (UserRow, error) {
	u, err := a.Identity.CreateUser(ctx, identity.NewUser{
		Email: in.Email, Name: in.Name, Role: roleOf(in.Role), Password: in.Password,
	})
	return rowOf(u, err)
}

func (a *App) listUsers(ctx context.Context, _ struct{}) ([]UserRow, error) {
	rows := []UserRow{}
	p := core.PageArgs{First: core.MaxPage}
	for {
		page, err := a.Identity.AllUsers(ctx, p)
		if err != nil {
			return nil, err
		}
		ids := make([]string, len(page.Nodes))
		for i, u := range page.Nodes {
			ids[i] = u.ID
		}
		links, err := a.Identity.IssuerLinks(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, u := range page.Nodes {
			row := userRow(u)
			row.Link = links[u.ID]
			rows = append(rows, row)
		}
		if !page.HasNext {
			return rows, nil
		}
		p.After = page.EndCursor()
	}
}

func (a *App) setRole(ctx context.Context, in UserArgs) (UserRow, error) {
	u, err := a.Identity.UserByEmail(ctx, in.Email)
	if err != nil {
		return UserRow{}, err
	}
	u, err = a.Identity.SetRole(ctx, u.ID, roleOf(in.Role))
	return rowOf(u, err)
}

func (a *App) resetPassword(ctx context.Context, in UserArgs) (UserRow, error) {
	u, err := a.Identity.UserByEmail(ctx, in.Email)
	if err != nil {
		return UserRow{}, err
	}
	u, err = a.Identity.ResetPassword(ctx, u.ID, in.Password)
	return rowOf(u, err)
}

func (a *App) setAttributes(ctx context.Context, in UserFacts) (UserRow, error) {
	u, err := a.Identity.UserByEmail(ctx, in.Email)
	if err != nil {
		return UserRow{}, err
	}
	u, err = a.Identity.SetAttributes(ctx, u.ID, in.Attributes)
	return rowOf(u, err)
}

func (a *App) setPII(ctx context.Context, in UserFacts) (UserRow, error) {
	u, err := a.Identity.UserByEmail(ctx, in.Email)
	if err != nil {
		return UserRow{}, err
	}
	u, err = a.Identity.SetPIIAccess(ctx, u.ID, in.PIIAccess)
	return rowOf(u, err)
}

func (a *App) unlinkUser(ctx context.Context, in UnlinkArgs) (UnlinkedRow, error) {
	u, err := a.Identity.UserByEmail(ctx, in.Email)
	if err != nil {
		return UnlinkedRow{}, err
	}
	done, err := a.Identity.Unlink(ctx, identity.Unlinking{UserID: u.ID, DryRun: in.DryRun})
	if err != nil {
		return UnlinkedRow{}, err
	}
	return UnlinkedRow{User: userRow(done.User), Links: done.Links}, nil
}

func rowOf(u *core.User, err error) (UserRow, error) {
	if err != nil {
		return UserRow{}, err
	}
	return userRow(u), nil
}

func roleOf(word string) core.Role { return core.Role(strings.ToUpper(word)) }

// TokenReport is what an operator wants to know of a token.
type TokenReport = identity.TokenReport

// inspectToken reads a token with our keys and, where it is good, asks whether
// its session still is.
func (a *App) inspectToken(ctx context.Context, token string) (TokenReport, error) {
	report := a.keys.Inspect(token, time.Now())
	if report.Verdict != "" {
		return report, nil
	}
	if _, _, err := a.Identity.Authenticate(ctx, token); err != nil {
		report.Verdict, report.Why = core.CodeOf(err), "the token is ours, but its session was ended or its account locked"
	}
	return report, nil
}
