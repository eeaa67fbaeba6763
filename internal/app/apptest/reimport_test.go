package apptest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/testkit"
)

const (
	monthBefore = "地域,金額,備考\n東京,1200,初\n大阪,950,初\n"
	monthAfter  = "地域,金額,数量\n東京,1300円,3\n大阪,900円,4\n京都,800円,5\n"
	lastObject  = "monthly/sales.csv"
)

// renewal is the story of a dataset whose object changes.
type renewal struct {
	k             *apptest.Instance
	bucket        testkit.S3Server
	owner, reader apptest.Client
	dataset       string
	dashboard     string
	rows, note    string // cards: on the column whose type changes, and on the one that goes
}

// The whole way of a re-import, as the runbook has it: nobody sees the new data
// before it is confirmed, exactly that is published, and it is one step back.
func TestReimportAsTheRunbookSays(t *testing.T) { // DS-9 to DS-13, DS-16, API-8
	apptest.NeedsPython(t)
	r := &renewal{bucket: testkit.S3(t)}
	r.k = apptest.Start(t, "S3_ENDPOINT="+r.bucket.Endpoint, "S3_REGION="+r.bucket.Region, "S3_ACCESS_KEY="+r.bucket.AccessKey,
		"S3_SECRET_KEY="+r.bucket.SecretKey, fmt.Sprintf("S3_IMPORT_BUCKETS=[%q]", r.bucket.Bucket))
	r.layOut(t)
	r.sees(t, "before", "<p>2 rows, 2150</p>", "<p>初</p>")
	r.bucket.Put(t, lastObject, monthAfter)
	token := r.waits(t)
	r.sees(t, "while it waits", "<p>2 rows, 2150</p>", "<p>初</p>")
	r.confirms(t, token)
	r.goesBack(t)
	r.overREST(t)
}

// layOut imports the object and shows it on a dashboard to a reader.
func (r *renewal) layOut(t *testing.T) {
	r.owner, _ = r.k.Somebody(t, core.RoleUser)
	reader, u := r.k.Somebody(t, core.RoleUser)
	r.reader = reader
	r.bucket.Put(t, lastObject, monthBefore)
	a := r.owner.Must(t, `mutation($input: ImportS3Input!) { importS3(input: $input) { job { id kind s3 { bucket key } } } }`,
		map[string]any{"input": map[string]any{"bucket": r.bucket.Bucket, "key": lastObject, "name": "月次", "encoding": "utf-8"}})
	job := r.owner.AwaitJob(t, a.Str("importS3.job.id"))
	if r.dataset = job.Str("importJob.dataset.id"); r.dataset == "" || a.Str("importS3.job.s3.key") != lastObject {
		t.Fatalf("%s\n%s", a.Raw, job.Raw)
	}
	card := func(expression string) string {
		return r.owner.Must(t, `mutation($input: CreateCardInput!) { createCard(input: $input) { card { id } } }`, map[string]any{"input": map[string]any{
			"name": "カード", "datasetId": r.dataset, "code": "def render(dataset, filters, params):\n    return f'<p>" + expression + "</p>'\n",
		}}).Str("createCard.card.id")
	}
	r.rows = card(`{len(dataset)} rows, {sum(int(str(v).removesuffix("円")) for v in dataset["金額"])}`)
	r.note = card(`{dataset["備考"].iloc[0]}`)
	r.dashboard = pageOf(t, r.owner, []any{
		map[string]any{"cardId": r.rows, "x": 0, "y": 0, "w": 6, "h": 1}, map[string]any{"cardId": r.note, "x": 6, "y": 0, "w": 6, "h": 1},
	})
	r.owner.Must(t, `mutation($input: CreateShareInput!) { createShare(input: $input) { share { id } } }`, map[string]any{"input": map[string]any{
		"dashboardId": r.dashboard, "target": map[string]any{"type": "USER", "id": u.ID}, "permission": "VIEWER"}})
}

// sees: the owner and the reader see the same on the two cards.
func (r *renewal) sees(t *testing.T, when, rows, note string) {
	t.Helper()
	for name, who := range map[string]apptest.Client{"owner": r.owner, "reader": r.reader} {
		got := who.Do(t, page, map[string]any{"id": r.dashboard, "filters": []any{}})
		if got.Str("dashboard.cards.0.result.html") != rows || got.Str("dashboard.cards.1.result.html") != note {
			t.Errorf("%s, %s: %s", when, name, got.Raw)
		}
		if note != "" {
			continue
		}
		if len(got.Errors) != 1 || fmt.Sprint(got.Errors[0].Path) != "[dashboard cards 1 result]" {
			t.Errorf("%s, %s: the card on the column that went: %s", when, name, got.Raw)
		} else if said := fmt.Sprint(got.Errors[0].Extensions["traceback"]); name == "owner" && !strings.Contains(said, "備考") {
			t.Errorf("%s: the owner is not told which column is gone: %s", when, got.Raw)
		}
	}
}

const again = `mutation($input: ReimportDatasetInput!) { reimportDataset(input: $input) { __typename
	... on ReimportCompleted { importStatus dataset { dataVersion rowCount columns { name type } } version { number origin } job { id } }
	... on ReimportPendingConfirmation { importStatus schemaChanges { kind column from to breaking } planToken expiresAt
		impact { columns { column breaking cards { id } filters { filterId } } cardCount transformIds } job { id } } } }`

func (r *renewal) reimport(t *testing.T, input map[string]any) apptest.Answer {
	t.Helper()
	input["id"] = r.dataset
	return r.owner.Do(t, again, map[string]any{"input": input})
}

// waits: the changed object is read and waits, with what changes and on whom it tells.
func (r *renewal) waits(t *testing.T) (token string) {
	got := r.reimport(t, map[string]any{"force": false})
	want := map[string]string{
		"金額": "TYPE_CHANGED int64 string true", "備考": "COLUMN_REMOVED string <nil> true", "数量": "COLUMN_ADDED <nil> int64 false",
	}
	changes, _ := got.Get("reimportDataset.schemaChanges").([]any)
	for _, c := range changes {
		c := c.(map[string]any)
		if said := fmt.Sprintf("%v %v %v %v", c["kind"], c["from"], c["to"], c["breaking"]); said != want[fmt.Sprint(c["column"])] {
			t.Errorf("%v changes as %s", c["column"], said)
		}
	}
	if got.Str("reimportDataset.importStatus") != "pending_confirmation" || len(changes) != len(want) {
		t.Fatalf("%s", got.Raw)
	}
	impact, _ := got.Get("reimportDataset.impact.columns").([]any)
	for _, c := range impact {
		c := c.(map[string]any)
		card := map[string]string{"金額": r.rows, "備考": r.note}[fmt.Sprint(c["column"])]
		if card != "" && (c["breaking"] != true || fmt.Sprint(c["cards"]) != fmt.Sprintf("[map[id:%s]]", card)) {
			t.Errorf("the impact on %v: %v", c["column"], c)
		}
	}
	if got.Get("reimportDataset.impact.cardCount") != 2.0 || len(impact) < 2 {
		t.Errorf("the impact: %s", got.Raw)
	}
	return got.Str("reimportDataset.planToken")
}

// confirms: only with the token, and exactly what was read, though the object has
// changed again since. The cards follow.
func (r *renewal) confirms(t *testing.T, token string) {
	r.bucket.Put(t, lastObject, "地域,金額,数量\n奈良,1円,1\n")
	if got := r.reimport(t, map[string]any{"force": true}); got.Code() != "VALIDATION_ERROR" {
		t.Errorf("without the token: %s", got.Raw)
	}
	got := r.reimport(t, map[string]any{"force": true, "planToken": token})
	if got.Str("reimportDataset.importStatus") != "completed" || got.Get("reimportDataset.dataset.rowCount") != 3.0 ||
		got.Get("reimportDataset.version.number") != 2.0 || got.Str("reimportDataset.version.origin") != "REIMPORT" {
		t.Fatalf("%s", got.Raw)
	}
	r.sees(t, "after it was confirmed", "<p>3 rows, 3000</p>", "")
	told := r.owner.Must(t, `{ notifications(first: 10) { nodes { kind } } }`, nil)
	if strings.Contains(told.Raw, "COLUMNS_CHANGED") { // it was their own doing
		t.Errorf("the owner is told of what they did: %s", told.Raw)
	}
}

// goesBack: the old rows are one step away, and are a version of their own.
func (r *renewal) goesBack(t *testing.T) {
	got := r.owner.Must(t, `mutation($id: ID!) { restoreDatasetVersion(input: {id: $id, number: 1}) { dataset { dataVersion } version { number restored origin } } }`,
		map[string]any{"id": r.dataset})
	if got.Get("restoreDatasetVersion.version.number") != 3.0 || got.Get("restoreDatasetVersion.version.restored") != 1.0 {
		t.Errorf("%s", got.Raw)
	}
	r.sees(t, "after it was brought back", "<p>2 rows, 2150</p>", "<p>初</p>")
}

// overREST: the runbook's line does the same in its own words.
func (r *renewal) overREST(t *testing.T) {
	waits := r.call(t, http.StatusOK, `{"force": false}`)["data"].(map[string]any)
	if waits["import_status"] != "pending_confirmation" || !strings.Contains(fmt.Sprint(waits["schema_changes"]), "column_removed") {
		t.Fatalf("%v", waits)
	}
	done := r.call(t, http.StatusOK, fmt.Sprintf(`{"force": true, "plan_token": %q}`, waits["plan_token"]))["data"].(map[string]any)
	if done["import_status"] != "completed" || fmt.Sprint(done["dataset"]) != fmt.Sprintf("map[dataset_id:%s row_count:1 version:4]", r.dataset) {
		t.Errorf("%v", done)
	}
	r.sees(t, "after the runbook's line", "<p>1 rows, 1</p>", "")
	r.bucket.Remove(t, lastObject)
	if gone := r.call(t, http.StatusBadRequest, `{}`); !strings.Contains(fmt.Sprint(gone["error"]), "SOURCE_NOT_FOUND") {
		t.Errorf("%v", gone)
	}
}

func (r *renewal) call(t *testing.T, status int, body string) (answer map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.k.URL+"/api/datasets/"+r.dataset+"/import", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.owner.Token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || json.Unmarshal(raw, &answer) != nil || resp.StatusCode != status {
		t.Fatalf("%s: %d %s, %v", body, resp.StatusCode, raw, err)
	}
	return answer
}
