package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// copChecks are the checks of graphql-cop 1.15 by their names: what it sends, and
// what it would call a finding.
var copChecks = map[string]struct {
	request func() *http.Request
	finding func(a *answered) bool
}{
	"field_suggestions":            {sentPost(`{ __schema { directive } }`), says("Did you mean")},
	"introspection":                {sentPost(`{ __schema { types { name fields { name } } } }`), hasData},
	"circular_query_introspection": {sentPost(`{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }`), hasData},
	"alias_overloading":            {sentPost(`{ ` + aliases(101) + ` }`), hasData},
	"directive_overloading":        {sentPost(`{ __typename ` + strings.Repeat("@aa", 10) + ` }`), func(a *answered) bool { return len(a.Errors) == 10 }},
	"trace_mode":                   {sentPost(`{ __typename }`), says("tracing")},
	"unhandled_error_detection":    {sentPost(`qwerty cop { abc }`), says("exception")},
	"batch_query":                  {batched, func(a *answered) bool { return a.StatusCode == 200 }},
	"get_method_support":           {byGet(`query cop {__typename}`), hasData},
	"get_based_mutation":           {byGet(`mutation cop {__typename}`), hasData},
	"detect_graphiql":              {byGet("", "Accept", "text/html"), says("GraphiQL")},
	"post_based_csrf":              {asForm, hasData},
	// The tool leaves this one out, as do we by its measure: a field that is asked
	// for 500 times is answered once, and more than the limits allow is refused.
	"field_duplication": {sentPost(`{ ` + strings.Repeat("__typename ", 500) + `}`), func(a *answered) bool { return strings.Count(a.text, "__typename") > 1 }},
}

// Nothing for graphql-cop to find, for nobody and for an ordinary person, outside
// of somebody's own machine.
func TestGraphQLCop(t *testing.T) {
	h := newHouse(t, outside)
	_, token := h.user(core.RoleUser)
	for name, check := range copChecks {
		for _, as := range []string{"", token} {
			r := check.request()
			if as != "" && r.Method == "POST" {
				bearing(r, as)
			}
			if a := h.send(r); check.finding(a) {
				t.Errorf("%s: %d %.300s", name, a.StatusCode, a.text)
			}
		}
	}
}

func sentPost(query string) func() *http.Request {
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		panic(err) // a text
	}
	return func() *http.Request { return post(string(body)) }
}

func byGet(query string, headers ...string) func() *http.Request {
	return func() *http.Request { return get("/graphql?"+url.Values{"query": {query}}.Encode(), headers...) }
}

func batched() *http.Request {
	return post(`[` + strings.Repeat(`{"query":"query cop { __typename }"},`, 9) + `{"query":"query cop { __typename }"}]`)
}

func asForm() *http.Request {
	body := url.Values{"query": {`query cop { __typename }`}}.Encode()
	return with(httptest.NewRequest("POST", "/graphql", strings.NewReader(body)), "Content-Type", "application/x-www-form-urlencoded")
}

func says(word string) func(*answered) bool {
	return func(a *answered) bool { return strings.Contains(a.text, word) }
}

func hasData(a *answered) bool { return a.Data != nil }
