package server_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/server"
)

// source is what a browser's EventSource is told first.
func (h *house) source(document string, headers ...string) string {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	defer cancel()
	r := with(httptest.NewRequest("GET", "/graphql?query="+url.QueryEscape(document), nil), append(headers, "Accept", "text/event-stream")...)
	w := &untilFirst{ResponseRecorder: httptest.NewRecorder(), cancel: cancel}
	h.handler.ServeHTTP(w, r.WithContext(ctx))
	return w.Body.String()
}

func TestABrowsersEventSource(t *testing.T) {
	h := newHouse(t)
	d, _, viewer, _, token := h.page()
	document := fmt.Sprintf(watchDashboard, d.ID, "")
	cookie := "karuta_session=" + token
	own := h.source(document, "Cookie", cookie, "Sec-Fetch-Site", "same-origin")
	if !strings.Contains(own, `"OPENED"`) || !strings.Contains(own, "\nid: ") || !strings.HasPrefix(own, "retry: ") {
		t.Errorf("a page of ours is told %q", own)
	}
	for name, headers := range map[string][]string{
		"another site": {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, "nobody's page": {}, "a neighbour": {"Sec-Fetch-Site", "same-site"},
	} {
		if got := h.source(document, append(headers, "Cookie", cookie)...); !strings.Contains(got, string(core.CodeForbidden)) || strings.Contains(got, "OPENED") {
			t.Errorf("%s is told %q", name, got)
		}
	}
	_, id, _ := strings.Cut(own, "\nid: ")
	id, _, _ = strings.Cut(id, "\n")
	must(t, h.store.Outbox.Add(t.Context(), core.Notice{UserID: viewer.ID, Kind: core.NoticeShared}))
	again := h.source(`subscription { serviceNotice { kind } }`, "Cookie", cookie, "Sec-Fetch-Site", "same-origin", "Last-Event-ID", id)
	if !strings.Contains(again, `"NOTICE"`) || strings.Contains(again, "OPENED") {
		t.Errorf("who comes back is told %q", again)
	}
	if got := h.source(`mutation { logout { loggedOut } }`, "Cookie", cookie, "Sec-Fetch-Site", "same-origin"); strings.Contains(got, `"loggedOut":true`) {
		t.Errorf("a change came by GET: %q", got)
	}
	if got := h.source(`{ me { id } }`, "Authorization", "Bearer "+token); !strings.Contains(got, viewer.ID) || !strings.Contains(got, "event: complete") {
		t.Errorf("a query is told %q", got)
	}
}

// Spring for GraphQL's client takes for the end whatever block is not an event "next".
func TestAQuietStreamSaysNothingButEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		want := "retry: 3000\n:\n:\nevent: next\ndata: {}\n\nevent: complete\ndata: \n\n"
		if got := server.Quiet(30 * time.Second); got != want {
			t.Errorf("said %q, not %q", got, want)
		}
	})
}
