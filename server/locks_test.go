package server_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/loaders"
	"github.com/karuta-bi/karuta/resolvers"
	"github.com/karuta-bi/karuta/schema"
)

// errReached is the answer of a field whose directive let through.
var errReached = errors.New("reached")

// Two locks are on every door, and the matrix cannot tell which of them held.
// Here the directives are gone, and the services alone refuse as declared.
func TestServicesRefuseAlone(t *testing.T) {
	c := newCompany(t)
	h, file := c.open(t)
	lock := executor.New(graph.NewExecutableSchema(graph.Config{Resolvers: h.resolver, Directives: openDoors()}))
	lock.AroundRootFields(h.resolver.ThroughEyes)
	order, answers := rows(t, matrix)
	for _, row := range order {
		for _, actor := range actors[:8] { // the others are not told apart behind the door
			want := answers[row][actor].answer
			if want == "ok" {
				continue
			}
			got := c.ask(h, lock, actor, asked[row])
			// Who reads by node and me asks nobody: they find nothing.
			silent := strings.HasPrefix(row, "Query.node") || row == "Query.me"
			// Who may look at a copy knows that the card lies there, whatever the card's own door says.
			placed := row == "Mutation.executeCard/copy" && actor == "stranger"
			if got != want && !(silent && got == "null") && !(placed && got == string(core.CodeForbidden)) {
				t.Errorf("%s by %s: %s, want %s", row, actor, got, want)
			}
		}
	}
	h.close()
	same(t, file, contents(t, c.file))
}

// Here the services are gone, and the directives alone refuse.
func TestDirectivesRefuseAlone(t *testing.T) {
	c := newCompany(t)
	h, _ := c.open(t)
	lock := executor.New(graph.NewExecutableSchema(graph.Config{Resolvers: emptyHouse{}, Directives: h.resolver.Directives()}))
	lock.SetRecoverFunc(func(context.Context, any) error { return errReached })
	order, answers := rows(t, matrix)
	for _, row := range order {
		for _, actor := range actors[:8] {
			want := answers[row][actor]
			if want.late || want.answer == "ok" {
				want.answer = errReached.Error()
			}
			if got := c.ask(h, lock, actor, asked[row]); got != want.answer {
				t.Errorf("%s by %s: %s, want %s", row, actor, got, want.answer)
			}
		}
	}
}

// openDoors are directives that let everybody through.
func openDoors() graph.DirectiveRoot {
	pass := func(ctx context.Context, _ any, next graphql.Resolver) (any, error) { return next(ctx) }
	right := func(ctx context.Context, _ any, next graphql.Resolver, _ graph.Right, _ string) (any, error) {
		return next(ctx)
	}
	return graph.DirectiveRoot{
		Public: pass, Auth: pass, Admin: pass, Dataset: right, Card: right, Transform: right,
		Dashboard: func(ctx context.Context, _ any, next graphql.Resolver, _ core.Permission, _ string) (any, error) {
			return next(ctx)
		},
		Sharing: func(ctx context.Context, _ any, next graphql.Resolver, _ string) (any, error) { return next(ctx) },
	}
}

// emptyHouse is a house with nobody behind the doors: who comes in falls.
type emptyHouse struct{ graph.ResolverRoot }

func (emptyHouse) Query() graph.QueryResolver { return struct{ graph.QueryResolver }{} }

func (emptyHouse) Subscription() graph.SubscriptionResolver {
	return struct{ graph.SubscriptionResolver }{}
}

func (emptyHouse) Mutation() graph.MutationResolver { return struct{ graph.MutationResolver }{} }

// ask sends the document past the server's own doors and gives what came of it:
// ok, null or the code of the first error.
func (c *company) ask(h *house, lock *executor.Executor, actor, document string) string {
	h.t.Helper()
	who := &core.Actor{RequestID: "r1"}
	if id := c.ids[actor]; id != "" {
		var err error
		who.User, err = h.store.Users.Get(h.t.Context(), id)
		must(h.t, err)
	}
	ctx := core.WithActor(graphql.StartOperationTrace(h.t.Context()), who)
	ctx = loaders.With(ctx, loaders.New(ctx, h.resolver.Sources()))
	ctx = resolvers.WithMoment(ctx, &resolvers.Moment{})
	op, problems := lock.CreateOperationContext(ctx, &graphql.RawParams{Query: c.fill(document), Variables: map[string]any{"file": "a file"}})
	if len(problems) > 0 {
		h.t.Fatal(problems)
	}
	op.Variables = map[string]any{"file": &schema.File{Name: "data.csv", Body: strings.NewReader("a,b\n1,2\n")}}
	responses, ctx := lock.DispatchOperation(graphql.WithOperationContext(ctx, op), op)
	answer := responses(ctx)
	if len(answer.Errors) > 0 {
		return codeOf(answer.Errors[0])
	}
	if strings.HasSuffix(strings.Trim(string(answer.Data), "}]"), "null") {
		return "null"
	}
	return "ok"
}

func codeOf(err *gqlerror.Error) string {
	if errors.Is(err, errReached) {
		return errReached.Error()
	}
	return string(core.CodeOf(err))
}
