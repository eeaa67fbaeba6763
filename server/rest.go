package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/karuta-bi/karuta/internal/core"
)

// The runbook's REST lines are fixed documents of the graph, so that they ask
// the same gates; aliases give the runbook's words.
const (
	datasetDocument = `query RestDataset($id: ID!) { answer: dataset(id: $id) {
		id dataset_id: id name description source_type: sourceType
		schema: columns { name type nullable description }
		row_count: rowCount bytes version: dataVersion s3_path: path owner { id name }
		last_import_at: lastImportAt last_import_by: lastImportBy { id name }
		created_at: createdAt updated_at: updatedAt } }`

	auditDocument = `query RestAuditLogs($filter: AuditLogFilter, $first: Int, $after: String) {
		answer: auditLogs(filter: $filter, first: $first, after: $after) { pageInfo { hasNextPage endCursor } nodes {
		log_id: id timestamp event_type: eventType user_id: userId target_type: targetType target_id: targetId
		details { name value } request_id: requestId actor_ip: actorIp session_id: sessionId outcome agent } } }`
)

func (s *server) restDataset(w http.ResponseWriter, r *http.Request) {
	var found map[string]any
	err := s.ask(r, datasetDocument, map[string]any{"id": r.PathValue("id")}, &found)
	if err != nil {
		writeProblem(w, r, err)
		return
	}
	for _, column := range objects(found["schema"]) {
		column["type"] = strings.ToLower(column["type"].(string))
	}
	writeData(w, r, found)
}

func (s *server) restAuditLogs(w http.ResponseWriter, r *http.Request) {
	query, problem := parametersOf(r)
	if problem != nil {
		writeProblem(w, r, problem)
		return
	}
	page := struct {
		Nodes    []map[string]any
		PageInfo struct {
			HasNextPage bool
			EndCursor   string
		}
	}{}
	if problem := s.ask(r, auditDocument, auditVariables(query), &page); problem != nil {
		writeProblem(w, r, problem)
		return
	}
	for _, line := range page.Nodes {
		details := map[string]any{}
		for _, d := range objects(line["details"]) {
			details[d["name"].(string)] = d["value"]
		}
		line["details"] = details
	}
	if page.PageInfo.HasNextPage {
		query.Set("after", page.PageInfo.EndCursor)
		w.Header().Set("Link", "<"+r.URL.Path+"?"+query.Encode()+`>; rel="next"`)
	}
	writeData(w, r, page.Nodes)
}

// parametersOf are the parameters of a request's URL, each of them once.
func parametersOf(r *http.Request) (url.Values, *core.Error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, core.Invalid("", "unreadable")
	}
	for _, values := range query {
		if len(values) > 1 {
			return nil, core.Invalid("", "duplicate_item")
		}
	}
	return query, nil
}

// auditVariables translates the runbook's parameters (§12).
func auditVariables(query url.Values) map[string]any {
	filter, variables := map[string]any{}, map[string]any{}
	for name, to := range map[string]string{"user_id": "userId", "target_id": "targetId", "start_date": "from", "end_date": "to"} {
		if value := query.Get(name); value != "" {
			filter[to] = value
		}
	}
	if value := query.Get("event_type"); value != "" {
		filter["eventTypes"] = []any{value}
	}
	if value := query.Get("limit"); value != "" {
		variables["first"] = json.Number(value)
	}
	if value := query.Get("after"); value != "" {
		variables["after"] = value
	}
	variables["filter"] = filter
	return variables
}

// parameters are the runbook's names of what the graph calls otherwise.
var parameters = map[string]string{
	"filter.userId": "user_id", "filter.targetId": "target_id", "filter.from": "start_date", "filter.to": "end_date",
	"filter.eventTypes": "event_type", "filter.eventTypes.0": "event_type", "first": "limit",
	"input.id": "id", "input.planToken": "plan_token", "input.force": "force", "input.idempotencyKey": "Idempotency-Key",
}

// ask runs a document that changes nothing as whoever is asking, and reads its
// answer into out.
func (s *server) ask(r *http.Request, document string, variables map[string]any, out any) *core.Error {
	return s.answer(r, &request{ours: true, Query: document, Variables: variables, readOnly: true}, out)
}

// answer runs a document of ours as whoever is asking, and reads its answer into out.
func (s *server) answer(r *http.Request, req *request, out any) *core.Error {
	a := s.engine.do(r.Context(), req)
	if len(a.errors) > 0 {
		return problemOf(a.errors[0])
	}
	data := struct{ Answer any }{out}
	if err := json.Unmarshal(a.data, &data); err != nil {
		return core.Internal("rest: read answer", err)
	}
	return nil
}

// problemOf is the error behind what was presented.
func problemOf(shown *gqlerror.Error) *core.Error {
	problem, ok := errors.AsType[*core.Error](shown)
	if !ok {
		return &core.Error{Code: core.CodeInternal}
	}
	at := *problem
	if name, known := parameters[at.Field]; known {
		at.Field = name
	}
	return &at
}

func objects(list any) []map[string]any {
	items, _ := list.([]any)
	found := make([]map[string]any, 0, len(items))
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			found = append(found, object)
		}
	}
	return found
}

func writeData(w http.ResponseWriter, r *http.Request, data any) {
	body, err := json.Marshal(map[string]any{"data": data})
	if err != nil {
		panic(err) // it was JSON before
	}
	w.Header().Set("Content-Type", typeJSON+"; charset=utf-8")
	if r.Method == http.MethodGet {
		body = pack(w.Header(), r, body)
	}
	_, _ = w.Write(body)
}
