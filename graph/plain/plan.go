package plain

import (
	"strconv"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// Type is what tools/gqlgen knows of an object type.
type Type struct {
	Implementors []string         // the type and what it implements
	Fields       map[string]Field // the plain ones by name
}

// Field is a plain field.
type Field struct {
	Index int    // of its case in the type's function
	Of    string // name of the type of its objects, "" where it has none
}

// Steps that are no plain fields.
const (
	typename = -1
	open     = -2
)

// Plan is how objects of one type are written for one selection.
type Plan struct {
	Steps []Step
	Open  []graphql.CollectedField // what gqlgen's code answers
	name  string
}

// Step is one field of a [Plan].
type Step struct {
	Index int
	Inner *Plan // of the field's objects
	key   string
}

// Plans are the plans of one operation. The zero value is ready for use, by
// several goroutines at once.
type Plans struct {
	mu   sync.Mutex
	made map[planKey]*Plan
}

// planKey is a selection as it lies in memory: an operation's selections do not
// move, and gqlgen collects their fields once.
type planKey struct {
	first *ast.Selection
	n     int
	name  string
}

// Of gives the plan for a selection on the type of that name, nil where
// there is none, because parts are deferred.
func (p *Plans) Of(op *graphql.OperationContext, types map[string]Type, name string, sel ast.SelectionSet) *Plan {
	if len(sel) == 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of(op, types, name, sel)
}

func (p *Plans) of(op *graphql.OperationContext, types map[string]Type, name string, sel ast.SelectionSet) *Plan {
	key := planKey{&sel[0], len(sel), name}
	plan, there := p.made[key]
	if !there {
		plan = p.make(op, types, name, sel)
		if p.made == nil {
			p.made = map[planKey]*Plan{}
		}
		p.made[key] = plan
	}
	return plan
}

func (p *Plans) make(op *graphql.OperationContext, types map[string]Type, name string, sel ast.SelectionSet) *Plan {
	of := types[name]
	fields := graphql.CollectFields(op, sel, of.Implementors)
	plan := &Plan{Steps: make([]Step, 0, len(fields)), name: name}
	for i := range fields {
		f := &fields[i]
		if f.IsDeferred() || plan.has(f.Alias) {
			return nil
		}
		step := Step{Index: open, key: key(i, f.Alias)}
		if f.Name == "__typename" {
			step.Index = typename
		} else if known, ok := of.Fields[f.Name]; ok {
			step.Inner, ok = p.inner(op, types, known.Of, f.Selections)
			if ok {
				step.Index = known.Index
			}
		}
		if step.Index == open {
			plan.Open = append(plan.Open, *f)
		}
		plan.Steps = append(plan.Steps, step)
	}
	return plan
}

// inner is the plan of a plain field's objects; ok is false where parts of them
// are open.
func (p *Plans) inner(op *graphql.OperationContext, types map[string]Type, of string, sel ast.SelectionSet) (plan *Plan, ok bool) {
	if of == "" {
		return nil, true
	}
	plan = p.of(op, types, of, sel)
	return plan, plan != nil && len(plan.Open) == 0
}

// has tells that the plan has a member of that name, which two fragments on
// different types may both give.
func (p *Plan) has(alias string) bool {
	last := `"` + alias + `":`
	for i := range p.Steps {
		if p.Steps[i].key[1:] == last {
			return true
		}
	}
	return false
}

// key is what stands before the value of an object's i-th member.
func key(i int, alias string) string {
	before := ","
	if i == 0 {
		before = "{"
	}
	return before + strconv.Quote(alias) + ":" // a name of the language: letters, digits, _
}
