package server

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/loaders"
	"github.com/karuta-bi/karuta/resolvers"
	"github.com/karuta-bi/karuta/server/hub"
	"github.com/karuta-bi/karuta/server/socket"
)

// subscribe begins a subscription. Whoever asked is looked up anew for each event,
// as if they asked again.
func (e *engine) subscribe(ctx context.Context, req *request, op *graphql.OperationContext, sink socket.Sink) {
	if wire, ok := sink.(socket.Wire); ok {
		wire.Streams()
	}
	asker, registered, end := ctx, req.registeredID(), req.end // and not the request, which may be long
	e.hub.Start(ctx, hub.Operation{
		Key: e.shareKey(ctx, op), Who: whose(ctx) + " " + core.ActorFrom(ctx).SessionID, After: req.after, Sink: sink,
		Run: func(ctx context.Context, m *resolvers.Moment) hub.Outcome {
			ctx, err := e.again(ctx, asker)
			if signedOut(err) {
				end()
				return hub.Outcome{Ended: true}
			}
			if problems := e.withinScope(ctx, billOf(op).meter.plan, registered); err == nil && problems != nil {
				err = problems[0]
			}
			if err != nil {
				return hub.Outcome{Refused: e.refusal(ctx, err)}
			}
			return e.moment(ctx, op, m)
		},
		Explain: func(err error) []byte {
			return e.refusal(asker, err)
		},
	})
}

// moment runs a subscription's field once, as a request of its own.
func (e *engine) moment(ctx context.Context, op *graphql.OperationContext, m *resolvers.Moment) (out hub.Outcome) {
	ctx = resolvers.WithMoment(ctx, m)
	ctx = graphql.WithOperationContext(ctx, renewed(op))
	ctx = loaders.With(ctx, loaders.New(ctx, e.sources))
	ctx = graphql.WithResponseContext(ctx, e.present, e.panicked)
	defer func() {
		if failure := recover(); failure != nil {
			out = hub.Outcome{Refused: e.refusal(ctx, e.panicked(ctx, failure))}
		}
	}()
	next := e.schema.Exec(ctx)
	if problems := graphql.GetErrors(ctx); problems != nil { // the field itself
		return hub.Outcome{Refused: encodeErrors(problems)}
	}
	response := next(ctx)
	if response == nil {
		return hub.Outcome{}
	}
	a := &answer{data: response.Data, errors: graphql.GetErrors(ctx)}
	return hub.Outcome{Payload: a.encode(ctx)}
}

// again is the context of whoever asked, as they are now.
func (e *engine) again(ctx, asker context.Context) (context.Context, error) {
	ctx = core.Detach(ctx, asker)
	if problem := resolvers.CredentialProblem(asker); problem != nil {
		return resolvers.WithCredentialProblem(ctx, problem), nil
	}
	return e.resumed(ctx)
}

// resumed is the context with its actor as they are now; who has not signed in stays
// who they are.
func (e *engine) resumed(ctx context.Context) (context.Context, error) {
	actor := core.ActorFrom(ctx)
	if e.guard.Blocked(actor.IP) { // since the connection was made
		return ctx, core.Forbidden("address_blocked")
	}
	if !actor.SignedIn() {
		return ctx, nil
	}
	now, err := e.resume(ctx, actor.SignIn())
	if err != nil {
		return ctx, err
	}
	return core.WithActor(ctx, now), nil
}

// renewed is the operation for one more run.
func renewed(op *graphql.OperationContext) *graphql.OperationContext {
	return &graphql.OperationContext{
		RawQuery: op.RawQuery, OperationName: op.OperationName, Variables: op.Variables, Doc: op.Doc, Operation: op.Operation,
		DisableIntrospection: op.DisableIntrospection, RecoverFunc: op.RecoverFunc,
		ResolverMiddleware: op.ResolverMiddleware, RootResolverMiddleware: op.RootResolverMiddleware,
	}
}

// whose is the same for all operations of one person with one set of rights.
func whose(ctx context.Context) string {
	in := core.ActorFrom(ctx).SignIn()
	return in.UserID + " " + in.KeyID
}

// shareKey is the same for operations that are told the same bytes of a topic:
// always of one person, and of all where nothing but what the event itself says is
// asked for.
func (e *engine) shareKey(ctx context.Context, op *graphql.OperationContext) string {
	variables, err := json.Marshal(op.Variables)
	if err != nil {
		panic(err) // they were read from JSON
	}
	parts := []string{op.RawQuery, op.OperationName, string(variables)}
	if !billOf(op).meter.plain {
		parts = append(parts, whose(ctx), string(core.ActorFrom(ctx).Locale))
	}
	return strings.Join(parts, "\x00")
}

// plainEvents are the events whose values are the same for all readers.
var plainEvents = map[string]bool{"DashboardChange": true, "ImportProgress": true, "TransformExecutionUpdate": true, "ServiceNotice": true}
