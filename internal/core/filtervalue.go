package core

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// Bounds of the values that people choose.
const (
	MaxFilterValues    = 500  // of one filter
	MaxFilterValueText = 1000 // characters
)

// FilterValue is what a viewer chose for a filter: values (with or without
// nulls) or an inclusive range of dates, as text in the column's own form.
type FilterValue struct {
	FilterID    string   `json:"filterId,omitempty"`
	Column      string   `json:"column"`
	Values      []string `json:"values,omitempty"`
	IncludeNull bool     `json:"includeNull,omitempty"`
	From        string   `json:"from,omitempty"`
	To          string   `json:"to,omitempty"`

	// Relative stands for From and To, and is turned into them when it is used.
	Relative *RelativeRange `json:"relative,omitempty"`
}

// IsRange tells whether dates are chosen, not values.
func (v FilterValue) IsRange() bool { return v.From != "" || v.To != "" || v.Relative != nil }

// Resolved is the value with its relative range as the days that it stands for
// at the moment.
func (v FilterValue) Resolved(now time.Time) FilterValue {
	if v.Relative != nil {
		v.From, v.To = v.Relative.Days(now)
		v.Relative = nil
	}
	return v
}

// CheckFilterValues checks the bounds of what was chosen, whatever the filters
// and columns are. The field is the argument the list came in.
func CheckFilterValues(field string, values []FilterValue) error {
	if len(values) > MaxDashboardFilters {
		return Invalid(field, "too_many", "max", MaxDashboardFilters)
	}
	for i, v := range values {
		if err := v.check(fmt.Sprintf("%s.%d.", field, i)); err != nil {
			return err
		}
	}
	return nil
}

func (v FilterValue) check(at string) error {
	if v.FilterID != "" {
		if err := CheckID(at+"filterId", v.FilterID, NounFilter); err != nil {
			return err
		}
	}
	if v.Column == "" {
		return Invalid(at+"column", "required")
	}
	if err := checkData(at+"column", v.Column); err != nil {
		return err
	}
	if len(v.Values) > MaxFilterValues {
		return Invalid(at+"values", "too_many", "max", MaxFilterValues)
	}
	for i, text := range v.Values {
		if err := checkData(fmt.Sprintf("%svalues.%d", at, i), text); err != nil {
			return err
		}
	}
	return v.checkRange(at)
}

// checkData bounds a text that stands in data, where any character may stand.
func checkData(field, text string) error {
	if !utf8.ValidString(text) {
		return Invalid(field, "control_characters")
	}
	if utf8.RuneCountInString(text) > MaxFilterValueText {
		return Invalid(field, "too_long", "max", MaxFilterValueText)
	}
	return nil
}

func (v FilterValue) checkRange(at string) error {
	if v.IsRange() && (len(v.Values) > 0 || v.IncludeNull) {
		return Invalid(at+"values", "bad_value")
	}
	for part, day := range map[string]string{"from": v.From, "to": v.To} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return Invalid(at+part, "bad_value")
		}
	}
	if v.From != "" && v.To != "" && v.From > v.To {
		return Invalid(at+"to", "bad_value")
	}
	if v.Relative == nil {
		return nil
	}
	if v.From != "" || v.To != "" {
		return Invalid(at+"relative", "bad_value")
	}
	return v.Relative.check(at + "relative.")
}

func (r RelativeRange) check(at string) error {
	if !slices.Contains([]RelativeUnit{UnitDay, UnitWeek, UnitMonth, UnitQuarter, UnitYear}, r.Unit) {
		return Invalid(at+"unit", "bad_choice", "choices", "DAY, WEEK, MONTH, QUARTER, YEAR")
	}
	if r.Count < 1 || r.Count > MaxRelativeCount {
		return Invalid(at+"count", "out_of_range", "min", 1, "max", MaxRelativeCount)
	}
	return nil
}
