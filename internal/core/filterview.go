package core

import "time"

// MaxFilterViews is how many filter views a person keeps of one dashboard.
const MaxFilterViews = 100

// FilterView is a named choice of a dashboard's filters.
type FilterView struct {
	ID          string // view_<dashboard>_<own>
	DashboardID string
	Name        string
	OwnerID     string
	Filters     []FilterValue
	Shared      bool // everybody who may view the dashboard sees it
	Version     int64
	CreatedAt   time.Time
	UpdatedAt   time.Time

	// What it is for the one it was read for; not stored here.
	Default  bool // everybody's default
	Personal bool // their own default
	CanRun   bool // they may view the dashboard now
	Partial  bool // some of what it chooses is withheld from them
}

// VisibleTo tells whether a person sees the view: its owner always, others where
// it is shared and they may view its dashboard (CanRun).
func (v *FilterView) VisibleTo(userID string) bool {
	return v.OwnerID == userID || v.Shared && v.CanRun
}

// FilterViewScope is for whom a filter view is where a dashboard begins.
type FilterViewScope string

// A default is a person's own, or everybody's who has none.
const (
	ScopePersonal  FilterViewScope = "PERSONAL"
	ScopeEverybody FilterViewScope = "EVERYBODY"
)
