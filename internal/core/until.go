package core

import "time"

// CheckUntil wants an end that is still to come, and within so many days.
func CheckUntil(field string, until, now time.Time, days int) error {
	switch {
	case !until.After(now):
		return Invalid(field, "in_past")
	case until.After(now.AddDate(0, 0, days)):
		return Invalid(field, "too_far", "max", days)
	}
	return nil
}
