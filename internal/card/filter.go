package card

import (
	"fmt"
	"slices"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// choice is a viewer's choice for one filter, with its place in the argument.
type choice struct {
	core.FilterValue
	at int
}

func (c choice) invalid(part, reason string, args ...any) error {
	return core.Invalid(fmt.Sprintf("input.filters.%d.%s", c.at, part), reason, args...)
}

func (c choice) isEmpty() bool { return !c.IsRange() && len(c.Values) == 0 && !c.IncludeNull }

// choices checks the bounds of what was chosen, drops what chooses nothing and
// gives relative ranges the days that they stand for at the moment.
func choices(values []core.FilterValue, now time.Time) ([]choice, error) {
	if err := core.CheckFilterValues("input.filters", values); err != nil {
		return nil, err
	}
	var out []choice
	for i, v := range values {
		if c := (choice{v.Resolved(now), i}); !c.isEmpty() {
			out = append(out, c)
		}
	}
	return out, nil
}

// defined keeps the choices for filters that the dashboard defines. A choice
// that names such a column in a way that none of its filters chooses is an error.
func defined(chosen []choice, filters []core.Filter) ([]choice, error) {
	var out []choice
	for _, c := range chosen {
		known, fits := false, false
		for _, f := range filters {
			if f.Column != c.Column || c.FilterID != "" && f.ID != c.FilterID {
				continue
			}
			known = true
			if (f.Type == core.FilterDateRange) != c.IsRange() {
				continue
			}
			fits = true
			if f.Type == core.FilterCategory && !f.MultiSelect && len(c.Values) > 1 {
				return nil, c.invalid("values", "too_many", "max", 1)
			}
		}
		if known && !fits {
			return nil, c.invalid("values", "bad_value")
		}
		if fits {
			out = append(out, c)
		}
	}
	return out, nil
}

// narrow turns the choices that reach a dataset into its filter: every one
// narrows what the ones before it left, so nothing that is chosen can widen. A
// choice reaches the dataset if its reader sees the column there, and a range if
// the column holds dates. The values come back in canonical form and order.
func narrow(chosen []choice, columns []core.Column) (reached []core.FilterValue, where *core.Predicate, err error) {
	var parts []core.Predicate
	for _, c := range chosen {
		column, ok := core.ColumnNamed(columns, c.Column)
		if !ok || c.IsRange() && column.Type != core.TypeDate && column.Type != core.TypeDatetime {
			continue
		}
		part, err := c.predicate(column)
		if err != nil {
			return nil, nil, err
		}
		parts = append(parts, part)
		reached = append(reached, core.FilterValue{
			Column: c.Column, Values: part.Values, IncludeNull: c.IncludeNull, From: c.From, To: c.To,
		})
	}
	switch len(parts) {
	case 0:
		return nil, nil, nil
	case 1:
		return reached, &parts[0], nil
	}
	return reached, &core.Predicate{Op: core.OpAnd, Args: parts}, nil
}

func (c choice) predicate(column core.Column) (core.Predicate, error) {
	if c.IsRange() {
		return core.Predicate{Op: core.OpRange, Column: c.Column, From: c.From, To: c.To}, nil
	}
	values := make([]string, len(c.Values))
	for i, v := range c.Values {
		canonical, ok := column.Canonical(v)
		if !ok {
			return core.Predicate{}, c.invalid("values", "bad_value")
		}
		values[i] = canonical
	}
	slices.Sort(values)
	return core.Predicate{Op: core.OpIn, Column: c.Column, Values: slices.Compact(values), IncludeNull: c.IncludeNull}, nil
}

// columnsOf are the columns of the values, each once.
func columnsOf(values []core.FilterValue) []string {
	columns := []string{}
	for _, v := range values {
		if !slices.Contains(columns, v.Column) {
			columns = append(columns, v.Column)
		}
	}
	return columns
}

// Resolved are values as they count now: relative ranges as the days that they
// stand for.
func (s *Service) Resolved(values []core.FilterValue) []core.FilterValue {
	now, out := s.cfg.Now(), make([]core.FilterValue, len(values))
	for i, v := range values {
		out[i] = v.Resolved(now)
	}
	return out
}
