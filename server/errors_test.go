package server_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/server"
)

// API-5: whatever goes wrong at a field, with whichever code and on whichever
// transport, the error has the same form, and nothing of its cause.
func TestErrorsHaveOneForm(t *testing.T) {
	h := newHouse(t)
	_, token := h.user(core.RoleUser)
	transports := h.transports("Bearer " + token)
	words := map[string]any{"max": "5 MB", "candidates": "UTF-8", "seconds": 30, "line": 2, "type": "int"} // that sentences of some codes have
	for _, code := range core.Codes() {
		for name, failure := range map[string]*core.Error{
			"bare":  {Code: code, Args: words, Cause: errors.New("a secret cause")},
			"whole": {Code: code, Field: "input.name", Reason: "no such reason", Args: words, Details: map[string]any{"retryAfter": 7, "hint": "wait"}, Cause: errors.New("a secret cause")},
		} {
			h.handler.(*server.Handler).FailWith(func() error { return fmt.Errorf("around: %w", failure) })
			for transport, ask := range transports {
				a := ask(`{"query":"{ again: me { id } }"}`)
				if problem := a.ill(code); problem != "" || fmt.Sprint(a.Errors[0].Path) != "[again]" {
					t.Errorf("%s, %s, %s: %s: %s", code, name, transport, problem, a.text)
					continue
				}
				e := a.Errors[0].Extensions
				if name == "whole" && (e["field"] != "input.name" || e["retryAfter"] != 7.0 || e["hint"] != "wait") || name == "bare" && (e["field"] != nil || e["retryAfter"] != nil) {
					t.Errorf("%s, %s, %s: %s", code, name, transport, a.text)
				}
			}
		}
	}
}

// ill is what is wrong with the form of an answer that is an error of the code.
func (a *answered) ill(code core.Code) string {
	if len(a.Errors) != 1 {
		return "not one error"
	}
	e := a.Errors[0]
	id, _ := e.Extensions["requestId"].(string)
	switch {
	case e.Message == "" || strings.Contains(e.Message, "{"):
		return "no message"
	case a.code() != string(code):
		return "another code"
	case e.Extensions["httpStatus"] != float64(code.HTTPStatus()):
		return "another status"
	case id == "" || a.Extensions != nil && a.Extensions["requestId"] != id:
		return "another request's id"
	case strings.Contains(a.text, "secret") || strings.Contains(a.text, "around"):
		return "it tells the cause"
	}
	return ""
}

// What is refused before anything runs has that form, too, without a path; so have the
// bounds of pages and of depth.
func TestRefusalsHaveOneForm(t *testing.T) {
	h := newHouse(t)
	_, token := h.user(core.RoleUser)
	deep := "dashboards { nodes { owner { " + strings.Repeat("groups { members { nodes { user { ", 2) + "groups { id }" + strings.Repeat(" } } } }", 2) + " } } }"
	for name, c := range map[string]struct {
		body string
		code core.Code
	}{
		"not valid":      {`{"query":"{ nothing }"}`, core.CodeGraphQLValidation},
		"no operation":   {`{"query":"query A { me { id } }","operationName":"B"}`, core.CodeValidation},
		"no such id":     {`{"documentId":"none"}`, core.CodeNotFound},
		"no such hash":   {hashed(sha("{ none }"), ""), core.CodeNotPersisted},
		"wrong hash":     {hashed(sha("{ none }"), "{ me { id } }"), core.CodeValidation},
		"no variable":    {`{"query":"query($id: ID!) { dashboard(id: $id) { id } }"}`, core.CodeValidation},
		"wrong variable": {`{"query":"query($id: ID!) { dashboard(id: $id) { id } }","variables":{"id":[]}}`, core.CodeValidation},
		"roots":          {`{"query":"{ ` + strings.Repeat("me { id } ", 41) + `}"}`, core.CodeQueryCost},
		"a file":         {`{"query":"{ me { id ... @defer { name } } }"}`, core.CodeValidation},
		"page":           {`{"query":"{ dashboards(first: 101) { nodes { id } } }"}`, core.CodeValidation},
		"depth":          {`{"query":"{ ` + deep + ` }"}`, core.CodeQueryCost},
	} {
		for transport, ask := range h.transports("Bearer " + token) {
			a := ask(c.body)
			if problem := a.ill(c.code); problem != "" || a.Data["me"] != nil || len(a.Errors[0].Path) > 0 && name != "page" {
				t.Errorf("%s, %s: %s: %s", name, transport, problem, a.text)
			}
		}
	}
}
