package core

import "time"

// Limits of a dashboard.
const (
	MaxDashboardCards   = 20
	MaxDashboardFilters = 20
	GridColumns         = 12
	GridRowHeight       = 100 // CSS pixels
)

// Placement is where a card lies on the grid, in grid units.
type Placement struct {
	CardID string `json:"cardId"`
	X      int    `json:"x"`
	Y      int    `json:"y"`
	W      int    `json:"w"`
	H      int    `json:"h"`

	// Grants are the dashboards that the card was copied from, the nearest first:
	// whoever may not view the card on each of them does not see it here. Empty
	// where the card was put here by its editor's own right.
	Grants []string `json:"grants,omitempty"`
}

// MaxGrants is how often a dashboard can be cloned from a clone.
const MaxGrants = 10

// Dashboard is a page of cards with its page filters.
type Dashboard struct {
	ID          string
	Name        string
	Description string
	Cards       []Placement
	Filters     []Filter
	OwnerID     string
	Version     int64 // optimistic lock, sent back with each edit
	CreatedAt   time.Time
	UpdatedAt   time.Time

	// Mine is what the one it was read for may do; not stored, see package access.
	Mine Permission
}

// MyPermission is Mine, nil for an administrator who sees the page as such.
func (d *Dashboard) MyPermission() *Permission {
	if d.Mine == PermissionNone {
		return nil
	}
	return &d.Mine
}

// CardIDs are the ids of the cards on the page, in the order of the layout.
func (d *Dashboard) CardIDs() []string {
	ids := make([]string, len(d.Cards))
	for i, p := range d.Cards {
		ids[i] = p.CardID
	}
	return ids
}

// Place finds where a card lies on the page.
func (d *Dashboard) Place(cardID string) (Placement, bool) {
	for _, p := range d.Cards {
		if p.CardID == cardID {
			return p, true
		}
	}
	return Placement{}, false
}

// CardCount is the number of cards on the page.
func (d *Dashboard) CardCount() int { return len(d.Cards) }

// Share gives a person or a group a level on a dashboard.
type Share struct {
	DashboardID string
	TargetType  TargetType
	TargetID    string
	Permission  Permission
	CreatedBy   string
	CreatedAt   time.Time
	UpdatedAt   time.Time
	ExpiresAt   time.Time // zero: never
	Version     int64
}

// Live tells whether the share opens anything at the given time.
func (s *Share) Live(at time.Time) bool { return s.ExpiresAt.IsZero() || at.Before(s.ExpiresAt) }

// ID is the share's deterministic id.
func (s *Share) ID() string { return ShareID(s.DashboardID, s.TargetType, s.TargetID) }

// AccessChange is one line of a dashboard's access history, written in the
// transaction that changed the access.
type AccessChange struct {
	DashboardID   string
	At            time.Time
	Kind          string // "created", "deleted", "share_added", "share_updated", "share_removed", "cards_changed", "transferred"
	TargetType    TargetType
	TargetID      string
	Permission    Permission
	Previous      Permission
	Added         []string            // ids of cards that came onto the page, of "cards_changed"
	Removed       []string            // ids of cards that left it
	Grants        map[string][]string // of those added cards that have some, see [Placement]
	ExpiresAt     time.Time           // end of the share, zero: none
	PreviousOwner string              // of "transferred"
	ActorID       string
}
