package server

import (
	"io"
	"net/http"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
)

const importDocument = `mutation RestImport($input: ReimportDatasetInput!) { answer: reimportDataset(input: $input) {
	... on ReimportCompleted { import_status: importStatus dataset { dataset_id: id row_count: rowCount version: dataVersion } job { job_id: id } }
	... on ReimportPendingConfirmation { import_status: importStatus job { job_id: id }
		schema_changes: schemaChanges { kind column from to breaking } plan_token: planToken expires_at: expiresAt }
	... on ReimportRunning { import_status: importStatus job { job_id: id } } } }`

// restImport reads a dataset's source again (§12). Like every change it is refused
// where a page of another site could have sent it.
func (s *server) restImport(w http.ResponseWriter, r *http.Request) {
	if !preflighted(r) {
		writeProblem(w, r, core.Forbidden("preflight"))
		return
	}
	var wanted struct {
		Force     bool   `json:"force"`
		PlanToken string `json:"plan_token"`
	}
	held := s.hold(r)
	defer held.Leave()
	body, err := io.ReadAll(held.Reader(http.MaxBytesReader(w, r.Body, maxBody)))
	if err != nil {
		err = bodyProblem(err)
	} else if len(body) > 0 {
		err = unmarshal(body, &wanted)
	}
	if wrong, ok := err.(*refusal); ok {
		writeProblem(w, r, wrong.err)
		return
	}
	input := map[string]any{"id": r.PathValue("id"), "force": wanted.Force}
	if wanted.PlanToken != "" {
		input["planToken"] = wanted.PlanToken
	}
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		input["idempotencyKey"] = key
	}
	var outcome map[string]any
	if problem := s.answer(r, &request{ours: true, Query: importDocument, Variables: map[string]any{"input": input}}, &outcome); problem != nil {
		writeProblem(w, r, problem)
		return
	}
	changes, _ := outcome["schema_changes"].([]any)
	for _, change := range changes {
		if change, ok := change.(map[string]any); ok {
			change["kind"] = strings.ToLower(change["kind"].(string)) // the runbook's words
		}
	}
	writeData(w, r, outcome)
}
