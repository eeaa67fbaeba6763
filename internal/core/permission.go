package core

// Permission is what a person may do with a dashboard: VIEWER < EDITOR < OWNER.
// The empty value is no permission at all.
type Permission string

// The three levels.
const (
	PermissionNone   Permission = ""
	PermissionViewer Permission = "VIEWER"
	PermissionEditor Permission = "EDITOR"
	PermissionOwner  Permission = "OWNER"
)

// Rank orders the levels: 0 none, 1 viewer, 2 editor, 3 owner.
func (p Permission) Rank() int {
	switch p {
	case PermissionViewer:
		return 1
	case PermissionEditor:
		return 2
	case PermissionOwner:
		return 3
	}
	return 0
}

// AtLeast tells whether p includes want.
func (p Permission) AtLeast(want Permission) bool { return p.Rank() >= want.Rank() }

// Highest is the higher of two levels.
func Highest(a, b Permission) Permission {
	if b.Rank() > a.Rank() {
		return b
	}
	return a
}

// TargetType is the kind of principal that a dashboard is shared with.
type TargetType string

// Shares go to one user or to every member of a group.
const (
	TargetUser  TargetType = "USER"
	TargetGroup TargetType = "GROUP"
)

func (t TargetType) letter() string {
	if t == TargetGroup {
		return "g"
	}
	return "u"
}
