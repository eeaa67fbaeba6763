package server

import (
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
