package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// question is one root field and what the model says of it.
type question struct {
	field string
	open  bool
	more  func(t *testing.T, value map[string]any) // looks closer at what is open
}

// look asks everything there is as one person and holds the answers against the
// model.
func (w *modelWorld) look(t *testing.T, u *person) {
	t.Helper()
	if u.gone {
		if a := w.h.ask(u.token, `{ me { id } }`, nil); a.code() != "UNAUTHORIZED" {
			t.Errorf("the locked account of %s answers %s", u.name, a.text)
		}
		return
	}
	w.put(t, u, w.questions(u))
	for _, each := range w.people { // what was kept for each must have gone with what changed it
		if !each.gone {
			w.list(t, each)
		}
	}
}

// questions are what somebody can ask about each thing.
func (w *modelWorld) questions(u *person) (all []question) {
	for _, b := range w.boards {
		all = append(all, question{`dashboard(id: "` + b.id + `") { myPermission cards { cardId admitted card { id } result { html } } }`,
			w.opens(u, b), func(t *testing.T, value map[string]any) { w.page(t, u, b, value) }})
		all = append(all, question{`node(id: "` + b.id + `") { id }`, w.opens(u, b), nil})
	}
	for _, c := range w.pieces {
		all = append(all, question{`card(id: "` + c.id + `") { id }`, w.seesCard(u, c), func(t *testing.T, value map[string]any) {}})
		all = append(all, question{`node(id: "` + c.id + `") { id }`, w.seesCard(u, c), nil})
	}
	for _, d := range w.data {
		all = append(all, question{`dataset(id: "` + d.id + `") { id }`, w.seesData(u, d), nil})
		all = append(all, question{`node(id: "` + d.id + `") { id }`, w.seesData(u, d), nil})
	}
	for _, c := range w.crowds {
		all = append(all, question{`group(id: "` + c.id + `") { id }`, !c.gone && (u.admin || u.in[c]), nil})
	}
	return all
}

// atOnce is how many root fields one document asks for.
const atOnce = 25

func (w *modelWorld) put(t *testing.T, u *person, all []question) {
	t.Helper()
	for len(all) > 0 {
		some := all[:min(atOnce, len(all))]
		all = all[len(some):]
		var document strings.Builder
		for i, q := range some {
			fmt.Fprintf(&document, "q%d: %s\n", i, q.field)
		}
		a := w.h.ask(u.token, "{"+document.String()+"}", nil)
		if a.Data == nil {
			t.Fatalf("%s: %.1000s", u.name, a.text)
		}
		for i, q := range some {
			value, _ := a.Data[fmt.Sprintf("q%d", i)].(map[string]any)
			if (value != nil) != q.open {
				t.Errorf("%s asks %s: open is %v, the model says %v\n%s", u.name, q.field, value != nil, q.open, w.told(q.field))
			} else if value != nil && q.more != nil {
				q.more(t, value)
			}
		}
	}
}

var levelNames = []string{"", "VIEWER", "EDITOR", "OWNER"}

// page looks at the places of a dashboard that is open.
func (w *modelWorld) page(t *testing.T, u *person, b *board, value map[string]any) {
	t.Helper()
	mine, _ := value["myPermission"].(string)
	if mine != levelNames[w.level(u, b)] {
		t.Errorf("%s has %q on %s, the model says %q", u.name, mine, b.id, levelNames[w.level(u, b)])
	}
	places, _ := value["cards"].([]any)
	if len(places) != len(b.places) {
		t.Errorf("%s sees %d places on %s, the model says %d", u.name, len(places), b.id, len(b.places))
		return
	}
	for i, p := range b.places {
		shown, _ := places[i].(map[string]any)
		want := w.admits(u, b, p)
		if shown["admitted"] != want || (shown["result"] != nil) != want || shown["card"] != nil && !w.seesCard(u, p.card) {
			t.Errorf("%s on %s sees %v, the model says admitted: %v", u.name, b.id, shown, want)
		}
	}
}

// list holds the list of one's dashboards, asked by its hash, against the model.
func (w *modelWorld) list(t *testing.T, u *person) {
	t.Helper()
	a := w.h.askByHash(u.token, `{ dashboards(first: 100) { nodes { id myPermission cards { cardId admitted card { id } } } } }`)
	if a.kept() {
		w.kept++
	}
	found := map[string]string{}
	connection, _ := a.Data["dashboards"].(map[string]any)
	nodes, _ := connection["nodes"].([]any)
	for _, n := range nodes {
		node := n.(map[string]any)
		found[fmt.Sprint(node["id"])] = fmt.Sprint(node["myPermission"])
		w.listed(t, u, node)
	}
	for _, b := range w.boards {
		want := levelNames[w.level(u, b)]
		if found[b.id] != want {
			t.Errorf("%s finds %s with %q in the list, the model says %q", u.name, b.id, found[b.id], want)
		}
	}
}

// listed looks at the places of a dashboard in a list.
func (w *modelWorld) listed(t *testing.T, u *person, node map[string]any) {
	t.Helper()
	places, _ := node["cards"].([]any)
	for _, b := range w.boards {
		if b.id != node["id"] || len(places) != len(b.places) {
			continue
		}
		for i, p := range b.places {
			shown, _ := places[i].(map[string]any)
			if shown["admitted"] != w.admits(u, b, p) || shown["card"] != nil && !w.seesCard(u, p.card) {
				t.Errorf("in the list %s sees %v on %s, the model says admitted: %v", u.name, shown, b.id, w.admits(u, b, p))
			}
		}
	}
}

// explain holds whyCanAccess about a person against the doors themselves.
func (w *modelWorld) explain(t *testing.T, u *person) {
	t.Helper()
	var all []question
	ask := func(id string, open, edits, manages bool) {
		all = append(all, question{fmt.Sprintf(`whyCanAccess(userId: %q, resource: %q) { allowed canEdit canManage paths { kind } missing { __typename } }`, u.id, id), true,
			func(t *testing.T, value map[string]any) {
				paths, _ := value["paths"].([]any)
				missing, _ := value["missing"].([]any)
				if value["allowed"] != open || value["canEdit"] != edits || value["canManage"] != manages || (len(paths) > 0) != open || (len(missing) > 0) == open {
					t.Errorf("why may %s see %s: %v, the model says %v, to edit %v, to manage %v\n%s", u.name, id, value, open, edits, manages, w.told(id))
				}
			}})
	}
	for _, b := range w.boards {
		if !b.gone {
			ask(b.id, w.opens(u, b), w.level(u, b) >= editing, w.manages(u, b))
		}
	}
	for _, c := range w.pieces {
		if !c.gone {
			ask(c.id, w.seesCard(u, c), !u.gone && c.owner == u, !u.gone && (u.admin || c.owner == u))
		}
	}
	for _, d := range w.data {
		ask(d.id, w.seesData(u, d), !u.gone && d.owner == u, !u.gone && (u.admin || d.owner == u))
	}
	w.put(t, w.people[0], all)
}
