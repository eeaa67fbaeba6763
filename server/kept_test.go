package server_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/server"
)

// givenAgain are the rows of the matrix whose documents ask for what is stored alone.
var givenAgain = []string{
	"Query.card", "Query.card/spare", "Query.cards", "Query.dashboards", "Query.dataset", "Query.dataset/unused", "Query.datasets", "Query.datasets/all",
	"Query.filterView/own", "Query.group", "Query.groups", "Query.me", "Query.transforms", "Query.transforms/all", "Query.users",
}

// Issue 6: an answer that is given again is the one that would be made anew, for every
// root field and everybody.
func TestAnswersThatAreGivenAgain(t *testing.T) {
	c := newCompany(t)
	h, _ := c.open(t)
	order, answers := rows(t, matrix)
	given := map[string]bool{}
	for _, row := range order {
		if !strings.HasPrefix(row, "Query.") {
			continue
		}
		document := c.fill(asked[row])
		for _, actor := range actors[1:] {
			h.askByHash(c.tokens[actor], document)
			again := h.askByHash(c.tokens[actor], document)
			if !again.kept() {
				continue
			}
			given[row] = true
			if fresh := h.ask(c.tokens[actor], document, nil); answers[row][actor].answer != "ok" || !reflect.DeepEqual(again.Data, fresh.Data) || len(again.Errors) > 0 {
				t.Errorf("%s as %s: %s, anew %s", row, actor, again.text, fresh.text)
			}
		}
	}
	if got := slices.Sorted(maps.Keys(given)); !slices.Equal(got, givenAgain) {
		t.Errorf("given again: %q", got)
	}
}

// What is given again is told to be, costs what it cost, and is counted as any answer.
func TestHowAnswersAreGivenAgain(t *testing.T) {
	h := newHouse(t)
	id, token := h.user(core.RoleUser)
	_, other := h.user(core.RoleUser)
	const document = `query($first: Int = 5, $more: Boolean = false) { dashboards(first: $first) { nodes { id name myPermission owner { id } } } me @include(if: $more) { id } }`
	ask := func(token, variables string, headers ...string) *answered {
		body := strings.TrimSuffix(hashed(sha(document), ""), "}") + `,"variables":` + variables + "}"
		return h.send(post(body, append(headers, "Authorization", "Bearer "+token)...))
	}
	h.Dashboard(&core.User{ID: id}, nil)
	first := h.askByHash(token, document)
	again := ask(token, `{}`)
	if first.kept() || again.Header.Get("Cache-Status") != "Karuta; hit" || !reflect.DeepEqual(again.Data, first.Data) || !reflect.DeepEqual(again.Extensions["cost"], first.Extensions["cost"]) ||
		again.Extensions["requestId"] == first.Extensions["requestId"] {
		t.Errorf("first %v %s, again %v %s", first.Header, first.text, again.Header, again.text)
	}
	for name, a := range map[string]*answered{
		"another person":   ask(other, `{}`),
		"other variables":  ask(token, `{"first":1}`),
		"more":             ask(token, `{"more":true}`),
		"another language": ask(token, `{}`, "Accept-Language", "en"),
		"a text":           h.ask(token, document, nil),
		"a dry run":        ask(token, `{}`, "X-Karuta-Dry-Run", "1"),
		"a bad variable":   ask(token, `{"first":"x"}`),
	} {
		if a.kept() {
			t.Errorf("%s: %s", name, a.text)
		}
	}
	if same := ask(token, `{"first":5,"more":false}`); !same.kept() {
		t.Errorf("the same in other words: %s", same.text)
	}
	h.Dashboard(&core.User{ID: id}, nil)
	if anew := ask(token, `{}`); anew.kept() || strings.Count(anew.text, `"myPermission"`) != 2 {
		t.Errorf("after a change: %s", anew.text)
	}
}

// Nothing is given again where that is turned off, or what was asked for is not stored.
func TestAnswersThatAreMadeAnew(t *testing.T) {
	off := newHouse(t, func(d *server.Deps) { d.KeepAnswers = 0 })
	_, token := off.user(core.RoleUser)
	for range 2 {
		if a := off.askByHash(token, `{ me { id } }`); a.kept() || a.code() != "" {
			t.Error(a.text)
		}
	}
	h := newHouse(t)
	_, token = h.user(core.RoleUser)
	for _, document := range []string{
		`{ me { id } serverInfo { env } }`, `{ me { id } mySessions { id } }`, `{ me { id owned { dashboards } } }`, `{ dashboards { nodes { cards { result { html } } } } }`,
		`{ datasets { nodes { preview { rows } } } }`, `{ dashboards { nodes { filterViews { nodes { resolvedFilters { column } } } } } }`, `{ me { id ... @defer { name } } }`,
		`mutation { updateProfile(input: {name: "N"}) { user { id } } }`,
	} {
		for range 2 {
			if a := h.askByHash(token, document); a.kept() || a.StatusCode != 200 {
				t.Errorf("%s: %s", document, a.text)
			}
		}
	}
}
