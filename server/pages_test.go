package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/resolvers"
)

func get(path string, headers ...string) *http.Request {
	return with(httptest.NewRequest("GET", path, nil), headers...)
}

// HLT-1: the runbook's bytes.
func TestHealth(t *testing.T) {
	a := newHouse(t).send(get("/api/health"))
	if a.StatusCode != 200 || a.text != `{"status":"ok"}` || a.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%d %q %v", a.StatusCode, a.text, a.Header)
	}
}

// HLT-2: what is needed decides, and details are for administrators.
func TestReady(t *testing.T) {
	h := newHouse(t)
	_, user := h.user(core.RoleUser)
	_, admin := h.user(core.RoleAdmin)
	fine := func(context.Context) error { return nil }
	broken := func(context.Context) error { return errors.New("no route to 10.0.0.7") }
	cases := []struct {
		name, token, state string
		status             int
		probes             []resolvers.Probe
		detail             bool
	}{
		{"all well", "", "OK", 200, []resolvers.Probe{{Name: "store", Needed: true, Check: fine}}, false},
		{"a needed part down", "", "DOWN", 503, []resolvers.Probe{{Name: "store", Needed: true, Check: broken}, {Name: "executor", Check: fine}}, false},
		{"another part down", user, "DEGRADED", 200, []resolvers.Probe{{Name: "store", Needed: true, Check: fine}, {Name: "executor", Check: broken}}, false},
		{"asked by an administrator", admin, "DOWN", 503, []resolvers.Probe{{Name: "store", Needed: true, Check: broken}}, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h.resolver.Services.Monitor = resolvers.NewMonitor(c.probes...)
			a := h.send(get("/api/ready", "Authorization", "Bearer "+c.token))
			if a.StatusCode != c.status || !strings.Contains(a.text, `"status":"`+c.state+`"`) || strings.Contains(a.text, "10.0.0.7") != c.detail {
				t.Errorf("%d %s", a.StatusCode, a.text)
			}
			g := h.ask(c.token, `{ health { status components { name status latencyMs detail checkedAt } } }`, nil)
			if g.Data["health"].(map[string]any)["status"] != c.state || strings.Contains(g.text, "10.0.0.7") != c.detail {
				t.Error(g.text)
			}
		})
	}
}

// API-8: the runbook's lines, with its words and the HTTP statuses of the codes.
func TestREST(t *testing.T) {
	h := newHouse(t, outside)
	userID, user := h.user(core.RoleUser)
	_, admin := h.user(core.RoleAdmin)
	h.ask("", `mutation { login(input: {email: "u@example.com", password: "`+password+`"}) { tokenType } }`, nil)
	nothing := "/api/datasets/ds_" + strings.Repeat("0", 32)
	cases := []struct {
		name, path, token string
		status            int
		says              string
	}{
		{"nobody", "/api/audit-logs", "", 401, "UNAUTHORIZED"},
		{"bad token", "/api/audit-logs", "x", 401, "INVALID_TOKEN"},
		{"not an administrator", "/api/audit-logs", user, 403, "FORBIDDEN"},
		{"all", "/api/audit-logs", admin, 200, `"event_type":"USER_LOGIN"`},
		{"by type", "/api/audit-logs?event_type=USER_LOGIN&limit=20", admin, 200, `"user_id":"` + userID},
		{"by a type that never happened", "/api/audit-logs?event_type=CHATBOT_QUERY&limit=20", admin, 200, `{"data":[]}`},
		{"by an unknown type", "/api/audit-logs?event_type=NOTHING", admin, 400, `"field":"event_type"`},
		{"by user", "/api/audit-logs?user_id=" + userID, admin, 200, `"log_id":"log_`},
		{"by target", "/api/audit-logs?target_id=ds_nothing", admin, 200, `{"data":[]}`},
		{"by days without a zone", "/api/audit-logs?start_date=2026-02-01T00:00:00&end_date=2026-02-05T23:59:59", admin, 200, `{"data":[]}`},
		{"by a bad day", "/api/audit-logs?start_date=yesterday", admin, 400, `"field":"start_date"`},
		{"limit 0", "/api/audit-logs?limit=0", admin, 400, `"field":"limit"`},
		{"limit 101", "/api/audit-logs?limit=101", admin, 400, `"field":"limit"`},
		{"limit that is none", "/api/audit-logs?limit=ten", admin, 400, `"field":"limit"`},
		{"limit twice", "/api/audit-logs?limit=1&limit=2", admin, 400, "VALIDATION_ERROR"},
		{"not a query", "/api/transforms?limit=%zz", user, 400, "VALIDATION_ERROR"},
		{"all in other letters", "/api/transforms?all=TRUE", user, 403, "FORBIDDEN"},
		{"all that is neither", "/api/transforms?all=yes", user, 400, `"field":"all"`},
		{"no such dataset", nothing, user, 404, "NOT_FOUND"},
		{"no id", "/api/datasets/xyz", user, 400, "VALIDATION_ERROR"},
		{"dataset for nobody", nothing, "", 401, "UNAUTHORIZED"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := get(c.path)
			if c.token != "" {
				r.Header.Set("Authorization", "Bearer "+c.token)
			}
			if a := h.send(r); a.StatusCode != c.status || !strings.Contains(a.text, c.says) {
				t.Fatalf("%d %.500s", a.StatusCode, a.text)
			}
		})
	}
	line := func(path string) (text, next string) { // RFC 8288
		r := get(path)
		r.Header.Set("Authorization", "Bearer "+admin)
		a := h.send(r)
		next, _, _ = strings.Cut(strings.TrimPrefix(a.Header.Get("Link"), "<"), `>; rel="next"`)
		return a.text, next
	}
	newest, next := line("/api/audit-logs?limit=1&user_id=" + userID)
	older, _ := line(next)
	if strings.Count(newest, "log_id") != 1 || strings.Count(older, "log_id") != 1 || newest == older {
		t.Errorf("%s, then by %q %s", newest, next, older)
	}
	if all, next := line("/api/audit-logs?event_type=USER_LOGIN"); next != "" {
		t.Errorf("all of it, and %q: %s", next, all)
	}
}

// RFC 9110 §15.5.6: what exists says which methods it takes.
func TestOtherMethods(t *testing.T) {
	h := newHouse(t)
	for request, taken := range map[string]string{
		"DELETE /api/audit-logs":      "GET",
		"GET /api/datasets/x/import":  "POST",
		"POST /api/health":            "GET",
		"OPTIONS /graphql/ws":         "GET",
		"PUT /":                       "GET",
		"PUT /api/nothing":            "",
		"POST /nothing":               "",
		"GET /api/transforms/x/y/z/_": "",
	} {
		method, path, _ := strings.Cut(request, " ")
		status := http.StatusMethodNotAllowed
		if taken == "" {
			status = http.StatusNotFound
		}
		a := h.send(httptest.NewRequest(method, path, nil))
		if a.StatusCode != status || a.Header.Get("Allow") != taken || !strings.Contains(a.text, fmt.Sprint(`"httpStatus":`, status)) {
			t.Errorf("%s: %d, Allow %q: %s", request, a.StatusCode, a.Header.Get("Allow"), a.text)
		}
	}
}

// dataset puts a dataset into the store as an import would.
func (h *house) dataset(ownerID string) *core.Dataset {
	h.t.Helper()
	d := &core.Dataset{
		ID: core.NewID(core.NounDataset), Name: "売上", SourceType: "csv", OwnerID: ownerID, RowCount: 3_000_000_000, DataVersion: 1,
		Columns: []core.Column{{Name: "地域", Type: core.TypeString}, {Name: "額", Type: core.TypeInt64, Nullable: true}},
		Path:    "datasets/x/data/v000001/", CreatedAt: store.Now(), UpdatedAt: store.Now(), LastImportAt: store.Now(), LastImportBy: ownerID,
	}
	job := &core.ImportJob{ID: core.NewID(core.NounJob), Status: core.StatusRunning, DatasetID: d.ID, OwnerID: ownerID, CreatedAt: store.Now()}
	ctx := context.Background()
	must(h.t, h.store.Jobs.Create(ctx, job))
	must(h.t, h.store.Datasets.Publish(ctx, d, &core.DatasetVersion{DatasetID: d.ID, Number: 1, CreatedAt: store.Now()}, job))
	return d
}

// API-8: a dataset in the words that are stored.
func TestRESTDataset(t *testing.T) {
	h := newHouse(t)
	ownerID, owner := h.user(core.RoleUser)
	d := h.dataset(ownerID)
	a := h.send(get("/api/datasets/"+d.ID, "Authorization", "Bearer "+owner))
	for _, says := range []string{
		`"id":"` + d.ID, `"dataset_id":"` + d.ID, `"source_type":"csv"`, `"row_count":3000000000`, `"s3_path":"` + d.Path,
		`{"description":"","name":"額","nullable":true,"type":"int64"}`, `"owner":{"id":"` + ownerID,
	} {
		if a.StatusCode != 200 || !strings.Contains(a.text, says) {
			t.Errorf("no %s: %d %s", says, a.StatusCode, a.text)
		}
	}
	_, stranger := h.user(core.RoleUser)
	if a := h.send(get("/api/datasets/"+d.ID, "Authorization", "Bearer "+stranger)); a.StatusCode != 404 {
		t.Errorf("a stranger: %d %s", a.StatusCode, a.text)
	}
}

// GraphiQL is for administrators; others get a page that says so.
func TestGraphiQL(t *testing.T) {
	h := newHouse(t)
	_, user := h.user(core.RoleUser)
	_, admin := h.user(core.RoleAdmin)
	for _, c := range []struct {
		token, says string
		status      int
	}{{"", "sign in", 401}, {"x", "sign in", 401}, {user, "denied", 403}, {admin, "graphiql", 200}} {
		r := get("/graphiql")
		r.AddCookie(&http.Cookie{Name: "karuta_session", Value: c.token})
		if a := h.send(r); a.StatusCode != c.status || !strings.HasPrefix(a.text, c.says) || a.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%d %s", a.StatusCode, a.text)
		}
	}
}

func TestAssets(t *testing.T) {
	h := newHouse(t)
	a := h.send(get("/assets/plotly.min.js?v=1", "Accept-Encoding", "br, gzip"))
	if a.text != "packed" || a.Header.Get("Content-Encoding") != "gzip" || a.Header.Get("Access-Control-Allow-Origin") != "*" ||
		!strings.HasPrefix(a.Header.Get("Content-Type"), "text/javascript") || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%q %v", a.text, a.Header)
	}
	if a := h.send(get("/assets/plotly.min.js")); a.text != "plain" || strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%q %v", a.text, a.Header)
	}
}

func TestSecurityHeaders(t *testing.T) {
	h := newHouse(t, outside)
	for _, path := range []string{"/", "/api/health", "/graphiql", "/nothing", "/assets/plotly.min.js"} {
		a := h.send(get(path))
		for _, name := range []string{"X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options", "Strict-Transport-Security", "X-Request-Id", "X-Revision", "Cache-Control", "Content-Security-Policy"} {
			if a.Header.Get(name) == "" && (name != "Content-Security-Policy" || !strings.HasPrefix(path, "/assets/")) { // workers go by their page's
				t.Errorf("%s: no %s", path, name)
			}
		}
	}
}

// CD-7: a card's page runs in a sandbox with an origin of its own, and nothing leaves it.
func TestCardPage(t *testing.T) {
	h := newHouse(t)
	_, owner := h.user(core.RoleUser)
	made := h.ask(owner, `mutation($input: CreateCardInput!) { createCard(input: $input) { card { id kind code params dataset { id } version } } }`,
		input("kind", "TEXT", "name", "注記", "code", "<p>こんにちは<script>alert(1)</script></p>"))
	id := made.object(t, "createCard", "card")["id"]
	ran := h.ask(owner, `mutation($input: ExecuteCardInput!) { executeCard(input: $input) { result { html url cached stale usedColumns rowsIn executionTimeMs } } }`, input("cardId", id))
	result := ran.object(t, "executeCard", "result")
	address, _ := result["url"].(string)
	a := h.send(get(address))
	if a.StatusCode != 200 || !strings.Contains(a.text, "こんにちは") || strings.Contains(a.text, "alert(1)") {
		t.Fatalf("%s: %d %s", address, a.StatusCode, a.text)
	}
	policy := a.Header.Get("Content-Security-Policy")
	for _, says := range []string{
		"sandbox allow-scripts;", "default-src 'none';", "script-src 'unsafe-inline' example.com/assets/plotly.min.js;", "connect-src 'none';",
		"form-action 'none';", "base-uri 'none';", "frame-ancestors 'self'",
	} {
		if !strings.Contains(policy, says) {
			t.Errorf("no %q in %q", says, policy)
		}
	}
	if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("%v", a.Header)
	}
	r := get(address)
	r.Host = "evil.example; script-src *"
	if policy := h.send(r).Header.Get("Content-Security-Policy"); strings.Contains(policy, "evil") {
		t.Errorf("the host reaches the policy: %s", policy)
	}
	if a := h.send(get(address[:len(address)-3] + "AAA")); a.StatusCode != 404 {
		t.Errorf("a forged address: %d", a.StatusCode)
	}
}
