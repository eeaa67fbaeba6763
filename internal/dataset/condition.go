package dataset

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/karuta-bi/karuta/internal/core"
)

// Bounds of a row condition.
const (
	maxConditions    = 100
	maxDepth         = 5
	maxConditionText = 1000 // characters of a value
)

// Condition is a row condition as people write it, in exactly one form: All,
// Any, Not, or a Column with Values and IncludeNull, with From and To, or with
// the name of an Attribute of the viewer. An empty All is every row.
type Condition struct {
	All         []Condition `json:"all,omitzero"`
	Any         []Condition `json:"any,omitzero"`
	Not         *Condition  `json:"not,omitempty"`
	Column      *string     `json:"column,omitempty"`
	Values      []string    `json:"values,omitempty"`
	IncludeNull bool        `json:"includeNull,omitempty"`
	From        string      `json:"from,omitempty"`
	To          string      `json:"to,omitempty"`
	Attribute   *string     `json:"attribute,omitempty"`
}

// RowsText is the row condition in the form of its input, as JSON.
func (p Policy) RowsText() string {
	if p.Rows == nil {
		return `{"all":[]}`
	}
	raw, _ := json.Marshal(conditionOf(*p.Rows)) // texts always encode
	return string(raw)
}

func conditionOf(r core.RowCondition) (c Condition) {
	switch r.Op {
	case core.OpAnd:
		c.All = conditionsOf(r.Args)
	case core.OpOr:
		c.Any = conditionsOf(r.Args)
	case core.OpNot:
		c.Not = &conditionsOf(r.Args)[0]
	default:
		c = Condition{Column: &r.Column, Values: r.Values, IncludeNull: r.IncludeNull, From: r.From, To: r.To}
		if r.Attribute != "" {
			c.Attribute = &r.Attribute
		}
	}
	return c
}

func conditionsOf(args []core.RowCondition) []Condition {
	out := make([]Condition, len(args))
	for i, arg := range args {
		out[i] = conditionOf(arg)
	}
	return out
}

// parser checks a row condition against a dataset and counts its parts.
type parser struct {
	dataset *core.Dataset
	count   int
}

// parseRows is the condition in its stored form, nil for every row. The error
// names the part of the condition.
func parseRows(field string, c Condition, d *core.Dataset) (*core.RowCondition, error) {
	p := &parser{dataset: d}
	rows, err := p.node(field, c, 1)
	if err != nil || rows.Op == core.OpAnd && len(rows.Args) == 0 {
		return nil, err
	}
	return &rows, nil
}

func (p *parser) node(field string, c Condition, depth int) (core.RowCondition, error) {
	if p.count++; p.count > maxConditions {
		return core.RowCondition{}, core.Invalid(field, "too_many", "max", maxConditions)
	}
	if depth > maxDepth {
		return core.RowCondition{}, core.Invalid(field, "too_deep", "max", maxDepth)
	}
	if c.forms() != 1 || c.Column == nil && c.hasLeafParts() {
		return core.RowCondition{}, core.Invalid(field, "one_form")
	}
	switch {
	case c.All != nil:
		return p.list(core.OpAnd, field+".all", c.All, depth)
	case c.Any != nil:
		return p.list(core.OpOr, field+".any", c.Any, depth)
	case c.Not != nil:
		arg, err := p.node(field+".not", *c.Not, depth+1)
		return core.RowCondition{Op: core.OpNot, Args: []core.RowCondition{arg}}, err
	}
	column, ok := p.dataset.Column(*c.Column)
	if !ok {
		return core.RowCondition{}, core.UnknownColumn(field+".column", *c.Column)
	}
	return leaf(field, c, column)
}

// forms counts the forms that a condition is given in.
func (c Condition) forms() (n int) {
	for _, given := range []bool{c.All != nil, c.Any != nil, c.Not != nil, c.Column != nil} {
		if given {
			n++
		}
	}
	return n
}

func (c Condition) hasLeafParts() bool {
	return c.isIn() || c.isRange() || c.Attribute != nil
}

func (c Condition) isIn() bool    { return len(c.Values) > 0 || c.IncludeNull }
func (c Condition) isRange() bool { return c.From != "" || c.To != "" }

func (p *parser) list(op core.PredicateOp, field string, list []Condition, depth int) (r core.RowCondition, err error) {
	if len(list) > maxConditions {
		return r, core.Invalid(field, "too_many", "max", maxConditions)
	}
	r = core.RowCondition{Op: op, Args: make([]core.RowCondition, len(list))}
	for i, c := range list {
		if r.Args[i], err = p.node(fmt.Sprintf("%s.%d", field, i), c, depth+1); err != nil {
			return core.RowCondition{}, err
		}
	}
	return r, nil
}

func leaf(field string, c Condition, column core.Column) (core.RowCondition, error) {
	switch {
	case c.Attribute != nil && !c.isIn() && !c.isRange():
		name, err := core.CheckLine(field+".attribute", *c.Attribute, core.MaxAttributeName)
		return core.RowCondition{Op: core.OpIn, Column: column.Name, Attribute: name}, err
	case c.isIn() && !c.isRange() && c.Attribute == nil:
		return choice(field, c, column)
	case c.isRange() && !c.isIn() && c.Attribute == nil:
		return span(field, c, column)
	}
	return core.RowCondition{}, core.Invalid(field, "one_form")
}

func choice(field string, c Condition, column core.Column) (core.RowCondition, error) {
	r := core.RowCondition{Op: core.OpIn, Column: column.Name, IncludeNull: c.IncludeNull}
	if len(c.Values) > MaxValues {
		return r, core.Invalid(field+".values", "too_many", "max", MaxValues)
	}
	for i, text := range c.Values {
		v, err := value(fmt.Sprintf("%s.values.%d", field, i), text, column.Canonical)
		if err != nil {
			return r, err
		}
		r.Values = append(r.Values, v)
	}
	return r, nil
}

func span(field string, c Condition, column core.Column) (core.RowCondition, error) {
	r := core.RowCondition{Op: core.OpRange, Column: column.Name}
	var err error
	if c.From != "" {
		if r.From, err = value(field+".from", c.From, column.CanonicalEnd); err != nil {
			return r, err
		}
	}
	if c.To != "" {
		r.To, err = value(field+".to", c.To, column.CanonicalEnd)
	}
	return r, err
}

// value is a text that stands in data, where any character may stand, in the
// column's canonical form.
func value(field, text string, canonical func(string) (string, bool)) (string, error) {
	if !utf8.ValidString(text) {
		return "", core.Invalid(field, "control_characters")
	}
	if utf8.RuneCountInString(text) > maxConditionText {
		return "", core.Invalid(field, "too_long", "max", maxConditionText)
	}
	v, ok := canonical(text)
	if !ok {
		return "", core.Invalid(field, "bad_value")
	}
	return v, nil
}
