package server_test

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// Issue 3: every root field, asked by everybody, answers as declared; a denial
// changes nothing and is audited, and nobody reads what is not theirs to read.
func TestPermissionMatrix(t *testing.T) {
	c := newCompany(t)
	before := contents(t, c.file)
	order, answers := rows(t, matrix)
	for _, row := range order {
		t.Run(row, func(t *testing.T) {
			t.Parallel()
			for _, actor := range actors {
				t.Run(actor, func(t *testing.T) { c.attempt(t, row, actor, answers[row][actor], before) })
			}
		})
	}
}

func (c *company) attempt(t *testing.T, row, actor string, want declared, before map[string]string) {
	h, file := c.open(t)
	a := h.try(c.tokens[actor], c.fill(asked[row]))
	if got := a.outcome(t); got != want.answer {
		t.Fatalf("%s, want %s: %.500s", got, want.answer, a.text)
	}
	denials := h.denials(c.ids[actor])
	if want.audited != (len(denials) > 0) || len(denials) > 1 && row != "Query.nodes" {
		t.Errorf("%d denials in the audit log", len(denials))
	}
	c.discreet(t, actor, a.text)
	h.close()
	if want.answer != "ok" {
		same(t, file, before)
		h.nothingKept(t)
	}
}

// nothingKept fails the test where an object was stored.
func (h *house) nothingKept(t *testing.T) {
	t.Helper()
	if keys := h.blobs.Keys(); len(keys) > 0 {
		t.Errorf("objects are kept: %v", keys)
	}
}

// discreet fails the test where somebody is told what they may not know.
func (c *company) discreet(t *testing.T, actor, text string) {
	t.Helper()
	switch actor {
	case "owner", "admin":
		return
	case "viewer", "editor", "coowner", "member":
	default:
		if strings.Contains(text, inside) {
			t.Errorf("an outsider reads %s", text)
		}
	}
	if strings.Contains(text, private) {
		t.Errorf("what is the owner's alone is told: %s", text)
	}
}

// try asks a document, with a small file where it wants one.
func (h *house) try(token, document string) *answered {
	h.t.Helper()
	if strings.HasPrefix(document, "subscription") {
		return h.first(token, document, nil)
	}
	if !strings.Contains(document, "Upload!") {
		return h.ask(token, document, nil)
	}
	operations, err := json.Marshal(map[string]any{"query": document, "variables": map[string]any{"file": nil}})
	must(h.t, err)
	body, kind := form(h.t, "operations", string(operations), "map", `{"0":["variables.file"]}`, "0", "地域,額\n東京,1\n")
	r := with(httptest.NewRequest("POST", "/graphql", body), "Content-Type", kind, "Apollo-Require-Preflight", "1")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return h.send(r)
}

// outcome is what came of a document with one root field: ok, null, or the code
// of its one error, which stands at the field and has the code's status.
func (a *answered) outcome(t *testing.T) string {
	t.Helper()
	if len(a.Data) != 1 || a.StatusCode != 200 {
		t.Fatalf("%d %s", a.StatusCode, a.text)
	}
	for field, value := range a.Data {
		switch {
		case len(a.Errors) == 0 && nothing(value):
			return "null"
		case len(a.Errors) == 0:
			return "ok"
		case len(a.Errors) > 1 || value != nil || !slices.Equal(a.Errors[0].Path, []any{field}):
			t.Fatalf("more than one refusal: %s", a.text)
		}
	}
	if status := core.Code(a.code()).HTTPStatus(); a.Errors[0].Extensions["httpStatus"] != float64(status) {
		t.Errorf("not the status of the code: %s", a.text)
	}
	return a.code()
}

// nothing is null, or a list of nulls.
func nothing(value any) bool {
	list, ok := value.([]any)
	return value == nil || ok && !slices.ContainsFunc(list, func(v any) bool { return v != nil })
}

// denials are the refusals of the person that the audit log knows.
func (h *house) denials(userID string) []*core.AuditEvent {
	h.t.Helper()
	filter := core.AuditFilter{EventTypes: []core.EventType{core.EventAccessDenied}, From: lately()}
	found, err := h.Audit.Search(core.AsSystem(h.t.Context(), "test"), filter, core.PageArgs{First: core.MaxPage})
	must(h.t, err)
	for _, ev := range found.Nodes {
		if ev.UserID != userID || ev.Outcome != core.OutcomeDenied {
			h.t.Errorf("a denial of somebody else: %+v", ev)
		}
	}
	return found.Nodes
}
