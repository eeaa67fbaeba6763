package server

import (
	"context"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
)

// Serve is our transport in front of another schema, for benchmarks: everything
// on the way of a request but signing in.
func Serve(schema graphql.ExecutableSchema, d Deps) http.Handler {
	s := &server{Deps: d, engine: newEngine(d)}
	s.engine.schema, s.engine.documents = schema, newDocuments(schema.Schema(), d.Persisted)
	s.engine.root = func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) }
	return s.around(s.crossOrigin(http.HandlerFunc(s.graphql)))
}
