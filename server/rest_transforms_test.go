package server_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// API-8: the runbook's lines about transforms, with its words.
func TestRESTTransforms(t *testing.T) {
	h := newHouse(t)
	ownerID, owner := h.user(core.RoleUser)
	_, admin := h.user(core.RoleAdmin)
	ctx := t.Context()
	tf := &core.Transform{
		ID: core.NewID(core.NounTransform), Name: "日次", Code: "c", OwnerID: ownerID, OutputID: core.NewID(core.NounDataset), OutputName: "o",
		Schedule: core.Schedule{Cron: "0 6 * * *", Zone: "Asia/Tokyo", Enabled: true, CatchUp: core.CatchUpRunOnce}, CreatedAt: store.Now(), UpdatedAt: store.Now(),
	}
	must(t, h.store.Transforms.Create(ctx, tf, store.Now()))
	due, began := time.Date(2026, 2, 1, 21, 0, 0, 0, time.UTC), store.Now()
	runs := map[core.RunStatus]*core.Execution{}
	for _, status := range []core.RunStatus{core.StatusSucceeded, core.StatusFailed, core.StatusSkipped, core.StatusQueued} {
		x := &core.Execution{ID: core.NewExecutionID(tf.ID), TransformID: tf.ID, Status: core.StatusQueued, Trigger: core.TriggerSchedule,
			DueAt: due, RequestedBy: ownerID, OutputID: tf.OutputID, Attempt: 1, CreatedAt: began}
		if status == core.StatusSkipped {
			x.Status, x.Reason = status, core.SkipStillRunning
		}
		state, err := h.store.Transforms.State(ctx, tf.ID)
		must(t, err)
		must(t, h.store.Executions.Claim(ctx, state, due, x))
		due, runs[status] = due.Add(24*time.Hour), x
		if status == core.StatusSkipped || status == core.StatusQueued {
			continue
		}
		_, err = h.store.Executions.Finish(ctx, x.ID, nil, func(x *core.Execution) error {
			x.Status, x.StartedAt, x.FinishedAt = status, began, began.Add(1500*time.Millisecond)
			if status == core.StatusFailed {
				x.Problem = &core.RunProblem{Code: core.CodeFunctionMissing}
				return nil
			}
			x.OutputVer, x.OutputRows = 1, 3_000_000_000
			return nil
		})
		must(t, err)
	}

	list := h.rest("/api/transforms", owner)
	if len(list) != 1 || list[0]["id"] != tf.ID || list[0]["name"] != "日次" || list[0]["schedule_cron"] != "0 6 * * *" || list[0]["schedule_enabled"] != true ||
		list[0]["output_dataset_id"] != tf.OutputID || list[0]["schedule"] != nil {
		t.Errorf("transforms are %v", list)
	}
	if own, all := h.rest("/api/transforms", admin), h.rest("/api/transforms?all=true&limit=1", admin); len(own) != 0 || len(all) != 1 {
		t.Errorf("an administrator's own are %v, all are %v", own, all)
	}

	history := h.rest("/api/transforms/"+tf.ID+"/executions", owner)
	want := []struct {
		of      core.RunStatus
		status  string
		details map[string]any
	}{
		{core.StatusQueued, "queued", map[string]any{"started_at": nil, "error": nil, "triggered_by": "schedule"}},
		{core.StatusSkipped, "skipped", map[string]any{"skip_reason": core.SkipStillRunning.Sentence(core.Japanese), "duration_ms": nil}},
		{core.StatusFailed, "failed", map[string]any{"error_code": "TRANSFORM_FUNCTION_MISSING", "output_row_count": nil, "duration_ms": 1500.}},
		{core.StatusSucceeded, "success", map[string]any{"output_row_count": 3e9, "error": nil, "due_at": "2026-02-01T21:00:00Z", "duration_ms": 1500.}},
	}
	if len(history) != len(want) {
		t.Fatalf("the history is %v", history)
	}
	for i, w := range want {
		run := history[i]
		if run["execution_id"] != runs[w.of].ID || run["status"] != w.status {
			t.Errorf("%d is %v", i, run)
		}
		for name, value := range w.details {
			if run[name] != value {
				t.Errorf("%s of %s is %v", name, w.status, run[name])
			}
		}
	}
	if message, _ := history[2]["error"].(string); message == "" {
		t.Error("nothing is said of the failure")
	}
	for path, status := range map[string]int{
		"/api/transforms?limit=0": 400, "/api/transforms?limit=ten": 400, "/api/transforms/xyz/executions": 400,
		"/api/transforms/" + core.NewID(core.NounTransform) + "/executions": 404,
		"/api/transforms/" + tf.ID + "/executions?limit=101":                400,
	} {
		if a := h.send(get(path, "Authorization", "Bearer "+owner)); a.StatusCode != status {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.text)
		}
	}
	if newest := h.rest("/api/transforms/"+tf.ID+"/executions?limit=1", owner); len(newest) != 1 || newest[0]["execution_id"] != runs[core.StatusQueued].ID {
		t.Errorf("the newest is %v", newest)
	}
}

// rest asks a line of the runbook and gives what stands in data.
func (h *house) rest(path, token string) []map[string]any {
	h.t.Helper()
	a := h.send(get(path, "Authorization", "Bearer "+token))
	var answer struct{ Data []map[string]any }
	if err := json.Unmarshal([]byte(a.text), &answer); err != nil || a.StatusCode != 200 || answer.Data == nil {
		h.t.Fatalf("%s: %d %s", path, a.StatusCode, a.text)
	}
	return answer.Data
}
