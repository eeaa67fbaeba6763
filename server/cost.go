package server

import (
	"encoding/json"
	"math"
	"slices"
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

// meter is what an operation asks for with its variables, before anything runs.
type meter struct {
	*plan
	cost    float64
	unset   string                 // a variable that is null and ought to tell what is left out; "" for none
	charges map[core.RateClass]int // what counts as other than a root field
}

// measure adds up what an operation asks for.
func (p *plan) measure(variables map[string]any) *meter {
	m := &meter{plan: p, cost: p.prices.of(variables), charges: map[core.RateClass]int{}}
	for _, c := range p.charges {
		if c.with == "" || c.field.ArgumentMap(variables)[c.with] != nil {
			m.charges[c.class]++
		}
	}
	for _, name := range p.switches {
		if variables[name] == nil { // where it has a default its type allows that
			m.unset = name
		}
	}
	return m
}

// least is a meter of the least that the operation asks for, whatever its variables are.
func (p *plan) least() *meter { return &meter{plan: p, cost: p.prices.least()} }

// refuse says what there is too much of, nil where there is not. The schema may be
// asked for where introspect says so.
func (m *meter) refuse(budget int, introspect bool) gqlerror.List {
	if m.hidden && !introspect {
		return gqlerror.List{gqlerror.Wrap(core.Forbidden("admin_only"))}
	}
	if m.unset != "" {
		return gqlerror.List{gqlerror.Wrap(core.Invalid(m.unset, "required"))}
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
		Code: core.CodeQueryCost, Reason: what, Args: map[string]any{"asked": asked, "allowed": allowed},
		Details: map[string]any{"limit": what, "asked": asked, "allowed": allowed},
	})}
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

// size is the argument that tells how many objects a field may give, nil for none.
func size(f *ast.Field) *ast.Value {
	for _, name := range [...]string{"first", "ids"} {
		if a := f.Arguments.ForName(name); a != nil {
			return a.Value
		}
	}
	return nil
}

// sizedByVariables tells whether how many objects a field may give is told by variables.
func sizedByVariables(f *ast.Field) bool {
	told := size(f)
	return told != nil && (told.Kind == ast.Variable || told.Kind == ast.ListValue)
}

// condition is what @skip or @include go by, nil for any other directive.
func condition(d *ast.Directive) *ast.Value {
	if d.Name != "skip" && d.Name != "include" {
		return nil
	}
	return d.Arguments.ForName("if").Value
}

// byVariable tells whether a variable may leave out what the directive stands at.
func byVariable(d *ast.Directive) bool {
	on := condition(d)
	return on != nil && on.Kind == ast.Variable
}

// leftOut tells whether the directives leave out what they stand at.
func leftOut(at ast.DirectiveList, variables map[string]any) bool {
	return slices.ContainsFunc(at, func(d *ast.Directive) bool {
		on := condition(d)
		if on == nil {
			return false
		}
		is, err := on.Value(variables)
		return err == nil && is == (d.Name == "skip")
	})
}

// length is how many objects a field may give.
func length(f *ast.Field, variables map[string]any) float64 {
	switch {
	case f.Definition == nil:
		return 1
	case f.Definition.Type.Name() == "CardOutcome":
		return core.MaxDashboardCards // one after another
	case f.Definition.Arguments.ForName("first") != nil:
		return pageSize(f, variables)
	case f.Name == "nodes" && f.Arguments.ForName("ids") != nil:
		ids, _ := f.ArgumentMap(variables)["ids"].([]any)
		return float64(max(len(ids), 1))
	case f.Definition.Type.Elem == nil || f.Name == "nodes" || f.Name == "edges":
		return 1 // the page they belong to has been counted
	case f.Name == "cards":
		return core.MaxDashboardCards
	}
	return listLength
}

func pageSize(f *ast.Field, variables map[string]any) float64 {
	size := float64(core.MaxPage)
	switch first := f.ArgumentMap(variables)["first"].(type) {
	case int64:
		size = float64(first)
	case json.Number:
		if n, err := first.Float64(); err == nil {
			size = n
		}
	}
	return min(max(size, 1), core.MaxPage)
}
