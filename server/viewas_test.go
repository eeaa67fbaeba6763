package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// through puts what a document asks for under viewAs.
func through(document, userID string) string {
	depth := 0
	for i, c := range document {
		switch c {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return `{ viewAs(userId: "` + userID + `") ` + document[:i+1] + " }" + document[i+1:]
			}
		}
	}
	panic("no selection in " + document)
}

// told is an answer as it came: the data below viewAs where it is there, and
// each error without what names the request.
func (a *answered) told(t *testing.T) string {
	t.Helper()
	var whole struct{ Data json.RawMessage }
	must(t, json.Unmarshal([]byte(a.text), &whole))
	data := string(whole.Data)
	if seen, there := strings.CutPrefix(data, `{"viewAs":`); there {
		data = strings.TrimSuffix(seen, "}")
	}
	var problems []string
	for _, e := range a.Errors {
		delete(e.Extensions, "requestId")
		path := slices.DeleteFunc(e.Path, func(step any) bool { return step == "viewAs" })
		problems = append(problems, fmt.Sprint(path, e.Message, e.Extensions))
	}
	slices.Sort(problems)
	return data + strings.Join(problems, "\n")
}

// seenBy are documents over everything that View has, by name. A session is left
// out: which one is at work is told of who looks.
func seenBy() map[string]string {
	all := map[string]string{
		"dashboard/places": `{ dashboard(id: "<dashboard>") { myPermission shares { id permission target { __typename ... on Group { name members { nodes { userId } } } } }
			cards { cardId x y w h card { name code params dataset { name path preview { rows } versions { nodes { number } } } } result { html log } rows { rows totalRows } } } }`,
		"dataset/values":    `{ dataset(id: "<dataset>") { columnValues(column: "地域", dashboardId: "<dashboard>") { values } } }`,
		"dashboard/views":   `{ dashboard(id: "<dashboard>") { filterViews { nodes { id name filters { values } isShared } } defaultFilterView { id name } accessRequests { id } } }`,
		"node/view":         `{ node(id: "<own view>") { id ... on FilterView { name filters { values } } } }`,
		"dashboard/foreign": `{ dashboard(id: "<foreign dashboard>") { id name cards { result { html } } } }`,
		"node/people":       `{ node(id: "<coowner>") { ... on User { id name role locale groups { id } attributes { name values } piiAccess } } }`,
	}
	for row, document := range asked {
		field, _, _ := strings.Cut(strings.TrimPrefix(row, "Query."), "/")
		if slices.Contains(strings.Fields("me node dashboard dashboards filterView dataset datasets card cards group groups"), field) && row != "Query.datasets/all" && row != "Query.node/session" {
			all[row] = strings.ReplaceAll(document, " url }", " }") // signed for the moment
		}
	}
	return all
}

// Issue 4: through viewAs an administrator sees byte for byte what the person
// sees, whether it is shown or refused, and leaves nothing behind in their name.
func TestViewAsShowsWhatThePersonSees(t *testing.T) {
	c := newCompany(t)
	h, file := c.open(t)
	documents := seenBy()
	for _, person := range strings.Fields("stranger viewer editor coowner owner member admin guest ended") {
		if person == "guest" || person == "ended" { // have no session of the world's
			in, err := h.identity.Mint(core.AsSystem(t.Context(), "test"), c.ids[person])
			must(t, err)
			c.tokens[person] = in.Token
		}
		for _, name := range slices.Sorted(maps.Keys(documents)) {
			document := c.fill(documents[name])
			own := h.ask(c.tokens[person], document, nil).told(t)
			seen := h.ask(c.tokens["admin"], through(document, c.ids[person]), nil).told(t)
			if own != seen {
				t.Errorf("%s by %s:\n%s\nis seen as\n%s", name, person, own, seen)
			}
		}
	}
	h.close()
	same(t, file, contents(t, c.file))
}

// A look is recorded as the look of who looks, before anything is shown, and
// stands in for no look of the person's own.
func TestViewAsIsRecorded(t *testing.T) {
	c := newCompany(t)
	h, _ := c.open(t)
	look := c.fill(`{ dashboard(id: "<dashboard>") { id } card(id: "<spare>") { id } }`)
	h.ask(c.tokens["admin"], through(look, c.ids["viewer"]), nil)
	h.ask(c.tokens["viewer"], look, nil)
	admin, viewer := c.ids["admin"], c.ids["viewer"]
	for kind, want := range map[core.EventType][]string{
		core.EventViewedAs:        {admin + " on " + viewer + " as "},
		core.EventDashboardViewed: {admin + " on " + c.ids["dashboard"] + " as " + viewer, viewer + " on " + c.ids["dashboard"] + " as "},
		core.EventAccessDenied:    {admin + " on " + c.ids["spare"] + " as " + viewer, viewer + " on " + c.ids["spare"] + " as "},
	} {
		var got []string
		for _, ev := range h.Events(kind) {
			got = append(got, ev.UserID+" on "+ev.TargetID+" as "+ev.Details["viewedAs"])
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: recorded %q, want %q", kind, got, want)
		}
	}
}

// Who asks and those they look through share nothing that was read or decided,
// though all of it is asked for at once.
func TestViewAsSharesNothing(t *testing.T) {
	c := newCompany(t)
	h, _ := c.open(t)
	a := h.ask(c.tokens["admin"], c.fill(`{ own: node(id: "<spare>") { id } a: viewAs(userId: "<viewer>") { node(id: "<spare>") { id } dashboard(id: "<dashboard>") { myPermission } }
		b: viewAs(userId: "<owner>") { node(id: "<spare>") { id } dashboard(id: "<dashboard>") { myPermission } } }`), nil)
	spare := map[string]any{"id": c.ids["spare"]}
	want := map[string]any{
		"own": spare, "a": map[string]any{"node": nil, "dashboard": map[string]any{"myPermission": "VIEWER"}},
		"b": map[string]any{"node": spare, "dashboard": map[string]any{"myPermission": "OWNER"}},
	}
	if !reflect.DeepEqual(a.Data, want) {
		t.Errorf("%s", a.text)
	}
}

// What is asked for under viewAs costs what it costs elsewhere, and nobody looks
// through eyes that look through eyes.
func TestViewAsIsBounded(t *testing.T) {
	c := newCompany(t)
	h, _ := c.open(t)
	for document, want := range map[string]string{
		`{ dashboards(first: 100) { nodes { cards { result { html } rows { rows } } } } }`: "QUERY_COST",
		`{ viewAs(userId: "<viewer>") { __typename } }`:                                    "GRAPHQL_VALIDATION_FAILED",
		`{ updateProfile(input: {name: "x"}) { user { id } } }`:                            "GRAPHQL_VALIDATION_FAILED",
		`{ datasetRows(id: "<dataset>") { previewRows } }`:                                 "",
	} {
		if got := h.ask(c.tokens["admin"], "{ viewAs(userId: \""+c.ids["owner"]+"\") "+c.fill(document)+" }", nil); got.code() != want {
			t.Errorf("%s: %s", document, got.text)
		}
	}
}
