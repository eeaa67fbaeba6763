package apptest_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/core"
)

const (
	benchRows   = 1_000_000
	benchCards  = 20
	benchLooks  = 30
	benchUpload = "MAX_UPLOAD_SIZE_BYTES=1000000000"
)

var benchRegions = []string{"東京", "大阪", "北海道", "福岡", "愛知", "京都", "沖縄", "神奈川"}

// benchKinds are what people usually draw.
var benchKinds = []string{
	"def render(dataset, filters, params):\n    return dataset.groupby('segment', as_index=False)['amount'].sum().to_html()\n",
	"import plotly.graph_objects as go\ndef render(dataset, filters, params):\n    s = dataset.groupby('region')['amount'].sum()\n    return go.Figure(go.Bar(x=list(s.index), y=list(s))).to_html()\n",
	"import plotly.graph_objects as go\ndef render(dataset, filters, params):\n    s = dataset.groupby('day')['quantity'].sum()\n    return go.Figure(go.Scatter(x=s.index.astype(str), y=s)).to_html()\n",
	"def render(dataset, filters, params):\n    return f\"<p>{len(dataset):,} rows, {dataset['amount'].mean():.2f}</p>\"\n",
}

// BenchmarkDashboard is a page of 20 cards over one dataset of a million rows:
// one operation each time its filter changes, with no result in the cache.
func BenchmarkDashboard(b *testing.B) {
	apptest.NeedsPython(b)
	k := apptest.Start(b, benchUpload)
	author, _ := k.Somebody(b, core.RoleUser)
	id := benchPage(b, author)
	var took []time.Duration
	for range b.N {
		for range benchLooks {
			filters := []any{
				map[string]any{"column": "region", "values": []any{benchRegions[len(took)%len(benchRegions)]}},
				map[string]any{"column": "day", "from": fmt.Sprintf("2024-01-%02d", 1+len(took)%28), "to": "2024-12-31"},
			}
			began := time.Now()
			a := author.Must(b, `query($id: ID!, $f: [FilterValueInput!]) { dashboard(id: $id) { cards { id result(filters: $f, useCache: false) { html cached } } } }`,
				map[string]any{"id": id, "f": filters})
			took = append(took, time.Since(began))
			if n := len(a.Get("dashboard.cards").([]any)); n != benchCards {
				b.Fatalf("%d cards", n)
			}
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50-ms")
	b.ReportMetric(float64(took[len(took)*95/100].Milliseconds()), "p95-ms")
}

// benchPage imports the data and lays the cards out.
func benchPage(b *testing.B, author apptest.Client) (dashboardID string) {
	b.Helper()
	r, w := io.Pipe()
	go func() { w.CloseWithError(benchTable(w)) }()
	dataset := author.ImportCSV(b, "benchmark", "benchmark.csv", r)
	var cards []any
	for i := range benchCards {
		made := author.Must(b, `mutation($input: CreateCardInput!) { createCard(input: $input) { card { id } } }`,
			map[string]any{"input": map[string]any{"name": fmt.Sprintf("card %d", i), "datasetId": dataset, "code": benchKinds[i%len(benchKinds)]}})
		cards = append(cards, map[string]any{"cardId": made.Str("createCard.card.id"), "x": 0, "y": i, "w": 12, "h": 1})
	}
	made := author.Must(b, `mutation { createDashboard(input: {name: "benchmark"}) { dashboard { id version } } }`, nil)
	dashboardID = made.Str("createDashboard.dashboard.id")
	author.Must(b, `mutation($input: UpdateDashboardInput!) { updateDashboard(input: $input) { dashboard { id } } }`, map[string]any{"input": map[string]any{
		"id": dashboardID, "version": made.Get("createDashboard.dashboard.version"), "layout": map[string]any{"cards": cards},
		"filters": []any{
			map[string]any{"type": "CATEGORY", "column": "region", "label": "region"},
			map[string]any{"type": "DATE_RANGE", "column": "day", "label": "day"},
		},
	}})
	return dashboardID
}

// benchTable writes the same million rows every time.
func benchTable(to io.Writer) error {
	w := bufio.NewWriterSize(to, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	fmt.Fprintln(w, "id,region,segment,day,at,amount,quantity,score,active,note")
	segments := []string{"個人", "法人", "官公庁", "学校"}
	for i := range benchRows {
		day := time.Date(2024, 1, 1+r.IntN(366), r.IntN(24), r.IntN(60), 0, 0, time.UTC)
		fmt.Fprintf(w, "%d,%s,%s,%s,%s,%.2f,%d,%d,%t,note %d\n", i, benchRegions[r.IntN(len(benchRegions))], segments[r.IntN(len(segments))],
			day.Format(time.DateOnly), day.Format(time.DateTime), float64(r.IntN(1e7))/100, r.IntN(50), r.IntN(1000), r.IntN(2) == 0, r.IntN(500))
	}
	return w.Flush()
}
