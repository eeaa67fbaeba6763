package server_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
)

// first asks for a subscription and gives the first that it tells, in the form of an
// answer: refused is the field that is null.
func (h *house) first(token, document string, variables map[string]any, headers ...string) *answered {
	h.t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	must(h.t, err)
	ctx, cancel := context.WithCancel(h.t.Context())
	defer cancel()
	r := post(string(body), append(headers, "Accept", "text/event-stream")...).WithContext(ctx)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := &untilFirst{ResponseRecorder: httptest.NewRecorder(), cancel: cancel}
	h.handler.ServeHTTP(w, r)
	a := &answered{Response: w.Result()}
	_, told, _ := strings.Cut(w.Body.String(), "event: next\n")
	_, told, _ = strings.Cut(told, "data: ")
	a.text, _, _ = strings.Cut(told, "\n")
	if err := json.Unmarshal([]byte(a.text), a); err != nil {
		h.t.Fatalf("%v: %s", err, w.Body)
	}
	if a.Data == nil && len(a.Errors) > 0 && len(a.Errors[0].Path) > 0 { // refused at the field
		_, selection, _ := strings.Cut(document, "{ ")
		name := strings.FieldsFunc(selection, func(r rune) bool { return strings.ContainsRune(" {(", r) })[0]
		a.Data = map[string]any{name: nil}
	}
	return a
}

// untilFirst is a reader that leaves after the first event.
type untilFirst struct {
	*httptest.ResponseRecorder
	cancel context.CancelFunc
}

func (w *untilFirst) Flush() {
	if w.ResponseRecorder.Flush(); strings.Contains(w.Body.String(), "event: next") {
		w.cancel()
	}
}
