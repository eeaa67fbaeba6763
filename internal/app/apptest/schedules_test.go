package apptest_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// Schedules on a whole Karuta with the real Python (SCH-1 to SCH-6), asked for as
// the runbook does.
func TestSchedules(t *testing.T) {
	w := weave(t, "SCHEDULER_ENABLED=true", "SCHEDULER_INTERVAL_SECONDS=1")
	admin, _ := w.k.Somebody(t, core.RoleAdmin)
	id, _ := w.make(t, joined)
	w.schedule(t, id, true)
	w.comesDue(t, id)
	history := w.history(t, id)
	for len(history) == 0 || history[0]["finished_at"] == nil {
		time.Sleep(50 * time.Millisecond)
		history = w.history(t, id)
	}
	if run := history[0]; run["status"] != "success" || run["triggered_by"] != "schedule" || run["output_row_count"] != 2.0 || run["execution_id"] == "" ||
		run["started_at"] == nil || run["duration_ms"] == nil || run["error"] != nil || len(history) != 1 {
		t.Errorf("the history is %v", history)
	}
	const written = `{ auditLogs(filter: {eventTypes: [TRANSFORM_EXECUTED]}) { nodes { userId targetId agent details { name value } } } }`
	a := admin.Must(t, written, nil)
	for a.Get("auditLogs.nodes.0") == nil { // it is written once the run has ended
		time.Sleep(20 * time.Millisecond)
		a = admin.Must(t, written, nil)
	}
	if a.Str("auditLogs.nodes.0.userId") != w.id || a.Str("auditLogs.nodes.0.targetId") != id || a.Str("auditLogs.nodes.0.agent") != "scheduler" || !strings.Contains(a.Raw, `"schedule"`) {
		t.Errorf("the audit log has %s", a.Raw)
	}
	if log := w.k.Log(); !strings.Contains(log, "scheduler started") {
		t.Errorf("the log is %s", log)
	}
	const status = `{ schedulerStatus { enabled leader lastTickAt lagSeconds nextRuns { transform { id } at } } }`
	a = admin.Must(t, status, nil)
	if a.Get("schedulerStatus.enabled") != true || a.Str("schedulerStatus.leader") == "" || a.Str("schedulerStatus.nextRuns.0.transform.id") != id {
		t.Error(a.Raw)
	}
	w.ownerLeft(t, admin)
	w.schedule(t, id, false)
	if a := admin.Must(t, status, nil); strings.Contains(a.Raw, id) {
		t.Errorf("a schedule that is off is still to run: %s", a.Raw)
	}
	list := w.curl(t, "/api/transforms")
	if i := slices.IndexFunc(list, func(x map[string]any) bool { return x["id"] == id }); i < 0 || list[i]["name"] != "地域別" || list[i]["schedule_cron"] != "0 0 1 1 *" || list[i]["schedule_enabled"] != false {
		t.Errorf("the list is %v", list)
	}
}

// schedule switches the schedule of a transform on or off; it is due once a year.
func (w *weaver) schedule(t *testing.T, id string, on bool) {
	t.Helper()
	version := w.Must(t, `query($id: ID!) { transform(id: $id) { version } }`, map[string]any{"id": id}).Get("transform.version")
	w.Must(t, `mutation($in: UpdateTransformInput!) { updateTransform(input: $in) { transform { nextRuns(count: 1) } } }`, map[string]any{"in": map[string]any{
		"id": id, "version": version, "schedule": map[string]any{"cron": "0 0 1 1 *", "enabled": on}}})
}

// comesDue brings the next due time near.
func (w *weaver) comesDue(t *testing.T, id string) {
	t.Helper()
	_, err := w.k.App.Store.Transforms.EditState(t.Context(), id, func(s *core.TransformState) error {
		s.NextRunAt = store.Now().Add(-time.Second)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// history is the answer to the runbook's line about a transform's runs.
func (w *weaver) history(t *testing.T, id string) []map[string]any {
	t.Helper()
	return w.curl(t, "/api/transforms/"+id+"/executions")
}

func (w *weaver) curl(t *testing.T, path string) []map[string]any {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct{ Data []map[string]any }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", path, resp.StatusCode, err)
	}
	return answer.Data
}

// ownerLeft: what is due of somebody who has left is skipped, and says why.
func (w *weaver) ownerLeft(t *testing.T, admin apptest.Client) {
	t.Helper()
	left := &weaver{k: w.k}
	who, u := w.k.Somebody(t, core.RoleUser)
	left.Client, left.id = who, u.ID
	left.sales = left.ImportCSV(t, "残ったデータ", "left.csv", strings.NewReader("a\n1\n"))
	id, _ := left.make(t, "result = df_0", left.sales)
	left.schedule(t, id, true)
	_, err := w.k.App.Store.Users.Edit(t.Context(), u.ID, func(u *core.User) error { u.DeactivatedAt = store.Now(); return nil })
	if err != nil {
		t.Fatal(err)
	}
	left.comesDue(t, id)
	const runs = `query($id: ID!) { transform(id: $id) { executions { nodes { status skipReason } } } }`
	a := admin.Must(t, runs, map[string]any{"id": id})
	for a.Get("transform.executions.nodes.0") == nil {
		time.Sleep(50 * time.Millisecond)
		a = admin.Must(t, runs, map[string]any{"id": id})
	}
	if a.Str("transform.executions.nodes.0.status") != "SKIPPED" || a.Str("transform.executions.nodes.0.skipReason") != core.SkipOwnerInactive.Sentence(core.Japanese) {
		t.Error(a.Raw)
	}
}
