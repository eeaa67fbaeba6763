package core

import (
	"log/slog"
	"time"
)

// Role is what a person is in the house: an administrator or an ordinary user.
type Role string

// The two roles. Stored users without a role, and the old word "member", read as RoleUser.
const (
	RoleAdmin Role = "ADMIN"
	RoleUser  Role = "USER"
)

// User is a person with an account.
type User struct {
	ID            string
	Email         string // lower case, unique
	Name          string
	Role          Role
	Locale        Locale
	PasswordHash  string // bcrypt
	GroupIDs      []string
	GroupsVersion int64               // rises with every membership change
	Attributes    map[string][]string // set by administrators, for the row conditions of policies: "department" → ["営業"]
	PIIAccess     bool                // sees classified columns as they are
	SessionsFrom  time.Time           // sessions that began before are over, zero: none
	KeptSession   string              // the one session that SessionsFrom does not end
	DeactivatedAt time.Time
	Version       int64
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Active tells whether the person may sign in.
func (u *User) Active() bool { return u.DeactivatedAt.IsZero() }

// LogValue keeps the address and the hash out of logs.
func (u *User) LogValue() slog.Value { return slog.StringValue(u.ID) }

// Session is one sign-in, kept on the server so that it can be ended at once.
type Session struct {
	ID        string
	UserID    string
	IP        string
	Agent     string
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt time.Time
}

// Live tells whether the session still opens doors at the given time.
func (s *Session) Live(at time.Time) bool { return s.RevokedAt.IsZero() && at.Before(s.ExpiresAt) }

// Group is a named set of people that dashboards can be shared with.
type Group struct {
	ID        string
	Name      string // unique, compared trimmed and case-folded
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
	DeletedAt time.Time // a deleted group opens nothing from this moment on; its members and shares are swept after it
}

// Member is one person's membership of a group.
type Member struct {
	GroupID string
	UserID  string
	AddedAt time.Time
}
