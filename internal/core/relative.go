package core

import "time"

// RelativeUnit is what a relative range counts.
type RelativeUnit string

// The units. A week begins on Monday, a quarter in January, April, July and
// October.
const (
	UnitDay     RelativeUnit = "DAY"
	UnitWeek    RelativeUnit = "WEEK"
	UnitMonth   RelativeUnit = "MONTH"
	UnitQuarter RelativeUnit = "QUARTER"
	UnitYear    RelativeUnit = "YEAR"
)

// MaxRelativeCount is how many units a relative range holds at most.
const MaxRelativeCount = 400

// RelativeRange is a range of dates that moves with today (in Japan): the last
// Count whole units, of which the last is the one that is running now or the one
// before it. The running one counts to its end, so that "this month" stays the
// same all month and holds what is planned for its last days.
type RelativeRange struct {
	Unit           RelativeUnit `json:"unit"`
	Count          int          `json:"count"`
	IncludeCurrent bool         `json:"includeCurrent"`
}

// japan is where days begin and end; it has had no summer time since 1951.
var japan = time.FixedZone("Asia/Tokyo", 9*60*60)

// Days are the first and the last day of the range at a moment, YYYY-MM-DD.
func (r RelativeRange) Days(now time.Time) (from, to string) {
	y, m, d := now.In(japan).Date()
	end := r.Unit.begin(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
	if r.IncludeCurrent {
		end = r.Unit.add(end, 1)
	}
	return r.Unit.add(end, -r.Count).Format(time.DateOnly), end.AddDate(0, 0, -1).Format(time.DateOnly)
}

// begin is the first day of the unit that holds the day.
func (u RelativeUnit) begin(day time.Time) time.Time {
	y, m, d := day.Date()
	switch u {
	case UnitWeek:
		sinceMonday := (int(day.Weekday()) + 6) % 7
		return day.AddDate(0, 0, -sinceMonday)
	case UnitMonth:
		d = 1
	case UnitQuarter:
		m, d = m-(m-1)%3, 1
	case UnitYear:
		m, d = time.January, 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// add moves the first day of a unit by n units.
func (u RelativeUnit) add(first time.Time, n int) time.Time {
	switch u {
	case UnitWeek:
		return first.AddDate(0, 0, 7*n)
	case UnitMonth:
		return first.AddDate(0, n, 0)
	case UnitQuarter:
		return first.AddDate(0, 3*n, 0)
	case UnitYear:
		return first.AddDate(n, 0, 0)
	}
	return first.AddDate(0, 0, n)
}
