package apptest_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/core"
)

const (
	benchRows    = 1_000_000
	benchColumns = 50
	benchCards   = 20
	benchLooks   = 15
	benchViewers = 10
	benchUpload  = "MAX_UPLOAD_SIZE_BYTES=1000000000"
)

var benchRegions = []string{"東京", "大阪", "北海道", "福岡", "愛知", "京都", "沖縄", "神奈川"}

// benchKinds are what people usually draw, each of two to four columns; together
// they name eleven of the fifty.
var benchKinds = []string{
	"def render(dataset, filters, params):\n    return dataset.groupby('segment', as_index=False)['amount'].sum().to_html()\n",
	"import plotly.graph_objects as go\ndef render(dataset, filters, params):\n    s = dataset.groupby('region')['amount'].sum()\n    return go.Figure(go.Bar(x=list(s.index), y=list(s))).to_html()\n",
	"import plotly.graph_objects as go\ndef render(dataset, filters, params):\n    s = dataset.groupby('day')['quantity'].sum()\n    return go.Figure(go.Scatter(x=s.index.astype(str), y=s)).to_html()\n",
	"def render(dataset, filters, params):\n    return f\"<p>{len(dataset):,} rows, {dataset['amount'].mean():.2f} at a score of {dataset['score'].mean():.1f}</p>\"\n",
	"def render(dataset, filters, params):\n    return dataset[dataset['active']].groupby(['region', 'segment'])['quantity'].sum().unstack().to_html()\n",
	"def render(dataset, filters, params):\n    return dataset.nlargest(10, 'amount')[['id', 'amount', 'at']].to_html()\n",
	"def render(dataset, filters, params):\n    return dataset.groupby('note')['score'].mean().nlargest(10).to_frame().to_html()\n",
	"def render(dataset, filters, params):\n    return dataset.groupby('postal')['amount'].sum().nlargest(10).to_frame().to_html()\n",
	"import plotly.graph_objects as go\ndef render(dataset, filters, params):\n    s = dataset['at'].dt.hour.value_counts().sort_index()\n    return go.Figure(go.Bar(x=list(s.index), y=list(s))).to_html()\n",
	"import plotly.graph_objects as go\ndef render(dataset, filters, params):\n    s = dataset.pivot_table(index='segment', columns='active', values='quantity', aggfunc='mean')\n    return go.Figure(go.Heatmap(z=s.values, y=list(s.index))).to_html()\n",
}

// BenchmarkDashboard is a page of 20 cards over one dataset of a million rows and
// 50 columns, as it is looked at and filtered. The processor's time is that of all
// processes together, this one included.
func BenchmarkDashboard(b *testing.B) {
	apptest.NeedsPython(b)
	k := apptest.Start(b, benchUpload)
	p := benchPage(b, k)
	for _, kept := range []struct {
		name    string
		regions int // of eight; 0 is no filter
	}{{"10%", 1}, {"30%", 3}, {"all", 0}} {
		b.Run("filter keeps "+kept.name, func(b *testing.B) {
			p.look(b, nil, false) // which columns a card wants is known
			before := processorTime(b)
			took := p.looks(b, func(n int) []any { return p.filters(n, kept.regions) })
			b.ReportMetric((processorTime(b)-before).Seconds()/float64(len(took)), "cpu-s/look")
			report(b, took)
		})
	}
	b.Run("cached", func(b *testing.B) {
		p.look(b, nil, true)
		var took []time.Duration
		for range b.N * benchLooks {
			took = append(took, p.look(b, nil, true))
		}
		report(b, took)
	})
	b.Run("10 viewers", func(b *testing.B) {
		var first, changed []time.Duration
		stop := watchMemory(b)
		for n := range b.N * 5 {
			first = append(first, p.together(b, func(int) []any { return p.filters(1000+2*n, 0) })...)
			changed = append(changed, p.together(b, func(int) []any { return p.filters(1001+2*n, 3) })...)
		}
		executor, slices := stop()
		b.ReportMetric(executor, "MB-executor")
		b.ReportMetric(slices, "MB-slices")
		b.ReportMetric(quantile(first, 95), "p95-ms-first")
		b.ReportMetric(quantile(changed, 95), "p95-ms-changed")
	})
	b.Run("10 viewers, each a filter", func(b *testing.B) {
		var took []time.Duration
		stop := watchMemory(b)
		for n := range b.N * 2 {
			took = append(took, p.together(b, func(viewer int) []any { return p.filters(2000+benchViewers*n+viewer, 1) })...)
		}
		executor, slices := stop()
		b.ReportMetric(executor, "MB-executor")
		b.ReportMetric(slices, "MB-slices")
		report(b, took)
	})
}

func report(b *testing.B, took []time.Duration) {
	b.ReportMetric(quantile(took, 0), "min-ms")
	b.ReportMetric(quantile(took, 50), "p50-ms")
	b.ReportMetric(quantile(took, 95), "p95-ms")
}

func quantile(took []time.Duration, percent int) (ms float64) {
	slices.Sort(took)
	return float64(took[len(took)*percent/100].Milliseconds())
}

// benchBoard is the dashboard with somebody who may look at it.
type benchBoard struct {
	id     string
	viewer apptest.Client
}

// filters are other ones for each number, and keep as many rows.
func (p benchBoard) filters(n, regions int) []any {
	chosen := []any{map[string]any{"column": "day", "from": fmt.Sprintf("1999-%02d-%02d", 1+n/28%12, 1+n%28), "to": "2024-12-31"}}
	if regions > 0 {
		var values []string
		for i := range regions {
			values = append(values, benchRegions[(n+i)%len(benchRegions)])
		}
		chosen[0].(map[string]any)["to"] = "2024-10-18" // four fifths of the year
		chosen = append(chosen, map[string]any{"column": "region", "values": values})
	}
	return chosen
}

// look is one operation with all cards.
func (p benchBoard) look(b *testing.B, filters []any, cache bool) time.Duration {
	b.Helper()
	began := time.Now()
	a, err := p.viewer.Try(b.Context(), `query($id: ID!, $f: [FilterValueInput!], $c: Boolean!) { dashboard(id: $id) { cards { id result(filters: $f, useCache: $c) { html cached } } } }`,
		map[string]any{"id": p.id, "f": filters, "c": cache})
	if err != nil || len(a.Errors) > 0 {
		b.Error(err, a.Raw)
	} else if n := len(a.Get("dashboard.cards").([]any)); n != benchCards {
		b.Errorf("%d cards", n)
	}
	return time.Since(began)
}

// looks changes the filter each time, with nothing from the cache.
func (p benchBoard) looks(b *testing.B, filters func(n int) []any) (took []time.Duration) {
	for n := range b.N * benchLooks {
		took = append(took, p.look(b, filters(n), false))
	}
	return took
}

// together is one look of each of the viewers at the same time.
func (p benchBoard) together(b *testing.B, filters func(viewer int) []any) []time.Duration {
	took := make([]time.Duration, benchViewers)
	var looking sync.WaitGroup
	for viewer := range took {
		looking.Go(func() { took[viewer] = p.look(b, filters(viewer), true) })
	}
	looking.Wait()
	return took
}

// watchMemory watches the executor and all below it until it is told to stop: the most
// memory that they had, private pages whole and shared ones each by its part, and the
// most that lay in open slices, mapped or not.
func watchMemory(b *testing.B) (stop func() (executor, slices float64)) {
	ended, watched := make(chan struct{}), make(chan struct{})
	var most, mostSlices int64
	go func() {
		defer close(watched)
		for tick := time.Tick(100 * time.Millisecond); ; {
			select {
			case <-ended:
				return
			case <-tick:
			}
			var now, held int64
			for _, pid := range below(os.Getpid()) {
				now += proportional(pid)
				held = max(held, memoryFiles(pid))
			}
			most, mostSlices = max(most, now), max(mostSlices, held)
		}
	}()
	return func() (float64, float64) {
		close(ended)
		<-watched
		return float64(most) / (1 << 20), float64(mostSlices) / (1 << 20)
	}
}

// benchPage imports the data and lays the cards out.
func benchPage(b *testing.B, k *apptest.Instance) benchBoard {
	b.Helper()
	author, _ := k.Somebody(b, core.RoleUser)
	r, w := io.Pipe()
	go func() { w.CloseWithError(benchTable(w)) }()
	dataset := author.ImportCSV(b, "benchmark", "benchmark.csv", r)
	var cards []any
	for i := range benchCards {
		made := author.Must(b, `mutation($input: CreateCardInput!) { createCard(input: $input) { card { id } } }`,
			map[string]any{"input": map[string]any{
				"name": fmt.Sprintf("card %d", i), "datasetId": dataset, "code": fmt.Sprintf("# %d\n%s", i, benchKinds[i%len(benchKinds)]),
			}})
		cards = append(cards, map[string]any{"cardId": made.Str("createCard.card.id"), "x": 0, "y": i, "w": 12, "h": 1})
	}
	made := author.Must(b, `mutation { createDashboard(input: {name: "benchmark"}) { dashboard { id version } } }`, nil)
	id := made.Str("createDashboard.dashboard.id")
	author.Must(b, `mutation($input: UpdateDashboardInput!) { updateDashboard(input: $input) { dashboard { id } } }`, map[string]any{"input": map[string]any{
		"id": id, "version": made.Get("createDashboard.dashboard.version"), "layout": map[string]any{"cards": cards},
		"filters": []any{
			map[string]any{"type": "CATEGORY", "column": "region", "label": "region"},
			map[string]any{"type": "DATE_RANGE", "column": "day", "label": "day"},
		},
	}})
	return benchBoard{id, author}
}

// benchTable writes the same million rows every time: eleven columns of all types,
// and others like them that no card names.
func benchTable(to io.Writer) error {
	w := bufio.NewWriterSize(to, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	fmt.Fprint(w, "id,region,segment,day,at,amount,quantity,score,active,note,postal")
	for c := 11; c < benchColumns; c++ {
		fmt.Fprintf(w, ",more_%d", c)
	}
	segments := []string{"個人", "法人", "官公庁", "学校"}
	for i := range benchRows {
		day := time.Date(2024, 1, 1+r.IntN(366), r.IntN(24), r.IntN(60), 0, 0, time.UTC)
		fmt.Fprintf(w, "\n%d,%s,%s,%s,%s,%.2f,%d,%d,%t,note %d,%07d", i, benchRegions[r.IntN(len(benchRegions))], segments[r.IntN(len(segments))],
			day.Format(time.DateOnly), day.Format(time.DateTime), float64(r.IntN(1e7))/100, r.IntN(50), r.IntN(1000), r.IntN(2) == 0, r.IntN(500), r.IntN(1e4)*1000)
		for c := 11; c < benchColumns; c++ {
			switch c % 4 {
			case 0:
				fmt.Fprintf(w, ",%s", segments[r.IntN(len(segments))])
			case 1:
				fmt.Fprintf(w, ",%.2f", float64(r.IntN(1e7))/100)
			default:
				fmt.Fprintf(w, ",%d", r.IntN(1e6))
			}
		}
	}
	return w.Flush()
}
