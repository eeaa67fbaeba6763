package server

import (
	"context"
	"maps"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"github.com/karuta-bi/karuta/internal/core"
)

// brokenOff records a mutation that ended in an outage or a bug. Its answer may
// have been lost after the change was made, and then this line is all that tells
// of it: who asked for what, of which thing.
func (e *engine) brokenOff(ctx context.Context, problem *core.Error) {
	field := graphql.GetFieldContext(ctx)
	if field == nil || field.Object != "Mutation" || problem.Code != core.CodeInternal && problem.Code != core.CodeUnavailable {
		return
	}
	id := firstID(field.Field.ArgumentMap(graphql.GetOperationContext(ctx).Variables))
	noun, _ := core.NounOf(id)
	e.audit.Record(ctx, core.AuditEvent{
		Type: core.EventBrokenOff, TargetType: string(noun), TargetID: id, Outcome: core.OutcomeFailure,
		Details: map[string]string{"operation": field.Field.Name, "code": string(problem.Code)},
	})
}

// firstID is the id that the arguments are about: the one named "id", else the
// first by its name; "" where there is none.
func firstID(arguments map[string]any) string {
	if input, ok := arguments["input"].(map[string]any); ok {
		arguments = input
	}
	for _, name := range append([]string{"id"}, slices.Sorted(maps.Keys(arguments))...) {
		text, _ := arguments[name].(string)
		if _, ok := core.NounOf(text); ok {
			return text
		}
	}
	return ""
}
