package server_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
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

	"golang.org/x/crypto/bcrypt"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/apq"
	"github.com/karuta-bi/karuta/internal/bus"
	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dashboard"
	"github.com/karuta-bi/karuta/internal/dataset"
	"github.com/karuta-bi/karuta/internal/guard"
	"github.com/karuta-bi/karuta/internal/idempotency"
	"github.com/karuta-bi/karuta/internal/identity"
	"github.com/karuta-bi/karuta/internal/operation"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/embedded"
	"github.com/karuta-bi/karuta/internal/transform"
	"github.com/karuta-bi/karuta/resolvers"
	"github.com/karuta-bi/karuta/schema"
	"github.com/karuta-bi/karuta/server"
)

// secret signs the tokens of tests.
const secret = "a secret of thirty-two characters!"

// password is everybody's; it is hashed once, because that is meant to be slow.
const password = "Correct-Horse-9"

// hash is the password as identity keeps it, at the least price: bcrypt is meant
// to be slow, and what it costs is proved where it is used.
var hash = sync.OnceValue(func() string {
	sum := sha256.Sum256([]byte(password))
	kept, err := bcrypt.GenerateFromPassword([]byte(base64.StdEncoding.EncodeToString(sum[:])), bcrypt.MinCost)
	if err != nil {
		panic(err) // the text is short
	}
	return string(kept)
})

// house is a whole server on a store in a file, with an executor that answers as
// the test says.
type house struct {
	*accesstest.World
	t        testing.TB
	store    *store.Store
	handler  http.Handler
	events   bus.Bus
	resolver *resolvers.Resolver
	identity *identity.Service
	blobs    *accesstest.Blobs
	log      *bytes.Buffer
	users    int
	close    func() // at the end of the test at the latest
}

// check is what registered documents are held against; the schema is the same for all houses.
var check = sync.OnceValue(server.OperationCheck)

// site is what a house stands on.
type site struct {
	file     string // of the store
	blobs    *accesstest.Blobs
	executor *client.Client
	engine   func(table.Engine) table.Engine // stands before the file's own, nil: nothing does
	brakes   bool                            // slow down who guesses passwords
	limits   bool                            // refuse who asks too much
	admits   identity.Admission              // whom an issuer may sign in
}

// someIssuer is the issuer of a house that has none of its own.
const someIssuer = "https://issuer.example.com"

// newHouse is a house on an empty store without an executor.
func newHouse(t testing.TB, change ...func(*server.Deps)) *house {
	t.Helper()
	return openHouse(t, site{file: filepath.Join(t.TempDir(), "karuta.db"), blobs: accesstest.NewBlobs()}, change...)
}

func openHouse(t testing.TB, on site, change ...func(*server.Deps)) *house {
	t.Helper()
	file, err := embedded.Open(on.file)
	must(t, err)
	engine := table.Engine(file)
	h := &house{t: t, blobs: on.blobs, log: &bytes.Buffer{}}
	on.admits.Issuer = cmp.Or(on.admits.Issuer, someIssuer)
	if on.engine != nil {
		engine = on.engine(engine)
	}
	events := bus.OpenMemory()
	h.events = events
	engine = store.Watched(store.Counted(engine), bus.Teller(events, slog.New(slog.NewJSONHandler(h.log, nil))))
	h.World = accesstest.Over(t, engine, slog.New(slog.NewJSONHandler(h.log, nil)))
	h.store = h.World.Store
	h.identity = identity.New(identity.Deps{
		Store: h.store, Audit: h.Audit, Gate: h.Gate, Keys: identity.Keys{Current: identity.NewKey(secret)},
		Lifetime: 24 * time.Hour, PasswordMin: 8, Workers: 2, Unlimited: !on.brakes, RootFields: server.RootFields(), Admission: on.admits,
	})
	datasets := dataset.New(dataset.Deps{
		Store: h.store, Gate: h.Gate, Audit: h.Audit, Log: h.Log, Blobs: on.blobs, Objects: bucket(), Executor: on.executor, Told: dataset.Telling(bus.Teller(events, h.Log)),
	}, dataset.Config{MaxUpload: 1 << 20, Buckets: []string{"company-data"}, PlanKeys: []string{secret}})
	guards, err := guard.New(t.Context(), guard.Deps{Store: h.store, Gate: h.Gate, Audit: h.Audit, Log: h.Log, Unlimited: !on.limits})
	must(t, err)
	cards := card.New(card.Deps{
		Store: h.store, Gate: h.Gate, Audit: h.Audit, Log: h.Log, Blobs: on.blobs, Tell: bus.Teller(events, h.Log), Executor: on.executor, Resume: h.identity.Resume, Admit: guards.AdmitCard,
	}, card.Config{RunLogEvery: time.Hour, PageSecret: secret, Timeout: time.Minute, CacheTTL: time.Hour})
	transforms := transform.New(transform.Deps{
		Store: h.store, Gate: h.Gate, Audit: h.Audit, Log: h.Log, Blobs: on.blobs, Tell: bus.Teller(events, h.Log), Executor: on.executor,
	}, transform.Config{Shared: true})
	operations := operation.New(operation.Deps{Store: h.store, Gate: h.Gate, Audit: h.Audit, Log: h.Log, Check: check()})
	must(t, operations.Load(t.Context()))
	presence := dashboard.NewPresence(events, h.Log)
	h.close = sync.OnceFunc(func() {
		h.handler.(*server.Handler).Close()
		must(t, presence.Close(context.Background()))
		must(t, transforms.Close(context.Background()))
		must(t, datasets.Close(context.Background()))
		must(t, cards.Close(context.Background()))
		must(t, guards.Close(context.Background()))
		must(t, events.Close())
		must(t, engine.Close())
	})
	t.Cleanup(h.close)
	h.resolver = &resolvers.Resolver{Services: resolvers.Services{
		Gate: h.Gate, Reports: access.NewReports(h.store, h.Gate, h.Audit), Identity: h.identity, Operations: operations, Audit: h.Audit, Datasets: datasets, Cards: cards, Transforms: transforms,
		Scheduler:  transform.NewScheduler(h.store, h.Gate, transforms, h.Log, transform.SchedulerConfig{Interval: time.Minute, Holder: "house"}),
		Dashboards: dashboard.New(h.store, h.Gate, h.Audit), Presence: presence,
		Guard:       guards,
		Idempotency: idempotency.New(h.store.Idempotency, "secret"),
		Monitor:     resolvers.NewMonitor(),
		Info:        graph.ServerInfo{Env: "local", Version: "test", SchemaHash: schema.Hash(), KeyFingerprint: h.identity.KeyID(), SignInWays: []graph.SignInWay{{Kind: graph.SignInKindPassword}}},
	}}
	h.handler = server.New(h.deps(change))
	return h
}

// bucket is one that everybody may import from.
func bucket() *accesstest.Objects {
	o := accesstest.NewObjects()
	for _, key := range []string{"sales.csv", "a/b-c_d.csv"} {
		o.Fill("company-data", key, "地域,額\n東京,1\n")
	}
	return o
}

func (h *house) deps(change []func(*server.Deps)) server.Deps {
	deps := server.Deps{
		Resolver: h.resolver, Bus: h.events, Log: h.Log, Local: true, Revision: "abc1234", MaxUpload: 1 << 20, KeepAnswers: time.Hour, Persisted: apq.New(1<<20, nil, h.Log),
		Origins: []string{"http://localhost:3000"},
		Pages:   fstest.MapFS{"index.html": {Data: []byte("<p>karuta")}},
		GraphiQL: fstest.MapFS{
			"index.html": {Data: []byte("graphiql")}, "denied.html": {Data: []byte("denied")}, "signin.html": {Data: []byte(`sign in<meta name="sign-in" content="" />`)},
		},
		Assets: fstest.MapFS{"plotly.min.js": {Data: []byte("plain")}, "plotly.min.js.gz": {Data: []byte("packed")}},
	}
	for _, c := range change {
		c(&deps)
	}
	return deps
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
	u := &core.User{
		ID: core.NewID(core.NounUser), Email: strings.Repeat("u", h.users) + "@example.com", Name: "花子",
		Role: role, PasswordHash: hash(), CreatedAt: store.Now(), UpdatedAt: store.Now(),
	}
	must(h.t, h.store.Users.Create(context.Background(), u))
	in, err := h.identity.Mint(core.AsSystem(context.Background(), "test"), u.ID)
	must(h.t, err)
	return u.ID, in.Token
}

// lately is since when a test looks at the audit log, which is read day by day: most days of the year are empty.
func lately() time.Time { return store.Now().Add(-24 * time.Hour) }

// session is the one open session of a person.
func (h *house) session(userID string) string {
	h.t.Helper()
	all, err := h.store.Sessions.ByUser(h.t.Context(), userID)
	must(h.t, err)
	if len(all) != 1 {
		h.t.Fatalf("%d sessions", len(all))
	}
	return all[0].ID
}

// key is an API key of a person that opens nothing.
func (h *house) key(userID, name string) string {
	h.t.Helper()
	k := &core.APIKey{
		ID: core.NewID(core.NounAPIKey), Name: name, OwnerID: userID, Hash: private, Scopes: []string{"Query.me"},
		CreatedAt: store.Now(), ExpiresAt: store.Now().AddDate(0, 1, 0),
	}
	must(h.t, h.store.APIKeys.Create(h.t.Context(), k))
	return k.ID
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
	a := h.raw(r)
	if r.URL.Path == "/graphql" && a.text != "" {
		must(h.t, json.Unmarshal([]byte(a.text), a))
	}
	return a
}

// raw is send without reading JSON.
func (h *house) raw(r *http.Request) *answered {
	h.t.Helper()
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	a := &answered{Response: w.Result()}
	body, err := io.ReadAll(a.Body)
	must(h.t, err)
	a.text = string(body)
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

// askByHash asks for a document by its hash, which the server may have to be told first.
func (h *house) askByHash(token, document string, headers ...string) *answered {
	h.t.Helper()
	headers = append(headers, "Authorization", "Bearer "+token)
	a := h.send(post(hashed(sha(document), ""), headers...))
	if a.code() == string(core.CodeNotPersisted) {
		a = h.send(post(hashed(sha(document), document), headers...))
	}
	return a
}

// kept tells whether the answer was given before.
func (a *answered) kept() bool { return a.Header.Get("Cache-Status") != "" }

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
