package server_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/operation"
	"github.com/karuta-bi/karuta/server"
)

// registers registers a document.
func (h *house) registers(id, document string) {
	h.t.Helper()
	_, err := h.resolver.Services.Operations.Register(core.AsSystem(h.t.Context(), "operator"), operation.RegisterInput{ID: id, Document: document})
	must(h.t, err)
}

const asksMe = `query Me { me { id } }`

// ways are how a request can name the registered document and one that is not.
func ways(other string) map[string]string {
	return map[string]string{
		"id":           `{"documentId":"pages/me"}`,
		"id hash":      `{"documentId":"sha256:` + sha(asksMe) + `"}`,
		"hash":         hashed(sha(asksMe), ""),
		"hash+text":    hashed(sha(asksMe), asksMe),
		"text":         `{"query":"` + asksMe + `"}`,
		"other id":     `{"documentId":"pages/none"}`,
		"other hash":   hashed(sha(other), ""),
		"other+text":   hashed(sha(other), other),
		"other text":   `{"query":"` + other + `"}`,
		"id and text":  `{"documentId":"pages/me","query":"` + asksMe + `"}`,
		"id and hash":  strings.Replace(hashed(sha(asksMe), ""), "{", `{"documentId":"pages/me",`, 1),
		"bare hash id": `{"documentId":"` + sha(asksMe) + `"}`,
	}
}

// API-6: what each grade lets through, by each way to name an operation. ok is
// an answer, miss the step of automatic persisted queries, ids and reg are the
// two refusals, 404 what is not registered, 400 what is asked wrongly.
var graded = map[server.Grade]map[string]string{
	server.GradeLog: {
		"id": "ok", "id hash": "ok", "hash": "ok", "hash+text": "ok", "text": "ok",
		"other id": "404", "other hash": "miss", "other+text": "ok", "other text": "ok",
	},
	server.GradeSafelist: {
		"id": "ok", "id hash": "ok", "hash": "ok", "hash+text": "ok", "text": "ok",
		"other id": "404", "other hash": "404", "other+text": "reg", "other text": "reg",
	},
	server.GradeIDs: {
		"id": "ok", "id hash": "ok", "hash": "ok", "hash+text": "ids", "text": "ids",
		"other id": "404", "other hash": "404", "other+text": "ids", "other text": "ids",
	},
}

func (a *answered) graded() string {
	switch {
	case a.code() == "PERSISTED_QUERY_NOT_FOUND":
		return "miss"
	case a.code() == string(core.CodeNotFound):
		return "404"
	case a.code() == string(core.CodeValidation):
		return "400"
	case a.code() == string(core.CodeForbidden) && strings.Contains(a.Errors[0].Message, "registered operations"):
		return "reg"
	case a.code() == string(core.CodeForbidden) && strings.Contains(a.Errors[0].Message, "by the id"):
		return "ids"
	case a.code() == "" && a.Data != nil:
		return "ok"
	}
	return a.text
}

// Every grade, for every kind of client, on every transport, by every way: the other
// kinds have another grade, so that a wrong one is seen.
func TestGrades(t *testing.T) {
	grades := []server.Grade{server.GradeLog, server.GradeSafelist, server.GradeIDs}
	for i, grade := range grades {
		for kind, set := range map[string]func(*server.Grades, server.Grade) *server.Grade{
			"browser": func(g *server.Grades, other server.Grade) *server.Grade {
				g.Admin, g.Integration = other, other
				return &g.Browser
			},
			"anonymous": func(g *server.Grades, other server.Grade) *server.Grade {
				g.Admin, g.Integration = other, other
				return &g.Browser
			},
			"integration": func(g *server.Grades, other server.Grade) *server.Grade {
				g.Admin, g.Browser = other, other
				return &g.Integration
			},
			"admin": func(g *server.Grades, other server.Grade) *server.Grade {
				g.Browser, g.Integration = other, other
				return &g.Admin
			},
		} {
			h := newHouse(t, func(d *server.Deps) { *set(&d.Grades, grades[(i+1)%3]) = grade })
			h.registers("pages/me", asksMe)
			token := h.holder(kind)
			for transport, ask := range h.transports(token) {
				ways := ways(asksEnv + " #" + transport)
				for _, way := range slices.Sorted(maps.Keys(ways)) {
					want := graded[grade][way]
					if want == "" {
						want = map[bool]string{true: "404", false: "400"}[way == "bare hash id"]
					}
					a := ask(ways[way])
					got := a.graded()
					if kind == "anonymous" && got != "miss" && a.code() == string(core.CodeUnauthorized) {
						got = "ok" // the document was let through, and asks who it is
					}
					if got != want {
						t.Errorf("%s, %s, %s, %s: want %s: %s", grade, kind, transport, way, want, got)
					}
				}
			}
			h.close()
		}
	}
}

// holder is the Authorization header of a client of the kind.
func (h *house) holder(kind string) string {
	h.t.Helper()
	role := core.RoleUser
	if kind == "admin" {
		role = core.RoleAdmin
	}
	id, token := h.user(role)
	switch kind {
	case "anonymous":
		return ""
	case "integration":
		token = h.keyOf(id, "Query.me", "Query.serverInfo").Secret
	}
	return "Bearer " + token
}

// ATH-8: a key reaches the operations it is scoped to and no others; in the
// strict grade it sends no text, whatever it is scoped to.
func TestKeysReachTheirOperations(t *testing.T) {
	for _, grade := range []server.Grade{server.GradeLog, server.GradeIDs} {
		h := newHouse(t, func(d *server.Deps) { d.Grades.Integration = grade })
		h.registers("pages/me", asksMe)
		h.registers("pages/env", "query Env { serverInfo { env } }")
		h.registers("keys", "query Keys { apiKeys { nodes { id } } }")
		h.registers("mixed", "query Mixed { me { id } mySessions { id } }")
		id, _ := h.user(core.RoleUser)
		secrets := map[string]string{}
		for _, c := range []struct{ scopes, way, want string }{
			{"operation:pages/me", `{"documentId":"pages/me"}`, "ok"},
			{"operation:pages/me", `{"documentId":"sha256:` + sha(asksMe) + `"}`, "ok"},
			{"operation:pages/me", hashed(sha(asksMe), ""), "ok"},
			{"operation:pages/*", `{"documentId":"pages/me"}`, "ok"},
			{"operation:*", `{"documentId":"pages/env"}`, "ok"},
			{"Query.me", `{"documentId":"pages/me"}`, "ok"},
			{"operation:pages/me", `{"documentId":"pages/env"}`, "FORBIDDEN"},
			{"operation:pages/m*", `{"documentId":"pages/env"}`, "FORBIDDEN"},
			{"operation:pages", `{"documentId":"pages/me"}`, "FORBIDDEN"},
			{"operation:pages/me", `{"query":"{ me { id email } }"}`, "FORBIDDEN"},
			{"operation:pages/me", `{"query":"{ serverInfo { env } }"}`, "FORBIDDEN"},
			{"operation:*", `{"query":"{ me { id email } }"}`, "FORBIDDEN"},
			{"operation:*", `{"documentId":"keys"}`, "FORBIDDEN"}, // for people alone
			{"operation:*", `{"documentId":"mixed"}`, "FORBIDDEN"},
			{"operation:*", `{"documentId":"none"}`, "NOT_FOUND"},
			{"Query.me", `{"query":"{ me { id email } }"}`, map[server.Grade]string{server.GradeLog: "ok", server.GradeIDs: "FORBIDDEN"}[grade]},
			{"operation:pages/me", `{"query":"` + asksMe + `"}`, map[server.Grade]string{server.GradeLog: "ok", server.GradeIDs: "FORBIDDEN"}[grade]},
		} {
			if secrets[c.scopes] == "" {
				secrets[c.scopes] = h.keyOf(id, c.scopes).Secret
			}
			a := h.send(post(c.way, "Authorization", "Bearer "+secrets[c.scopes]))
			got := a.code()
			if got == "" && a.Data != nil {
				got = "ok"
			}
			if got != c.want {
				t.Errorf("%s: %s sends %s: want %s: %s", grade, c.scopes, c.way, c.want, a.text)
			}
		}
		if denied := h.Events(core.EventAccessDenied); len(denied) == 0 {
			t.Error("no refusal is recorded")
		}
		h.close()
	}
}

// Registered queries may be asked by GET, as all queries; a registered mutation not.
func TestRegisteredByGet(t *testing.T) {
	h := newHouse(t, func(d *server.Deps) { d.Grades.Browser = server.GradeIDs })
	h.registers("env", asksNamedEnv)
	h.registers("out", `mutation Out { logout { loggedOut } }`)
	get := func(params url.Values) *answered {
		return h.send(with(httptest.NewRequest("GET", "/graphql?"+params.Encode(), nil), "X-Karuta-Client", "web"))
	}
	if a := get(url.Values{"documentId": {"env"}}); a.Data["serverInfo"] == nil {
		t.Errorf("by id: %s", a.text)
	}
	if a := get(url.Values{"extensions": {`{"persistedQuery":{"version":1,"sha256Hash":"` + sha(asksNamedEnv) + `"}}`}}); a.Data["serverInfo"] == nil {
		t.Errorf("by hash: %s", a.text)
	}
	if a := get(url.Values{"documentId": {"out"}}); a.StatusCode != 405 {
		t.Errorf("a mutation: %d %s", a.StatusCode, a.text)
	}
	h.registers("told", `subscription Told { serviceNotice { seq } }`)
	either := with(httptest.NewRequest("GET", "/graphql?documentId=told", nil), "X-Karuta-Client", "web", "Accept", "application/json, text/event-stream")
	if a := h.raw(either); !strings.Contains(a.text, "event: next") || !strings.Contains(a.text, "UNAUTHORIZED") {
		t.Errorf("a subscription: %d %s", a.StatusCode, a.text)
	}
	if a := get(url.Values{"query": {asksNamedEnv}}); a.code() != "FORBIDDEN" {
		t.Errorf("a text: %s", a.text)
	}
}

const asksNamedEnv = `query Env { serverInfo { env } }`

// What is not registered is named in the log, once, and answered.
func TestUnregisteredIsNamed(t *testing.T) {
	h := newHouse(t)
	for range 3 {
		h.send(post(`{"query":"query Strange { serverInfo { env } }"}`, "Apollographql-Client-Name", "import-bot"))
	}
	if got := strings.Count(h.log.String(), "operation is not registered"); got != 1 || !strings.Contains(h.log.String(), `"Strange"`) || !strings.Contains(h.log.String(), "import-bot") {
		t.Errorf("named %d times: %s", got, h.log)
	}
}

// What nobody could ever run is not registered, and what variables may make possible is.
func TestOperationsThatNeverRun(t *testing.T) {
	deep := func(n int) string {
		return "query Q { me " + strings.Repeat("{ groups { members { nodes { user ", n) + "{ id" + strings.Repeat(" } } } }", n) + " } }"
	}
	const cards = "{ nodes { cards { result { html } } } } }"
	for name, c := range map[string]struct {
		document, reason string
		asked            int
	}{
		"nothing wrong":               {asksMe, "", 0},
		"deep":                        {deep(5), "depth", 22},
		"aliases":                     {"query Q { " + aliases(31) + "}", "aliases", 31},
		"root fields":                 {"query Q { " + strings.Repeat("__typename ", 41) + "}", "rootFields", 41},
		"directives":                  {"query Q { me { " + strings.Repeat("id @include(if: true) ", 51) + "} }", "directives", 51},
		"tokens":                      {"query Q { me { " + strings.Repeat("id ", 2000) + "} }", "tokens", 2007},
		"a field again and again":     {"query Q { me { " + strings.Repeat("id ", 200) + "} }", "repeats", 5050},
		"dear as it is written":       {"query Q { dashboards(first: 100) " + cards, "", 42_201},
		"dear for administrators too": {"query Q { a: dashboards(first: 100) " + strings.TrimSuffix(cards, "}") + " b: dashboards(first: 100) " + cards, "cost", 84_402},
		"dear by a variable":          {"query Q($n: Int!) { a: dashboards(first: $n) " + strings.TrimSuffix(cards, "}") + " b: dashboards(first: $n) " + cards, "", 0},
		"dear unless it is left out":  {"query Q($on: Boolean!) { me { id } ... @include(if: $on) { a: dashboards(first: 100) " + strings.TrimSuffix(cards, "}") + " b: dashboards(first: 100) " + cards + " }", "", 0},
		"two events":                  {"subscription Q { a: serviceNotice { seq } b: serviceNotice { seq } }", "one_subscription", 0},
		"a change in parts":           {"mutation Q { logout { ... @defer { loggedOut } } }", "deferred_change", 0},
		"parts":                       {"query Q { me { ... @defer { id } } }", "", 0},
		"two operations":              {"query Q { me { id } } query R { me { id } }", "one_named_operation", 0},
		"the schema":                  {"query Q { __schema { queryType { name } } }", "", 0},
	} {
		facts, err := check()(c.document)
		problem, _ := errors.AsType[*core.Error](err)
		if caveat, _ := errors.AsType[*core.Error](facts.Caveat); problem == nil && caveat != nil {
			problem = &core.Error{Args: caveat.Args} // administrators may
		}
		got, asked := "", 0
		if problem != nil {
			got = problem.Reason
			asked, _ = problem.Args["asked"].(int)
		}
		if got != c.reason || asked != c.asked || c.reason == "" && err != nil {
			t.Errorf("%s: %q with %d, want %q with %d: %v", name, got, asked, c.reason, c.asked, err)
		}
	}
}

// The operations that clients depend on can be run.
func TestManifestsCanBeRun(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "schema", "operations", "*.json"))
	must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		var manifest struct{ Operations []struct{ ID, Body string } }
		must(t, json.Unmarshal(text, &manifest))
		for _, o := range manifest.Operations {
			if facts, err := check()(o.Body); err != nil || facts.Caveat != nil {
				t.Errorf("%s of %s: %v %v", o.ID, file, err, facts.Caveat)
			}
		}
		if len(manifest.Operations) == 0 {
			t.Errorf("%s has none", file)
		}
	}
}

// Who asks is told by what clients say of themselves.
func TestUsesAreTold(t *testing.T) {
	h := newHouse(t)
	h.registers("env", asksNamedEnv)
	_, admin := h.user(core.RoleAdmin)
	for _, headers := range [][]string{
		{"Apollographql-Client-Name", "web", "Apollographql-Client-Version", "1.2"},
		{"X-Client-Name", "cron"}, {"X-Client-Name", "cron"}, {},
	} {
		h.send(post(`{"documentId":"env"}`, headers...))
	}
	a := h.ask(admin, `{ operation(id: "env") { uses { client release count } } }`, nil)
	got, err := json.Marshal(a.object(t, "operation")["uses"])
	must(t, err)
	if string(got) != `[{"client":"","count":1,"release":""},{"client":"cron","count":2,"release":""},{"client":"web","count":1,"release":"1.2"}]` {
		t.Error(a.text)
	}
}

// REST lines are documents of ours, which no grade stops.
func TestRestInTheStrictGrade(t *testing.T) {
	c := newCompany(t)
	h, _ := c.open(t)
	h.handler = server.New(h.deps([]func(*server.Deps){func(d *server.Deps) {
		d.Grades = server.Grades{Browser: server.GradeIDs, Integration: server.GradeIDs, Admin: server.GradeIDs}
	}}))
	for _, token := range []string{c.tokens["owner"], h.keyOf(c.ids["owner"], "Query.dataset").Secret} {
		if a := h.send(bearing(get(c.fill("/api/datasets/<dataset>")), token)); a.StatusCode != 200 {
			t.Errorf("%d %s", a.StatusCode, a.text)
		}
	}
}

// However documents, hashes and ids come together, the answer is one of those
// that the protocol has, and no panic.
func FuzzOperationNames(f *testing.F) {
	for _, way := range ways(asksEnv) {
		f.Add(way)
	}
	f.Add(`{"documentId":null,"query":"","extensions":{"persistedQuery":{"version":1e0,"sha256Hash":null}}}`)
	f.Add(`{"documentId":"sha256:","extensions":{"persistedQuery":[]}}`)
	h := newHouse(f, func(d *server.Deps) { d.Grades.Browser = server.GradeSafelist })
	h.registers("pages/me", asksMe)
	h.registers("env", asksNamedEnv)
	f.Fuzz(func(t *testing.T, body string) {
		at := *h
		at.t = t
		a := at.send(post(body))
		if a.StatusCode >= 500 || a.code() == "" && a.Data["serverInfo"] == nil {
			t.Errorf("%d %s", a.StatusCode, a.text)
		}
	})
}
