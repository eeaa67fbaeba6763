package server_test

import (
	"encoding/json"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
)

// API-8, DS-10: a changed source waits, and force publishes what was confirmed.
func TestRESTImport(t *testing.T) {
	e, blobs, now := obliging(t), accesstest.NewBlobs(), columns()
	e.Import = func(req client.ImportRequest, _ func(client.ImportEvent)) client.ImportEvent {
		part := req.Target + "part-0000.parquet"
		_, err := blobs.Put(t.Context(), part, strings.NewReader("rows"))
		if err != nil {
			t.Error(err)
		}
		return client.ImportEvent{Done: &client.ImportDone{Columns: now, RowCount: 7, Parts: []string{part}}}
	}
	h := openHouse(t, site{file: filepath.Join(t.TempDir(), "karuta.db"), blobs: blobs, executor: e.Client()})
	ownerID, owner := h.user(core.RoleUser)
	_, stranger := h.user(core.RoleUser)
	c := &company{ids: map[string]string{}}
	from := c.renewed(h, h.dataset(ownerID))
	path := "/api/datasets/" + from.ID + "/import"
	call := func(token, body string, status int, headers ...string) map[string]any {
		t.Helper()
		a := h.send(with(bearing(httptest.NewRequest("POST", path, strings.NewReader(body)), token), headers...))
		var answer map[string]map[string]any
		if err := json.Unmarshal([]byte(a.text), &answer); err != nil || a.StatusCode != status {
			t.Fatalf("%s: %d %s", body, a.StatusCode, a.text)
		}
		if status != 200 {
			return answer["error"]
		}
		return answer["data"]
	}

	now = append(slices.Clone(from.Columns), core.Column{Name: "new", Type: core.TypeBool})
	waits := call(owner, `{"force": false}`, 200)
	changes, _ := json.Marshal(waits["schema_changes"])
	if waits["import_status"] != "pending_confirmation" || !strings.Contains(string(changes), `"kind":"column_added"`) || waits["plan_token"] == "" {
		t.Errorf("it answers %v", waits)
	}
	if d, err := h.store.Datasets.Get(t.Context(), from.ID); err != nil || d.DataVersion != 2 {
		t.Errorf("what waits is published: %+v, %v", d, err)
	}
	if refused := call(owner, `{"force": true}`, 400); refused["field"] != "plan_token" {
		t.Errorf("without the plan: %v", refused)
	}
	body, _ := json.Marshal(map[string]any{"force": true, "plan_token": waits["plan_token"]})
	if done := call(owner, string(body), 200); done["import_status"] != "completed" || done["dataset"].(map[string]any)["row_count"] != 7. {
		t.Errorf("with the plan: %v", done)
	}
	if same := call(owner, "", 200); same["import_status"] != "completed" {
		t.Errorf("what is the same: %v", same)
	}
	first, again := call(owner, "", 200, "Idempotency-Key", "月次"), call(owner, "", 200, "Idempotency-Key", "月次")
	if !reflect.DeepEqual(first["job"], again["job"]) { // API-7
		t.Errorf("the same key: %v, then %v", first, again)
	}
	if refused := call(owner, `{"force": true, "plan_token": "x"}`, 409, "Idempotency-Key", "月次"); refused["field"] != "Idempotency-Key" {
		t.Errorf("refused: %v", refused)
	}
	call(stranger, "{}", 404)
	call("", "{}", 403)
	call(owner, "[]", 400)
	if wrong := call(owner, `{"force": "yes"}`, 400); wrong["field"] != "force" {
		t.Errorf("a force that is none: %v", wrong)
	}
	_, err := h.store.Datasets.Edit(t.Context(), from.ID, 0, func(d *core.Dataset) error { d.S3.Key = "gone.csv"; return nil })
	must(t, err)
	if gone := call(owner, "{}", 400); gone["code"] != "SOURCE_NOT_FOUND" {
		t.Errorf("a source that is gone: %v", gone)
	}
}
