package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// object is what stands at the path in the answer's data; there must be no error.
func (a *answered) object(t *testing.T, path ...string) map[string]any {
	t.Helper()
	if a.code() != "" {
		t.Fatalf("refused: %s", a.text)
	}
	found := a.Data
	for _, name := range path {
		inner, ok := found[name].(map[string]any)
		if !ok {
			t.Fatalf("no %s: %s", name, a.text)
		}
		found = inner
	}
	return found
}

// refused is an answer with one error of the code at the field, and no data there.
func (a *answered) refused(t *testing.T, code, field string) {
	t.Helper()
	if a.code() != code || a.field() != field {
		t.Errorf("want %s at %q: %s", code, field, a.text)
	}
}

const (
	createDashboard = `mutation($input: CreateDashboardInput!) { createDashboard(input: $input) { dashboard { id version } } }`
	updateDashboard = `mutation($input: UpdateDashboardInput!) { updateDashboard(input: $input) { dashboard { id version name filters { id type column } } } }`
	createShare     = `mutation($input: CreateShareInput!) { createShare(input: $input) { share { id permission target { ... on User { id } ... on Group { id name } } } } }`
	readDashboard   = `query($id: ID!) { dashboard(id: $id) { id name myPermission cardCount owner { id email role } shares { id permission } } }`
)

func input(pairs ...any) map[string]any {
	object := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		object[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return map[string]any{"input": object}
}

// SH-1..4, DB-2, DB-5: a dashboard is made, changed and shared, and each sees
// what was shared with them.
func TestSharingStory(t *testing.T) {
	h := newHouse(t)
	ownerID, owner := h.user(core.RoleUser)
	viewerID, viewer := h.user(core.RoleUser)
	memberID, member := h.user(core.RoleUser)
	_, stranger := h.user(core.RoleUser)
	_, admin := h.user(core.RoleAdmin)

	id := h.ask(owner, createDashboard, input("name", "売上")).object(t, "createDashboard", "dashboard")["id"].(string)
	read := map[string]any{"id": id}
	h.ask(stranger, readDashboard, read).refused(t, "NOT_FOUND", "id")
	h.ask("", readDashboard, read).refused(t, "UNAUTHORIZED", "")

	target := func(kind, id string) map[string]any { return map[string]any{"type": kind, "id": id} }
	toViewer := input("dashboardId", id, "target", target("USER", viewerID), "permission", "VIEWER")
	h.ask(stranger, createShare, toViewer).refused(t, "FORBIDDEN", "input.dashboardId")
	share := h.ask(owner, createShare, toViewer).object(t, "createShare", "share")
	twice := h.ask(owner, createShare, toViewer)
	twice.refused(t, "DUPLICATE_ERROR", twice.field())
	if twice.Errors[0].Extensions["shareId"] != share["id"] {
		t.Errorf("the share that is there is not named: %s", twice.text)
	}

	seen := h.ask(viewer, `query($id: ID!) { dashboard(id: $id) { name myPermission owner { id email role } } }`, read).object(t, "dashboard")
	if seen["myPermission"] != "VIEWER" || seen["owner"].(map[string]any)["id"] != ownerID || seen["owner"].(map[string]any)["role"] != nil {
		t.Errorf("%v", seen)
	}
	h.ask(viewer, readDashboard, read).refused(t, "FORBIDDEN", h.ask(viewer, readDashboard, read).field())
	h.ask(viewer, updateDashboard, input("id", id, "version", 1, "name", "x")).refused(t, "FORBIDDEN", "input.id")

	group := h.ask(admin, `mutation { createGroup(input: {name: "営業"}) { group { id } } }`, nil).object(t, "createGroup", "group")["id"].(string)
	h.ask(admin, `mutation($input: AddGroupMemberInput!) { addGroupMember(input: $input) { group { id } } }`, input("groupId", group, "userId", memberID)).object(t, "addGroupMember")
	h.ask(owner, createShare, input("dashboardId", id, "target", target("GROUP", group), "permission", "EDITOR"))
	filter := map[string]any{"type": "CATEGORY", "column": "地域", "label": "地域", "multiSelect": true}
	changed := h.ask(member, updateDashboard, input("id", id, "version", 1, "name", "売上 2026", "filters", []any{filter}))
	if d := changed.object(t, "updateDashboard", "dashboard"); d["version"] != 2.0 || len(d["filters"].([]any)) != 1 {
		t.Errorf("%v", d)
	}
	lost := h.ask(owner, updateDashboard, input("id", id, "version", 1, "name", "late"))
	lost.refused(t, "CONFLICT", "input.version")
	if x := lost.Errors[0].Extensions; x["yourVersion"] != 1.0 || x["currentVersion"] != 2.0 {
		t.Errorf("%v", x)
	}

	for who, want := range map[string]int{owner: 1, viewer: 1, member: 1, stranger: 0} {
		list := h.ask(who, `{ dashboards(first: 20) { nodes { id owner { id name } myPermission cardCount } pageInfo { hasNextPage } } }`, nil).object(t, "dashboards")
		if len(list["nodes"].([]any)) != want {
			t.Errorf("%v, want %d", list, want)
		}
	}
	h.ask(owner, `mutation($input: DeleteShareInput!) { deleteShare(input: $input) { deletedId } }`, input("id", share["id"])).object(t, "deleteShare")
	h.ask(viewer, readDashboard, read).refused(t, "NOT_FOUND", "id")
}

// node and nodes answer each id as its own field would, and null for the rest.
func TestNodes(t *testing.T) {
	h := newHouse(t)
	ownerID, owner := h.user(core.RoleUser)
	_, stranger := h.user(core.RoleUser)
	dash := h.ask(owner, createDashboard, input("name", "A")).object(t, "createDashboard", "dashboard")["id"].(string)
	share := h.ask(owner, createShare, input("dashboardId", dash, "target", map[string]any{"type": "USER", "id": ownerID}, "permission", "VIEWER"))
	ids := []any{dash, ownerID, "grp_" + strings.Repeat("0", 32), "sess_" + strings.Repeat("0", 32), "nonsense", dash,
		"ds_" + strings.Repeat("0", 32), "card_" + strings.Repeat("0", 32), "share_" + strings.Repeat("0", 32) + "_u" + strings.Repeat("0", 32)}
	const document = `query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }`
	kinds := func(token string) string {
		var s []string
		for _, n := range h.ask(token, document, map[string]any{"ids": ids}).Data["nodes"].([]any) {
			if n == nil {
				s = append(s, "-")
			} else {
				s = append(s, n.(map[string]any)["__typename"].(string))
			}
		}
		return strings.Join(s, " ")
	}
	if got := kinds(owner); got != "Dashboard User - - - Dashboard - - -" {
		t.Errorf("%s (%s)", got, share.text)
	}
	if got := kinds(stranger); got != "- User - - - - - - -" {
		t.Error(got)
	}
	h.ask(owner, document, map[string]any{"ids": make([]string, 101)}).refused(t, "VALIDATION_ERROR", "ids")
	h.ask(owner, `{ node(id: "nonsense") { id } }`, nil).refused(t, "VALIDATION_ERROR", "id")
	h.ask("", document, map[string]any{"ids": ids}).refused(t, "UNAUTHORIZED", "")
}
