package plain

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// DistinctLabels are the deferred fragments that a field is in, one for each
// label: gqlgen's code would wait for ever for the second of two.
func DistinctLabels(field graphql.CollectedField) (distinct []*graphql.Deferrable) {
	seen := map[string]bool{}
	for _, d := range field.Deferrables {
		if !seen[d.Label] {
			seen[d.Label] = true
			distinct = append(distinct, d)
		}
	}
	return distinct
}

// NextDeferred waits for a deferred part; ok is false where the operation ends before.
func NextDeferred(ctx context.Context, from <-chan graphql.DeferredResult) (part graphql.DeferredResult, ok bool) {
	select {
	case part = <-from:
		return part, true
	case <-ctx.Done():
		return part, false
	}
}
