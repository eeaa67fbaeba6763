package server

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// What there may be to validate in a document, in all its operations and fragments. The
// rule that fields of one name must fit each other compares every pair of them, and
// goes through a fragment wherever it is spread: without these bounds a document of
// two kilobytes would keep a processor busy for days.
const (
	maxSelections = 5000 // fields, fragments and what these spread, wherever they are spread
	maxRepeats    = 5000 // pairs of fields in one place that are answered under one name
)

// effort is how much there is to validate. It is found out on the document as it was
// parsed, in as many steps as there may be selections.
type effort struct {
	fragments  map[string]*ast.FragmentDefinition
	open       map[string]bool // fragments that the walk is inside of: what spreads itself is told by the rules
	selections int
	repeats    int
}

// spot is where fields are answered, by their names there.
type spot struct {
	asked int
	below map[string]*spot
}

// refuseEffort refuses a document that would take too long to validate.
func refuseEffort(doc *ast.QueryDocument) gqlerror.List {
	e := &effort{fragments: map[string]*ast.FragmentDefinition{}, open: map[string]bool{}}
	for _, f := range doc.Fragments {
		e.fragments[f.Name] = f
	}
	for _, op := range doc.Operations {
		e.walk(op.SelectionSet, &spot{}, false)
	}
	for _, f := range doc.Fragments {
		e.spread(f.Name, &spot{}, false)
	}
	switch {
	case e.selections > maxSelections:
		return tooDear("selections", e.selections, maxSelections)
	case e.repeats > maxRepeats:
		return tooDear("repeats", e.repeats, maxRepeats)
	}
	return nil
}

// walk counts a selection. An inline fragment counts for what is around it and once
// for itself, as the rule compares it.
func (e *effort) walk(set ast.SelectionSet, at *spot, itself bool) {
	for _, sel := range set {
		if e.selections > maxSelections || e.repeats > maxRepeats {
			return
		}
		e.selections++
		switch sel := sel.(type) {
		case *ast.Field:
			below := at.field(sel.Alias)
			e.repeats += below.asked
			below.asked++
			e.walk(sel.SelectionSet, below, itself)
		case *ast.InlineFragment:
			e.walk(sel.SelectionSet, at, itself)
			if !itself {
				e.walk(sel.SelectionSet, &spot{}, true)
			}
		case *ast.FragmentSpread:
			e.spread(sel.Name, at, itself)
		}
	}
}

func (e *effort) spread(name string, at *spot, itself bool) {
	f := e.fragments[name]
	if f == nil || e.open[name] {
		return
	}
	e.open[name] = true
	e.walk(f.SelectionSet, at, itself)
	delete(e.open, name)
}

func (s *spot) field(name string) *spot {
	if s.below == nil {
		s.below = map[string]*spot{}
	}
	below := s.below[name]
	if below == nil {
		below = &spot{}
		s.below[name] = below
	}
	return below
}
