package apptest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/core"
)

// Each bad card ends in its own error on the page, with a place for its author
// and a plain sentence for everybody else, and the good card beside it is shown
// every time as if nothing had happened (CD-8, EXE-2, FAIL-7).
func TestBadCards(t *testing.T) {
	apptest.NeedsPython(t)
	k := apptest.Start(t, "EXECUTOR_TIMEOUT_CARD=2")
	author, _ := k.Somebody(t, core.RoleUser)
	reader, u := k.Somebody(t, core.RoleUser)
	dataset := author.ImportCSV(t, "numbers", "numbers.csv", strings.NewReader("a\n1\n2\n"))
	bad := map[string]string{
		"def render(dataset, filters, params):\n    return 'x\n": "EXECUTION_ERROR",
		"x = 1\n": "EXECUTION_ERROR",
		"def render(dataset, filters, params):\n    return 3\n":                                                  "EXECUTION_ERROR",
		"def render(dataset, filters, params):\n    raise ValueError('列「売上」がありません')\n":                           "EXECUTION_ERROR",
		"def render(dataset, filters, params):\n    while True: pass\n":                                          "EXECUTION_TIMEOUT",
		"def render(dataset, filters, params):\n    return str(len(bytearray(3 << 30)))\n":                       "MEMORY_LIMIT",
		"def render(dataset, filters, params):\n    return 'x' * (200 << 20)\n":                                  "EXECUTION_ERROR",
		"import os\ndef render(dataset, filters, params):\n    os.fork()\n":                                      "EXECUTION_ERROR",
		"import os\ndef render(dataset, filters, params):\n    os._exit(0)\n":                                    "EXECUTION_ERROR",
		"import socket\ndef render(dataset, filters, params):\n    socket.create_connection(('127.0.0.1', 1))\n": "EXECUTION_ERROR",
	}
	codes := map[string]string{} // by card
	var cards []any
	place := func(code, want string) {
		a := author.Must(t, `mutation($input: CreateCardInput!) { createCard(input: $input) { card { id } } }`,
			map[string]any{"input": map[string]any{"name": "card", "datasetId": dataset, "code": code}})
		codes[a.Str("createCard.card.id")] = want
		cards = append(cards, map[string]any{"cardId": a.Str("createCard.card.id"), "x": 0, "y": len(cards), "w": 12, "h": 1})
	}
	place("def render(dataset, filters, params):\n    return f'<p>{dataset.a.sum()}</p>'\n", "")
	for code, want := range bad {
		place(code, want)
	}
	id := pageOf(t, author, cards)
	author.Must(t, `mutation($input: CreateShareInput!) { createShare(input: $input) { share { id } } }`, map[string]any{"input": map[string]any{
		"dashboardId": id, "target": map[string]any{"type": "USER", "id": u.ID}, "permission": "VIEWER"}})
	for name, who := range map[string]apptest.Client{"author": author, "reader": reader} {
		got := who.Do(t, `query($id: ID!) { dashboard(id: $id) { cards { cardId result(useCache: false) { html } } } }`, map[string]any{"id": id})
		if html := got.Str("dashboard.cards.0.result.html"); html != "<p>3</p>" || len(got.Errors) != len(bad) {
			t.Errorf("%s: the good card shows %q, %d errors", name, html, len(got.Errors))
		}
		for _, e := range got.Errors {
			card := got.Str(fmt.Sprintf("dashboard.cards.%v.cardId", e.Path[2]))
			if e.Code() != codes[card] || fmt.Sprint(e.Path) != fmt.Sprintf("[dashboard cards %v result]", e.Path[2]) {
				t.Errorf("%s: %v %s, want %s", name, e.Path, e.Code(), codes[card])
			}
			if name == "reader" && (e.Extensions["traceback"] != nil || strings.ContainsAny(e.Message, "/_")) {
				t.Errorf("the reader is told %s %v", e.Message, e.Extensions)
			}
		}
	}
}

// pageOf lays the cards out on a new dashboard.
func pageOf(t *testing.T, author apptest.Client, cards []any) (dashboardID string) {
	t.Helper()
	made := author.Must(t, `mutation { createDashboard(input: {name: "cards"}) { dashboard { id version } } }`, nil)
	dashboardID = made.Str("createDashboard.dashboard.id")
	author.Must(t, `mutation($input: UpdateDashboardInput!) { updateDashboard(input: $input) { dashboard { id } } }`, map[string]any{"input": map[string]any{
		"id": dashboardID, "version": made.Get("createDashboard.dashboard.version"), "layout": map[string]any{"cards": cards}}})
	return dashboardID
}
