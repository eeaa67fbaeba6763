package server_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/apq"
	"github.com/karuta-bi/karuta/server"
)

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// hashed is the body of a request that names a document by its hash, and brings
// it along where the text is not "".
func hashed(hash, text string) string {
	body := map[string]any{"extensions": map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hash}}}
	if text != "" {
		body["query"] = text
	}
	line, err := json.Marshal(body)
	if err != nil {
		panic(err) // texts
	}
	return string(line)
}

const asksEnv = `{ serverInfo { env } }`

// API-6: automatic persisted queries as Apollo's clients speak them.
func TestPersistedQueries(t *testing.T) {
	h := newHouse(t)
	for _, accept := range []string{"application/json", "application/graphql-response+json"} {
		document := asksEnv + " #" + accept
		miss := h.send(post(hashed(sha(document), ""), "Accept", accept))
		if miss.StatusCode != 200 || miss.code() != "PERSISTED_QUERY_NOT_FOUND" || miss.Errors[0].Message != "PersistedQueryNotFound" ||
			miss.Header.Get("Cache-Control") != "no-store" || strings.Contains(miss.text, `"data"`) {
			t.Fatalf("%d %v %s", miss.StatusCode, miss.Header, miss.text)
		}
		for _, text := range []string{document, ""} {
			if a := h.send(post(hashed(sha(document), text), "Accept", accept)); a.code() != "" || a.Data["serverInfo"] == nil {
				t.Fatalf("with %q: %s", text, a.text)
			}
		}
		params := url.Values{"extensions": {`{"persistedQuery":{"version":1,"sha256Hash":"` + sha(document) + `"}}`}}
		r := with(httptest.NewRequest("GET", "/graphql?"+params.Encode(), nil), "Accept", accept, "Apollo-Require-Preflight", "1")
		if a := h.send(r); a.Data["serverInfo"] == nil {
			t.Fatalf("by GET: %s", a.text)
		}
	}
}

func TestPersistedQueriesAskedWrongly(t *testing.T) {
	h := newHouse(t)
	hash := sha(asksEnv)
	for said, field := range map[string]string{
		`7`:                             "extensions.persistedQuery",
		`[]`:                            "extensions.persistedQuery",
		`{"sha256Hash":"` + hash + `"}`: "extensions.persistedQuery.version",
		`{"version":2,"sha256Hash":"` + hash + `"}`:   "extensions.persistedQuery.version",
		`{"version":"1","sha256Hash":"` + hash + `"}`: "extensions.persistedQuery.version",
		`{"version":1}`:                                                      "extensions.persistedQuery.sha256Hash",
		`{"version":1,"sha256Hash":7}`:                                       "extensions.persistedQuery.sha256Hash",
		`{"version":1,"sha256Hash":"` + hash[1:] + `"}`:                      "extensions.persistedQuery.sha256Hash",
		`{"version":1,"sha256Hash":"` + strings.ToUpper(hash) + `"}`:         "extensions.persistedQuery.sha256Hash",
		`{"version":1,"sha256Hash":"` + sha("{ something { else } }") + `"}`: "extensions.persistedQuery.sha256Hash",
	} {
		a := h.send(post(`{"query":"` + asksEnv + `","extensions":{"persistedQuery":` + said + `}}`))
		if a.StatusCode != 400 || a.code() != "VALIDATION_ERROR" || a.field() != field {
			t.Errorf("%s: %d %s", said, a.StatusCode, a.text)
		}
	}
	if a := h.send(post(`{"query":"` + asksEnv + `","extensions":{"persistedQuery":null}}`)); a.code() != "" {
		t.Errorf("null: %s", a.text)
	}
	if a := h.send(post(hashed(hash, ""))); a.code() != "PERSISTED_QUERY_NOT_FOUND" {
		t.Errorf("something was kept: %s", a.text)
	}
}

// What is wrong is not kept and drives nothing out; what is good stays within
// its bytes, and what was used last stays longest.
func TestPersistedQueriesAreBounded(t *testing.T) {
	const most = 20 << 10
	h := newHouse(t, func(d *server.Deps) { d.Persisted = apq.New(most, nil, d.Log) })
	kept := func(document string) bool {
		t.Helper()
		a := h.send(post(hashed(sha(document), "")))
		if code := a.code(); code != "" && code != "PERSISTED_QUERY_NOT_FOUND" {
			t.Fatal(a.text)
		}
		return a.code() == ""
	}
	send := func(document string) { h.send(post(hashed(sha(document), document))) }
	send(asksEnv)
	for i := range 100 {
		padding := strings.Repeat(" ", 1000)
		for _, wrong := range []string{fmt.Sprintf("{ none%d%s }", i, padding), fmt.Sprintf("{ serverInfo %d%s", i, padding)} {
			send(wrong)
			if kept(wrong) {
				t.Fatalf("%q is kept", wrong)
			}
		}
	}
	if !kept(asksEnv) {
		t.Fatal("what is wrong has driven out what is good")
	}
	long := func(i int) string { return asksEnv + " #" + strings.Repeat(fmt.Sprint(i%10), 3000) }
	for i := range 10 {
		send(long(i))
		if !kept(asksEnv) {
			t.Fatal("what is used all the time is gone")
		}
	}
	held := 0
	for i := range 10 {
		if kept(long(i)) {
			held += 3000
		}
	}
	if held == 0 || held > most {
		t.Errorf("%d bytes are kept", held)
	}
	if send(asksEnv + " #" + strings.Repeat("x", most)); kept(asksEnv + " #" + strings.Repeat("x", most)) {
		t.Error("more than all bytes are kept")
	}
}

// Clients that are told that nothing is kept send their text from then on.
func TestPersistedQueriesTurnedOff(t *testing.T) {
	h := newHouse(t, func(d *server.Deps) { d.Persisted = apq.New(0, nil, d.Log) })
	hash := sha(asksEnv)
	for range 2 {
		if a := h.send(post(hashed(hash, ""))); a.code() != "PERSISTED_QUERY_NOT_SUPPORTED" || a.StatusCode != 200 {
			t.Errorf("by hash: %s", a.text)
		}
		if a := h.send(post(hashed(hash, asksEnv))); a.code() != "" {
			t.Errorf("with text: %s", a.text)
		}
	}
}
