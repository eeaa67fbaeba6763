package core

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

var decimal = regexp.MustCompile(`^[+-]?[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?$`)

// Canonical is a value in the column's canonical form (see [Predicate]); false
// where it is no value of the column's type.
func (c Column) Canonical(v string) (string, bool) {
	switch c.Type {
	case TypeInt64:
		n, err := strconv.ParseInt(v, 10, 64)
		return strconv.FormatInt(n, 10), err == nil
	case TypeFloat64:
		f, err := strconv.ParseFloat(v, 64)
		return strconv.FormatFloat(f, 'g', -1, 64), err == nil && decimal.MatchString(v)
	case TypeBool:
		v = strings.ToLower(v)
		return v, v == "true" || v == "false"
	case TypeDate:
		_, err := time.Parse(time.DateOnly, v)
		return v, err == nil
	case TypeDatetime:
		return canonicalMoment(v, c.Zoned)
	}
	return v, true
}

func canonicalMoment(v string, zoned bool) (string, bool) {
	if zoned {
		t, err := time.Parse(time.RFC3339, v)
		return t.UTC().Format("2006-01-02T15:04:05.999999Z"), err == nil
	}
	t, err := time.Parse(time.DateTime, strings.Replace(v, "T", " ", 1))
	return t.Format("2006-01-02 15:04:05.999999"), err == nil
}

// CanonicalEnd is an end of a range over the column (see [OpRange]); false
// where the column has no such ranges or it is no end of one.
func (c Column) CanonicalEnd(v string) (string, bool) {
	switch c.Type {
	case TypeBool:
		return "", false
	case TypeDatetime: // in whole days
		c.Type = TypeDate
	}
	return c.Canonical(v)
}
