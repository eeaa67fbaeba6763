package core

import "time"

// PastPath is how somebody came to see a thing.
type PastPath string

// The paths.
const (
	PastOwner     PastPath = "OWNER"
	PastAdmin     PastPath = "ADMIN"
	PastShare     PastPath = "SHARE"     // with the person
	PastGroup     PastPath = "GROUP"     // with a group of theirs
	PastDashboard PastPath = "DASHBOARD" // through one that showed it
)

// AccessInterval is a stretch of time in which a person could see a thing in one
// way. An empty ResourceID is everything, for an administrator.
type AccessInterval struct {
	UserID     string
	ResourceID string
	From       time.Time
	To         *time.Time // nil: it goes on
	Path       PastPath
	ViaID      string // the group or the dashboard that it led over
	Level      Permission
}

// Granted is the level, nil for an administrator.
func (i *AccessInterval) Granted() *Permission {
	if i.Level == PermissionNone {
		return nil
	}
	return &i.Level
}

// AccessSighting is how often a person did one kind of thing with a target.
type AccessSighting struct {
	UserID   string
	TargetID string
	Type     EventType
	Count    int
	First    time.Time
	Last     time.Time
}
