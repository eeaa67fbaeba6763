package server_test

import (
	"strconv"
	"strings"
	"testing"
)

// What JSON and GraphQL themselves make possible: numbers that are none, deep
// nesting, text that is not UTF-8, values written into the document.
func TestExtremeRequests(t *testing.T) {
	c := newCompany(t)
	h, file := c.open(t)
	asking := func(variables string) string {
		return `{"query":"query($first: Int) { cards(first: $first) { nodes { id } } }","variables":` + variables + `}`
	}
	literal := func(document string) string {
		return `{"query":` + strconv.Quote(document) + `}`
	}
	making := func(value string) string {
		return literal(`mutation { createCard(input: {name: "x", code: "x", datasetId: "` + c.ids["dataset"] + `", params: ` + value + `}) { card { params } } }`)
	}
	for name, r := range map[string]struct {
		body, code, field string
		status            int
	}{
		"NaN":                        {asking(`{"first": NaN}`), "VALIDATION_ERROR", "", 400},
		"infinity":                   {asking(`{"first": 1e99999}`), "VALIDATION_ERROR", "first", 200},
		"minus zero":                 {asking(`{"first": -0}`), "VALIDATION_ERROR", "first", 200},
		"a number of 100,000 digits": {asking(`{"first": ` + strings.Repeat("9", 100_000) + `}`), "VALIDATION_ERROR", "first", 200},
		"lists in lists":             {asking(`{"first": ` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`), "VALIDATION_ERROR", "first", 200},
		"too many lists in lists":    {asking(`{"first": ` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`), "VALIDATION_ERROR", "", 400},
		"the same name twice":        {asking(`{"first": 5, "first": 0}`), "VALIDATION_ERROR", "first", 200},
		"a document in itself":       {literal(strings.Repeat("{ node ", 500) + strings.Repeat("}", 500)), "GRAPHQL_VALIDATION_FAILED", "", 200},
		"a document that never ends": {literal(strings.Repeat("{ a ", 1500)), "GRAPHQL_PARSE_FAILED", "", 200},
		"a fragment in itself":       {literal(`{ me { ...f } } fragment f on User { groups { members { nodes { user { ...f } } } } }`), "GRAPHQL_VALIDATION_FAILED", "", 200},
		"an object in an object":     {making(strings.Repeat("{a: ", 400) + "1" + strings.Repeat("}", 400)), "", "", 200},
		"no object":                  {making(`"{}"`), "VALIDATION_ERROR", "input.params", 200},
		"a word":                     {making(`NaN`), "VALIDATION_ERROR", "input.params", 200},
		"a number beyond all":        {literal(`{ cards(first: 99999999999999999999) { nodes { id } } }`), "GRAPHQL_VALIDATION_FAILED", "", 200},
		"an enum as a text":          {literal(`mutation { createShare(input: {dashboardId: "x", target: {type: "USER", id: "x"}, permission: VIEWER}) { share { id } } }`), "GRAPHQL_VALIDATION_FAILED", "", 200},
		"not UTF-8":                  {"{\"query\":\"{ node(id: \\\"\xff\xfe\\\") { id } }\"}", "VALIDATION_ERROR", "", 400},
	} {
		t.Run(name, func(t *testing.T) {
			a := h.send(bearing(post(r.body, "Accept-Language", "en"), c.tokens["owner"]))
			if a.StatusCode != r.status || a.code() != r.code || a.field() != r.field {
				t.Fatalf("%d %q at %q: %.500s", a.StatusCode, a.code(), a.field(), a.text)
			}
			if r.code == "VALIDATION_ERROR" && r.status == 200 {
				a.plain(t, true)
			}
			if r.code != "" && len(a.text) > 5000 {
				t.Errorf("repeats what it got: %d bytes", len(a.text))
			}
		})
	}
	h.close()
	kept := 0
	for place := range contents(t, file) {
		if strings.HasPrefix(place, "t/cards CARD#") && strings.Contains(place, "METADATA") {
			kept++
		}
	}
	if kept != 4 { // the world's three, and the one that was good
		t.Errorf("there are %d cards", kept)
	}
}
