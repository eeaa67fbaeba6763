package core

import "time"

// RelativeUnit is what a relative range counts.
type RelativeUnit string

// The units. A week begins on Monday.
const (
	UnitDay     RelativeUnit = "DAY"
	UnitWeek    RelativeUnit = "WEEK"
	UnitMonth   RelativeUnit = "MONTH"
	UnitQuarter RelativeUnit = "QUARTER"
	UnitYear    RelativeUnit = "YEAR"
)

// RelativeRange is a range of dates that moves with today (in Japan): the last
// Count units, with the one that is running now or up to its beginning.
type RelativeRange struct {
	Unit           RelativeUnit `json:"unit"`
	Count          int          `json:"count"`
	IncludeCurrent bool         `json:"includeCurrent"`
}

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
	Default  bool // the dashboard's default
	Personal bool // their own default
}
