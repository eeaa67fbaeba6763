package apptest_test

import (
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/core"
)

func TestMain(m *testing.M) { apptest.Main(m) }

func TestSomebodyIsSignedIn(t *testing.T) {
	k := apptest.Start(t)
	admin, u := k.Somebody(t, core.RoleAdmin)
	if got := admin.Must(t, `{ me { id role } }`, nil); got.Str("me.id") != u.ID || got.Str("me.role") != "ADMIN" {
		t.Errorf("me: %s", got.Raw)
	}
	stranger := apptest.Client{URL: k.URL}
	if got := stranger.Do(t, `{ me { id } }`, nil); got.Code() != "UNAUTHORIZED" {
		t.Errorf("a stranger: %s", got.Raw)
	}
}

// The whole first paragraph in miniature: a file becomes a dataset, a card over
// it a result.
func TestAFileBecomesACard(t *testing.T) {
	apptest.NeedsPython(t)
	k := apptest.Start(t)
	author, _ := k.Somebody(t, core.RoleUser)
	dataset := author.ImportCSV(t, "売上", "sales.csv", strings.NewReader("日付,金額\n2026-04-01,1200\n2026-04-02,950\n"))
	code := "def render(dataset, filters, params):\n    return f'<p>{dataset[\"金額\"].sum()}</p>'\n"
	card := author.Must(t, `mutation($input: CreateCardInput!) { createCard(input: $input) { card { id version } } }`,
		map[string]any{"input": map[string]any{"name": "合計", "datasetId": dataset, "code": code}})
	got := author.Must(t, `mutation($input: ExecuteCardInput!) { executeCard(input: $input) { result { html cached } } }`,
		map[string]any{"input": map[string]any{"cardId": card.Str("createCard.card.id")}})
	if html := got.Str("executeCard.result.html"); html != "<p>2150</p>" {
		t.Errorf("html %q", html)
	}
}
