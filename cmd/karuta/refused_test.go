package main

import (
	"strings"
	"testing"
)

// EXE-3: where the sandbox does not hold no card runs, says so clearly, and everything else goes on.
func TestWithoutPythonTheRestGoesOn(t *testing.T) {
	p := serveIn(t, t.TempDir(), []string{"EXECUTOR_PYTHON=/bin/true"})
	a := newAuthor(t, p)
	data := a.Must(t, `query($id: ID!) { dataset(id: $id) { preview(limit: 2) { rows } columnValues(column: "日付") { values } } }`, map[string]any{"id": a.dataset})
	if !strings.Contains(data.Raw, "1200") || !strings.Contains(data.Raw, "2026-04-02") {
		t.Errorf("the data: %s", data.Raw)
	}
	page := a.Must(t, `mutation($input: CreateDashboardInput!) { createDashboard(input: $input) { dashboard { id } } }`, input("name", "頁"))
	if a.Must(t, `query($id: ID!) { dashboard(id: $id) { name } }`, map[string]any{"id": page.Str("createDashboard.dashboard.id")}).Str("dashboard.name") != "頁" {
		t.Error("a page is not shown")
	}
	refused := a.Do(t, executeCard, input("cardId", a.card(t, short)))
	if refused.Code() != "SERVICE_UNAVAILABLE" || !strings.Contains(refused.Raw, "安全に実行できる状態ではありません") {
		t.Errorf("a card: %s", refused.Raw)
	}
	health := a.Must(t, `{ health { status components { name status layers { name } } } }`, nil)
	if health.Str("health.status") != "DEGRADED" || !strings.Contains(health.Raw, `"name":"sandbox","status":"DOWN"`) {
		t.Errorf("health: %s", health.Raw)
	}
	if s := karuta(t, "", "doctor", "--data-dir", p.dir); s.code != 1 || !strings.Contains(s.out, "fail  sandbox") {
		t.Errorf("the doctor: exit %d, %s", s.code, s.out)
	}
}
