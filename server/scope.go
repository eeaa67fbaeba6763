package server

import (
	"context"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/karuta-bi/karuta/graph"
)

// RootFields are all that an operation may begin with: "Query.dashboards".
func RootFields() (all []string) {
	schema := graph.NewExecutableSchema(graph.Config{}).Schema()
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		for _, f := range root.Fields {
			if !strings.HasPrefix(f.Name, "__") {
				all = append(all, root.Name+"."+f.Name)
			}
		}
	}
	slices.Sort(all)
	return all
}

// withinScope refuses an operation that a key does not reach, as a whole and
// before anything runs: this is the one way to every root field, also the public ones.
func (e *engine) withinScope(ctx context.Context, op *ast.OperationDefinition, registeredID string) gqlerror.List {
	for _, field := range rootFields(op.SelectionSet) {
		if err := e.gate.RequireScope(ctx, field.ObjectDefinition.Name+"."+field.Name, registeredID); err != nil {
			return gqlerror.List{gqlerror.Wrap(err)}
		}
	}
	return nil
}

// rootFields are the fields of an operation's first level, through fragments;
// those about the schema have rules of their own.
func rootFields(set ast.SelectionSet) (all []*ast.Field) {
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			if !strings.HasPrefix(sel.Name, "__") {
				all = append(all, sel)
			}
		case *ast.InlineFragment:
			all = append(all, rootFields(sel.SelectionSet)...)
		case *ast.FragmentSpread:
			all = append(all, rootFields(sel.Definition.SelectionSet)...)
		}
	}
	return all
}
