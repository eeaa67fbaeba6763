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
func (e *engine) withinScope(ctx context.Context, p *plan, registeredID string) gqlerror.List {
	for _, name := range p.names {
		if err := e.gate.RequireScope(ctx, name, registeredID); err != nil {
			return gqlerror.List{gqlerror.Wrap(err)}
		}
	}
	return nil
}
