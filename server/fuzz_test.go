package server_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/server"
)

// understood decodes a request twice: what is understood is understood the same when
// it is written anew, and what is not is refused with a status of the client's.
func understood(t *testing.T, r *http.Request) []byte {
	t.Helper()
	again, status := server.Decode(r)
	if again == nil {
		if status < 400 || status > 499 {
			t.Fatalf("refused with %d", status)
		}
		return nil
	}
	twice, status := server.Decode(post(string(again)))
	if string(twice) != string(again) {
		t.Fatalf("%d: %q is read as %q", status, again, twice)
	}
	return again
}

var bodies = []string{
	`{"query":"{ a }"}`, `{"query":"query A($n: Int) { a(n: $n) }","operationName":"A","variables":{"n":1e400,"m":[null,{"x":"\ud800"}]}}`,
	`{"documentId":"sha256:00","extensions":{"dryRun":true}}`, `[{"query":"{ a }"}]`, `{"QUERY":"a"}`, `{"query":"a","query":"b"}`, " \n{\"query\":\"\u2028\"}\t",
	hashed(sha(asksEnv), ""), hashed(sha(asksEnv), asksEnv), `{"extensions":{"persistedQuery":{"version":1.0}}}`, "\ufeff{}", `{"query":null}`, `{"query":"a"}{}`,
}

// Whatever a body says, it is understood wholly or refused, and alone as part of an
// upload the same.
func FuzzBody(f *testing.F) {
	for _, body := range bodies {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got := understood(t, post(body))
		if strings.Contains(body, "\r\n--") {
			return // it would end the part
		}
		parts, kind := form(t, "operations", body, "map", "{}")
		r := with(httptest.NewRequest("POST", "/graphql", parts), "Content-Type", kind, "X-Karuta-Client", "web")
		if alone := understood(t, r); string(alone) != string(got) {
			t.Errorf("%q is read as %q, and in a part as %q", body, got, alone)
		}
	})
}

// Whatever follows the question mark, it is understood wholly or refused.
func FuzzQueryString(f *testing.F) {
	for _, body := range bodies {
		f.Add("query=" + url.QueryEscape(asksEnv) + "&variables=" + url.QueryEscape(body))
		f.Add("extensions=" + url.QueryEscape(body))
	}
	f.Add("query=a&query=b")
	f.Add("documentId=%zz;query=a&operationName=%00")
	f.Fuzz(func(t *testing.T, query string) {
		r := with(httptest.NewRequest("GET", "/graphql", nil), "X-Karuta-Client", "web")
		r.URL.RawQuery = query
		understood(t, r)
	})
}

// Whatever an upload is made of, it is understood wholly or refused; the file is what
// the part says.
func FuzzMultipart(f *testing.F) {
	const operations = `{"query":"{ a }","variables":{"file":null,"in":{"file":null}}}`
	for _, parts := range [][]string{
		{"operations", operations, "map", `{"0":["variables.file"]}`, "0", "a,b\r\n1,2"},
		{"operations", operations, "map", `{"0":["variables.in.file"]}`, "0", ""},
		{"operations", operations, "map", `{"0":["variables.file","variables.file"]}`, "0", "a"},
		{"map", `{}`, "operations", operations},
		{"operations", operations, "map", `{}`},
		{"operations", operations, "map", `{"0":["variables.in"],"1":["variables.file"]}`, "1", "x", "0", "y"},
	} {
		body, kind := form(f, parts...)
		_, boundary, _ := strings.Cut(kind, "boundary=")
		f.Add(boundary, bytes.ReplaceAll(body.Bytes(), []byte(boundary), []byte("b")))
		f.Add("b", bytes.ReplaceAll(body.Bytes(), []byte(boundary), []byte("b")))
	}
	f.Add("", []byte("----\r\n"))
	f.Add("b", []byte("--b\r\nContent-Disposition: form-data; name=operations\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{=\r\n}\r\n--b--"))
	f.Fuzz(func(t *testing.T, boundary string, body []byte) {
		r := with(httptest.NewRequest("POST", "/graphql", bytes.NewReader(body)), "X-Karuta-Client", "web")
		r.Header.Set("Content-Type", `multipart/form-data; boundary="`+boundary+`"`)
		understood(t, r)
	})
}
