package server

import (
	"encoding/json"
	"math"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/karuta-bi/karuta/internal/core"
)

// What one operation may ask for.
const (
	maxDepth    = 12
	maxAliases  = 30
	maxFields   = 2000   // as written, fragments counted wherever they are spread
	userBudget  = 10_000 // cost, for an ordinary user and for the anonymous
	adminBudget = 50_000
)

// runCost is what a field costs that runs people's code or reads their data;
// every other costs 1.
const runCost = 20

// runs are the fields that cost so much.
var runs = map[string]bool{
	"DashboardCard.result": true, "DashboardCard.rows": true, "Mutation.executeCard": true, "Mutation.previewCard": true,
	"Dataset.preview": true, "Dataset.columnValues": true, "View.datasetRows": true,
}

// listLength is how many objects a list without a page size is taken to have.
const listLength = 10

// meter adds up what an operation asks for, before anything runs.
type meter struct {
	doc       *ast.QueryDocument
	variables map[string]any
	fields    int
	aliases   int
	depth     int
	hidden    bool // asks for the schema
}

// measure refuses an operation that asks for too much. The schema may be asked
// for where introspect says so.
func measure(doc *ast.QueryDocument, op *ast.OperationDefinition, variables map[string]any, budget int, introspect bool) gqlerror.List {
	m := &meter{doc: doc, variables: variables}
	cost := m.selection(op.SelectionSet, 1)
	switch {
	case m.hidden && !introspect:
		return gqlerror.List{gqlerror.Wrap(core.Forbidden("admin_only"))}
	case m.depth > maxDepth:
		return tooDear("depth", m.depth, maxDepth)
	case m.aliases > maxAliases:
		return tooDear("aliases", m.aliases, maxAliases)
	case m.fields > maxFields:
		return tooDear("fields", m.fields, maxFields)
	case cost > float64(budget):
		return tooDear("cost", int(min(cost, math.MaxInt32)), budget)
	}
	return nil
}

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
			cost += m.field(sel, depth)
		case *ast.InlineFragment:
			cost += m.selection(sel.SelectionSet, depth)
		case *ast.FragmentSpread:
			cost += m.selection(sel.Definition.SelectionSet, depth)
		}
	}
	return cost
}

func (m *meter) field(f *ast.Field, depth int) float64 {
	m.fields++
	if f.Name == "__schema" || f.Name == "__type" {
		m.hidden = true // bounded by a rule of its own
		return 1
	}
	m.depth = max(m.depth, depth)
	if f.Alias != f.Name {
		m.aliases++
	}
	own := 1.0
	if f.ObjectDefinition != nil && runs[f.ObjectDefinition.Name+"."+f.Name] {
		own = runCost
	}
	if len(f.SelectionSet) == 0 {
		return own
	}
	return own + m.length(f)*m.selection(f.SelectionSet, depth+1)
}

// length is how many objects a field may give.
func (m *meter) length(f *ast.Field) float64 {
	switch {
	case f.Definition == nil:
		return 1
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
