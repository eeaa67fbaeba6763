package server_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// GraphQL over HTTP §4 and RFC 9110 §12.5.1.
func TestNegotiation(t *testing.T) {
	h := newHouse(t)
	const response, plain = "application/graphql-response+json; charset=utf-8", "application/json; charset=utf-8"
	cases := []struct {
		accept, form string
		status       int // of a document that does not parse
	}{
		{"", plain, 200},
		{"*/*", plain, 200},
		{"application/*", plain, 200},
		{"application/json", plain, 200},
		{"application/graphql-response+json", response, 400},
		{"application/graphql-response+json,application/json;q=0.9", response, 400},
		{"application/json;q=0.5, application/graphql-response+json", response, 400},
		{"application/graphql-response+json;q=0.5, application/json", plain, 200},
		{"application/graphql-response+json;q=0, */*", plain, 200},
		{"application/json;charset=utf-8", plain, 200},
		{"text/html", plain, 406},
		{"text/html, */*;q=0.1", plain, 200},
		{"application/json;q=0", plain, 406},
		{"application/json;q=nonsense", plain, 406},
		{"*/*, application/graphql-response+json", response, 400},
		{"application/json;q=0.5, text/event-stream;q=0.5", plain, 200},
	}
	for _, c := range cases {
		r := post(`{"query":"{"}`)
		if c.accept != "" {
			r.Header.Set("Accept", c.accept)
		}
		a := h.send(r)
		if a.StatusCode != c.status || a.Header.Get("Content-Type") != c.form {
			t.Errorf("%q: %d %s", c.accept, a.StatusCode, a.Header.Get("Content-Type"))
		}
		if strings.Contains(a.text, `"data"`) {
			t.Errorf("%q: data of a request that was not executed: %s", c.accept, a.text)
		}
	}
}

// What has no single answer is told as events to whoever takes those, too.
func TestSubscriptionsWhereEventsAreTaken(t *testing.T) {
	h := newHouse(t)
	for accept, events := range map[string]bool{
		"application/graphql-response+json; charset=utf-8, application/json; charset=utf-8, text/event-stream; charset=utf-8": true,
		"text/event-stream, */*":                  true,
		"application/json, */*":                   false,
		"application/json, text/event-stream;q=0": false,
	} {
		a := h.raw(post(`{"query":"subscription { serviceNotice { seq } }"}`, "Accept", accept))
		if told := strings.Contains(a.text, "event: complete") && strings.Contains(a.text, "UNAUTHORIZED"); told != events {
			t.Errorf("%s: %s", accept, a.text)
		}
	}
	for accept, form := range map[string]string{"application/json, text/event-stream": "application/json", "text/event-stream, */*": "text/event-stream"} {
		a := h.raw(post(`{"query":"{ serverInfo { env } }"}`, "Accept", accept))
		if a.Header.Get("Content-Type") != form+"; charset=utf-8" {
			t.Errorf("a query, %s: %v", accept, a.Header)
		}
	}
}

// What is not a GraphQL request has its own HTTP status, and nothing of it is repeated.
func TestMalformedRequests(t *testing.T) {
	h := newHouse(t)
	secretive := strings.Repeat("do not repeat me ", 10)
	cases := []struct {
		name, method, kind, body string
		status                   int
		field                    string
	}{
		{"batch", "POST", "application/json", `[{"query":"{ me { id } }","x":"` + secretive + `"}]`, 400, ""},
		{"no JSON", "POST", "application/json", secretive, 400, ""},
		{"half", "POST", "application/json", `{"query":"` + secretive, 400, ""},
		{"BOM", "POST", "application/json", "\ufeff" + `{"query":"{ me { id } }"}`, 400, ""},
		{"UTF-16", "POST", "application/json", "{\x00\"\x00q\x00", 400, ""},
		{"no UTF-8", "POST", "application/json", "{\"query\":\"{ me { id } } # \xff\"}", 400, ""},
		{"a member twice", "POST", "application/json", `{"query":"{ me { id } }","variables":{},"query":"` + secretive + `"}`, 400, "query"},
		{"a member twice, in other letters", "POST", "application/json", `{"query":"{ me { id } }","QUERY":"` + secretive + `"}`, 400, "query"},
		{"20,000 lists", "POST", "application/json", `{"query":"{ me { id } }","variables":{"x":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}}`, 400, ""},
		{"100,000 objects that do not end", "POST", "application/json", strings.Repeat(`{"variables":`, 100_000), 400, ""},
		{"100,001 values", "POST", "application/json", `{"query":"{ me { id } }","variables":{"x":[` + strings.Repeat("{},", 100_000) + `{}]}}`, 413, ""},
		{"two objects", "POST", "application/json", `{"query":"{ me { id } }"}{}`, 400, ""},
		{"a text", "POST", "application/json", `"` + secretive + `"`, 400, ""},
		{"null", "POST", "application/json", `null`, 400, ""},
		{"empty", "POST", "application/json", ``, 400, ""},
		{"no query", "POST", "application/json", `{"variables":{}}`, 400, "query"},
		{"query of another type", "POST", "application/json", `{"query":7}`, 400, "query"},
		{"variables of another type", "POST", "application/json", `{"query":"{ me { id } }","variables":"` + secretive + `"}`, 400, "variables"},
		{"extensions of another type", "POST", "application/json", `{"query":"{ me { id } }","extensions":[]}`, 400, "extensions"},
		{"too long", "POST", "application/json", `{"query":"` + strings.Repeat("x", 5<<20) + `"}`, 413, ""},
		{"form", "POST", "application/x-www-form-urlencoded", "query=" + secretive, 415, ""},
		{"text", "POST", "text/plain", `{"query":"{ me { id } }"}`, 415, ""},
		{"no type", "POST", "", `{"query":"{ me { id } }"}`, 415, ""},
		{"other charset", "POST", "application/json; charset=shift_jis", `{"query":"{ me { id } }"}`, 415, ""},
		{"UTF-7", "POST", "application/json; charset=utf-7", `{"query":"{ me { id } }"}`, 415, ""},
		{"two types", "POST", "application/json, text/plain", `{"query":"{ me { id } }"}`, 415, ""},
		{"GraphQL", "POST", "application/graphql", `{ me { id } }`, 415, ""},
		{"HEAD", "HEAD", "", ``, 405, ""},
		{"TRACE", "TRACE", "", ``, 405, ""},
		{"PATCH", "PATCH", "application/json", `{"query":"{ me { id } }"}`, 405, ""},
		{"PUT", "PUT", "application/json", `{"query":"{ me { id } }"}`, 405, ""},
		{"DELETE", "DELETE", "application/json", ``, 405, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "/graphql", strings.NewReader(c.body))
			if c.kind != "" {
				r.Header.Set("Content-Type", c.kind)
			}
			a := h.send(r)
			if a.StatusCode != c.status || a.code() != "VALIDATION_ERROR" || a.field() != c.field {
				t.Fatalf("%d at %q: %.300s", a.StatusCode, a.field(), a.text)
			}
			if a.Errors[0].Extensions["httpStatus"] != float64(c.status) {
				t.Fatalf("tells another status: %.300s", a.text)
			}
			if len(a.text) > 500 || strings.Contains(a.text, "repeat me") {
				t.Fatalf("repeats the request: %.300s", a.text)
			}
			if allow := a.Header.Get("Allow"); (c.status == 405) != (allow == "GET, POST, OPTIONS") {
				t.Fatalf("Allow: %q", allow)
			}
		})
	}
}

// What a client may add that we do not know (GraphQL over HTTP §5.1), and forms of what we do.
func TestLenience(t *testing.T) {
	h := newHouse(t)
	for name, r := range map[string]*http.Request{
		"unknown members": post(`{"query":"{ serverInfo { env } }","id":"1","persisted":{"x":[1]}}`),
		"nulls":           post(`{"query":"{ serverInfo { env } }","operationName":null,"variables":null,"extensions":null}`),
		"blanks":          post(" \r\n\t{ \"query\" : \"{ serverInfo { env } }\" } \n"),
		"charset":         post(`{"query":"{ serverInfo { env } }"}`, "Content-Type", `Application/JSON; Charset="UTF-8"`),
		"identity":        post(`{"query":"{ serverInfo { env } }"}`, "Content-Encoding", "identity"),
	} {
		if a := h.send(r); a.StatusCode != 200 || a.code() != "" || a.Data["serverInfo"] == nil {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.text)
		}
	}
}

// A packed request is refused before it is unpacked, and told what is taken.
func TestPackedRequests(t *testing.T) {
	h := newHouse(t)
	for _, encoding := range []string{"gzip", "br", "deflate", "identity, gzip", "x"} {
		a := h.send(post(`{"query":"{ serverInfo { env } }"}`, "Content-Encoding", encoding))
		if a.StatusCode != 415 || a.Header.Get("Accept-Encoding") != "identity" {
			t.Errorf("%s: %d %v", encoding, a.StatusCode, a.Header)
		}
	}
}

// CSRF: what a page of another site can send without asking first is never answered with data.
func TestSimpleRequests(t *testing.T) {
	h := newHouse(t)
	id, token := h.user(core.RoleUser)
	query := "/graphql?query=" + url.QueryEscape("{ me { id } }")
	for name, r := range map[string]*http.Request{
		"image":       with(get(query), "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "image"),
		"link":        with(get(query), "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"),
		"old browser": get(query),
		"form":        with(post("query=%7Bme%7Bid%7D%7D"), "Content-Type", "application/x-www-form-urlencoded", "Origin", "https://evil.example"),
		"text form":   with(post(`{"query":"{ me { id } }"}`), "Content-Type", "text/plain", "Origin", "https://evil.example"),
		"beacon":      with(post(`{"query":"{ me { id } }"}`), "Content-Type", "text/plain;application/json", "Origin", "https://evil.example"),
	} {
		r.AddCookie(&http.Cookie{Name: "karuta_session", Value: token})
		if a := h.send(r); a.StatusCode < 400 || strings.Contains(a.text, id) {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.text)
		}
	}
	ours := get(query, "X-Karuta-Client", "web", "Sec-Fetch-Site", "same-origin")
	ours.AddCookie(&http.Cookie{Name: "karuta_session", Value: token})
	if a := h.send(ours); !strings.Contains(a.text, id) {
		t.Errorf("a page of ours: %d %s", a.StatusCode, a.text)
	}
}

func TestGet(t *testing.T) {
	h := newHouse(t)
	get := func(params url.Values, headers ...string) *answered {
		return h.send(with(httptest.NewRequest("GET", "/graphql?"+params.Encode(), nil), headers...))
	}
	query := url.Values{"query": {`query($id: ID!) { node(id: $id) { id } serverInfo { env } }`}, "variables": {`{"id":"x"}`}}
	if a := get(query); a.StatusCode != 403 || a.code() != "FORBIDDEN" {
		t.Errorf("without the header: %d %s", a.StatusCode, a.text)
	}
	if a := get(query, "X-Karuta-Client", "web"); a.StatusCode != 200 || a.Data["serverInfo"] == nil {
		t.Errorf("query: %d %s", a.StatusCode, a.text)
	}
	query.Set("variables", "[1]")
	if a := get(query, "X-Karuta-Client", "web"); a.StatusCode != 400 || a.field() != "variables" {
		t.Errorf("bad variables: %d %s", a.StatusCode, a.text)
	}
	query.Set("variables", "{\"id\":\"\xff\"}")
	if a := get(query, "X-Karuta-Client", "web"); a.StatusCode != 400 || a.field() != "variables" {
		t.Errorf("no UTF-8: %d %s", a.StatusCode, a.text)
	}
	subscription := url.Values{"query": {`subscription { serviceNotice { seq } }`}}
	if a := get(subscription, "Apollo-Require-Preflight", "1"); a.StatusCode != 200 || a.Errors[0].Extensions["hint"] == nil {
		t.Errorf("subscription: %d %s", a.StatusCode, a.text)
	}
	mutation := url.Values{"query": {`mutation { logout { loggedOut } }`}}
	if a := get(mutation, "Apollo-Require-Preflight", "1"); a.StatusCode != 405 || a.Header.Get("Allow") != "POST" || a.Errors[0].Extensions["httpStatus"] != 405.0 {
		t.Errorf("mutation: %d %s", a.StatusCode, a.text)
	}
}

func TestCrossOrigin(t *testing.T) {
	h := newHouse(t)
	preflight := func(origin string) http.Header {
		r := with(httptest.NewRequest("OPTIONS", "/graphql", nil), "Origin", origin, "Access-Control-Request-Method", "POST")
		return h.send(r).Header
	}
	got := preflight("http://localhost:3000")
	if got.Get("Access-Control-Allow-Origin") != "http://localhost:3000" {
		t.Errorf("configured: %v", got)
	}
	for _, sent := range []string{"X-Karuta-Client", "Apollo-Require-Preflight", "Apollographql-Client-Name", "Apollographql-Client-Version", "Last-Event-ID"} {
		if !strings.Contains(got.Get("Access-Control-Allow-Headers"), sent) {
			t.Errorf("%s may not be sent: %v", sent, got)
		}
	}
	if got := preflight("https://evil.example"); got.Get("Access-Control-Allow-Origin") != "" || got.Get("Access-Control-Allow-Headers") != "" {
		t.Errorf("foreign: %v", got)
	}
}

const importDocument = `mutation($file: Upload!) { importCsv(input: {name: \"x\", file: $file}) { job { id } } }`

// form writes a multipart body of name, content pairs.
func form(t testing.TB, parts ...string) (body *bytes.Buffer, kind string) {
	t.Helper()
	body = &bytes.Buffer{}
	w := multipart.NewWriter(body)
	for i := 0; i+1 < len(parts); i += 2 {
		header := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name="%s"`, parts[i])}}
		if parts[i] == "0" || parts[i] == "1" {
			header.Set("Content-Disposition", fmt.Sprintf(`form-data; name="%s"; filename="data.csv"`, parts[i]))
		}
		p, err := w.CreatePart(header)
		must(t, err)
		_, err = io.WriteString(p, parts[i+1])
		must(t, err)
	}
	must(t, w.Close())
	return body, w.FormDataContentType()
}

func TestMultipart(t *testing.T) {
	h := newHouse(t)
	_, token := h.user(core.RoleUser)
	operations := `{"query":"` + importDocument + `","variables":{"file":null}}`
	cases := []struct {
		name   string
		parts  []string
		status int
		code   string
		field  string
	}{
		{"no operations", []string{"map", `{}`}, 400, "VALIDATION_ERROR", "operations"},
		{"file first", []string{"0", "a,b"}, 400, "VALIDATION_ERROR", "operations"},
		{"no map", []string{"operations", operations}, 400, "VALIDATION_ERROR", "map"},
		{"map of another type", []string{"operations", operations, "map", `[]`}, 400, "VALIDATION_ERROR", "map"},
		{"long map", []string{"operations", operations, "map", strings.Repeat(" ", 5000)}, 413, "VALIDATION_ERROR", "map"},
		{"batch", []string{"operations", "[" + operations + "]", "map", `{"0":["variables.file"]}`, "0", "a,b"}, 400, "VALIDATION_ERROR", ""},
		{"no file", []string{"operations", operations, "map", `{"0":["variables.file"]}`}, 400, "VALIDATION_ERROR", "map"},
		{"two files", []string{"operations", operations, "map", `{"0":["variables.file"],"1":["variables.file"]}`, "0", "a", "1", "b"}, 400, "VALIDATION_ERROR", "map"},
		{"a file that the map does not have", []string{"operations", operations, "map", `{"0":["variables.file"]}`, "1", "a"}, 400, "VALIDATION_ERROR", "map"},
		{"one file in two places", []string{"operations", operations, "map", `{"0":["variables.file","variables.x"]}`, "0", "a"}, 400, "VALIDATION_ERROR", "map"},
		{"a place outside of the variables", []string{"operations", operations, "map", `{"0":["query"]}`, "0", "a"}, 400, "VALIDATION_ERROR", "map"},
		{"a place that is not there", []string{"operations", operations, "map", `{"0":["variables.other"]}`, "0", "a"}, 400, "VALIDATION_ERROR", "map"},
		{"no place for the file", []string{"operations", operations, "map", `{}`}, 200, "VALIDATION_ERROR", "file"},
		{"query without a file", []string{"operations", `{"query":"{ me { id } }"}`, "map", `{}`}, 200, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			body, kind := form(t, c.parts...)
			r := with(httptest.NewRequest("POST", "/graphql", body), "Content-Type", kind, "Authorization", "Bearer "+token)
			a := h.send(r)
			if a.StatusCode != c.status || a.code() != c.code || a.field() != c.field {
				t.Fatalf("%d %q at %q: %s", a.StatusCode, a.code(), a.field(), a.text)
			}
		})
	}
}

func TestMultipartNeedsAPreflight(t *testing.T) {
	h := newHouse(t)
	for _, header := range []string{"", "X-Karuta-Client", "Apollo-Require-Preflight", "X-Apollo-Operation-Name", "GraphQL-Require-Preflight"} {
		body, kind := form(t, "operations", `{"query":"{ serverInfo { env } }"}`, "map", `{}`)
		r := with(httptest.NewRequest("POST", "/graphql", body), "Content-Type", kind)
		want := 403
		if header != "" {
			r.Header.Set(header, "web")
			want = 200
		}
		if a := h.send(r); a.StatusCode != want {
			t.Errorf("%q: %d %s", header, a.StatusCode, a.text)
		}
	}
}

// A file is not read before the operation wants it: who may not import costs
// no more than the parts before it until they are answered.
func TestUploadIsNotReadForStrangers(t *testing.T) {
	h := newHouse(t)
	head, kind := form(t, "operations", `{"query":"`+importDocument+`","variables":{"file":null}}`, "map", `{"0":["variables.file"]}`, "0", "")
	start, _, _ := strings.Cut(head.String(), "\r\n\r\n\r\n--")
	// What follows the head never ends and fails the test when much of it is read.
	w := httptest.NewRecorder()
	endless := &counting{max: 64 << 10, t: t, answer: w}
	r := httptest.NewRequest("POST", "/graphql", io.MultiReader(strings.NewReader(start+"\r\n\r\n"), endless))
	h.handler.ServeHTTP(w, with(r, "Content-Type", kind, "X-Karuta-Client", "web"))
	if !strings.Contains(w.Body.String(), "UNAUTHORIZED") {
		t.Fatal(w.Body)
	}
}

type counting struct {
	max, read int
	t         *testing.T
	answer    *httptest.ResponseRecorder
}

func (c *counting) Read(p []byte) (int, error) {
	if c.answer.Body.Len() > 0 {
		return 0, io.EOF
	}
	if c.read += len(p); c.read > c.max {
		c.t.Errorf("%d bytes of the file were read", c.read)
		return 0, io.EOF
	}
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// Who is answered in the middle of what they send may send the rest, and ask again: a
// proxy that found the connection closed would tell of a bad gateway.
func TestWhoIsAnsweredEarlyMaySendTheRest(t *testing.T) {
	h := newHouse(t)
	web := httptest.NewServer(h.handler)
	t.Cleanup(web.Close)
	c, err := net.Dial("tcp", web.Listener.Addr().String())
	must(t, err)
	defer func() { _ = c.Close() }()
	must(t, c.SetDeadline(time.Now().Add(2*time.Minute)))
	const long = 16 << 20
	_, err = fmt.Fprintf(c, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", long)
	must(t, err)
	answers := bufio.NewReader(c)
	status := func() int {
		t.Helper()
		a, err := http.ReadResponse(answers, nil)
		must(t, err)
		_, err = io.Copy(io.Discard, a.Body)
		must(t, err)
		return a.StatusCode
	}
	if got := status(); got != http.StatusRequestEntityTooLarge {
		t.Fatalf("answered with %d", got)
	}
	_, err = c.Write(make([]byte, long))
	must(t, err)
	_, err = io.WriteString(c, "GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n")
	must(t, err)
	if got := status(); got != http.StatusOK {
		t.Errorf("then with %d", got)
	}
}

// A bug is a plain sentence for people; the stack is in the log under the request's id.
func TestPanic(t *testing.T) {
	h := newHouse(t)
	_, token := h.user(core.RoleUser)
	h.resolver.Services.Datasets = nil
	a := h.ask(token, `{ datasets { nodes { id } } me { id } }`, nil, "X-Request-Id", "client-chosen-2", "Accept-Language", "en")
	if a.code() != "INTERNAL_ERROR" || a.Data["me"] == nil || a.Data["datasets"] != nil {
		t.Fatal(a.text)
	}
	for _, word := range []string{"nil", "goroutine", ".go:", "panic", "runtime"} {
		if strings.Contains(a.text, word) {
			t.Errorf("the answer says %q: %s", word, a.text)
		}
	}
	if log := h.log.String(); !strings.Contains(log, "nil pointer") || !strings.Contains(log, "goroutine") {
		t.Errorf("the log knows nothing: %s", log)
	}
}

func TestPanicOutsideOfGraphQL(t *testing.T) {
	h := newHouse(t)
	h.resolver.Services.Monitor = nil
	if a := h.send(httptest.NewRequest("GET", "/api/ready", nil)); a.StatusCode != 500 || strings.Contains(a.text, "nil") {
		t.Fatalf("%d %s", a.StatusCode, a.text)
	}
}
