package server_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql/introspection"

	"github.com/karuta-bi/karuta/internal/core"
)

func TestMe(t *testing.T) {
	h := newHouse(t)
	id, token := h.user(core.RoleUser)
	a := h.ask(token, `{ me { id email role groups { id } } }`, nil)
	me, _ := a.Data["me"].(map[string]any)
	if a.StatusCode != 200 || me["id"] != id || me["role"] != "USER" {
		t.Fatalf("%d %s", a.StatusCode, a.text)
	}
}

// ATH-2: what is wrong with a credential is told apart, and public fields do not mind.
func TestCredentials(t *testing.T) {
	h := newHouse(t)
	_, good := h.user(core.RoleUser)
	cases := []struct{ name, header, code string }{
		{"none", "", "UNAUTHORIZED"},
		{"good", "Bearer " + good, ""},
		{"scheme in any case", "bearer " + good, ""},
		{"other scheme", "Basic abc", "UNAUTHORIZED"},
		{"no token", "Bearer", "UNAUTHORIZED"},
		{"two words", "Bearer a b", "UNAUTHORIZED"},
		{"garbage", "Bearer abc", "INVALID_TOKEN"},
		{"forged", "Bearer " + good[:len(good)-6] + "AAAAAA", "INVALID_TOKEN"},
		{"huge", "Bearer " + strings.Repeat("x", 100_000), "INVALID_TOKEN"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := h.send(post(`{"query":"{ me { id } serverInfo { env } }"}`, "Authorization", c.header))
			if c.header == "" {
				a = h.send(post(`{"query":"{ me { id } serverInfo { env } }"}`))
			}
			if a.code() != c.code || a.Data["serverInfo"] == nil {
				t.Fatalf("want %q: %s", c.code, a.text)
			}
			if c.code != "" && a.Errors[0].Extensions["httpStatus"] != 401.0 {
				t.Fatal(a.text)
			}
		})
	}
}

// A credential that does not hold must not keep anybody from signing in.
func TestLoginWithABadCredential(t *testing.T) {
	h := newHouse(t)
	h.user(core.RoleUser)
	for _, header := range []string{"Bearer abc", "Basic abc"} {
		a := h.send(post(`{"query":"mutation { login(input: {email: \"u@example.com\", password: \"`+password+`\"}) { user { id } } }"}`, "Authorization", header))
		if a.code() != "" {
			t.Errorf("%s: %s", header, a.text)
		}
	}
}

// ATH-7: the cookie comes only to pages of ours, cannot be read by scripts, and
// counts only with the header and the origin.
func TestCookie(t *testing.T) {
	h := newHouse(t)
	h.user(core.RoleUser)
	login := `{"query":"mutation { login(input: {email: \"u@example.com\", password: \"` + password + `\"}) { accessToken tokenType expiresIn user { id email role } } }"}`
	if a := h.send(post(login)); a.code() != "" || len(a.Cookies()) != 0 {
		t.Fatalf("a client without the header got %v: %s", a.Cookies(), a.text)
	}
	a := h.send(post(login, "X-Karuta-Client", "web"))
	if len(a.Cookies()) != 1 {
		t.Fatal(a.text)
	}
	c := a.Cookies()[0]
	if !c.HttpOnly || c.SameSite != 3 || c.Path != "/" || c.MaxAge != 86400 {
		t.Fatalf("%+v", c)
	}
	me := func(headers ...string) string {
		r := post(`{"query":"{ me { id } }"}`, headers...)
		r.AddCookie(c)
		return h.send(r).code()
	}
	cases := []struct {
		name, code string
		headers    []string
	}{
		{"without the header", "FORBIDDEN", nil},
		{"with the header", "", []string{"X-Karuta-Client", "web"}},
		{"own origin", "", []string{"X-Karuta-Client", "web", "Origin", "http://example.com"}},
		{"configured origin", "", []string{"X-Karuta-Client", "web", "Origin", "http://localhost:3000"}},
		{"foreign origin", "FORBIDDEN", []string{"X-Karuta-Client", "web", "Origin", "https://evil.example"}},
		{"null origin", "FORBIDDEN", []string{"X-Karuta-Client", "web", "Origin", "null"}},
		{"cross site", "FORBIDDEN", []string{"X-Karuta-Client", "web", "Sec-Fetch-Site", "cross-site"}},
	}
	for _, tc := range cases {
		if got := me(tc.headers...); got != tc.code {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.code)
		}
	}
	r := post(`{"query":"mutation { logout { loggedOut } }"}`, "X-Karuta-Client", "web")
	r.AddCookie(c)
	if a := h.send(r); len(a.Cookies()) != 1 || a.Cookies()[0].MaxAge >= 0 {
		t.Fatalf("%v %s", a.Cookies(), a.text)
	}
	if got := me("X-Karuta-Client", "web"); got != "INVALID_TOKEN" {
		t.Fatalf("after logout: %q", got)
	}
}

// API-4: what one document may ask for.
func TestLimits(t *testing.T) {
	h := newHouse(t)
	_, token := h.user(core.RoleUser)
	deep := "{ dashboards { nodes { owner { " + strings.Repeat("groups { members { nodes { user { ", 2) + "groups { id }" + strings.Repeat(" } } } }", 2) + " } } } }"
	bomb := "{ ...f0 }"
	for i := range 20 {
		next := "serverInfo { env }"
		if i < 19 {
			n := "...f" + string(rune('a'+i+1))
			next = n + " " + n
		}
		name := "f" + string(rune('a'+i))
		if i == 0 {
			name = "f0"
		}
		bomb += " fragment " + name + " on Query { " + next + " }"
	}
	slow := `{ __type(name: "x") { ...f0 } }` // fields that are the same at every level, each compared with each
	for i := range 60 {
		slow += fmt.Sprintf(` fragment f%d on __Type { ofType { name ...f%d } ofType { name ...f%d } }`, i, i+1, i+1)
	}
	const tools = introspection.Query
	slow += " fragment f60 on __Type { name }"
	cases := []struct{ name, document, code string }{
		{"slow to validate", slow, "QUERY_COST"},
		{"slow to validate, inline", "{ " + strings.Repeat("... { ", 300) + strings.Repeat("__typename ", 1000) + strings.Repeat("}", 301), "QUERY_COST"},
		{"a field again and again", "{ me { " + strings.Repeat("id ", 1900) + "} }", "QUERY_COST"},
		{"a fragment inside of itself", "{ ...f } fragment f on Query { me { id } ...f }", "GRAPHQL_VALIDATION_FAILED"},
		{"the schema, as tools ask for it", tools, ""},
		{"the schema by many names", "{ __schema { types { fields { " + strings.ReplaceAll(aliases(31), ": serverInfo { env }", ": description") + "} } } }", "QUERY_COST"},
		{"the schema ten times", "{ " + strings.ReplaceAll(aliases(10), "serverInfo { env }", "__schema { types { ...FullType } }") + "} " + tools[strings.Index(tools, "fragment FullType"):], "QUERY_COST"},
		{"two subscriptions", "subscription { a: serviceNotice { seq } b: serviceNotice { seq } }", "VALIDATION_ERROR"},
		{"fits", "{ dashboards(first: 100) { nodes { id name owner { id name } myPermission cardCount } } }", ""},
		{"deep", deep, "QUERY_COST"},
		{"aliases", "{ " + aliases(31) + "}", "QUERY_COST"},
		{"dear", "{ dashboards(first: 100) { nodes { cards { result { html } } } } }", "QUERY_COST"},
		{"fragment bomb", bomb, "QUERY_COST"},
		{"long", "{ me { id } } #" + strings.Repeat("x", 1<<20), "QUERY_COST"},
		{"many tokens", "{ me { " + strings.Repeat("id ", 5000) + "} }", "GRAPHQL_PARSE_FAILED"},
		{"no such field", "{ nothing }", "GRAPHQL_VALIDATION_FAILED"},
		{"no suggestions", "{ dashbord { id } }", "GRAPHQL_VALIDATION_FAILED"},
		{"no GraphQL", "{ me {", "GRAPHQL_PARSE_FAILED"},
		{"long literal", `{ users(query: 1` + strings.Repeat("1", 60_000) + `) { nodes { id } } }`, "GRAPHQL_VALIDATION_FAILED"},
		{"only a fragment", "fragment f on User { id }", "GRAPHQL_VALIDATION_FAILED"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := h.ask(token, c.document, nil)
			if a.code() != c.code {
				t.Fatalf("want %q: %.300s", c.code, a.text)
			}
			if c.code != "" && len(a.text) > 4000 || strings.Contains(a.text, "Did you mean") {
				t.Fatalf("says too much: %.300s", a.text)
			}
		})
	}
}

func aliases(n int) string {
	s := ""
	for i := range n {
		s += "a" + strings.Repeat("x", i) + ": serverInfo { env } "
	}
	return s
}

// API-1: the schema can be asked for locally and by administrators.
func TestIntrospection(t *testing.T) {
	h := newHouse(t, outside)
	_, user := h.user(core.RoleUser)
	_, admin := h.user(core.RoleAdmin)
	for _, document := range []string{`{ __schema { types { name } } }`, `{ __type(name: "User") { name } }`, `{ ...f } fragment f on Query { __schema { types { name } } }`} {
		if a := h.ask(user, document, nil); a.code() != "FORBIDDEN" || a.Data != nil {
			t.Errorf("user: %s", a.text)
		}
		if a := h.ask("", document, nil); a.code() != "FORBIDDEN" {
			t.Errorf("anonymous: %s", a.text)
		}
		if a := h.ask(admin, document, nil); a.code() != "" {
			t.Errorf("admin: %s", a.text)
		}
	}
	if a := newHouse(t).ask("", `{ __schema { types { name } } }`, nil); a.code() != "" {
		t.Errorf("local: %s", a.text)
	}
}

// Who may not ask for the schema is not told what there is in it; what a document says is not repeated.
func TestErrorsTellNothingOfTheSchema(t *testing.T) {
	h := newHouse(t, outside)
	_, user := h.user(core.RoleUser)
	_, admin := h.user(core.RoleAdmin)
	const logs = `query($filter: AuditLogFilter) { auditLogs(filter: $filter) { nodes { id } } }`
	wrong := map[string]any{"filter": map[string]any{"eventTypes": []any{"USER_LOGI"}}}
	for who, token := range map[string]string{"anonymous": "", "user": user} {
		if a := h.ask(token, logs, wrong); a.code() != "VALIDATION_ERROR" || a.field() != "filter.eventTypes.0" || strings.Contains(a.text, "USER_LOGIN") {
			t.Errorf("%s: %.300s", who, a.text)
		}
	}
	if a := h.ask(admin, logs, wrong); !strings.Contains(a.text, "USER_LOGIN") {
		t.Errorf("admin: %.300s", a.text)
	}
	for _, document := range []string{`"hunter2 and more"`, `{ me { id } } """hunter2"""`, `hunter2`, `4711`} {
		if a := h.ask("", document, nil); a.code() != "GRAPHQL_PARSE_FAILED" || strings.Contains(a.text, "hunter2") || strings.Contains(a.text, "4711") {
			t.Errorf("%s: %s", document, a.text)
		}
	}
}

// Variables are checked exactly, the error names the part and repeats no value.
func TestVariables(t *testing.T) {
	h := newHouse(t)
	_, token := h.user(core.RoleUser)
	const create = `mutation($input: CreateShareInput!) { createShare(input: $input) { share { id } } }`
	dash := "dash_" + strings.Repeat("0", 32)
	target := map[string]any{"type": "USER", "id": "user_" + strings.Repeat("0", 32)}
	share := func(more map[string]any) map[string]any {
		in := map[string]any{"dashboardId": dash, "target": target, "permission": "VIEWER"}
		for k, v := range more {
			in[k] = v
		}
		return map[string]any{"input": in}
	}
	big := strings.Repeat("x", 1<<20)
	cases := []struct {
		name      string
		document  string
		variables map[string]any
		code      string
		field     string
	}{
		{"missing", create, nil, "VALIDATION_ERROR", "input"},
		{"null", create, map[string]any{"input": nil}, "VALIDATION_ERROR", "input"},
		{"text for an object", create, map[string]any{"input": big}, "VALIDATION_ERROR", "input"},
		{"missing part", create, map[string]any{"input": map[string]any{}}, "VALIDATION_ERROR", "input.dashboardId"},
		{"number for an id's text", create, share(map[string]any{"dashboardId": 1.5}), "VALIDATION_ERROR", "input.dashboardId"},
		{"enum in lower case", create, share(map[string]any{"permission": "viewer"}), "VALIDATION_ERROR", "input.permission"},
		{"long enum", create, share(map[string]any{"permission": big}), "VALIDATION_ERROR", "input.permission"},
		{"deep", create, share(map[string]any{"target": map[string]any{"type": 1, "id": "x"}}), "VALIDATION_ERROR", "input.target.type"},
		{"unknown part", create, share(map[string]any{big: 1}), "VALIDATION_ERROR", "input"},
		{"time", create, share(map[string]any{"expiresAt": big}), "VALIDATION_ERROR", "input.expiresAt"},
		{"too large a number", `query($n: Int) { dashboards(first: $n) { nodes { id } } }`, map[string]any{"n": 1e12}, "VALIDATION_ERROR", "n"},
		{"out of bounds", `query($n: Int) { dashboards(first: $n) { nodes { id } } }`, map[string]any{"n": 101}, "VALIDATION_ERROR", "first"},
		{"null for a switch", `query($on: Boolean = true) { me { id @include(if: $on) } }`, map[string]any{"on": nil}, "VALIDATION_ERROR", "on"},
		{"id that is none", `query($id: ID!) { node(id: $id) { id } }`, map[string]any{"id": big}, "VALIDATION_ERROR", "id"},
		{"id of nothing", `query($id: ID!) { dashboard(id: $id) { id } }`, map[string]any{"id": dash}, "NOT_FOUND", "id"},
		{"id of another noun", `query($id: ID!) { dashboard(id: $id) { id } }`, map[string]any{"id": "card_" + strings.Repeat("0", 32)}, "NOT_FOUND", "id"},
		{"more than is declared", `query($id: ID) { me { id } x: me { id } }`, nil, "GRAPHQL_VALIDATION_FAILED", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := h.ask(token, c.document, c.variables)
			if a.code() != c.code || a.field() != c.field {
				t.Fatalf("want %s at %q: %.300s", c.code, c.field, a.text)
			}
			if len(a.text) > 2000 {
				t.Fatalf("repeats what it got: %d bytes", len(a.text))
			}
		})
	}
}

// The same where values are written into the document.
func TestLiterals(t *testing.T) {
	h := newHouse(t)
	_, admin := h.user(core.RoleAdmin)
	for document, field := range map[string]string{
		`{ dashboards(first: -1) { nodes { id } } }`:                         "first",
		`{ dashboards(after: "not a cursor") { nodes { id } } }`:             "after",
		`{ auditLogs(filter: {from: "yesterday"}) { nodes { id } } }`:        "filter.from",
		`{ a: auditLogs(filter: {to: "2026-13-01"}) { nodes { id } } }`:      "filter.to",
		`mutation { importCsv(input: {name: "x", file: 1}) { job { id } } }`: "input.file",
		`mutation { createGroup(input: {name: ""}) { group { id } } }`:       "input.name",
	} {
		a := h.ask(admin, document, nil)
		if a.code() != "VALIDATION_ERROR" || a.field() != field || len(a.Errors) != 1 || len(a.Errors[0].Path) != 1 {
			t.Errorf("%s: %s", document, a.text)
		}
	}
}

// LOG-5, DEP-5: every answer carries the request's id and the revision.
func TestRequestID(t *testing.T) {
	h := newHouse(t)
	a := h.send(post(`{"query":"{ me { id } }"}`, "X-Request-Id", "client-chosen-1"))
	if a.Header.Get("X-Request-Id") != "client-chosen-1" || a.Extensions["requestId"] != "client-chosen-1" ||
		a.Errors[0].Extensions["requestId"] != "client-chosen-1" || a.Header.Get("X-Revision") != "abc1234" {
		t.Fatalf("%v %s", a.Header, a.text)
	}
	a = h.send(post(`{"query":"{ me { id } }"}`, "X-Request-Id", "bad\"id"))
	if id := a.Header.Get("X-Request-Id"); len(id) != 32 {
		t.Fatalf("a bad id was taken: %q", id)
	}
}

// ERR-2: people are spoken to in their language.
func TestLanguage(t *testing.T) {
	h := newHouse(t)
	for header, want := range map[string]string{"": "ログインしてください。", "en-GB,ja;q=0.5": "Please sign in.", "fr": "ログインしてください。"} {
		a := h.send(post(`{"query":"{ me { id } }"}`, "Accept-Language", header))
		if a.Errors[0].Message != want {
			t.Errorf("%q: %s", header, a.text)
		}
	}
}

func TestUnknownPath(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/nothing", "/api/nothing", "/assets/nothing.js", "/assets/plotly.min.js.gz", "/assets/..%2fgo.mod", "/cards/page/x"} {
		if a := h.send(httptest.NewRequest("GET", path, nil)); a.StatusCode != 404 {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.text)
		}
	}
}
