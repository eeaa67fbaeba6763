package engine

import (
	"slices"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
)

const (
	maxDepth  = 50     // of a filter
	maxLeaves = 10_000 // values in a filter
)

// condition turns a filter into SQL with bound values. nil is every row.
//
// The logic is SQL's with three values. A leaf is neither true nor false of a null,
// only an "in" that includes nulls is true of it; so under any number of nots and
// ors a null never matches unless the filter says IncludeNull where it is asked
// about. What does not fit its column is a VALIDATION_ERROR.
func condition(p *core.Predicate, columns []core.Column) (sql string, values []any, err error) {
	c := &compiler{columns: columns}
	if err := c.whole(p); err != nil {
		return "", nil, err
	}
	return c.sql.String(), c.values, nil
}

// compiler writes the SQL of filters, and gathers the values of all of them.
type compiler struct {
	columns []core.Column
	sql     strings.Builder
	values  []any
}

func (c *compiler) whole(p *core.Predicate) error {
	if p == nil {
		c.sql.WriteString("true")
		return nil
	}
	return c.node(*p, 0)
}

func (c *compiler) node(p core.Predicate, depth int) error {
	if depth > maxDepth {
		return core.Invalid("where", "too_many", "max", maxDepth)
	}
	switch p.Op {
	case core.OpAnd:
		return c.all(p.Args, " AND ", "true", depth)
	case core.OpOr:
		return c.all(p.Args, " OR ", "false", depth)
	case core.OpNot:
		if len(p.Args) != 1 {
			return core.Invalid("where", "bad_value")
		}
		c.sql.WriteString("(NOT ")
		err := c.node(p.Args[0], depth+1)
		c.sql.WriteByte(')')
		return err
	case core.OpIn, core.OpRange:
		column, err := columnNamed(c.columns, "where", p.Column)
		if err != nil {
			return err
		}
		if p.Op == core.OpIn {
			return c.in(p, column)
		}
		return c.between(p, column)
	}
	return core.Invalid("where", "bad_value")
}

func (c *compiler) all(args []core.Predicate, operator, empty string, depth int) error {
	c.sql.WriteByte('(')
	if len(args) == 0 {
		c.sql.WriteString(empty)
	}
	for i, a := range args {
		if i > 0 {
			c.sql.WriteString(operator)
		}
		if err := c.node(a, depth+1); err != nil {
			return err
		}
	}
	c.sql.WriteByte(')')
	return nil
}

func (c *compiler) in(p core.Predicate, column core.Column) error {
	name := identifier(column.Name)
	c.sql.WriteByte('(')
	if len(p.Values) == 0 {
		c.sql.WriteString(name + " IS NULL AND NULL") // false, and unknown of a null
	} else {
		c.sql.WriteString(name + " IN (")
		for i, text := range p.Values {
			if i > 0 {
				c.sql.WriteString(", ")
			}
			if err := c.value(column, text); err != nil {
				return err
			}
		}
		c.sql.WriteByte(')')
	}
	if p.IncludeNull {
		c.sql.WriteString(" OR " + name + " IS NULL")
	}
	c.sql.WriteByte(')')
	return nil
}

// between compares with the ends of a range, which belong to it. On datetimes the
// ends are days: up to the end of the last one, that is before the next.
func (c *compiler) between(p core.Predicate, column core.Column) error {
	name := identifier(column.Name)
	if p.From == "" && p.To == "" {
		c.sql.WriteString("(" + name + " IS NOT NULL OR NULL)") // true, and unknown of a null
		return nil
	}
	from, to, ok := ends(column, p)
	if !ok {
		return unfit(column)
	}
	last := " <= "
	if column.Type == core.TypeDatetime {
		last = " < "
	}
	c.sql.WriteByte('(')
	if from != nil {
		c.sql.WriteString(name + " >= ")
		c.bind(column, from)
	}
	if to != nil {
		if from != nil {
			c.sql.WriteString(" AND ")
		}
		c.sql.WriteString(name + last)
		c.bind(column, to)
	}
	c.sql.WriteByte(')')
	return nil
}

// ends are the values that a range is compared with, nil where it is open.
func ends(column core.Column, p core.Predicate) (from, to any, ok bool) {
	if column.Type == core.TypeDatetime {
		return days(column, p.From, p.To)
	}
	okFrom, okTo := true, true
	if p.From != "" {
		from, okFrom = parse(column, p.From)
	}
	if p.To != "" {
		to, okTo = parse(column, p.To)
	}
	return from, to, okFrom && okTo
}

// value writes a parameter for a value in canonical form.
func (c *compiler) value(column core.Column, text string) error {
	v, ok := parse(column, text)
	if !ok {
		return unfit(column)
	}
	if len(c.values) == maxLeaves {
		return core.Invalid("where", "too_many", "max", maxLeaves)
	}
	c.bind(column, v)
	return nil
}

func (c *compiler) bind(column core.Column, v any) {
	c.values = append(c.values, v)
	c.sql.WriteString("CAST(? AS " + sqlType(column) + ")")
}

func unfit(column core.Column) error {
	return core.Invalid("where", "bad_value", "column", column.Name)
}

// columnNamed finds a column among those that may be read.
func columnNamed(columns []core.Column, field, name string) (core.Column, error) {
	i := slices.IndexFunc(columns, func(c core.Column) bool { return c.Name == name })
	if i < 0 || strings.ContainsRune(name, 0) {
		return core.Column{}, core.UnknownColumn(field, name)
	}
	return columns[i], nil
}
