package access

import (
	"cmp"
	"slices"

	"github.com/karuta-bi/karuta/internal/core"
)

// The conditions that hold for every row and for none.
var (
	everyRow = core.Predicate{Op: core.OpAnd}
	noRow    = core.Predicate{Op: core.OpOr}
)

// Broken tells that the policy names a column that is no longer there, or a
// value that its column can no longer hold. Such a policy opens nothing.
func Broken(d *core.Dataset, p core.Policy) bool {
	missing := func(name string) bool { _, ok := d.Column(name); return !ok }
	return slices.ContainsFunc(p.Hidden, missing) ||
		slices.ContainsFunc(p.Masked, func(m core.MaskedColumn) bool { return missing(m.Column) }) ||
		p.Rows != nil && brokenRows(*p.Rows, d)
}

func brokenRows(c core.RowCondition, d *core.Dataset) bool {
	if c.Op != core.OpIn && c.Op != core.OpRange {
		return slices.ContainsFunc(c.Args, func(arg core.RowCondition) bool { return brokenRows(arg, d) })
	}
	column, ok := d.Column(c.Column)
	if !ok || c.Attribute != "" {
		return !ok
	}
	_, ok = leaf(c, column, c.Values)
	return !ok
}

// rowsOf are the rows that a policy opens to somebody, nil for all of them.
func rowsOf(p core.Policy, viewer facts, d *core.Dataset) *core.Predicate {
	if Broken(d, p) {
		return &noRow
	}
	if p.Rows == nil {
		return nil
	}
	rows := resolve(*p.Rows, false, viewer, d)
	if compare(rows, everyRow) == 0 {
		return nil
	}
	return &rows
}

// resolve turns a condition, or its opposite, into a filter with the viewer's
// own values. The nots go down to the leaves on the way, so that a leaf that
// cannot be asked holds no row whatever stands above it.
func resolve(c core.RowCondition, opposite bool, viewer facts, d *core.Dataset) core.Predicate {
	switch c.Op {
	case core.OpNot:
		if len(c.Args) != 1 {
			return noRow
		}
		return resolve(c.Args[0], !opposite, viewer, d)
	case core.OpAnd, core.OpOr:
		op := c.Op
		if opposite && op == core.OpAnd {
			op = core.OpOr
		} else if opposite {
			op = core.OpAnd
		}
		args := make([]core.Predicate, len(c.Args))
		for i, arg := range c.Args {
			args[i] = resolve(arg, opposite, viewer, d)
		}
		return join(op, args)
	}
	return resolveLeaf(c, opposite, viewer, d)
}

func resolveLeaf(c core.RowCondition, opposite bool, viewer facts, d *core.Dataset) core.Predicate {
	column, ok := d.Column(c.Column)
	if !ok {
		return noRow
	}
	values := c.Values
	if c.Attribute != "" {
		if values = ownValues(c, column, viewer); len(values) == 0 {
			return noRow
		}
	}
	p, ok := leaf(c, column, values)
	switch {
	case !ok:
		return noRow
	case opposite:
		return core.Predicate{Op: core.OpNot, Args: []core.Predicate{p}}
	}
	return p
}

// ownValues are the viewer's values of the attribute that fit the column.
func ownValues(c core.RowCondition, column core.Column, viewer facts) []string {
	return slices.DeleteFunc(slices.Clone(viewer.attributes[c.Attribute]), func(v string) bool {
		_, fits := column.Canonical(v)
		return !fits
	})
}

// leaf is the filter of one column, false where a value does not fit it.
func leaf(c core.RowCondition, column core.Column, values []string) (p core.Predicate, ok bool) {
	p = core.Predicate{Op: c.Op, Column: c.Column, IncludeNull: c.IncludeNull}
	switch c.Op {
	case core.OpIn:
		for _, v := range values {
			if v, ok = column.Canonical(v); !ok {
				return p, false
			}
			p.Values = append(p.Values, v)
		}
		slices.Sort(p.Values)
		p.Values = slices.Compact(p.Values)
		return p, true
	case core.OpRange:
		okFrom, okTo := true, true
		if c.From != "" {
			p.From, okFrom = column.CanonicalEnd(c.From)
		}
		if c.To != "" {
			p.To, okTo = column.CanonicalEnd(c.To)
		}
		return p, okFrom && okTo
	}
	return p, false
}

// join is the filter in its one form: flat, sorted, without doubles and without
// what changes nothing.
func join(op core.PredicateOp, args []core.Predicate) core.Predicate {
	neutral, final := everyRow, noRow
	if op == core.OpOr {
		neutral, final = noRow, everyRow
	}
	var kept []core.Predicate
	for _, arg := range args {
		switch {
		case compare(arg, final) == 0:
			return final
		case compare(arg, neutral) == 0:
		case arg.Op == op:
			kept = append(kept, arg.Args...)
		default:
			kept = append(kept, arg)
		}
	}
	slices.SortFunc(kept, compare)
	kept = slices.CompactFunc(kept, func(a, b core.Predicate) bool { return compare(a, b) == 0 })
	switch len(kept) {
	case 0:
		return neutral
	case 1:
		return kept[0]
	}
	return core.Predicate{Op: op, Args: kept}
}

func compare(a, b core.Predicate) int {
	return cmp.Or(
		cmp.Compare(a.Op, b.Op), cmp.Compare(a.Column, b.Column), slices.Compare(a.Values, b.Values),
		cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To),
		compareBool(a.IncludeNull, b.IncludeNull), slices.CompareFunc(a.Args, b.Args, compare),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
