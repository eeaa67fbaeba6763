package apptest_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table/dynamo"
	"github.com/karuta-bi/karuta/internal/testkit"
)

// The main job, from a CSV to a shared dashboard, on each pair of engines.
func TestMainJob(t *testing.T) {
	apptest.NeedsPython(t)
	t.Run("embedded and folder", func(t *testing.T) { mainJob(t, apptest.Start(t)) })
	t.Run("DynamoDB and S3", func(t *testing.T) { mainJob(t, apptest.Start(t, realEngines(t)...)) })
}

// realEngines are the settings of a Karuta on servers that speak the real
// protocols, with its tables made.
func realEngines(t *testing.T) []string {
	t.Helper()
	endpoint, bucket := testkit.Dynoxide(t), testkit.S3(t)
	tables, err := dynamo.Open(t.Context(), dynamo.Options{Endpoint: endpoint, Region: "ap-northeast-1", AccessKey: "local", SecretKey: "local"})
	if err == nil {
		err = tables.Init(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		"STORE=dynamodb", "DYNAMODB_ENDPOINT=" + endpoint,
		"BLOBS=s3", "S3_ENDPOINT=" + bucket.Endpoint, "S3_REGION=" + bucket.Region, "S3_BUCKET_DATASETS=" + bucket.Bucket,
		"S3_ACCESS_KEY=" + bucket.AccessKey, "S3_SECRET_KEY=" + bucket.SecretKey,
	}
}

// job is the story while it goes on.
type job struct {
	k                       *apptest.Instance
	admin, author, reader   apptest.Client
	authorID, readerID      string
	card, broken, dashboard string
}

func mainJob(t *testing.T, k *apptest.Instance) {
	j := &job{k: k}
	j.admin, _ = k.Somebody(t, core.RoleAdmin)
	j.author, j.authorID = j.signsIn(t, "author@example.com")
	j.reader, j.readerID = j.signsIn(t, "reader@example.com")
	j.layOut(t)
	j.authorSees(t)
	j.share(t)
	j.readerSees(t)
	j.onTheRecord(t)
}

const password = "Sesame-Open-42"

// signsIn is somebody for whom an administrator makes an account, and who signs in with it.
func (j *job) signsIn(t *testing.T, email string) (apptest.Client, string) {
	t.Helper()
	made := j.admin.Must(t, `mutation($e: String!, $p: String!) { createUser(input: {email: $e, password: $p, role: USER}) { user { id } } }`,
		map[string]any{"e": email, "p": password})
	in := apptest.Client{URL: j.k.URL}.Must(t, `mutation($e: String!, $p: String!) { login(input: {email: $e, password: $p}) { accessToken tokenType expiresIn user { id email role } } }`,
		map[string]any{"e": strings.ToUpper(email), "p": password})
	id := made.Str("createUser.user.id")
	if in.Str("login.user.id") != id || in.Str("login.tokenType") != "bearer" || in.Get("login.expiresIn") != 86400.0 {
		t.Errorf("login: %s", in.Raw)
	}
	return apptest.Client{URL: j.k.URL, Token: in.Str("login.accessToken")}, id
}

const sales = "地域,日付,金額,顧客番号\n東京,2026-04-01,1200,001\n大阪,2026-04-02,950,002\n東京,2026-05-01,300,003\n,2026-05-02,50,004\n"

const (
	totalCode  = "def render(dataset, filters, params):\n    return f'<p>{len(dataset)} rows, {dataset[\"金額\"].sum()}, {dataset[\"顧客番号\"].min()}</p>'\n"
	brokenCode = "def render(dataset, filters, params):\n    return dataset['売価'].sum()\n"
)

// layOut brings data, cards and a dashboard about.
func (j *job) layOut(t *testing.T) {
	dataset := j.author.ImportCSV(t, "売上", "sales.csv", strings.NewReader(sales))
	card := func(name, code string) string {
		return j.author.Must(t, `mutation($input: CreateCardInput!) { createCard(input: $input) { card { id version } } }`,
			map[string]any{"input": map[string]any{"name": name, "datasetId": dataset, "code": code}}).Str("createCard.card.id")
	}
	j.card, j.broken = card("合計", totalCode), card("壊れたカード", brokenCode)
	made := j.author.Must(t, `mutation { createDashboard(input: {name: "春の売上"}) { dashboard { id version } } }`, nil)
	j.dashboard = made.Str("createDashboard.dashboard.id")
	j.author.Must(t, `mutation($input: UpdateDashboardInput!) { updateDashboard(input: $input) { dashboard { id version } } }`, map[string]any{"input": map[string]any{
		"id": j.dashboard, "version": made.Get("createDashboard.dashboard.version"),
		"layout": map[string]any{"cards": []any{
			map[string]any{"cardId": j.card, "x": 0, "y": 0, "w": 6, "h": 2},
			map[string]any{"cardId": j.broken, "x": 6, "y": 0, "w": 6, "h": 2},
		}},
		"filters": []any{
			map[string]any{"type": "CATEGORY", "column": "地域", "label": "地域", "multiSelect": true},
			map[string]any{"type": "DATE_RANGE", "column": "日付", "label": "期間", "multiSelect": false},
		},
	}})
}

const page = `query($id: ID!, $filters: [FilterValueInput!]) { dashboard(id: $id) { name myPermission cards { id card { id name code }
	result(filters: $filters) { html url cached appliedFilters rowsIn } } } }`

func (j *job) look(t *testing.T, who apptest.Client, filters ...any) apptest.Answer {
	t.Helper()
	return who.Do(t, page, map[string]any{"id": j.dashboard, "filters": filters})
}

// authorSees: the whole page in one operation; the broken card is one error with
// its place, and its author alone reads the traceback.
func (j *job) authorSees(t *testing.T) {
	all := j.look(t, j.author)
	if html := all.Str("dashboard.cards.0.result.html"); html != "<p>4 rows, 2500, 001</p>" {
		t.Errorf("html %q in %s", html, all.Raw)
	}
	if len(all.Errors) != 1 || fmt.Sprint(all.Errors[0].Path) != "[dashboard cards 1 result]" || all.Errors[0].Code() != "EXECUTION_ERROR" {
		t.Fatalf("errors of the page: %s", all.Raw)
	}
	if trace := fmt.Sprint(all.Errors[0].Extensions["traceback"]); !strings.Contains(trace, "売価") {
		t.Errorf("traceback: %s", trace)
	}
	for _, c := range []struct {
		filter map[string]any
		html   string
	}{
		{map[string]any{"column": "地域", "values": []any{"東京"}}, "<p>2 rows, 1500, 001</p>"},
		{map[string]any{"column": "地域", "values": []any{"東京"}, "includeNull": true}, "<p>3 rows, 1550, 001</p>"},
		{map[string]any{"column": "日付", "from": "2026-04-02", "to": "2026-05-01"}, "<p>2 rows, 1250, 002</p>"},
		{map[string]any{"column": "金額", "values": []any{"1"}}, "<p>4 rows, 2500, 001</p>"}, // the page defines no such filter
	} {
		if got := j.look(t, j.author, c.filter); got.Str("dashboard.cards.0.result.html") != c.html {
			t.Errorf("%v: %s", c.filter, got.Raw)
		}
	}
}

func (j *job) share(t *testing.T) {
	if before := j.look(t, j.reader); before.Code() != "NOT_FOUND" || before.Get("dashboard") != nil {
		t.Errorf("before the share: %s", before.Raw)
	}
	j.author.Must(t, `mutation($input: CreateShareInput!) { createShare(input: $input) { share { id permission } } }`, map[string]any{"input": map[string]any{
		"dashboardId": j.dashboard, "target": map[string]any{"type": "USER", "id": j.readerID}, "permission": "VIEWER",
	}})
}

// readerSees: exactly what was shared, and the card's page without signing in.
func (j *job) readerSees(t *testing.T) {
	got := j.look(t, j.reader)
	if got.Str("dashboard.myPermission") != "VIEWER" || got.Str("dashboard.cards.0.result.html") != "<p>4 rows, 2500, 001</p>" || got.Get("dashboard.cards.0.result.cached") != true {
		t.Fatalf("the reader's page: %s", got.Raw)
	}
	if got.Str("dashboard.cards.0.card.code") != "" || len(got.Errors) != 1 || got.Errors[0].Extensions["traceback"] != nil {
		t.Errorf("the reader sees the author's side: %s", got.Raw)
	}
	resp, err := http.Get(j.k.URL + got.Str("dashboard.cards.0.result.url"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(body), "4 rows") || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the card's page: %s %v %v %s", resp.Status, err, resp.Header, body)
	}
	for _, c := range []struct{ document, id, code string }{
		{`query($id: ID!) { card(id: $id) { id } }`, j.card, ""},
		{`query($id: ID!) { dashboard(id: $id) { shares { id } } }`, j.dashboard, "FORBIDDEN"},
		{`mutation($id: ID!) { deleteDashboard(input: {id: $id}) { deletedId } }`, j.dashboard, "FORBIDDEN"},
		{`mutation($id: ID!) { deleteCard(input: {id: $id}) { deletedId } }`, j.card, "FORBIDDEN"},
	} {
		if a := j.reader.Do(t, c.document, map[string]any{"id": c.id}); a.Code() != c.code {
			t.Errorf("%s: want %q, got %s", c.document, c.code, a.Raw)
		}
	}
}

// onTheRecord: an administrator reads who did what, newest first.
func (j *job) onTheRecord(t *testing.T) {
	if err := j.k.App.Audit.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := j.admin.Must(t, `{ auditLogs(first: 100) { nodes { id timestamp eventType userId targetId } pageInfo { hasNextPage } } }`, nil)
	var order []string
	for _, n := range all.Get("auditLogs.nodes").([]any) {
		order = append(order, n.(map[string]any)["eventType"].(string))
	}
	at := len(order)
	for _, want := range []string{"USER_CREATED", "USER_LOGIN", "DATASET_IMPORTED", "CARD_CREATED", "DASHBOARD_CREATED", "DASHBOARD_UPDATED", "DASHBOARD_SHARE_ADDED"} {
		found := slices.Index(order, want)
		if found < 0 || found >= at {
			t.Errorf("%s is not where it belongs in %v", want, order)
		}
		at = max(found, 0)
	}
	mine := j.admin.Must(t, `query($u: ID!, $d: ID!) { auditLogs(filter: {userId: $u, targetId: $d, eventTypes: [DASHBOARD_SHARE_ADDED]}) { nodes { userId targetId } } }`,
		map[string]any{"u": j.authorID, "d": j.dashboard})
	if nodes := mine.Get("auditLogs.nodes").([]any); len(nodes) != 1 {
		t.Errorf("the share in the record: %s", mine.Raw)
	}
	if a := j.author.Do(t, `{ auditLogs { nodes { id } } }`, nil); a.Code() != "FORBIDDEN" {
		t.Errorf("the author reads the record: %s", a.Raw)
	}
}
