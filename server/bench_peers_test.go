package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"reflect"
	"testing"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/karuta-bi/karuta/graph/plain/todo"
	"github.com/karuta-bi/karuta/graph/plain/todo/ours"
	"github.com/karuta-bi/karuta/graph/plain/todo/shipped"
	"github.com/karuta-bi/karuta/server"
)

// inMemory are servers of one small schema, whose resolvers have their answers ready.
var inMemory = map[string]func(t testing.TB) http.Handler{"ours": ourOwn, "shipped": asShipped}

// ourOwn is what Karuta answers with.
func ourOwn(t testing.TB) http.Handler {
	return server.Serve(ours.NewExecutableSchema(ours.Config{Resolvers: ours.Root{Resolver: todo.Example(20)}}), newHouse(t).deps([]func(*server.Deps){keptAsServed}))
}

// asShipped is gqlgen as it comes, with the cache of documents that it recommends.
func asShipped(testing.TB) http.Handler {
	srv := handler.New(shipped.NewExecutableSchema(shipped.Config{Resolvers: shipped.Root{Resolver: todo.Example(20)}}))
	srv.AddTransport(transport.POST{})
	srv.SetQueryCache(lru.New[*ast.QueryDocument](1000))
	return srv
}

var peerQueries = []struct{ name, query string }{
	{"todos", `{ todos(n:20){id text done user{id name email}} }`},
	{"dashboards", benchQueries[1].query},
}

// BenchmarkPeers shows how many requests servers of one small schema answer for a
// second of their processor time: Karuta's transport and generated code, gqlgen
// as it comes, once with the garbage collector set as we set it, and servers in
// Node where tools/peers is installed.
func BenchmarkPeers(b *testing.B) {
	servers := []struct {
		name  string
		start func(b *testing.B) *benchChild
	}{
		{"karuta", func(b *testing.B) *benchChild { return startSelf(b, "ours", "GOGC=400") }},
		{"karuta-GOGC-100", func(b *testing.B) *benchChild { return startSelf(b, "ours", "GOGC=100") }},
		{"gqlgen", func(b *testing.B) *benchChild { return startSelf(b, "shipped", "GOGC=100") }},
		{"gqlgen-GOGC-400", func(b *testing.B) *benchChild { return startSelf(b, "shipped", "GOGC=400") }},
		{"mercurius", func(b *testing.B) *benchChild { return startPeer(b, "mercurius") }},
		{"mercurius-jit", func(b *testing.B) *benchChild { return startPeer(b, "mercurius-jit") }},
		{"apollo", func(b *testing.B) *benchChild { return startPeer(b, "apollo") }},
		{"yoga", func(b *testing.B) *benchChild { return startPeer(b, "yoga") }},
	}
	for _, s := range servers {
		b.Run(s.name, func(b *testing.B) {
			child := s.start(b)
			for _, q := range peerQueries {
				b.Run(q.name, func(b *testing.B) { child.load(b, q.query) })
				if s.name == "karuta" {
					b.Run(q.name+"-by-hash", func(b *testing.B) { child.loadByHash(b, q.query) })
				}
			}
		})
	}
}

func startPeer(b *testing.B, kind string) *benchChild {
	b.Helper()
	const tool = "../tools/peers"
	node, err := exec.LookPath("node")
	if err != nil {
		b.Skip("not run here: node is not installed")
	}
	if _, err := os.Stat(tool + "/node_modules/mercurius"); err != nil {
		b.Skip("not run here: run tools/peers/install.sh")
	}
	cmd := exec.Command(node, tool+"/server.mjs", kind)
	cmd.Env = append(os.Environ(), "NODE_ENV=production")
	told, tell, err := os.Pipe()
	must(b, err)
	cmd.Stdout = tell
	return startServer(b, cmd, told, tell)
}

// What is measured side by side is the same work.
func TestServersOfTheBenchmarkAnswerAlike(t *testing.T) {
	for _, q := range peerQueries {
		var data []any
		for _, kind := range []string{"ours", "shipped"} {
			w := httptest.NewRecorder()
			inMemory[kind](t).ServeHTTP(w, post(body(t, q.query)))
			var a struct{ Data any }
			must(t, json.Unmarshal(w.Body.Bytes(), &a))
			data = append(data, a.Data)
		}
		if data[0] == nil || !reflect.DeepEqual(data[0], data[1]) {
			t.Errorf("%s: %v, %v", q.name, data[0], data[1])
		}
	}
}
