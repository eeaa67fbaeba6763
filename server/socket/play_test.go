package socket_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/server/socket"
)

// toolFolder has the schema that player and the reference server answer.
const toolFolder = "../../tools/socket"

// player is a client that answers as the reference server of the tests does.
type player struct {
	schema  *ast.Schema
	user    string
	expires time.Time
	ended   chan struct{}
}

func (p *player) Expires() time.Time     { return p.expires }
func (p *player) Ended() <-chan struct{} { return p.ended }
func (p *player) UserID() string         { return p.user }

func (p *player) Run(ctx context.Context, req socket.Request, sink socket.Sink) {
	go p.run(ctx, req, sink)
}

func (p *player) run(ctx context.Context, req socket.Request, sink socket.Sink) {
	doc, err := parser.ParseQuery(&ast.Source{Input: req.Query})
	if err != nil {
		sink.(socket.Wire).Break(err.Error())
		return
	}
	if len(doc.Operations)+len(doc.Fragments) == 0 {
		sink.(socket.Wire).Break("nothing to parse")
		return
	}
	op := doc.Operations.ForName(req.OperationName)
	if problems := validator.ValidateWithRules(p.schema, doc, nil); len(problems) > 0 || op == nil {
		sink.Fail([]byte(`[{"message":"not valid"}]`))
		return
	}
	variables, err := validator.VariableValues(p.schema, op, req.Variables)
	switch {
	case err != nil:
		sink.Next([]byte(`{"errors":[{"message":"bad variables"}]}`))
		sink.Complete()
	case op.Operation == ast.Subscription:
		sink.(socket.Wire).Streams()
		p.stream(ctx, op.SelectionSet[0].(*ast.Field), variables, sink)
	default:
		p.once(ctx, op, variables, sink)
	}
}

func (p *player) once(ctx context.Context, op *ast.OperationDefinition, variables map[string]any, sink socket.Sink) {
	data, answer := map[string]any{}, map[string]any{}
	for _, set := range op.SelectionSet {
		f := set.(*ast.Field)
		args := f.ArgumentMap(variables)
		switch f.Name {
		case "hello":
			data[f.Alias] = "world"
		case "add":
			data[f.Alias] = whole(args["a"]) + whole(args["b"])
		case "set":
			data[f.Alias] = args["value"]
		case "fails":
			data[f.Alias], answer["errors"] = nil, []string{"it fails"}
		case "slow":
			select {
			case <-ctx.Done():
				return
			case <-time.After(300 * time.Millisecond):
			}
			data[f.Alias] = "at last"
		case "__typename":
			data[f.Alias] = f.ObjectDefinition.Name
		}
	}
	answer["data"] = data
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	sink.Next(text)
	sink.Complete()
}

func whole(v any) int64 {
	switch v := v.(type) {
	case json.Number:
		n, _ := v.Int64()
		return n
	case int64:
		return v
	}
	return 0
}

func (p *player) stream(ctx context.Context, f *ast.Field, variables map[string]any, sink socket.Sink) {
	event := func(n int64) bool {
		return sink.Next([]byte(`{"data":{"` + f.Alias + `":` + strconv.FormatInt(n, 10) + `}}`))
	}
	switch f.Name {
	case "count":
		for n := int64(1); n <= whole(f.ArgumentMap(variables)["to"]) && event(n); n++ {
		}
		sink.Complete()
	case "forever":
		event(1)
		<-ctx.Done()
	case "breaks":
		event(1)
		sink.Fail([]byte(`[{"message":"the source breaks"}]`))
	}
}

// stage is a server of sockets on which players play.
type stage struct {
	*socket.Handler
	web  *httptest.Server
	mu   sync.Mutex
	last *player
}

func (s *stage) address() string { return strings.TrimPrefix(s.web.URL, "http://") }

// player is who was admitted last.
func (s *stage) player() *player {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// play opens a stage; change sets limits and times.
func play(t testing.TB, change ...func(*socket.Options)) *stage {
	t.Helper()
	text, err := os.ReadFile(toolFolder + "/schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: string(text)})
	s := &stage{}
	o := socket.Options{
		Admit: func(r *http.Request, init json.RawMessage) (socket.Client, error) {
			var said struct {
				Slow, Refuse, Life bool
				User               string
				Seconds            float64
				Error              core.Code
			}
			_ = json.Unmarshal(init, &said)
			if said.Slow {
				time.Sleep(300 * time.Millisecond)
			}
			if said.Error != "" {
				return nil, &core.Error{Code: said.Error}
			}
			if said.Refuse {
				return nil, core.Forbidden("")
			}
			p := &player{schema: schema, user: said.User, ended: make(chan struct{})}
			if said.Seconds != 0 {
				p.expires = time.Now().Add(time.Duration(said.Seconds * float64(time.Second)))
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.last = p
			if said.Life { // as if this socket had become too old
				time.AfterFunc(50*time.Millisecond, func() { socket.Restart(s.Handler) })
			}
			return p, nil
		},
		Refuse:  func(w http.ResponseWriter, _ *http.Request, status int, _ *core.Error) { w.WriteHeader(status) },
		Explain: func(context.Context, *core.Error) []byte { return []byte(`[{"message":"too many"}]`) },
		Log:     slog.New(slog.DiscardHandler), Limits: socket.Limits{Message: 64 << 10}, Times: socket.StandardTimes(),
	}
	for _, c := range change {
		c(&o)
	}
	s.Handler = socket.New(o)
	noneLeft(t)
	s.web = httptest.NewUnstartedServer(s.Handler)
	s.web.Listener = narrow{s.web.Listener}
	s.web.Start()
	t.Cleanup(s.web.Close)
	return s
}

// noneLeft fails a test that leaves a goroutine of the package behind. It must
// run after all that ends sockets, so it is called before anything opens one.
func noneLeft(t testing.TB) {
	t.Cleanup(func() {
		stacks := ""
		for range 10_000 {
			stack := make([]byte, 8<<20)
			stacks = string(stack[:runtime.Stack(stack, true)])
			if !strings.Contains(stacks, "karuta/server/socket.(") {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("goroutines are left: %s", stacks)
	})
}

// narrow gives connections so little room that a reader who does not read is felt
// soon.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	c, err := n.Listener.Accept()
	if err == nil {
		err = c.(*net.TCPConn).SetWriteBuffer(narrowBytes)
	}
	return c, err
}

const narrowBytes = 16 << 10
