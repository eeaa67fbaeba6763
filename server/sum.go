package server

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// sum is what a selection costs: so much, and the lists whose lengths the variables tell.
type sum struct {
	known float64
	lists []list
}

// list is a selection that is taken so many times.
type list struct {
	field    *ast.Field // whose variables tell how many times; nil where that is known
	times    float64
	switches ast.DirectiveList // that may leave it out
	each     sum
}

func (s *sum) add(more sum) {
	s.known += more.known
	s.lists = append(s.lists, more.lists...)
}

// unless is the sum of what the directives may leave out: then it costs nothing.
func (s sum) unless(at ast.DirectiveList) sum {
	if at.ForName("skip") == nil && at.ForName("include") == nil {
		return s
	}
	return sum{lists: []list{{times: 1, switches: at, each: s}}}
}

// multiply adds the selection of a field, once for each object that it may give.
func (s *sum) multiply(f *ast.Field, each sum) {
	switch {
	case sizedByVariables(f):
		s.lists = append(s.lists, list{field: f, each: each})
	case len(each.lists) > 0:
		s.lists = append(s.lists, list{times: length(f, nil), each: each})
	default:
		s.known += length(f, nil) * each.known
	}
}

func (s *sum) of(variables map[string]any) float64 {
	cost := s.known
	for _, l := range s.lists {
		if times := l.count(variables); times > 0 {
			cost += times * l.each.of(variables)
		}
	}
	return cost
}

// least is what the selection costs at the least, whatever the variables are.
func (s *sum) least() float64 {
	cost := s.known
	for _, l := range s.lists {
		if times := l.fewest(); times > 0 {
			cost += times * l.each.least()
		}
	}
	return cost
}

// count is how often it is taken.
func (l *list) count(variables map[string]any) float64 {
	switch {
	case leftOut(l.switches, variables):
		return 0
	case l.field != nil:
		return length(l.field, variables)
	}
	return l.times
}

// fewest is how often it is taken at the least, whatever the variables are.
func (l *list) fewest() float64 {
	switch {
	case slices.ContainsFunc(l.switches, byVariable):
		return 0
	case l.field != nil && size(l.field).Kind == ast.Variable:
		return 1
	}
	return l.count(nil)
}
