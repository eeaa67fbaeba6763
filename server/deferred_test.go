package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// inParts is what Apollo Client 4 sends where it takes an answer in parts.
const inParts = "multipart/mixed;deferSpec=20220824,application/graphql-response+json,application/json;q=0.9"

// deferring asks for dashboards with their owners later, in two fragments that
// have the same label.
const deferring = `{ dashboards(first: 3) { nodes { id ... @defer(label: "owner") { owner { id } } ... @defer(label: "owner") { owner { email } } } } }`

// What is deferred comes later, part by part, as gqlgen and Apollo's clients know it.
func TestAnswersInParts(t *testing.T) {
	h := newHouse(t)
	id, token := h.user(core.RoleUser)
	for range 3 {
		h.ask(token, `mutation { createDashboard(input: {name: "x"}) { dashboard { id } } }`, nil)
	}
	web := httptest.NewServer(h.handler)
	defer web.Close()
	r, err := http.NewRequest("POST", web.URL+"/graphql", strings.NewReader(body(t, deferring)))
	must(t, err)
	answer, err := web.Client().Do(bearing(with(r, "Accept", inParts, "Content-Type", "application/json"), token))
	must(t, err)
	defer func() { _ = answer.Body.Close() }()
	kind, params, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" || params["deferspec"] != "20220824" || answer.Header.Get("X-Accel-Buffering") != "no" {
		t.Fatalf("%v: %v", err, answer.Header)
	}
	got := parts(t, multipart.NewReader(answer.Body, params["boundary"]))
	if n := strings.Count(fmt.Sprint(got[0]), "owner"); n != 0 || got[0]["hasNext"] != true {
		t.Errorf("first: %v", got[0])
	}
	var places []string
	for i, part := range got[1:] {
		if part["hasNext"] != (i < len(got)-2) {
			t.Errorf("part %d: hasNext %v", i, part["hasNext"])
		}
		for _, later := range objects(part["incremental"]) {
			places = append(places, fmt.Sprint(later["path"], later["label"]))
			if owner := later["data"].(map[string]any)["owner"].(map[string]any); owner["id"] != id || owner["email"] == "" {
				t.Errorf("owner: %v", owner)
			}
		}
	}
	slices.Sort(places)
	want := []string{"[dashboards nodes 0]owner", "[dashboards nodes 1]owner", "[dashboards nodes 2]owner"}
	if !slices.Equal(places, want) {
		t.Errorf("parts at %q", places)
	}
}

func parts(t *testing.T, from *multipart.Reader) (all []map[string]any) {
	t.Helper()
	for {
		part, err := from.NextPart()
		if err == io.EOF {
			return all
		}
		must(t, err)
		var object map[string]any
		must(t, json.NewDecoder(part).Decode(&object))
		all = append(all, object)
	}
}

func objects(list any) (all []map[string]any) {
	items, _ := list.([]any)
	for _, item := range items {
		all = append(all, item.(map[string]any))
	}
	return all
}

// Where parts cannot be sent, deferring is refused; nothing is left out in silence.
func TestPartsThatCannotBeSent(t *testing.T) {
	h := newHouse(t)
	_, token := h.user(core.RoleUser)
	many := "{ " + strings.Repeat("... @defer { me { id } } ", 21) + "}"
	for name, c := range map[string]struct{ accept, document, code string }{
		"plain JSON":             {"application/json", deferring, "VALIDATION_ERROR"},
		"no Accept":              {"", deferring, "VALIDATION_ERROR"},
		"another form of parts":  {"multipart/mixed;incrementalSpec=v0.2, application/json", deferring, "VALIDATION_ERROR"},
		"parts for events":       {"multipart/mixed;subscriptionSpec=1.0, application/json", deferring, "VALIDATION_ERROR"},
		"parts not wanted":       {"multipart/mixed;deferSpec=20220824;q=0, application/json", deferring, "VALIDATION_ERROR"},
		"in a fragment":          {"application/json", "{ me { ...f } } fragment f on User { id ... @defer { name } }", "VALIDATION_ERROR"},
		"a mutation":             {inParts, "mutation { logout { ... @defer { loggedOut } } }", "VALIDATION_ERROR"},
		"too many":               {inParts, many, "QUERY_COST"},
		"nothing that is slow":   {inParts, "{ me { id ... @defer { name } } }", ""},
		"nothing to defer":       {inParts, "{ me { id ... @defer(if: false) { name } } }", ""},
		"takes parts, gets none": {inParts, "{ me { id } }", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := bearing(post(body(t, c.document)), token)
			if c.accept != "" {
				r.Header.Set("Accept", c.accept)
			}
			a := h.send(r)
			if a.code() != c.code || c.code == "" && a.Data["me"] == nil {
				t.Errorf("%d %s", a.StatusCode, a.text)
			}
		})
	}
}

// body is a request for the document.
func body(t *testing.T, document string) string {
	t.Helper()
	text, err := json.Marshal(map[string]string{"query": document})
	must(t, err)
	return string(text)
}
