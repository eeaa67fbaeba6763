package engine

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// The canonical forms of times.
const (
	localForm = "2006-01-02 15:04:05.999999"
	zonedForm = "2006-01-02T15:04:05.999999Z"
)

// tokyo is where the days of datetimes with a zone begin and end.
var tokyo = time.FixedZone("Asia/Tokyo", 9*60*60)

var decimal = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

// parse reads a value in the column's canonical form into what is bound to a
// parameter; false where it does not fit the column. Times are bound as text.
func parse(c core.Column, text string) (v any, ok bool) {
	switch c.Type {
	case core.TypeInt64:
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil
	case core.TypeFloat64:
		f, err := strconv.ParseFloat(text, 64)
		return f, err == nil && decimal.MatchString(text)
	case core.TypeBool:
		return text == "true", text == "true" || text == "false"
	case core.TypeDate:
		_, ok := moment(time.DateOnly, text)
		return text, ok
	case core.TypeDatetime:
		if c.Zoned {
			t, ok := moment(time.RFC3339, text)
			return t.UTC().Format(zonedForm), ok
		}
		t, ok := moment(time.DateTime, strings.Replace(text, "T", " ", 1))
		return t.Format(localForm), ok
	}
	return text, true
}

// moment reads a time that is whole in microseconds.
func moment(form, text string) (time.Time, bool) {
	t, err := time.Parse(form, text)
	return t, err == nil && t.Nanosecond()%1000 == 0 && t.Year() > 0
}

// days turns the days of a range into the moments at which the first begins and
// the last has ended, as they are bound. An end that is "" stays open, that is nil.
func days(c core.Column, from, to string) (begin, end any, ok bool) {
	zone, form := time.UTC, localForm
	if c.Zoned {
		zone, form = tokyo, zonedForm
	}
	at := func(day string, later int) (any, bool) {
		if day == "" {
			return nil, true
		}
		t, err := time.ParseInLocation(time.DateOnly, day, zone)
		return t.AddDate(0, 0, later).UTC().Format(form), err == nil && t.Year() > 0
	}
	begin, okBegin := at(from, 0)
	end, okEnd := at(to, 1)
	return begin, end, okBegin && okEnd
}

// floatText is the shortest text that reads back the same, without an exponent
// where people can do without.
func floatText(f float64) string {
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}
