package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/server"
)

// limitedHouse counts what people ask.
func limitedHouse(t *testing.T) *house {
	t.Helper()
	return openHouse(t, site{file: filepath.Join(t.TempDir(), "karuta.db"), blobs: accesstest.NewBlobs(), limits: true})
}

// requested is one request over HTTP, with its status and headers.
func requested(h *house, token, query string, headers ...string) *httptest.ResponseRecorder {
	body, _ := json.Marshal(map[string]string{"query": query})
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

// A person has a hundred root fields a minute, an administrator ten changes, and
// each their own (RL-1, RL-4).
func TestRootFieldsAreCounted(t *testing.T) {
	h := limitedHouse(t)
	_, user := h.user(core.RoleUser)
	_, other := h.user(core.RoleUser)
	_, admin := h.user(core.RoleAdmin)
	ten := "{ " + strings.Repeat("me { id } ", 0)
	for i := range 10 {
		ten += fmt.Sprintf("m%d: me { id } ", i)
	}
	ten += "}"
	for n := range 10 {
		if w := requested(h, user, ten); w.Code != 200 {
			t.Fatalf("%d: %d %s", n, w.Code, w.Body)
		}
	}
	w := requested(h, user, `{ me { id } }`, "Accept-Language", "ja")
	var a struct {
		Errors []struct {
			Message    string
			Extensions struct {
				Code, Error string
				RetryAfter  int
				Retry       int `json:"retry_after"`
			}
		}
	}
	must(t, json.Unmarshal(w.Body.Bytes(), &a))
	e := a.Errors[0].Extensions
	if w.Code != 429 || e.Code != "RATE_LIMIT_EXCEEDED" || e.Error != "rate_limit_exceeded" || e.RetryAfter < 1 || e.RetryAfter > 60 || e.Retry != e.RetryAfter ||
		w.Header().Get("Retry-After") != fmt.Sprint(e.RetryAfter) || a.Errors[0].Message != "リクエスト数が上限を超えました。しばらくお待ちください。" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	for n := range 101 { // nobody tries out documents without end
		if w := requested(h, other, fmt.Sprintf(`{ field%d }`, n), "Accept", "application/graphql-response+json"); (w.Code == 429) != (n == 100) {
			t.Fatalf("another person's document %d: %d %s", n, w.Code, w.Body)
		}
	}
	for n := range 11 {
		w := requested(h, admin, fmt.Sprintf(`mutation { createGroup(input: {name: "g%d"}) { group { id } } }`, n))
		if limited := w.Code == 429; limited != (n == 10) {
			t.Errorf("change %d: %d %s", n, w.Code, w.Body)
		}
	}
	if w := requested(h, admin, `{ groups { nodes { id } } }`); w.Code != 200 {
		t.Errorf("an administrator reads: %d %s", w.Code, w.Body)
	}
}

// Outside of GraphQL the answer is the runbook's, byte by byte (RL-3).
func TestTooManyRequestsInTheRunbooksWords(t *testing.T) {
	h := limitedHouse(t)
	_, user := h.user(core.RoleUser)
	get := func() *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/api/transforms", nil)
		r.Header.Set("Authorization", "Bearer "+user)
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		return w
	}
	for range 100 {
		if w := get(); w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	w := get()
	var body struct {
		Retry int `json:"retry_after"`
	}
	must(t, json.Unmarshal(w.Body.Bytes(), &body))
	want := fmt.Sprintf(`{"error":"rate_limit_exceeded","message":"リクエスト数が上限を超えました。しばらくお待ちください。","retry_after":%d}`, body.Retry)
	if w.Code != 429 || strings.TrimSpace(w.Body.String()) != want || w.Header().Get("Retry-After") != fmt.Sprint(body.Retry) {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

// What is set holds at once, ends by itself and is recorded (RL-7); who came near
// a limit is told (RL-6).
func TestLimitsAreSet(t *testing.T) {
	h := limitedHouse(t)
	userID, user := h.user(core.RoleUser)
	_, admin := h.user(core.RoleAdmin)
	set := func(input string) {
		t.Helper()
		if w := requested(h, admin, `mutation { setRateLimit(input: `+input+`) { rateLimit { class limit default } } }`); !strings.Contains(w.Body.String(), `"setRateLimit":{`) {
			t.Fatal(w.Body)
		}
	}
	for _, class := range []string{"ADMIN", "ALL"} { // or nobody could set it back
		if w := requested(h, admin, `mutation { setRateLimit(input: {class: `+class+`, limit: 0, reason: "x"}) { rateLimit { limit } } }`); !strings.Contains(w.Body.String(), `"input.limit"`) {
			t.Errorf("%s stopped: %s", class, w.Body)
		}
	}
	set(`{class: API, limit: 2, reason: "dear"}`)
	for n, want := range []int{200, 200, 429, 429} {
		if w := requested(h, user, `{ me { id } }`); w.Code != want {
			t.Errorf("%d: %d %s", n, w.Code, w.Body)
		}
	}
	set(`{class: API, limit: null, reason: "over"}`)
	if w := requested(h, user, `{ me { id } }`); w.Code != 200 {
		t.Errorf("the usual limit: %d %s", w.Code, w.Body)
	}
	w := requested(h, admin, `{ rateLimitUsage(window: WEEK) { class user { id } peak limit near over share } }`)
	if want := fmt.Sprintf(`{"class":"API","user":{"id":%q},"peak":4,"limit":2,"near":1,"over":1,"share":2}`, userID); !strings.Contains(w.Body.String(), want) {
		t.Errorf("%s, want %s", w.Body, want)
	}
	if w := requested(h, admin, `{ auditLogs(filter: {eventTypes: [RATE_LIMIT_SET]}) { nodes { targetId } } }`); strings.Count(w.Body.String(), `"API"`) != 2 {
		t.Error(w.Body)
	}
}

// To a blocked network nothing is answered, through no door, until it is unblocked
// (MON-7); nobody can block themselves.
func TestBlockedAddresses(t *testing.T) {
	h := limitedHouse(t)
	_, admin := h.user(core.RoleAdmin)
	if w := requested(h, admin, `mutation { blockIp(input: {cidr: "192.0.2.0/24", minutes: 5, reason: "x"}) { blocked { network } } }`); !strings.Contains(w.Body.String(), "input.cidr") {
		t.Errorf("one's own address: %s", w.Body)
	}
	if w := requested(h, admin, `mutation { blockIp(input: {cidr: "203.0.113.7/25", minutes: 5, reason: "guesses"}) { blocked { network } } }`); !strings.Contains(w.Body.String(), `"203.0.113.0/25"`) {
		t.Fatal(w.Body)
	}
	from := func(ip, path string) int {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.RemoteAddr = ip + ":4711"
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		return w.Code
	}
	for _, path := range []string{"/", "/graphql/ws", "/api/health", "/api/transforms", "/graphiql", "/assets/plotly.min.js"} {
		if inside, outside := from("203.0.113.7", path), from("203.0.113.200", path); inside != 403 || outside == 403 {
			t.Errorf("%s: blocked %d, beside %d", path, inside, outside)
		}
	}
	k := h.talk() // of 127.0.0.1
	k.say(`{"type":"connection_init"}`)
	k.hear()
	if w := requested(h, admin, `mutation { blockIp(input: {cidr: "127.0.0.0/8", minutes: 5, reason: "guesses"}) { blocked { network } } }`); !strings.Contains(w.Body.String(), `"127.0.0.0/8"`) {
		t.Fatal(w.Body)
	}
	if a := k.answers("1", `{"query":"{ serverInfo { env } }"}`); a.code() != "FORBIDDEN" || a.Data != nil {
		t.Errorf("a socket that was open: %s", a.text)
	}
	if w := requested(h, admin, `mutation { unblockIp(input: {cidr: "203.0.113.0/25"}) { network } }`); !strings.Contains(w.Body.String(), `"203.0.113.0/25"`) {
		t.Error(w.Body)
	}
	if got := from("203.0.113.7", "/api/health"); got != 200 {
		t.Errorf("unblocked: %d", got)
	}
}

// The price of an operation is told before and after it runs, and alone where
// nothing is to run (API-4).
func TestCostIsTold(t *testing.T) {
	h := newHouse(t)
	id, user := h.user(core.RoleUser)
	h.Dashboard(&core.User{ID: id}, nil)
	h.Dashboard(&core.User{ID: id}, nil)
	w := requested(h, user, `{ dashboards(first: 20) { nodes { id name } } }`)
	if !strings.Contains(w.Body.String(), `"cost":{"estimated":61,"actual":6,"budget":10000}`) {
		t.Error(w.Body)
	}
	w = requested(h, user, `mutation { createDashboard(input: {name: "x"}) { dashboard { id } } }`, "X-Karuta-Dry-Run", "1")
	if !strings.Contains(w.Body.String(), `"data":null`) || !strings.Contains(w.Body.String(), `"estimated":3,"actual":0`) {
		t.Error(w.Body)
	}
	for said, field := range map[string]string{"true": "", "0": "", "yes": "X-Karuta-Dry-Run", "2": "X-Karuta-Dry-Run"} {
		w := requested(h, user, `{ me { id } }`, "X-Karuta-Dry-Run", said)
		if ran := strings.Contains(w.Body.String(), `"me":{`); ran != (said == "0") || field != "" && !strings.Contains(w.Body.String(), `"field":"`+field+`"`) {
			t.Errorf("a dry run %q: %s", said, w.Body)
		}
	}
	if w := requested(h, user, `{ dashboards { nodes { id } } }`); strings.Count(w.Body.String(), `"dash_`) != 2 {
		t.Errorf("a dry run has run: %s", w.Body)
	}
}

// A dry run is one on every transport.
func TestDryRuns(t *testing.T) {
	h := newHouse(t)
	_, token := h.user(core.RoleUser)
	for transport, ask := range h.transports("Bearer " + token) {
		document := `mutation { createDashboard(input: {name: \"x\"}) { dashboard { id } } }`
		if strings.HasSuffix(transport, "GET") {
			document = `{ dashboards { nodes { id } } }`
		}
		a := ask(`{"query":"` + document + `","extensions":{"dryRun":true}}`)
		if !strings.Contains(a.text, `"data":null`) || !strings.Contains(a.text, `"actual":0`) {
			t.Errorf("%s: %s", transport, a.text)
		}
		if a := ask(`{"query":"` + document + `","extensions":{"dryRun":"true"}}`); a.field() != "extensions.dryRun" {
			t.Errorf("%s, neither yes nor no: %s", transport, a.text)
		}
	}
	if a := h.ask(token, `{ dashboards { nodes { id } } }`, nil); strings.Contains(a.text, `"dash_`) {
		t.Errorf("a dry run has run: %s", a.text)
	}
}

// What there may be of anything in one operation (issue "Transports", limits).
func TestOperationsAreBounded(t *testing.T) {
	h := newHouse(t)
	_, admin := h.user(core.RoleAdmin)
	roots, fields := strings.Repeat("__typename ", 41), strings.Repeat("id @include(if: true) ", 51)
	for what, query := range map[string]string{"rootFields": "{ " + roots + "}", "directives": "{ me { " + fields + "} }"} {
		if w := requested(h, admin, query); !strings.Contains(w.Body.String(), `"limit":"`+what+`"`) {
			t.Errorf("%s: %s", what, w.Body)
		}
	}
}

// What one client's requests hold in memory is bounded, on every transport.
func TestLongRequestsNeedRoom(t *testing.T) {
	h := newHouse(t)
	long := `{"query":"{ serverInfo { env } }","extensions":{"x":"` + strings.Repeat("x", 100<<10) + `"}}`
	var leave []func()
	for _, client := range []string{"192.0.2.1", "127.0.0.1"} { // of requests and of sockets
		end, err := h.handler.(*server.Handler).Fill(client)
		must(t, err)
		leave = append(leave, end)
	}
	parts := func(from string) *answered {
		body, kind := form(t, "operations", long, "map", "{}")
		r := with(httptest.NewRequest("POST", "/graphql", body), "Content-Type", kind, "Apollo-Require-Preflight", "1")
		r.RemoteAddr = from
		return h.send(r)
	}
	if a := h.send(post(long)); a.StatusCode != 429 || a.code() != "RATE_LIMIT_EXCEEDED" || a.Header.Get("Retry-After") != "10" {
		t.Errorf("%d %v %s", a.StatusCode, a.Header, a.text)
	}
	if a := parts("192.0.2.1:1"); a.StatusCode != 429 {
		t.Errorf("in parts: %d %s", a.StatusCode, a.text)
	}
	if a := parts("192.0.2.2:1"); a.code() != "" {
		t.Errorf("another client: %s", a.text)
	}
	if a := h.send(post(`{"query":"{ serverInfo { env } }"}`)); a.code() != "" {
		t.Errorf("a short request: %s", a.text)
	}
	k := h.talk()
	k.say(`{"type":"connection_init"}`)
	k.hear()
	k.say(`{"id":"1","type":"subscribe","payload":` + long + `}`)
	if got := k.hear(); got != "close 1013: Try again later" {
		t.Errorf("a socket: %s", got)
	}
	for _, end := range leave {
		end()
	}
	if a := h.send(post(long)); a.code() != "" {
		t.Errorf("afterwards: %s", a.text)
	}
}
