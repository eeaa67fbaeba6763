package server_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
)

const copiedPage = `query($id: ID!) { dashboard(id: $id) { name cardCount referencedDatasets { datasetId }
	cards { cardId admitted x card { id dataset { id } } result { html } rows { totalRows } } } }`

// SH-9, DB-3: a viewer copies a page and shares the copy; who was not admitted
// by the owner sees the places and a sentence that says whom to ask.
func TestCopyStory(t *testing.T) {
	h := openHouse(t, site{file: filepath.Join(t.TempDir(), "karuta.db"), blobs: accesstest.NewBlobs(), executor: obliging(t).Client()})
	ownerID, _ := h.user(core.RoleUser)
	viewerID, viewer := h.user(core.RoleUser)
	friendID, friend := h.user(core.RoleUser)
	owner := &core.User{ID: ownerID}
	card := h.Card(owner, h.Dataset(owner, columns()...))
	d := h.Dashboard(owner, nil, card)
	h.Share(d, &core.User{ID: viewerID}, core.PermissionViewer)

	made := h.ask(viewer, `mutation($input: CloneDashboardInput!) { cloneDashboard(input: $input) { dashboard { id name myPermission cards { admitted } } } }`, input("id", d.ID))
	id := made.object(t, "cloneDashboard", "dashboard")["id"].(string)
	h.ask(viewer, createShare, input("dashboardId", id, "target", map[string]any{"type": "USER", "id": friendID}, "permission", "OWNER")).object(t, "createShare")

	place := func(token string) (*answered, map[string]any) {
		a := h.ask(token, copiedPage, map[string]any{"id": id}, "Accept-Language", "en")
		board, _ := a.Data["dashboard"].(map[string]any)
		return a, board["cards"].([]any)[0].(map[string]any)
	}
	seen, mine := place(viewer)
	if seen.code() != "" || mine["admitted"] != true || mine["card"] == nil || mine["result"] == nil || mine["rows"] == nil {
		t.Errorf("who copied it sees %s", seen.text)
	}
	refused, theirs := place(friend)
	if theirs["admitted"] != false || theirs["card"] != nil || theirs["result"] != nil || theirs["rows"] != nil || theirs["cardId"] != card.ID || len(refused.Errors) != 2 {
		t.Errorf("a friend sees %s", refused.text)
	}
	for _, e := range refused.Errors {
		if e.Extensions["code"] != "FORBIDDEN" || e.Message != "This card was copied from a dashboard that is not open to you. Please ask the owner of the original to share it with you." {
			t.Errorf("a friend is told %v", e)
		}
	}
	if refs := refused.Data["dashboard"].(map[string]any)["referencedDatasets"]; fmt.Sprint(refs) != "[]" {
		t.Errorf("a friend is told the datasets %v", refs)
	}
	for _, other := range []string{card.ID, card.DatasetID} {
		if a := h.ask(friend, `query($id: ID!) { node(id: $id) { id } }`, map[string]any{"id": other}); a.Data["node"] != nil {
			t.Errorf("a friend reads %s", a.text)
		}
	}
	h.Share(d, &core.User{ID: friendID}, core.PermissionViewer)
	if a, now := place(friend); a.code() != "" || now["result"] == nil || now["card"] == nil {
		t.Errorf("admitted by the owner, a friend sees %s", a.text)
	}
	must(t, h.store.Dashboards.Delete(t.Context(), d, ownerID))
	if a, gone := place(viewer); gone["admitted"] != false || gone["result"] != nil || len(a.Errors) != 2 {
		t.Errorf("the original is gone, and there is %s", a.text)
	}
}
