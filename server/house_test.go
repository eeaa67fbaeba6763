package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/audit"
	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dashboard"
	"github.com/karuta-bi/karuta/internal/dataset"
	"github.com/karuta-bi/karuta/internal/identity"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table/embedded"
	"github.com/karuta-bi/karuta/resolvers"
	"github.com/karuta-bi/karuta/schema"
	"github.com/karuta-bi/karuta/server"
)

// secret signs the tokens of tests.
const secret = "a secret of thirty-two characters!"

// password is everybody's; it is hashed once, because that is meant to be slow.
const password = "Correct-Horse-9"

var (
	hashOnce sync.Once
	hash     string
)

// house is a whole server on an empty store, without an executor.
type house struct {
	t        testing.TB
	handler  http.Handler
	resolver *resolvers.Resolver
	identity *identity.Service
	store    *store.Store
	log      *bytes.Buffer
	users    int
}

func newHouse(t testing.TB, change ...func(*server.Deps)) *house {
	t.Helper()
	engine, err := embedded.Open(filepath.Join(t.TempDir(), "karuta.db"))
	must(t, err)
	t.Cleanup(func() { _ = engine.Close() })
	must(t, engine.Init(context.Background()))
	h := &house{t: t, log: &bytes.Buffer{}}
	logger := slog.New(slog.NewJSONHandler(h.log, nil))
	h.store = store.New(engine)
	st := h.store
	events, err := audit.New(st.Audit, t.TempDir(), logger, nil)
	must(t, err)
	gate := access.New(st, func(ctx context.Context, d access.Denial) { events.Denied(ctx, d.TargetType, d.TargetID, d.Wanted) })
	h.identity = identity.New(identity.Deps{
		Store: st, Audit: events, Gate: gate, Keys: identity.Keys{Current: identity.NewKey(secret)},
		Lifetime: 24 * time.Hour, PasswordMin: 8, Workers: 2,
	})
	h.resolver = &resolvers.Resolver{Services: resolvers.Services{
		Gate: gate, Identity: h.identity, Audit: events,
		Datasets:   dataset.New(dataset.Deps{Store: st, Gate: gate, Audit: events, Log: logger}, dataset.Config{MaxUpload: 1 << 20}),
		Cards:      card.New(card.Deps{Store: st, Gate: gate, Audit: events, Log: logger, Blobs: &shelf{}}, card.Config{PageSecret: secret}),
		Dashboards: dashboard.New(st, gate, events),
		Monitor:    resolvers.NewMonitor(),
		Info:       graph.ServerInfo{Env: "local", Version: "test", SchemaHash: schema.Hash(), KeyFingerprint: h.identity.KeyID()},
	}}
	deps := server.Deps{
		Resolver: h.resolver, Log: logger, Local: true, Revision: "abc1234", MaxUpload: 1 << 20,
		Origins: []string{"http://localhost:3000"},
		Pages:   fstest.MapFS{"index.html": {Data: []byte("<p>karuta")}},
		GraphiQL: fstest.MapFS{
			"index.html": {Data: []byte("graphiql")}, "denied.html": {Data: []byte("denied")}, "signin.html": {Data: []byte("sign in")},
		},
		Assets: fstest.MapFS{"plotly.min.js": {Data: []byte("plain")}, "plotly.min.js.gz": {Data: []byte("packed")}},
	}
	for _, c := range change {
		c(&deps)
	}
	h.handler = server.New(deps)
	return h
}

// outside is a server that is not on somebody's own machine.
func outside(d *server.Deps) { d.Local = false }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// user makes a person and signs them in, without the price of a password check.
func (h *house) user(role core.Role) (id, token string) {
	h.t.Helper()
	h.users++
	hashOnce.Do(func() { hash = h.hashed(password) })
	u := &core.User{
		ID: core.NewID(core.NounUser), Email: strings.Repeat("u", h.users) + "@example.com", Name: "花子",
		Role: role, PasswordHash: hash, CreatedAt: store.Now(), UpdatedAt: store.Now(),
	}
	must(h.t, h.store.Users.Create(context.Background(), u))
	in, err := h.identity.Mint(core.AsSystem(context.Background(), "test"), u.ID)
	must(h.t, err)
	return u.ID, in.Token
}

// hashed is the hash that identity makes of a password.
func (h *house) hashed(password string) string {
	h.t.Helper()
	ctx := core.AsSystem(context.Background(), "test")
	u, err := h.identity.CreateUser(ctx, identity.NewUser{Email: "first@example.com", Role: core.RoleUser, Password: password})
	must(h.t, err)
	stored, err := h.store.Users.Get(ctx, u.ID)
	must(h.t, err)
	return stored.PasswordHash
}

// answered is an HTTP answer, read.
type answered struct {
	*http.Response
	text   string
	Data   map[string]any
	Errors []struct {
		Message    string
		Path       []any
		Extensions map[string]any
	}
	Extensions map[string]any
}

func (h *house) send(r *http.Request) *answered {
	h.t.Helper()
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	a := &answered{Response: w.Result()}
	body, err := io.ReadAll(a.Body)
	must(h.t, err)
	a.text = string(body)
	if r.URL.Path == "/graphql" && len(body) > 0 {
		must(h.t, json.Unmarshal(body, a))
	}
	return a
}

// post is a request to the graph; headers are name, value pairs.
func post(body string, headers ...string) *http.Request {
	r := httptest.NewRequest("POST", "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return with(r, headers...)
}

func with(r *http.Request, headers ...string) *http.Request {
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// ask sends a document with variables as the holder of the token.
func (h *house) ask(token, document string, variables map[string]any, headers ...string) *answered {
	h.t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	must(h.t, err)
	if token != "" {
		headers = append(headers, "Authorization", "Bearer "+token)
	}
	return h.send(post(string(body), headers...))
}

// code is the code of the first error, "" where there is none.
func (a *answered) code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	code, _ := a.Errors[0].Extensions["code"].(string)
	return code
}

func (a *answered) field() string {
	if len(a.Errors) == 0 {
		return ""
	}
	field, _ := a.Errors[0].Extensions["field"].(string)
	return field
}
