package apptest_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/core"
)

// staff has values that tell by themselves whose row and which column they are of.
const staff = "地域,氏名,メール,給与,等級\n" +
	"東京,佐藤 花子,hanako@tokyo.example,7001001,E1\n" +
	"東京,鈴木 一郎,ichiro@tokyo.example,7001002,E2\n" +
	"大阪,田中 次郎,jiro@osaka.example,7002001,W1\n" +
	",高橋 三郎,saburo@nowhere.example,7003001,N1\n"

const (
	listCode   = "def render(dataset, filters, params):\n    return dataset.to_html()\n"
	salaryCode = "def render(dataset, filters, params):\n    return str(dataset['給与'].max())\n"
)

// staffed is a company with a page over its staff, which everybody may view.
type staffed struct {
	k                         *apptest.Instance
	owner, east, west, nobody apptest.Client
	people                    map[string]*core.User
	dataset, page             string
	list, salary              string
}

func newStaffed(t *testing.T) *staffed {
	s := &staffed{k: apptest.Start(t, "LOG_LEVEL=DEBUG"), people: map[string]*core.User{}}
	s.owner, _ = s.k.Somebody(t, core.RoleUser)
	admin, _ := s.k.Somebody(t, core.RoleAdmin)
	s.dataset = s.owner.ImportApproved(t, admin, "社員", "staff.csv", staff)
	card := func(name, code string) string {
		return s.owner.Must(t, `mutation($input: CreateCardInput!) { createCard(input: $input) { card { id } } }`,
			map[string]any{"input": map[string]any{"name": name, "datasetId": s.dataset, "code": code}}).Str("createCard.card.id")
	}
	s.list, s.salary = card("一覧", listCode), card("最高額", salaryCode)
	s.page = s.owner.Must(t, `mutation { createDashboard(input: {name: "社員"}) { dashboard { id } } }`, nil).Str("createDashboard.dashboard.id")
	s.owner.Must(t, `mutation($input: UpdateDashboardInput!) { updateDashboard(input: $input) { dashboard { id } } }`, map[string]any{"input": map[string]any{
		"id": s.page, "version": 1,
		"layout": map[string]any{"cards": []any{
			map[string]any{"cardId": s.list, "x": 0, "y": 0, "w": 6, "h": 2}, map[string]any{"cardId": s.salary, "x": 6, "y": 0, "w": 6, "h": 2},
		}},
		"filters": []any{category("地域"), category("氏名"), category("給与"), category("等級")},
	}})
	for name, client := range map[string]*apptest.Client{"east": &s.east, "west": &s.west, "nobody": &s.nobody} {
		*client, s.people[name] = s.k.Somebody(t, core.RoleUser)
		s.owner.Must(t, `mutation($input: CreateShareInput!) { createShare(input: $input) { share { id } } }`, map[string]any{"input": map[string]any{
			"dashboardId": s.page, "target": map[string]any{"type": "USER", "id": s.people[name].ID}, "permission": "VIEWER",
		}})
	}
	return s
}

func category(column string) map[string]any {
	return map[string]any{"type": "CATEGORY", "column": column, "label": "絞り込み", "multiSelect": true}
}

// rule lets somebody see the rows of a region without salaries and with names masked.
func (s *staffed) rule(t *testing.T, who, region string) {
	t.Helper()
	version := s.owner.Must(t, `query($id: ID!) { dataset(id: $id) { version } }`, map[string]any{"id": s.dataset}).Get("dataset.version")
	s.owner.Must(t, `mutation($input: CreatePolicyInput!) { createPolicy(input: $input) { policy { id broken rows } } }`, map[string]any{"input": map[string]any{
		"datasetId": s.dataset, "version": version, "name": who, "targets": []any{map[string]any{"type": "USER", "id": s.people[who].ID}},
		"rows": map[string]any{"column": "地域", "values": []any{region}}, "hidden": []any{"給与"}, "masked": []any{map[string]any{"column": "氏名", "mask": "NAME"}},
	}})
	s.owner.Must(t, `mutation($id: ID!, $v: Int!) { updateDataset(input: {id: $id, version: $v, columns: [{name: "メール", class: DIRECT}]}) { dataset { columns { class } } } }`,
		map[string]any{"id": s.dataset, "v": version.(float64) + 1})
}

// everything asks every door of the page and gives all that came, pages of cards too.
func (s *staffed) everything(t *testing.T, who apptest.Client) string {
	t.Helper()
	var told strings.Builder
	page := who.Do(t, `query($id: ID!) { dashboard(id: $id) { cards { rows(limit: 100) { columns { name class } rows totalRows } result { html url log } card { dataset { rowCount columns { name } policies { id } } } } } }`,
		map[string]any{"id": s.page})
	told.WriteString(page.Raw)
	if url := page.Str("dashboard.cards.0.result.url"); url != "" {
		resp, err := http.Get(s.k.URL + url)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		told.Write(body)
	}
	for _, column := range []string{"地域", "氏名", "メール", "給与", "等級"} {
		for _, search := range []string{"", "佐", "7"} {
			told.WriteString(who.Do(t, `query($d: ID!, $p: ID!, $c: String!, $s: String) { dataset(id: $d) { columnValues(column: $c, dashboardId: $p, search: $s) { values hasNull } preview { rows } } }`,
				map[string]any{"d": s.dataset, "p": s.page, "c": column, "s": search}).Raw)
		}
	}
	for column, value := range map[string]string{"給与": "7001001", "氏名": "佐藤 花子", "等級": "W1"} {
		told.WriteString(who.Do(t, `query($id: ID!, $f: [FilterValueInput!]) { dashboard(id: $id) { cards { rows(filters: $f) { rows totalRows } result(filters: $f) { html appliedFilters rowsIn } } } }`,
			map[string]any{"id": s.page, "f": []any{map[string]any{"column": column, "values": []any{value}}}}).Raw)
	}
	return told.String()
}

var marks = regexp.MustCompile(`佐藤 花子|鈴木 一郎|田中 次郎|高橋 三郎|hanako|ichiro|jiro|saburo|\b700[0-9]{4}\b|[EWN][0-9]\b|佐藤|田中|鈴木|高橋`)

// TestPoliciesAtEveryDoor: by a real engine and a real Python, each person gets
// the cells that the policies give them and no mark of any other, at any door,
// in any error, and nothing is logged.
func TestPoliciesAtEveryDoor(t *testing.T) {
	apptest.NeedsPython(t)
	s := newStaffed(t)
	if before := s.everything(t, s.east); !strings.Contains(before, "7002001") {
		t.Fatalf("without policies: %s", before)
	}
	s.rule(t, "east", "東京")
	s.rule(t, "west", "大阪")
	for _, c := range []struct {
		name string
		who  apptest.Client
		want []string
	}{
		{"east", s.east, []string{"E1", "E2", "佐藤", "鈴木"}},
		{"west", s.west, []string{"W1", "田中"}},
		{"nobody", s.nobody, nil},
	} {
		told := s.everything(t, c.who)
		// What they ask for themselves does not come back either: answers repeat no value.
		found := marks.FindAllString(told, -1)
		slices.Sort(found)
		if found = slices.Compact(found); !slices.Equal(found, slices.Sorted(slices.Values(c.want))) {
			t.Errorf("%s finds %q, want %q: %s", c.name, found, c.want, told)
		}
		if strings.Contains(strings.ReplaceAll(told, "データセットに列「給与」がありません", ""), "給与") {
			t.Errorf("%s reads of a column that is not there: %s", c.name, told)
		}
	}
	one := s.east.Must(t, `query($id: ID!) { dashboard(id: $id) { cards { rows(limit: 100) { columns { name } rows totalRows } } } }`, map[string]any{"id": s.page})
	if got := fmt.Sprint(one.Get("dashboard.cards.0.rows.rows")); got != "[[東京 佐藤 * h***@tokyo.example E1] [東京 鈴木 * i***@tokyo.example E2]]" {
		t.Errorf("rows are %s", got)
	}
	missing := s.east.Do(t, `query($id: ID!) { dashboard(id: $id) { cards { result { html } } } }`, map[string]any{"id": s.page})
	if len(missing.Errors) != 1 || missing.Errors[0].Code() != "EXECUTION_ERROR" || !strings.Contains(missing.Errors[0].Message, "公開されていない列") {
		t.Errorf("the card that needs the salary: %s", missing.Raw)
	}
	if all := s.everything(t, s.owner); !strings.Contains(all, "7002001") || !strings.Contains(all, "高橋 三郎") {
		t.Errorf("the owner sees %s", all)
	}
	if said := marks.FindAllString(s.k.Log(), -1); len(said) > 0 {
		t.Errorf("the log says %q", said)
	}
}

// TestAPartKeepsThePolicies: new rows are under the old policies at once.
func TestAPartKeepsThePolicies(t *testing.T) {
	apptest.NeedsPython(t)
	s := newStaffed(t)
	s.rule(t, "east", "東京")
	part := s.owner.Upload(t, `mutation($d: ID!, $file: Upload!) { importCsv(input: {appendTo: $d, file: $file}) { job { id } } }`, map[string]any{"d": s.dataset, "file": nil},
		"variables.file", "more.csv", strings.NewReader("地域,氏名,メール,給与,等級\n大阪,伊藤 四郎,shiro@osaka.example,7002002,W2\n東京,渡辺 五郎,goro@tokyo.example,7001003,E3\n"))
	s.owner.AwaitJob(t, part.Str("importCsv.job.id"))
	told := s.everything(t, s.east)
	if !strings.Contains(told, "E3") || strings.Contains(told, "W2") || strings.Contains(told, "7001003") || strings.Contains(told, "渡辺 五郎") {
		t.Errorf("after the part: %s", told)
	}
}
