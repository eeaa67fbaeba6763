package server

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

const (
	transformsDocument = `query RestTransforms($all: Boolean! = false, $first: Int) { answer: transforms(all: $all, first: $first) { nodes {
		id transform_id: id name description inputs { dataset_id: datasetId alias } output_dataset_id: outputId owner { id name }
		schedule { schedule_cron: cron schedule_zone: zone schedule_enabled: enabled schedule_catch_up: catchUp }
		created_at: createdAt updated_at: updatedAt } } }`

	executionsDocument = `query RestExecutions($id: ID!, $first: Int) { answer: transform(id: $id) { executions(first: $first) { nodes {
		execution_id: id status triggered_by: trigger requested_by: requestedBy { id name } due_at: dueAt due_until: dueUntil
		created_at: createdAt started_at: startedAt finished_at: finishedAt duration_ms: durationMs
		output_row_count: outputRowCount output_version: outputVersion attempt error { code message } skip_reason: skipReason } } } }`
)

type nodes struct{ Nodes []map[string]any }

func (s *server) restTransforms(w http.ResponseWriter, r *http.Request) {
	query, problem := parametersOf(r)
	if problem != nil {
		writeProblem(w, r, problem)
		return
	}
	variables := map[string]any{}
	if value := query.Get("limit"); value != "" {
		variables["first"] = json.Number(value)
	}
	if value := query.Get("all"); value != "" {
		variables["all"] = value // no boolean, which is told at all
		if all, err := strconv.ParseBool(value); err == nil {
			variables["all"] = all
		}
	}
	var page nodes
	if problem := s.ask(r, transformsDocument, variables, &page); problem != nil {
		writeProblem(w, r, problem)
		return
	}
	for _, transform := range page.Nodes {
		schedule, _ := transform["schedule"].(map[string]any)
		maps.Copy(transform, schedule)
		delete(transform, "schedule")
	}
	writeData(w, r, page.Nodes)
}

func (s *server) restExecutions(w http.ResponseWriter, r *http.Request) {
	query, problem := parametersOf(r)
	if problem != nil {
		writeProblem(w, r, problem)
		return
	}
	variables := map[string]any{"id": r.PathValue("id")}
	if value := query.Get("limit"); value != "" {
		variables["first"] = json.Number(value)
	}
	var transform struct{ Executions nodes }
	if problem := s.ask(r, executionsDocument, variables, &transform); problem != nil {
		writeProblem(w, r, problem)
		return
	}
	for _, run := range transform.Executions.Nodes {
		run["status"] = runbookStatus(run["status"].(string))
		run["triggered_by"] = strings.ToLower(run["triggered_by"].(string))
		if problem, failed := run["error"].(map[string]any); failed {
			run["error_code"], run["error"] = problem["code"], problem["message"]
		}
	}
	writeData(w, r, transform.Executions.Nodes)
}

// runbookStatus is where a run stands in the runbook's words.
func runbookStatus(status string) string {
	if status == "SUCCEEDED" {
		return "success"
	}
	return strings.ToLower(status)
}
