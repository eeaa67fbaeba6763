package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/graph/plain"
	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/audit"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/guard"
	"github.com/karuta-bi/karuta/internal/operation"
	"github.com/karuta-bi/karuta/internal/telemetry"
	"github.com/karuta-bi/karuta/loaders"
	"github.com/karuta-bi/karuta/server/hub"
)

// operationTimeout is how long an operation may take; an upload has
// uploadTimeout, because its file comes as fast as the client sends it.
const (
	operationTimeout = 60 * time.Second
	uploadTimeout    = 15 * time.Minute
)

// engine turns a request into an answer.
type engine struct {
	schema    graphql.ExecutableSchema
	documents *documents
	answers   *answers
	sources   *loaders.Sources
	audit     *audit.Log
	root      graphql.RootFieldMiddleware
	gate      *access.Gate
	guard     *guard.Guard
	hub       *hub.Hub
	resume    func(context.Context, core.SignIn) (*core.Actor, error)
	log       *slog.Logger
	local     bool

	operations *operation.Service
	grades     Grades
}

func newEngine(d Deps) *engine {
	r := d.Resolver
	schema := graph.NewExecutableSchema(graph.Config{Resolvers: r, Directives: r.Directives()})
	e := &engine{
		schema: schema, documents: newDocuments(schema.Schema(), d.Persisted), answers: newAnswers(d.KeepAnswers), sources: r.Sources(), root: r.ThroughEyes, audit: r.Services.Audit, gate: r.Services.Gate, guard: r.Services.Guard,
		hub: hub.New(d.Bus), resume: r.Services.Identity.Resume,
		log: telemetry.Named(d.Log, "graphql"), local: d.Local,
		operations: r.Services.Operations, grades: d.Grades,
	}
	e.warm()
	return e
}

// answer is what came of a request. Without data it was not executed.
type answer struct {
	data   []byte // a JSON object or null; nil where nothing was executed
	errors gqlerror.List
	status int   // HTTP status where it was not executed
	read   bool  // of a query
	bill   *bill // nil where it was refused before it was measured
	kept   bool  // was given before

	more func() *graphql.Response // gives what was deferred until it gives nil; nil where the data is all
	end  func()                   // ends the operation whose parts are still to come
}

// do answers a request: validate, measure, execute.
func (e *engine) do(ctx context.Context, req *request) *answer {
	op, problems := e.prepare(ctx, req)
	if problems != nil {
		return e.notExecuted(ctx, problems)
	}
	timeout := operationTimeout
	if req.upload {
		timeout = uploadTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	a := e.run(ctx, req, op)
	if a.end = cancel; a.more == nil {
		cancel()
	}
	return a
}

// prepare brings a request to where it can be executed, and counts it.
func (e *engine) prepare(ctx context.Context, req *request) (*graphql.OperationContext, gqlerror.List) {
	op, problems := e.measured(ctx, req)
	if problems != nil {
		return nil, e.chargeRefused(ctx, problems)
	}
	if problems := e.charge(ctx, req, op.Operation, billOf(op).meter); problems != nil {
		return nil, problems
	}
	e.count(ctx, req, op.Operation)
	return op, nil
}

// measured finds out what a request asks for and refuses what may not be asked.
func (e *engine) measured(ctx context.Context, req *request) (*graphql.OperationContext, gqlerror.List) {
	doc, problems := e.document(ctx, req)
	if problems != nil {
		return nil, problems
	}
	op := chosen(doc, req.OperationName)
	if op == nil {
		return nil, gqlerror.List{gqlerror.Wrap(notChosen(req.OperationName))}
	}
	if problem := req.wrongWay(op); problem != nil {
		return nil, gqlerror.List{gqlerror.Wrap(problem)}
	}
	plan := doc.plan(op)
	if problems := e.withinScope(ctx, plan, req.registeredID()); problems != nil {
		return nil, problems
	}
	if problems := plan.refuseParts(req, op); problems != nil {
		return nil, problems
	}
	if op.Operation == ast.Subscription && !plan.single(op) {
		return nil, gqlerror.List{gqlerror.Wrap(core.Invalid("query", "one_subscription"))}
	}
	actor := core.ActorFrom(ctx)
	introspect := e.local || actor.IsAdmin()
	variables, err := coerce(e.schema.Schema(), op, req.Variables, introspect)
	if err != nil {
		return nil, gqlerror.List{gqlerror.Wrap(err)}
	}
	bill := &bill{meter: plan.measure(variables), budget: userBudget}
	if actor.IsAdmin() {
		bill.budget = adminBudget
	}
	if problems := bill.meter.refuse(bill.budget, introspect); problems != nil {
		return nil, problems
	}
	prepared := &graphql.OperationContext{
		RawQuery: req.Query, OperationName: req.OperationName, Variables: variables, Doc: doc.QueryDocument, Operation: op,
		DisableIntrospection: !introspect, RecoverFunc: e.panicked,
		ResolverMiddleware:     func(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) },
		RootResolverMiddleware: e.root,
	}
	prepared.Stats.SetExtension(billName, bill)
	return prepared, nil
}

// wrongWay refuses an operation that cannot be asked in the way that the request
// came: changes by GET, and what goes on telling where one answer is wanted.
func (req *request) wrongWay(op *ast.OperationDefinition) *core.Error {
	switch {
	case req.readOnly && op.Operation == ast.Mutation:
		return refuse(http.StatusMethodNotAllowed, "", "by_post").err
	case op.Operation == ast.Subscription && !req.stream && !req.dryRun:
		return core.Invalid("", needsStream)
	}
	return nil
}

// run executes an operation, or only tells what it would cost.
func (e *engine) run(ctx context.Context, req *request, op *graphql.OperationContext) *answer {
	if req.dryRun {
		return &answer{data: []byte("null"), bill: billOf(op)}
	}
	q := e.answers.ask(ctx, req, op)
	if q == nil {
		return e.execute(ctx, op)
	}
	if a := e.answers.find(q, billOf(op)); a != nil {
		return a
	}
	a := e.execute(ctx, op)
	e.answers.keep(ctx, q, a)
	return a
}

func (e *engine) execute(ctx context.Context, op *graphql.OperationContext) *answer {
	if name := op.Operation.Name; name != "" {
		trace := telemetry.TraceFrom(ctx)
		trace.Operation = name
		ctx = telemetry.WithTrace(ctx, trace)
	}
	ctx = graphql.WithOperationContext(ctx, op)
	ctx = loaders.With(ctx, loaders.New(ctx, e.sources))
	ctx = graphql.WithResponseContext(ctx, e.present, e.panicked)
	began := time.Now()
	next := e.schema.Exec(ctx)
	response := part(ctx, next)
	found := graphql.GetErrors(ctx)
	e.log.DebugContext(ctx, "operation", telemetry.Duration(time.Since(began)), slog.Int("errors", len(found)))
	bill := billOf(op)
	bill.settle(response.Data)
	a := &answer{data: response.Data, errors: append(response.Errors, found...), read: op.Operation.Operation == ast.Query, bill: bill}
	if response.HasNext != nil && *response.HasNext {
		a.more = func() *graphql.Response {
			later := part(ctx, next)
			if later != nil {
				bill.settlePart(later.Path, later.Data)
			}
			return later
		}
	}
	return a
}

// part is the next part of an answer, or all of it; nil where it does not come.
func part(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	response := next(ctx)
	if response != nil && response.HasNext != nil {
		response.Data = plain.Arrived(response.Data)
	}
	return response
}

// panicked is what a person sees of a bug; the log sees all of it.
func (e *engine) panicked(ctx context.Context, failure any) error {
	e.log.ErrorContext(ctx, "resolver panicked", slog.String("panic", fmt.Sprint(failure)), telemetry.Stack())
	return &core.Error{Code: core.CodeInternal}
}

// notExecuted answers a request that is wrong before anything runs.
func (e *engine) notExecuted(ctx context.Context, problems gqlerror.List) *answer {
	shown := e.shown(ctx, problems)
	return &answer{errors: shown, status: problemOf(shown[0]).HTTPStatus()}
}

func (e *engine) shown(ctx context.Context, problems gqlerror.List) gqlerror.List {
	shown := make(gqlerror.List, len(problems))
	for i, p := range problems {
		shown[i] = e.present(ctx, p)
	}
	return shown
}

// refusal is a list of one error, encoded, for a sink.
func (e *engine) refusal(ctx context.Context, err error) []byte {
	return encodeErrors(e.shown(ctx, gqlerror.List{gqlerror.Wrap(err)}))
}
