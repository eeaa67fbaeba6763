package todo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/validator/rules"
	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/graph/plain/todo"
	"github.com/karuta-bi/karuta/graph/plain/todo/ours"
	"github.com/karuta-bi/karuta/graph/plain/todo/shipped"
)

// Whatever is asked of whatever is there, the answer is gqlgen's own, with the
// same errors at the same places.
func TestSameAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		world := world(t)
		document := "query($yes: Boolean = true) { " + labelled(root(t)) + " } " + strings.Join(fragments, " ")
		same(t, world, document)
	})
}

// An open field that fails takes its element, the first, one in between or the
// last, and the list where its elements must be there.
func TestSameAnswersWhereElementsAreLost(t *testing.T) {
	for lost := range 4 {
		world := todo.Example(4)
		world.All[lost].Text = "fail"
		for _, list := range []string{"maybe", "todos"} {
			same(t, world, "{ "+list+"(n: 4) { id author { id name } text helper { id } } }")
		}
	}
}

// Two deferred fragments with one label, or with none, come as one part.
func TestDeferredTwiceByOneLabel(t *testing.T) {
	const document = `{ todos(n: 2) { id ... @defer { author { id } } ... @defer { author { name } } } }`
	got := answer(t, ours.NewExecutableSchema(ours.Config{Resolvers: ours.Root{Resolver: todo.Example(2)}}), document)
	if len(got) != 3 || !strings.HasPrefix(got[0], `{"author":{"id":"u0","name":"User 0"}} todos[0]`) {
		t.Errorf("%q", got)
	}
}

func same(t rapid.TB, world *todo.Resolver, document string) {
	was := answer(t, shipped.NewExecutableSchema(shipped.Config{Resolvers: shipped.Root{Resolver: world}}), document)
	is := answer(t, ours.NewExecutableSchema(ours.Config{Resolvers: ours.Root{Resolver: world}}), document)
	if !slices.Equal(was, is) {
		t.Fatalf("%s\n gqlgen: %q\n ours:   %q", document, was, is)
	}
}

// world is four todos, in which much is wrong.
func world(t *rapid.T) *todo.Resolver {
	r := todo.Example(4)
	r.Gaps = rapid.Bool().Draw(t, "gaps")
	for i := range r.All {
		it := &r.All[i]
		it.Text = rapid.SampledFrom([]string{"a", "tab\t\"quoted\" \\ \x01 \u2028 </script>", "no UTF-8 \xff", "fail", "crash", "panic"}).Draw(t, "text")
		it.Rank = rapid.SampledFrom([]float64{0, -1.5, 1e300, math.NaN()}).Draw(t, "rank")
		it.Tags = rapid.SampledFrom([][]string{nil, {}, {"x", "y"}}).Draw(t, "tags")
		it.State = rapid.SampledFrom([]todo.State{todo.Open, todo.Closed, ""}).Draw(t, "state")
		it.Due = rapid.SampledFrom([]time.Time{it.Due, {}}).Draw(t, "due")
		it.Note = rapid.SampledFrom([]*string{nil, &it.Text}).Draw(t, "note")
		it.Reviewers = rapid.SampledFrom([][]todo.User{nil, {*it.User}, {*it.User, *it.User}}).Draw(t, "reviewers")
		it.User = rapid.SampledFrom([]*todo.User{it.User, {ID: "boss", Boss: it.User}, nil}).Draw(t, "user")
	}
	return r
}

var fragments = []string{
	`fragment Who on User { name boss { id } }`,
	`fragment What on Todo { text user { ...Who email } helper { id } }`,
	`fragment It on Thing { id ... on User { email } ...What }`,
}

func root(t *rapid.T) string {
	return several(t, func(t *rapid.T) string {
		return rapid.SampledFrom([]string{"todos(n: 4)", "a: todos(n: 1)", "maybe(n: 4)", "none: todos(n: 0)"}).Draw(t, "root") + " { " + several(t, ofTodo) + " }"
	}) + rapid.SampledFrom([]string{"", " things { __typename ...It }", " dashboards(first: 4) { nodes { id owner { name } myPermission cardCount updatedAt } pageInfo { endCursor hasNextPage } }"}).Draw(t, "more")
}

// labelled gives every deferred fragment a label of its own: gqlgen waits for ever
// where two have the same, and the engine refuses such documents.
func labelled(document string) string {
	for i := 0; strings.Contains(document, "LABEL"); i++ {
		document = strings.Replace(document, "LABEL", fmt.Sprint("later", i), 1)
	}
	return document
}

func ofTodo(t *rapid.T) string {
	plain := []string{"id", "other: id", "text", "done", "note", "tags", "state", "due", "__typename", "rank", "length", "note @include(if: false)", "note @skip(if: $yes)"}
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		return rapid.SampledFrom([]string{"author", "helper"}).Draw(t, "open") + " { " + several(t, ofUser) + " }"
	case 1, 2:
		return rapid.SampledFrom([]string{"user", "reviewers"}).Draw(t, "user") + " { " + several(t, ofUser) + " }"
	case 3:
		return rapid.SampledFrom([]string{"...What", "...It", "... on Todo { text }", "... @include(if: $yes) { id }", "... @defer(label: \"LABEL\") { author { id } }"}).Draw(t, "fragment")
	default:
		return rapid.SampledFrom(plain).Draw(t, "plain")
	}
}

func ofUser(t *rapid.T) string {
	return rapid.SampledFrom([]string{"id", "name", "email", "boss { id }", "boss { boss { name } id }", "...Who", "__typename", "id @skip(if: true)"}).Draw(t, "field")
}

func several(t *rapid.T, one func(*rapid.T) string) string {
	return strings.Join(rapid.SliceOfN(rapid.Custom(one), 1, 5).Draw(t, "several"), " ")
}

// answer is all that comes of a document: first the data, then what was deferred
// and the errors, in an order that does not depend on chance.
func answer(t rapid.TB, schema graphql.ExecutableSchema, document string) []string {
	doc, problems := gqlparser.LoadQueryWithRules(schema.Schema(), document, rules.NewDefaultRules())
	if problems != nil {
		t.Skip(problems)
	}
	op := &graphql.OperationContext{
		RawQuery: document, Doc: doc, Operation: doc.Operations[0], Variables: map[string]any{"yes": true}, RecoverFunc: panicked,
		ResolverMiddleware:     func(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) },
		RootResolverMiddleware: func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) },
	}
	ctx := graphql.WithResponseContext(graphql.WithOperationContext(context.Background(), op), graphql.DefaultErrorPresenter, panicked)
	next := schema.Exec(ctx)
	var parts []string
	for response := next(ctx); response != nil; response = next(ctx) {
		response.HasNext = nil // the last one differs
		for _, problem := range response.Errors {
			parts = append(parts, problem.Error())
		}
		response.Errors = nil
		// where gqlgen says null for what is still to come, ours marks it
		data := bytes.ReplaceAll(response.Data, []byte{0}, []byte("null"))
		parts = append(parts, fmt.Sprintf("%s %s %s", data, response.Path, response.Label))
	}
	for _, problem := range graphql.GetErrors(ctx) {
		text, err := json.Marshal(problem)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, string(text))
	}
	slices.Sort(parts)
	return parts
}

func panicked(_ context.Context, failure any) error { return fmt.Errorf("panicked: %v", failure) }
