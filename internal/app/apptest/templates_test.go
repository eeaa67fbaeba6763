package apptest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/core"
)

// Every template draws something from any table that has a column for it, as it
// stands; a snapshot shows it again, and the log knows the run.
func TestTemplatesDraw(t *testing.T) {
	apptest.NeedsPython(t)
	k := apptest.Start(t)
	author, _ := k.Somebody(t, core.RoleUser)
	for name, csv := range map[string]string{
		"all kinds":   "日付,地域,\"商品\"\"名\"\"\",売上,個数\n2026-01-01,関東,A,1.5,2\n2026-01-02,関西,B,2.5,3\n2026-01-02,関西,A,,4\n",
		"one of each": "date,shop,sales\n2026-01-01,a,1\n2026-01-02,b,2\n",
	} {
		dataset := author.ImportCSV(t, name, "data.csv", strings.NewReader(csv))
		a := author.Must(t, `query($id: ID) { chartTemplates(datasetId: $id) { id name code } }`, map[string]any{"id": dataset})
		list, _ := a.Get("chartTemplates").([]any)
		if len(list) != 10 {
			t.Fatalf("%d templates", len(list))
		}
		for _, item := range list {
			template := item.(map[string]any)
			t.Run(fmt.Sprint(name, " ", template["id"]), func(t *testing.T) {
				made := author.Must(t, `mutation($input: CreateCardInput!) { createCard(input: $input) { card { id } } }`,
					map[string]any{"input": map[string]any{"name": template["name"], "datasetId": dataset, "code": template["code"]}})
				id := made.Str("createCard.card.id")
				ran := author.Must(t, `mutation($id: ID!) { executeCard(input: {cardId: $id}) { result { html snapshotId } } }`, map[string]any{"id": id})
				html := ran.Str("executeCard.result.html")
				if len(html) < 50 {
					t.Errorf("it draws %q", html)
				}
				kept := author.Must(t, `query($card: ID!, $snap: ID!) { snapshot(id: $snap) { cardId result { html } } card(id: $card) { runs { snapshotId rowsIn } } }`,
					map[string]any{"card": id, "snap": ran.Get("executeCard.result.snapshotId")})
				if kept.Str("snapshot.result.html") != html || kept.Str("snapshot.cardId") != id || kept.Str("card.runs.0.snapshotId") != ran.Str("executeCard.result.snapshotId") {
					t.Error(kept.Raw)
				}
			})
		}
	}
}
