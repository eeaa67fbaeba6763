package server

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// The actual cost counts the fields of the answer with the prices of the schema (issue "Transports": cost after execution).
func TestActualCost(t *testing.T) {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `
		directive @cost(weight: Int!) on FIELD_DEFINITION
		scalar JSON
		type Query { a: A as: [A!] any: JSON }
		type A { x: Int y: String dear: Int @cost(weight: 20) in: A list: [[A]] any: JSON }`})
	for name, c := range map[string]struct {
		query, data string
		want        int
	}{
		"a leaf":                       {`{ a { x } }`, `{"a":{"x":1}}`, 2},
		"nothing":                      {`{ a { x } }`, `{"a":null}`, 1},
		"no data":                      {`{ a { x } }`, `null`, 0},
		"a list":                       {`{ as { x y } }`, `{"as":[{"x":1,"y":"a"},{"x":2,"y":"b"},{"x":-1.5e3,"y":null}]}`, 7},
		"an empty list":                {`{ as { x } }`, `{"as":[]}`, 1},
		"a dear field":                 {`{ as { dear } }`, `{"as":[{"dear":1},{"dear":2}]}`, 41},
		"an alias":                     {`{ b: a { z: dear } }`, `{"b":{"z":1}}`, 21},
		"lists in lists":               {`{ a { list { x } } }`, `{"a":{"list":[[{"x":1},null],[],null,[{"x":2}]]}}`, 4},
		"a fragment":                   {`{ a { ...f in { ...f } } } fragment f on A { x }`, `{"a":{"x":1,"in":{"x":2}}}`, 4},
		"one name twice":               {`{ a { in { x } in { y } } }`, `{"a":{"in":{"x":1,"y":"2"}}}`, 4},
		"JSON is one value":            {`{ any a { any x } }`, `{"any":{"a":[1,{"b":"}"}],"c":"\\\"]"},"a":{"any":[[],{}],"x":1}}`, 4},
		"text with braces and escapes": {`{ a { y x } }`, `{"a":{"y":"{\"x\":[1,\\","x":1}}`, 3},
		"spaces":                       {`{ a { y x } }`, " { \"a\" : { \"y\" : \"a b\" , \"x\" : 1 } } ", 3},
		"what tells the type":          {`{ __typename a { __typename } }`, `{"__typename":"Query","a":{"__typename":"A"}}`, 3},
	} {
		t.Run(name, func(t *testing.T) {
			doc := gqlparser.MustLoadQueryWithRules(schema, c.query, rules.NewDefaultRules())
			b := &bill{meter: newPlan(doc.Operations[0]).measure(nil)}
			b.settle([]byte(c.data))
			if b.actual != c.want {
				t.Errorf("%d, want %d", b.actual, c.want)
			}
		})
	}
}

// What variables leave out or make short costs nothing before execution either; the
// least is what no variables come below.
func TestEstimatedCost(t *testing.T) {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `
		directive @cost(weight: Int!) on FIELD_DEFINITION
		type Query { a: A page(first: Int): [A!] nodes(ids: [ID!]!): [A] }
		type A { x: Int dear: Int @cost(weight: 20) page(first: Int): [A!] }`})
	on, off := map[string]any{"on": true}, map[string]any{"on": false}
	for name, c := range map[string]struct {
		query       string
		variables   map[string]any
		want, least float64
	}{
		"always":                {`query { a { dear } }`, nil, 21, 21},
		"skipped for good":      {`query { a { x dear @skip(if: true) } }`, nil, 2, 2},
		"never skipped":         {`query { a { x dear @skip(if: false) } }`, nil, 22, 22},
		"not included":          {`query { a { x ... @include(if: false) { dear } } }`, nil, 2, 2},
		"both":                  {`query { a { x dear @include(if: true) @skip(if: true) } }`, nil, 2, 2},
		"included":              {`query($on: Boolean!) { a { x dear @include(if: $on) } }`, on, 22, 2},
		"switched off":          {`query($on: Boolean!) { a { x dear @include(if: $on) } }`, off, 2, 2},
		"skipped":               {`query($on: Boolean!) { a { x } b: a @skip(if: $on) { dear } }`, on, 2, 2},
		"unless it is switched": {`query($on: Boolean = true) { a { x dear @skip(if: $on) } }`, nil, 2, 2},
		"a fragment":            {`query($on: Boolean!) { a { x ...f @include(if: $on) } } fragment f on A { dear }`, off, 2, 2},
		"inside of a list":      {`query($on: Boolean!) { page(first: 5) { x dear @include(if: $on) } }`, off, 6, 6},
		"a list of any length":  {`query($n: Int) { page(first: $n) { x } }`, nil, 101, 2},
		"lists in lists":        {`query($n: Int, $on: Boolean!) { page(first: $n) { page(first: 3) { x } dear @skip(if: $on) } }`, on, 401, 5},
		"a list as written":     {`query($id: ID!) { nodes(ids: [$id, "b", "c"]) { x } }`, nil, 4, 4},
		"another directive":     {`query { ... @defer { a { dear } } }`, nil, 21, 21},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlan(gqlparser.MustLoadQueryWithRules(schema, c.query, rules.NewDefaultRules()).Operations[0])
			if got := p.measure(c.variables).cost; got != c.want {
				t.Errorf("%g, want %g", got, c.want)
			}
			if got := p.least().cost; got != c.least {
				t.Errorf("%g at the least, want %g", got, c.least)
			}
		})
	}
}

// BenchmarkMeasure is what the estimate of a plan takes.
func BenchmarkMeasure(b *testing.B) {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `type Query { todos(first: Int): [T!] } type T { id: ID text: String done: Boolean user: U } type U { id: ID name: String email: String }`})
	doc := gqlparser.MustLoadQueryWithRules(schema, `query($n: Int) { todos(first: $n) { id text done user { id name email } } a: todos { id } b: todos(first: 20) { id user { id } } }`, rules.NewDefaultRules())
	p, variables := newPlan(doc.Operations[0]), map[string]any{"n": json.Number("20")}
	b.ReportAllocs()
	for b.Loop() {
		p.measure(variables)
	}
}

// BenchmarkSettle is what the actual cost of the nested query takes.
func BenchmarkSettle(b *testing.B) {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `type Query { todos: [T!] } type T { id: ID text: String done: Boolean user: U } type U { id: ID name: String email: String }`})
	doc := gqlparser.MustLoadQueryWithRules(schema, `{ todos { id text done user { id name email } } }`, rules.NewDefaultRules())
	item := `{"id":"todo_17","text":"Write what is to be done","done":false,"user":{"id":"user_17","name":"Hanako Yamada","email":"hanako.yamada@example.com"}}`
	data := []byte(`{"todos":[` + strings.TrimSuffix(strings.Repeat(item+",", 20), ",") + `]}`)
	m := newPlan(doc.Operations[0]).measure(nil)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		bill := &bill{meter: m}
		bill.settle(data)
	}
}
