package server_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// crowd adds what an owner of data must not get at through others' eyes:
// dashboards that are not theirs to see, and one with somebody else's data.
func (c *company) crowd(h *house) {
	user := func(name string) *core.User { return &core.User{ID: c.ids[name]} }
	cards, err := h.store.Cards.Many(h.t.Context(), []string{c.ids["card"], c.ids["foreign card"]})
	must(h.t, err)
	theirs, foreign := cards[c.ids["card"]], cards[c.ids["foreign card"]]
	hidden := h.Dashboard(user("admin"), nil, theirs) // the owner's data, on a page that is not shown to the owner
	h.Share(hidden, user("viewer"), core.PermissionViewer)
	mixed := h.Dashboard(user("admin"), nil, theirs, foreign)
	h.Share(mixed, user("viewer"), core.PermissionViewer)
	h.Share(mixed, user("owner"), core.PermissionViewer)
	private := h.Dashboard(user("coowner"), nil)
	c.ids["hidden dashboard"], c.ids["mixed dashboard"], c.ids["private dashboard"] = hidden.ID, mixed.ID, private.ID
}

// Issue 4: who is no administrator sees through viewAs nothing that they do not
// see by themselves, whoever they look through, administrators included; and
// nothing that is made of others' data.
func TestViewAsShowsOwnersNoMore(t *testing.T) {
	c := newCompany(t)
	h, _ := c.open(t)
	c.crowd(h)
	documents := seenBy()
	for _, name := range []string{"hidden dashboard", "mixed dashboard", "private dashboard"} {
		documents[name] = strings.ReplaceAll(documents["dashboard/places"], "<dashboard>", "<"+name+">")
		documents[name+"/node"] = `{ node(id: "<` + name + `>") { id ... on Dashboard { name owner { id role groups { id } } cards { result { html } } } } }`
	}
	for _, asker := range []string{"owner", "stranger"} {
		for _, person := range strings.Fields("stranger viewer editor coowner owner member admin guest") {
			for _, name := range slices.Sorted(maps.Keys(documents)) {
				document := c.fill(documents[name])
				own := h.ask(c.tokens[asker], document, nil)
				seen := h.ask(c.tokens[asker], through(document, c.ids[person]), nil)
				view, _ := seen.Data["viewAs"].(map[string]any)
				if !within(view, own.Data) {
					t.Errorf("%s by %s through %s:\n%s\nand by themselves\n%s", name, asker, person, seen.text, own.text)
				}
				if strings.HasPrefix(name, "mixed") && something(any(view), true) {
					t.Errorf("%s by %s through %s shows others' data: %s", name, asker, person, seen.text)
				}
				for _, list := range []string{"me", "dashboards", "datasets", "cards", "groups"} {
					if strings.HasPrefix(document, "{ "+list+" ") && seen.code() != string(core.CodeForbidden) {
						t.Errorf("%s by %s through %s: %s", name, asker, person, seen.text)
					}
				}
			}
		}
	}
}

// within tells whether everything that is told stands in the other answer too.
// What is empty tells nothing.
func within(told, in any) bool {
	if told == nil || told == "" {
		return true
	}
	switch told := told.(type) {
	case map[string]any:
		other, ok := in.(map[string]any)
		if !ok {
			return len(told) == 0
		}
		for name, v := range told {
			if !within(v, other[name]) {
				return false
			}
		}
		return true
	case []any:
		other, ok := in.([]any)
		if !ok || len(told) > len(other) {
			return len(told) == 0
		}
		for i, v := range told {
			if !within(v, other[i]) {
				return false
			}
		}
		return true
	}
	return told == in
}

// The rows of one's own dataset, as somebody sees them, are shown to its owner
// and to administrators; where the person may not read it, there is nothing.
func TestDatasetRowsThroughEyes(t *testing.T) {
	c := newCompany(t)
	h, _ := c.open(t)
	for _, tc := range []struct{ asker, person, dataset, code string }{
		{"admin", "viewer", "dataset", ""},
		{"admin", "owner", "dataset", ""},
		{"admin", "stranger", "dataset", "NOT_FOUND"},
		{"admin", "viewer", "unused", "NOT_FOUND"},
		{"owner", "viewer", "dataset", ""},
		{"owner", "member", "dataset", ""},
		{"owner", "admin", "unused", ""},
		{"owner", "stranger", "dataset", "NOT_FOUND"},
		{"owner", "viewer", "unused", "NOT_FOUND"},
		{"owner", "stranger", "foreign dataset", "NOT_FOUND"},
		{"stranger", "owner", "dataset", "NOT_FOUND"},
		{"stranger", "admin", "dataset", "NOT_FOUND"},
	} {
		document := c.fill(`{ datasetRows(id: "<` + tc.dataset + `>") { columns { name } rows totalRows } }`)
		a := h.ask(c.tokens[tc.asker], through(document, c.ids[tc.person]), nil)
		if a.code() != tc.code || (tc.code == "") != strings.Contains(a.text, `"totalRows":3`) {
			t.Errorf("%s of %s through %s: %s", tc.dataset, tc.asker, tc.person, a.text)
		}
	}
}

// A column that the person does not see is missing from the rows that are seen
// through their eyes, and is there through an administrator's.
func TestDatasetRowsAreWhatThePersonSees(t *testing.T) {
	c := newCompany(t)
	h, _ := c.open(t)
	_, err := h.store.Datasets.Edit(t.Context(), c.ids["dataset"], 0, func(d *core.Dataset) error {
		d.Columns[1].Class = core.ClassConfidential
		return nil
	})
	must(t, err)
	for person, all := range map[string]bool{"viewer": false, "coowner": false, "admin": true} {
		for _, asker := range []string{"owner", "admin"} {
			a := h.ask(c.tokens[asker], through(c.fill(`{ datasetRows(id: "<dataset>") { columns { name } } dataset(id: "<dataset>") { columns { name } } }`), c.ids[person]), nil)
			if a.code() != "" || strings.Count(a.text, "額") != map[bool]int{true: 2}[all] {
				t.Errorf("%s through %s: %s", asker, person, a.text)
			}
		}
	}
}
