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
	SessionEra    int64               // rises when all sessions end: those of an earlier era are over
	KeptSession   string              // the one session of an earlier era that is not over, "" for none
	DeactivatedAt time.Time
	SuccessorID   string // who took over what the person owned, "" for nobody
	Version       int64
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// IssuerLink tells that an issuer knows a person, whom it may sign in.
type IssuerLink struct {
	Issuer string // its address, as it stands in its tokens
	Since  time.Time
}

// Active tells whether the person may sign in.
func (u *User) Active() bool { return u.DeactivatedAt.IsZero() }

// EndSessions ends every session of the person but the kept one ("" keeps none)
// as soon as the person is stored. Those that begin later belong to the new era.
func (u *User) EndSessions(kept string) {
	u.SessionEra++
	u.KeptSession = kept
}

// Holds tells whether the session is the person's and still opens doors at the given time.
func (u *User) Holds(s *Session, at time.Time) bool {
	return s.UserID == u.ID && s.Live(at) && (s.Era == u.SessionEra || s.ID == u.KeptSession)
}

// LogValue keeps the address and the hash out of logs.
func (u *User) LogValue() slog.Value { return slog.StringValue(u.ID) }

// Session is one sign-in, kept on the server so that it can be ended at once.
type Session struct {
	ID        string
	UserID    string
	Era       int64 // the person's SessionEra when it began
	IP        string
	Agent     string
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt time.Time
}

// Live tells whether the session's time is not over and nobody has ended it by
// itself. Whether it opens doors, [User.Holds] tells.
func (s *Session) Live(at time.Time) bool { return s.RevokedAt.IsZero() && at.Before(s.ExpiresAt) }

// Group is a named set of people that dashboards can be shared with.
type Group struct {
	ID        string
	Name      string // unique, compared trimmed and case-folded
	Claim     string // what the issuer calls it in a person's claims, "" for nothing; unique
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
