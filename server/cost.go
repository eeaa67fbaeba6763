package server

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/karuta-bi/karuta/internal/core"
)

// What one operation may ask for.
const (
	maxDepth    = 12
	maxAliases  = 30
	maxRoots    = 40     // fields of the query or mutation itself
	maxMarks    = 50     // directives
	maxFields   = 2000   // as written, fragments counted wherever they are spread
	userBudget  = 10_000 // cost, for an ordinary user and for the anonymous
	adminBudget = 50_000
)

// listLength is how many objects a list without a page size is taken to have.
const listLength = 10

// meter adds up what an operation asks for, before anything runs.
type meter struct {
	doc       *ast.QueryDocument
	variables map[string]any
	fields    int
	aliases   int
	roots     int
	marks     int
	depth     int
	hidden    bool // asks for the schema
	cost      float64
	charges   map[core.RateClass]int // what counts as other than a root field
}

// measure adds up what an operation asks for.
func measure(doc *ast.QueryDocument, op *ast.OperationDefinition, variables map[string]any) *meter {
	m := &meter{doc: doc, variables: variables, marks: len(op.Directives), charges: map[core.RateClass]int{}}
	m.cost = m.selection(op.SelectionSet, 1)
	return m
}

// refuse says what there is too much of, nil where there is not. The schema may be
// asked for where introspect says so.
func (m *meter) refuse(budget int, introspect bool) gqlerror.List {
	if m.hidden && !introspect {
		return gqlerror.List{gqlerror.Wrap(core.Forbidden("admin_only"))}
	}
	for _, bound := range []struct {
		what           string
		asked, allowed int
	}{
		{"depth", m.depth, maxDepth}, {"aliases", m.aliases, maxAliases}, {"rootFields", m.roots, maxRoots},
		{"directives", m.marks, maxMarks}, {"fields", m.fields, maxFields}, {"cost", m.estimate(), budget},
	} {
		if bound.asked > bound.allowed {
			return tooDear(bound.what, bound.asked, bound.allowed)
		}
	}
	return nil
}

// estimate is the cost as it is told.
func (m *meter) estimate() int { return int(min(math.Ceil(m.cost), math.MaxInt32)) }

// tooDear is QUERY_COST with what there is too much of.
func tooDear(what string, asked, allowed int) gqlerror.List {
	return gqlerror.List{gqlerror.Wrap(&core.Error{
		Code: core.CodeQueryCost, Details: map[string]any{"limit": what, "asked": asked, "allowed": allowed},
	})}
}

func (m *meter) selection(set ast.SelectionSet, depth int) (cost float64) {
	for _, sel := range set {
		if m.fields > maxFields || depth > maxDepth+1 { // it is refused already
			return cost
		}
		switch sel := sel.(type) {
		case *ast.Field:
			if depth == 1 {
				m.roots++
			}
			cost += m.field(sel, depth)
		case *ast.InlineFragment:
			m.marks += len(sel.Directives)
			cost += m.selection(sel.SelectionSet, depth)
		case *ast.FragmentSpread:
			m.marks += len(sel.Directives)
			cost += m.selection(sel.Definition.SelectionSet, depth)
		}
	}
	return cost
}

func (m *meter) field(f *ast.Field, depth int) float64 {
	m.fields++
	m.marks += len(f.Directives)
	if f.Name == "__schema" || f.Name == "__type" {
		m.hidden = true // bounded by a rule of its own
		return 1
	}
	m.depth = max(m.depth, depth)
	if f.Alias != f.Name {
		m.aliases++
	}
	m.charge(f)
	own := price(f)
	if len(f.SelectionSet) == 0 {
		return own
	}
	return own + m.length(f)*m.selection(f.SelectionSet, depth+1)
}

// price is what the field itself costs.
func price(f *ast.Field) float64 {
	if f.Definition == nil {
		return 1
	}
	if d := f.Definition.Directives.ForName("cost"); d != nil {
		if n, err := strconv.Atoi(d.Arguments.ForName("weight").Value.Raw); err == nil {
			return float64(n)
		}
	}
	return 1
}

// charge counts a field that is of a kind of work of its own.
func (m *meter) charge(f *ast.Field) {
	if f.Definition == nil {
		return
	}
	d := f.Definition.Directives.ForName("rateLimit")
	if d == nil {
		return
	}
	if with := d.Arguments.ForName("with"); with != nil && f.ArgumentMap(m.variables)[with.Value.Raw] == nil {
		return
	}
	m.charges[core.RateClass(d.Arguments.ForName("class").Value.Raw)]++
}

// length is how many objects a field may give.
func (m *meter) length(f *ast.Field) float64 {
	switch {
	case f.Definition == nil:
		return 1
	case f.Definition.Type.Name() == "CardOutcome":
		return core.MaxDashboardCards // one after another
	case f.Definition.Arguments.ForName("first") != nil:
		return m.pageSize(f)
	case f.Name == "nodes" && f.Arguments.ForName("ids") != nil:
		ids, _ := f.ArgumentMap(m.variables)["ids"].([]any)
		return float64(max(len(ids), 1))
	case f.Definition.Type.Elem == nil || f.Name == "nodes" || f.Name == "edges":
		return 1 // the page they belong to has been counted
	case f.Name == "cards":
		return core.MaxDashboardCards
	}
	return listLength
}

func (m *meter) pageSize(f *ast.Field) float64 {
	size := float64(core.MaxPage)
	switch first := f.ArgumentMap(m.variables)["first"].(type) {
	case int64:
		size = float64(first)
	case json.Number:
		if n, err := first.Float64(); err == nil {
			size = n
		}
	}
	return min(max(size, 1), core.MaxPage)
}
