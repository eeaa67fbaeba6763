package server_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// Every id of the owner's, of whatever kind, tried by a stranger in the place of
// every id of every field: nothing but a refusal, which is to the letter that of
// a thing that is not there (ERR-1, PRM-1).
func TestForeignIDsInEveryPlace(t *testing.T) {
	c := newCompany(t)
	ghosts := c.ghosts()
	for name, id := range c.ids { // people are no secret
		if noun, _ := core.NounOf(id); noun == core.NounUser {
			ghosts.ids[name] = id
		}
	}
	things := c.ownersThings()
	fields := fieldsWithArguments()
	tried := 0
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		for _, a := range fields[name] {
			if a.kind.Name() != "ID" || a.kind.Elem != nil {
				continue
			}
			tried++
			t.Run(name+" "+a.path, func(t *testing.T) {
				t.Parallel()
				h, _ := c.open(t)
				for _, thing := range things {
					c.tryForeign(t, h, ghosts, name, a, thing)
				}
			})
		}
	}
	if tried < 40 || len(things) < 10 {
		t.Errorf("only %d places and %d things", tried, len(things))
	}
}

// ownersThings are the names of what a stranger may not know of: all but people,
// what is the stranger's and the copy that is shared with them.
func (c *company) ownersThings() (names []string) {
	for name, id := range c.ids {
		noun, ok := core.NounOf(id)
		if ok && noun != core.NounUser && !strings.HasPrefix(name, "foreign ") && name != "copy" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// toldApart tells where a refusal differs from that of a thing that is not there,
// because the runbook promises 403: of shares, of filter views and of a
// transform that somebody else runs.
func toldApart(name, id string) bool {
	field := rootFields()[name]
	noun, _ := core.NounOf(id)
	return noun == core.NounFilterView || strings.Contains(name, "FilterView") || name == "Mutation.executeTransform" || field != nil && field.Directives.ForName("sharing") != nil
}

func (c *company) tryForeign(t *testing.T, h *house, ghosts *company, name string, a argument, thing string) {
	t.Helper()
	ask := func(world *company) *answered {
		// What else the field wants is the world's as well.
		variables, _ := (&company{ids: world.ids}).place(name, a.path, world.ids[thing])
		return h.ask(c.tokens["stranger"], world.fill(examples[name].document), variables)
	}
	real, ghost := ask(c), ask(ghosts)
	c.discreet(t, "stranger", real.text)
	if real.code() == string(core.CodeForbidden) && toldApart(name, c.ids[thing]) {
		return
	}
	if anonymised(c, real) != anonymised(ghosts, ghost) {
		t.Errorf("%s in the place of %s answers %.400s\nof what is not there: %.400s", thing, a.path, real.text, ghost.text)
	}
}

// anonymised is an answer with the names of things in the places of their ids.
func anonymised(c *company, a *answered) string {
	text := unsigned(a)
	for _, name := range slices.Sorted(maps.Keys(c.ids)) {
		if _, ok := core.NounOf(c.ids[name]); ok {
			text = strings.ReplaceAll(text, c.ids[name], "<"+name+">")
		}
	}
	return text
}
