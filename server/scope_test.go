package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/identity"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/server"
)

// keyOf is a key of the person.
func (h *house) keyOf(userID string, scopes ...string) *identity.IssuedKey {
	h.t.Helper()
	u, err := h.store.Users.Get(h.t.Context(), userID)
	must(h.t, err)
	issued, err := h.identity.CreateAPIKey(h.As(u), identity.NewAPIKey{Name: "帳票", Scopes: scopes, ExpiresAt: store.Now().AddDate(0, 1, 0)})
	must(h.t, err)
	return issued
}

// ATH-8: a key for one root field opens no other, whatever directive stands at
// it, the public ones too; the refusal is recorded, and nothing has run.
func TestKeysReachNoOtherRootField(t *testing.T) {
	c := newCompany(t)
	h, file := c.open(t)
	keys := map[string]string{}
	for _, scope := range []string{"Query.groups", "Query.users"} {
		keys[scope] = h.keyOf(c.ids["admin"], scope).Secret
	}
	h.close()
	before := contents(t, file)
	h = openHouse(t, site{file: file, blobs: accesstest.NewBlobs(), executor: c.executor})
	order, _ := rows(t, matrix)
	documents := map[string]string{}
	for _, row := range order {
		field, _, _ := strings.Cut(row, "/")
		documents[field] = c.fill(asked[row])
	}
	if missing := len(server.RootFields()) - len(documents); missing != 0 {
		t.Fatalf("%d root fields are not asked", missing)
	}
	for field, document := range documents {
		scope := "Query.groups"
		if field == scope {
			scope = "Query.users"
		}
		a := h.try(keys[scope], document)
		if a.code() != string(core.CodeForbidden) || a.Data != nil || !strings.Contains(a.Errors[0].Message, "API") {
			t.Errorf("%s: %s", field, a.text)
		}
		denied := h.Events(core.EventAccessDenied)
		if !slices.ContainsFunc(denied, func(ev *core.AuditEvent) bool {
			return ev.TargetID == field && ev.UserID == c.ids["admin"] && strings.HasPrefix(ev.SessionID, "key_")
		}) {
			t.Errorf("%s: the refusal is not recorded", field)
		}
	}
	h.close()
	unused(t, before, contents(t, file))
}

// unused fails the test where something has changed but when a key was last used.
func unused(t *testing.T, before, after map[string]string) {
	t.Helper()
	for _, place := range []map[string]string{before, after} {
		for name := range place {
			if strings.Contains(name, "/api_keys") {
				delete(place, name)
			}
		}
	}
	if fmt.Sprint(before) != fmt.Sprint(after) {
		t.Error("the store has changed")
	}
}

// However a field is hidden in a document, the key does not reach it; what it
// reaches it gets, with its owner's rights.
func TestKeysByOtherWays(t *testing.T) {
	c := newCompany(t)
	h, _ := c.open(t)
	key := h.keyOf(c.ids["viewer"], "Query.dashboard", "Query.dataset").Secret
	for name, document := range map[string]string{
		"beside a good one": `{ dashboard(id: "<dashboard>") { id } me { id } }`,
		"by another name":   `{ dashboard: me { id } }`,
		"in a fragment":     `{ ...a } fragment a on Query { ...b } fragment b on Query { me { id } }`,
		"inline":            `{ ... on Query { ... { me { id } } } }`,
		"left out":          `{ me @skip(if: true) { id } __typename }`,
		"public":            `{ serverInfo { env } }`,
		"signing in":        `mutation { login(input: {email: "u@example.com", password: "` + password + `"}) { accessToken } }`,
		"another key":       `mutation { createApiKey(input: {name: "x", scopes: ["Query.me"], expiresAt: "<soon>"}) { secret } }`,
	} {
		if a := h.ask(key, c.fill(document), nil); a.code() != string(core.CodeForbidden) || a.Data != nil {
			t.Errorf("%s: %s", name, a.text)
		}
	}
	a := h.ask(key, c.fill(`{ __typename dashboard(id: "<dashboard>") { id name } }`), nil)
	if a.code() != "" || nothing(a.Data["dashboard"]) {
		t.Errorf("what it covers: %s", a.text)
	}
	if a := h.ask(key, c.fill(`{ dataset(id: "<unused>") { id } }`), nil); a.code() != string(core.CodeNotFound) {
		t.Errorf("what its owner may not see: %s", a.text)
	}
	c.discreet(t, "viewer", a.text)
	for path, status := range map[string]int{"/api/datasets/<dataset>": 200, "/api/audit-logs": 403, "/api/transforms": 403, "/api/ready": 403, "/api/health": 200} {
		if a := h.send(bearing(get(c.fill(path)), key)); a.StatusCode != status {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.text)
		}
	}
	r := post(`{"query":"{ me { id } }"}`, "X-Karuta-Client", "web")
	r.AddCookie(&http.Cookie{Name: "karuta_session", Value: h.keyOf(c.ids["viewer"], "Query.me").Secret})
	if a := h.send(r); a.code() != string(core.CodeInvalidToken) {
		t.Errorf("in a cookie: %s", a.text)
	}
}

// What a key answers once it, or its owner, is gone; and that it stands in no log.
func TestKeysThatHaveEnded(t *testing.T) {
	c := newCompany(t)
	h, _ := c.open(t)
	const document = `{ me { id } }`
	issued := h.keyOf(c.ids["viewer"], "Query.me")
	if a := h.ask(issued.Secret, document, nil); a.code() != "" {
		t.Fatal(a.text)
	}
	wrong := issued.Secret[:len(issued.Secret)-43] + strings.Repeat("A", 43)
	if a := h.ask(wrong, document, nil); a.code() != string(core.CodeInvalidToken) {
		t.Errorf("a wrong secret: %s", a.text)
	}
	a := h.ask(c.tokens["viewer"], `mutation { revokeApiKey(input: {id: "`+issued.Key.ID+`"}) { apiKey { revokedAt } } }`, nil)
	if a.code() != "" {
		t.Fatal(a.text)
	}
	if a := h.ask(issued.Secret, document, nil); a.code() != string(core.CodeInvalidToken) {
		t.Errorf("a revoked key: %s", a.text)
	}
	all, err := h.Audit.Search(core.AsSystem(t.Context(), "test"), core.AuditFilter{From: lately()}, core.PageArgs{First: core.MaxPage})
	must(t, err)
	said := bytes.NewBufferString(h.log.String())
	for _, ev := range all.Nodes {
		fmt.Fprintf(said, "%+v\n", ev)
	}
	if secret := issued.Secret[len(issued.Secret)-43:]; strings.Contains(said.String(), secret) {
		t.Error("a key stands in the log")
	}
}
