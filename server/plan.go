package server

import (
	"slices"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/karuta-bi/karuta/internal/core"
)

// document is a document that is good, with the plans of its operations.
type document struct {
	*ast.QueryDocument

	mu    sync.Mutex
	plans map[*ast.OperationDefinition]*plan
}

// plan is the plan of an operation of the document.
func (d *document) plan(op *ast.OperationDefinition) *plan {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.plans[op]
	if p == nil {
		p = newPlan(op)
		if d.plans == nil {
			d.plans = map[*ast.OperationDefinition]*plan{}
		}
		d.plans[op] = p
	}
	return p
}

// plan is what is known of an operation before its variables are: how much it has of
// anything, the price of every field and the shape of the answer. It is made in one
// walk and never changes. Of an operation that is too large it knows only that.
type plan struct {
	fields   int
	aliases  int
	roots    int
	marks    int
	depth    int
	deferred int      // fragments that may come later
	hidden   bool     // asks for the schema
	plain    bool     // asks for values of events that are the same for all readers, and nothing else
	stored   bool     // asks for what is stored alone, in one piece
	names    []string // of root fields, as Query.dashboards; those about the schema have rules of their own
	switches []string // variables that fields and fragments are left out by
	charges  []charge
	prices   sum
	answer   *shape
}

// charge is a field that counts as a kind of work of its own.
type charge struct {
	class core.RateClass
	field *ast.Field
	with  string // the argument without which it does not; "" where it always does
}

func newPlan(op *ast.OperationDefinition) *plan {
	p := &plan{marks: len(op.Directives), plain: true, stored: op.Operation == ast.Query, answer: &shape{}}
	p.prices = p.selection(op.SelectionSet, 1, p.answer)
	return p
}

func (p *plan) selection(set ast.SelectionSet, depth int, in *shape) (cost sum) {
	for _, sel := range set {
		if p.fields > maxFields { // it is refused already
			return cost
		}
		switch sel := sel.(type) {
		case *ast.Field:
			cost.add(p.field(sel, depth, in).unless(sel.Directives))
		case *ast.InlineFragment:
			p.mark(sel.Directives)
			cost.add(p.selection(sel.SelectionSet, depth, in).unless(sel.Directives))
		case *ast.FragmentSpread:
			p.mark(sel.Directives)
			cost.add(p.selection(sel.Definition.SelectionSet, depth, in).unless(sel.Directives))
		}
	}
	return cost
}

// mark counts the directives of a field or a fragment.
func (p *plan) mark(directives ast.DirectiveList) {
	p.marks += len(directives)
	for _, d := range directives {
		if byVariable(d) {
			p.switches = append(p.switches, condition(d).Raw)
		}
	}
	if directives.ForName("defer") != nil {
		p.deferred++
		p.stored = false
	}
}

func (p *plan) field(f *ast.Field, depth int, in *shape) sum {
	p.fields++
	p.mark(f.Directives)
	if depth == 1 {
		p.root(f)
	}
	below := in.field(f)
	if f.Alias != f.Name {
		p.aliases++
	}
	if f.Name == "__schema" || f.Name == "__type" {
		p.hidden, p.stored = true, false
		return sum{known: p.described(f.SelectionSet)}
	}
	p.stored = p.stored && isStored(f, depth)
	p.depth = max(p.depth, depth)
	p.charge(f)
	cost := sum{known: below.price}
	if len(f.SelectionSet) > 0 {
		p.plain = p.plain && depth == 1
		cost.multiply(f, p.selection(f.SelectionSet, depth+1, below))
	}
	return cost
}

// described counts what is asked of the schema itself, and gives its price: there is
// much of everything in it. How deep its lists go is bounded by a rule of its own.
func (p *plan) described(set ast.SelectionSet) (cost float64) {
	for _, sel := range set {
		if p.fields > maxFields { // it is refused already
			break
		}
		switch sel := sel.(type) {
		case *ast.Field:
			p.fields++
			p.mark(sel.Directives)
			if sel.Alias != sel.Name {
				p.aliases++
			}
			cost += listLength + p.described(sel.SelectionSet)
		case *ast.InlineFragment:
			p.mark(sel.Directives)
			cost += p.described(sel.SelectionSet)
		case *ast.FragmentSpread:
			p.mark(sel.Directives)
			cost += p.described(sel.Definition.SelectionSet)
		}
	}
	return cost
}

func (p *plan) root(f *ast.Field) {
	p.roots++
	if !strings.HasPrefix(f.Name, "__") {
		p.names = append(p.names, f.ObjectDefinition.Name+"."+f.Name)
		p.plain = p.plain && plainEvents[f.Definition.Type.Name()]
	}
}

// single tells that a subscription has one field, whatever the variables are (GraphQL
// specification §5.2.4.1).
func (p *plan) single(op *ast.OperationDefinition) bool {
	return len(p.answer.fields) == 1 && !conditional(op.SelectionSet)
}

// conditional tells that variables may leave out a field of the selection.
func conditional(set ast.SelectionSet) bool {
	return slices.ContainsFunc(set, func(sel ast.Selection) bool {
		switch sel := sel.(type) {
		case *ast.Field:
			return len(sel.Directives) > 0
		case *ast.InlineFragment:
			return len(sel.Directives) > 0 || conditional(sel.SelectionSet)
		case *ast.FragmentSpread:
			return len(sel.Directives) > 0 || conditional(sel.Definition.SelectionSet)
		}
		return false
	})
}

// charge counts a field that is of a kind of work of its own.
func (p *plan) charge(f *ast.Field) {
	if f.Definition == nil {
		return
	}
	d := f.Definition.Directives.ForName("rateLimit")
	if d == nil {
		return
	}
	c := charge{class: core.RateClass(d.Arguments.ForName("class").Value.Raw), field: f}
	if with := d.Arguments.ForName("with"); with != nil {
		c.with = with.Value.Raw
	}
	p.charges = append(p.charges, c)
}

// shape is what an answer has at a place: a leaf, an object, or a list of them. Fields
// of one name have one shape, whatever the type.
type shape struct {
	name   string
	price  float64
	fields []*shape // in the order of the selection, which is the answer's
}

// field is the shape at a field, with a new one where there was none.
func (s *shape) field(f *ast.Field) *shape {
	for _, known := range s.fields {
		if known.name == f.Alias {
			return known
		}
	}
	fresh := &shape{name: f.Alias, price: price(f)}
	s.fields = append(s.fields, fresh)
	return fresh
}

// at is the shape at the path of an answer, nil where there is none.
func (s *shape) at(path ast.Path) *shape {
	for _, step := range path {
		name, named := step.(ast.PathName)
		if !named {
			continue // an item of a list
		}
		var found *shape
		for _, f := range s.fields {
			if f.name == string(name) {
				found = f
			}
		}
		if s = found; s == nil {
			return nil
		}
	}
	return s
}
