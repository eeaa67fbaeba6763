package server

import (
	"context"
	"errors"
	"net/http"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"

	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/operation"
)

// Grade says which documents a kind of client may ask for.
type Grade string

// The grades.
const (
	GradeLog      Grade = "log"      // any; those that are not registered are counted and named in the log
	GradeSafelist Grade = "safelist" // registered ones alone, also as a text
	GradeIDs      Grade = "ids-only" // registered ones alone, by id or hash
)

// Grades are the grades of the kinds of clients; "" is [GradeLog].
type Grades struct {
	Browser     Grade // people with a session, and who has not signed in
	Integration Grade // programs with an API key
	Admin       Grade // administrators with a session, in GraphiQL too
}

func (g Grades) of(a *core.Actor) Grade {
	switch {
	case a.Key != nil:
		return g.Integration
	case a.IsAdmin():
		return g.Admin
	}
	return g.Browser
}

// document gives the document that the request means, on whichever way it came.
func (e *engine) document(ctx context.Context, req *request) (*document, gqlerror.List) {
	if err := e.admit(ctx, req); err != nil {
		return nil, gqlerror.List{gqlerror.Wrap(err)}
	}
	return e.documents.find(ctx, req)
}

// admit finds the registered operation that the request names, by its id, its
// hash or its text, and refuses what its client's grade does not allow.
func (e *engine) admit(ctx context.Context, req *request) error {
	if req.ours {
		return nil
	}
	if req.sum = req.hash; req.sum == "" && req.Query != "" {
		req.sum = core.Hash(req.Query)
	}
	if req.registered = e.operations.ByHash(req.sum); req.DocumentID != "" {
		req.registered = e.operations.ByID(req.DocumentID)
	}
	grade, text := e.grades.of(core.ActorFrom(ctx)), req.Query != ""
	switch {
	case text && grade == GradeIDs:
		return e.gate.RefuseText(ctx, req.sum, "ids_only")
	case req.registered != nil:
		req.Query, req.hash = req.registered.Document, ""
	case req.DocumentID != "":
		return &core.Error{Code: core.CodeNotFound, Reason: "operation", Field: "documentId"}
	case grade != GradeSafelist && grade != GradeIDs:
	case text:
		return e.gate.RefuseText(ctx, req.sum, "not_registered")
	default:
		return &core.Error{Code: core.CodeNotFound, Reason: "operation", Field: hashField}
	}
	return nil
}

// count notes who asks for what.
func (e *engine) count(ctx context.Context, req *request, op *ast.OperationDefinition) {
	switch {
	case req.registered != nil:
		e.operations.Used(req.registered, req.client)
	case !req.ours:
		e.operations.Unregistered(ctx, req.sum, op.Name, req.client)
	}
}

// registeredID is the id of the operation that the request names, "" for none.
func (req *request) registeredID() string {
	if req.registered == nil {
		return ""
	}
	return req.registered.ID
}

// clientOf is what a client says of itself, as Apollo's do or in a header of ours.
func clientOf(h http.Header) operation.Client {
	name := h.Get("Apollographql-Client-Name")
	if name == "" {
		name = h.Get("X-Client-Name")
	}
	return operation.Client{Name: name, Release: h.Get("Apollographql-Client-Version")}
}

// OperationCheck tells what a document is that is to be registered: it fits the
// schema, has one operation, with a name, and is not beyond what anybody may ask for.
func OperationCheck() func(document string) (operation.Facts, error) {
	all := newDocuments(graph.NewExecutableSchema(graph.Config{}).Schema(), nil)
	return func(document string) (operation.Facts, error) {
		if n := tokens(document); n > maxTokens {
			return operation.Facts{}, refusedAs(tooDear("tokens", n, maxTokens))
		}
		doc, problems := all.read(document)
		if problems != nil {
			return operation.Facts{}, refusedAs(problems)
		}
		if len(doc.Operations) != 1 || doc.Operations[0].Name == "" {
			return operation.Facts{}, core.Invalid("", "one_named_operation")
		}
		op := doc.Operations[0]
		facts := operation.Facts{Name: op.Name, Type: string(op.Operation)}
		plan := doc.plan(op)
		least := plan.least()
		if least.estimate() > userBudget {
			facts.Caveat = &core.Error{Code: core.CodeQueryCost, Reason: "admins_alone", Args: map[string]any{"asked": least.estimate(), "allowed": userBudget}}
		}
		return facts, refusedAs(plan.refuseAlways(op))
	}
}

// tokens is how many a document has, comments among them, as the parser counts them.
func tokens(document string) (n int) {
	for l := lexer.New(&ast.Source{Input: document}); ; n++ {
		if read, err := l.ReadToken(); err != nil || read.Kind == lexer.EOF {
			return n
		}
	}
}

// refuseAlways refuses what nobody can ask for, in whichever way and with whichever
// variables.
func (p *plan) refuseAlways(op *ast.OperationDefinition) gqlerror.List {
	if problems := p.refuseParts(&request{inParts: true}, op); problems != nil {
		return problems
	}
	if op.Operation == ast.Subscription && !p.single(op) {
		return gqlerror.List{gqlerror.Wrap(core.Invalid("", "one_subscription"))}
	}
	return p.least().refuse(adminBudget, true)
}

// refusedAs is the first of the problems: ours where it has a sentence, else as it
// speaks to developers. It is nil without any.
func refusedAs(problems gqlerror.List) error {
	if len(problems) == 0 {
		return nil
	}
	if ours, ok := errors.AsType[*core.Error](problems[0]); ok && spoken(problems[0]) == "" {
		return ours
	}
	return problems[0]
}

// warm parses the registered documents, as many as are remembered.
func (e *engine) warm() {
	all := e.operations.Documents()
	for _, document := range all[:min(len(all), cacheSize)] {
		e.documents.read(document)
	}
}
