package apptest_test

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/app/apptest"
)

// cardCodes are cards that give all that they get: as JSON, as a table that they
// print too, and in an error on top of another one.
var cardCodes = map[string]string{
	"plain": `import json, pandas as pd
def text(v):
    if pd.isna(v): return ''
    if isinstance(v, pd.Timestamp): return v.date().isoformat()
    return str(int(v)) if isinstance(v, (int, float)) else str(v)
def render(dataset, filters, params):
    rows = [[text(v) for v in row] for row in dataset.itertuples(index=False)]
    return '<pre>' + json.dumps({'columns': list(dataset.columns), 'rows': rows}, ensure_ascii=False) + '</pre>'
`,
	"chatty": "def render(dataset, filters, params):\n    print(dataset.to_csv())\n    return dataset.to_html()\n",
	"raising": `def render(dataset, filters, params):
    try:
        dataset['メモ'].map(float)
    finally:
        raise ValueError(dataset.to_csv())
`,
}

var cardNames = []string{"plain", "chatty", "raising"}

const (
	tablePart    = `{ columns { name class } rows totalRows }`
	pageDocument = `query($id: ID!) { dashboard(id: $id) { filters { column options } referencedDatasets { name }
		cards { card { code dataset { columns { name class } policies { id } path } } rows(limit: 1000) ` + tablePart + ` result { html url log appliedFilters usedColumns rowsIn } } } }`
	viewsDocument = `query($id: ID!) { dashboard(id: $id) { filterViews { nodes { name filters { values } resolvedFilters { values } } } } }`
	eyesDocument  = `query($u: ID!, $d: ID!, $id: ID!) { viewAs(userId: $u) { datasetRows(id: $d, limit: 1000) ` + tablePart + `
		dataset(id: $d) { columns { name } columnValues(column: "氏名", dashboardId: $id) { values } }
		dashboard(id: $id) { cards { rows(limit: 1000) ` + tablePart + ` result { html log } } } } }`
	cardDocument = `mutation($c: ID!, $id: ID!, $cache: Boolean!) { executeCard(input: {cardId: $c, dashboardId: $id, useCache: $cache}) { result { html log rowsIn } } }`
)

// askedColumns is at how many columns each looks with filters.
const askedColumns = 4

// pull is one viewer who asks at every door after one change.
type pull struct {
	*testing.T
	o    *office
	v    *viewer
	r    *rand.Rand
	want []map[string]shown
	seen table // what was seen of it, once it is known to be what is wanted
	told strings.Builder
}

func (o *office) newPull(t *testing.T, v *viewer) *pull {
	p := &pull{T: t, o: o, v: v, r: rand.New(rand.NewPCG(o.r.Uint64(), 1)), want: o.see(v.seer)}
	o.seen.add(p.want)
	return p
}

// ask asks one question and keeps everything that is said.
func (p *pull) ask(who apptest.Client, document string, vars map[string]any) apptest.Answer {
	a, err := who.Try(p.Context(), document, vars)
	if err != nil {
		p.Errorf("%s: %v", p.v.name, err)
	}
	p.told.WriteString(a.Raw)
	return a
}

func (p *pull) everyDoor() {
	p.pages()
	if !p.Failed() { // what follows narrows what was seen
		p.narrowed()
		p.values()
		p.views()
	}
	p.throughEyes("owner", p.o.owner)
	p.throughEyes("admin", p.o.admin)
	p.onlyWhatIsShown()
}

// pages: rows and results, on the page and alone, and as pages of their own.
func (p *pull) pages() {
	a := p.ask(p.v.Client, pageDocument, map[string]any{"id": p.o.page})
	var ok bool
	if p.seen, ok = tableAt(a, "dashboard.cards.0.rows"); !ok {
		p.Errorf("%s has no rows: %s", p.v.name, a.Raw)
		return
	}
	p.isAll("rows", p.seen)
	for i := range cardNames {
		rows, _ := tableAt(a, fmt.Sprintf("dashboard.cards.%d.rows", i))
		p.same("rows of another card", rows, p.seen)
	}
	p.columns(a, "dashboard.cards.0.card.dataset.columns")
	p.same("result", resultOf(a.Str("dashboard.cards.0.result.html")), p.seen)
	p.same("page of the card", resultOf(p.open(a.Str("dashboard.cards.0.result.url"))), p.seen)
	p.open(a.Str("dashboard.cards.1.result.url"))
	useCache := p.r.IntN(4) > 0
	alone := p.ask(p.v.Client, cardDocument, map[string]any{"c": p.o.cards["plain"], "id": p.o.page, "cache": useCache})
	p.same("executeCard", resultOf(alone.Str("executeCard.result.html")), p.seen)
	closed := p.ask(p.v.Client, `query($d: ID!) { dataset(id: $d) { preview { rows } columnValues(column: "氏名") { values } } }`, map[string]any{"d": p.o.dataset})
	if a.Code() != "EXECUTION_ERROR" || len(a.Errors) != 1 || mark.MatchString(fmt.Sprint(a.Errors)) || closed.Code() != "FORBIDDEN" || len(closed.Errors) != 2 {
		p.Errorf("%s: %s %s", p.v.name, a.Raw, closed.Raw)
	}
}

// open gets the page of a card.
func (p *pull) open(url string) string {
	resp, err := http.Get(p.o.k.URL + url)
	if err != nil {
		p.Errorf("%s: %v", p.v.name, err)
		return ""
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		p.Errorf("%s: page of a card: %s %v", p.v.name, resp.Status, err)
	}
	p.told.Write(body)
	return string(body)
}

// narrowed: a filter on each column compares what is seen and nothing else.
func (p *pull) narrowed() {
	var c condition
	for range askedColumns {
		c = p.drawChoice(pickOne(p.r, rosterColumns...))
		p.narrowedBy([]any{c.input()}, []condition{c}, false)
	}
	span := drawRange(p.r)
	p.narrowedBy([]any{c.input(), span.input()}, []condition{c, span}, true)
}

// drawChoice chooses values that are stored, and some that are seen.
func (p *pull) drawChoice(column string) condition {
	c := condition{op: "in", column: column, includeNull: p.r.IntN(3) == 0}.with(p.r, &p.o.world)
	if seen := p.seen.column(column); len(seen) > 0 {
		if v := pickOne(p.r, seen...); v != "" {
			c.values = append(c.values, v)
		}
	}
	return c
}

// narrowedTo are the rows that are seen and fulfil all conditions on what is seen.
func (p *pull) narrowedTo(all ...condition) table {
	want := table{columns: p.seen.columns}
	for _, row := range p.seen.rows {
		if !slices.ContainsFunc(all, func(c condition) bool {
			at := slices.Index(p.seen.columns, c.column)
			return at >= 0 && c.leaf(seer{}, row[at]) != yes
		}) {
			want.rows = append(want.rows, row)
		}
	}
	return want
}

func (p *pull) narrowedBy(filters []any, all []condition, alsoResult bool) {
	want, part := p.narrowedTo(all...), ""
	if alsoResult {
		part = `result(filters: $f) { html appliedFilters }`
	}
	a := p.ask(p.v.Client, `query($id: ID!, $f: [FilterValueInput!]) { dashboard(id: $id) { cards { rows(filters: $f, limit: 1000) `+tablePart+part+` } } }`,
		map[string]any{"id": p.o.narrow, "f": filters})
	rows, _ := tableAt(a, "dashboard.cards.0.rows")
	p.same(fmt.Sprintf("rows where %v", filters), rows, want)
	if alsoResult {
		p.same(fmt.Sprintf("result where %v", filters), resultOf(a.Str("dashboard.cards.0.result.html")), want)
	}
}

// values: a filter offers the values that are seen.
func (p *pull) values() {
	for range askedColumns {
		column, search := pickOne(p.r, rosterColumns...), ""
		if p.r.IntN(2) == 0 {
			search = pickOne(p.r, "tok0", "1", "*", pickOne(p.r, p.o.records...).cell(column))
		}
		a := p.ask(p.v.Client, `query($d: ID!, $id: ID!, $c: String!, $s: String) { dataset(id: $d) { columnValues(column: $c, dashboardId: $id, search: $s) { values hasNull } } }`,
			map[string]any{"d": p.o.dataset, "id": p.o.page, "c": column, "s": search})
		want := slices.Compact(slices.Sorted(slices.Values(p.seen.column(column))))
		hasNull := slices.Contains(want, "")
		want = slices.DeleteFunc(want, func(v string) bool { return v == "" || !strings.Contains(v, search) })
		got := textsAt(a, "dataset.columnValues.values")
		slices.Sort(got)
		if !slices.Contains(p.seen.columns, column) {
			if a.Code() != "VALIDATION_ERROR" {
				p.Errorf("%s: values of %s, which is not there: %s", p.v.name, column, a.Raw)
			}
		} else if !slices.Equal(got, want) || a.Get("dataset.columnValues.hasNull") != hasNull {
			p.Errorf("%s: values of %s with %q: %s, want %q", p.v.name, column, search, a.Raw, want)
		}
	}
}

// views: others' filter views tell nothing of a column that is not seen plainly.
// What they choose of one that is was shared by who made them, so it is not told
// by the data.
func (p *pull) views() {
	a, err := p.v.Try(p.Context(), viewsDocument, map[string]any{"id": p.o.page})
	views, _ := a.Get("dashboard.filterViews.nodes").([]any)
	if err != nil || len(views) != len(rosterColumns) {
		p.Errorf("%s: %v: views %v", p.v.name, err, views)
	}
	for _, v := range views {
		view := v.(map[string]any)
		column := view["name"].(string)
		plain := len(p.want) > 0 && !slices.ContainsFunc(p.want, func(row map[string]shown) bool { return !row[column].plain })
		if told := fmt.Sprint(view["filters"], view["resolvedFilters"]); !plain && told != "[] []" {
			p.Errorf("%s: the view of %s tells %s", p.v.name, column, told)
		}
	}
}

// throughEyes: who looks through the viewer's eyes sees what the viewer sees.
func (p *pull) throughEyes(name string, who apptest.Client) {
	a := p.ask(who, eyesDocument, map[string]any{"u": p.v.id, "d": p.o.dataset, "id": pickOne(p.r, p.o.narrow, p.o.narrow, p.o.narrow, p.o.page)})
	for _, at := range []string{"viewAs.datasetRows", "viewAs.dashboard.cards.0.rows"} {
		rows, _ := tableAt(a, at)
		p.same(name+" at "+at, rows, p.seen)
	}
	p.same(name+" at a result", resultOf(a.Str("viewAs.dashboard.cards.0.result.html")), p.seen)
	p.columns(a, "viewAs.dataset.columns")
}

// onlyWhatIsShown: of all that was told, in answers, pages and errors, no value
// is one that is not shown plainly, and none of those is missing.
func (p *pull) onlyWhatIsShown() {
	plain := map[string]bool{}
	for _, row := range p.want {
		for _, cell := range row {
			if cell.plain && mark.MatchString(cell.texts[0]) {
				plain[mark.FindString(cell.texts[0])] = true
			}
		}
	}
	want, found := slices.Sorted(maps.Keys(plain)), marksIn(p.told.String())
	if !slices.Equal(want, found) {
		p.Errorf("%s finds %q and should find %q", p.v.name, without(found, want), without(want, found))
	}
}

// isAll compares with the model.
func (p *pull) isAll(door string, got table) {
	for _, column := range got.columns {
		if !p.o.mayBeThere(p.v.seer, column) {
			p.Errorf("%s: %s have the column %s", p.v.name, door, column)
		}
	}
	left := slices.Clone(got.rows)
	for _, row := range p.want {
		at := slices.IndexFunc(left, func(r record) bool { return got.fits(r, row) })
		if at < 0 {
			p.Errorf("%s: %s lack %v: %v", p.v.name, door, row, got)
			return
		}
		left = slices.Delete(left, at, at+1)
	}
	if len(left) > 0 || got.total != len(p.want) {
		p.Errorf("%s: %s: %d of %d, too many are %v", p.v.name, door, got.total, len(p.want), left)
	}
}

func (p *pull) same(door string, got, want table) {
	if !slices.Equal(got.columns, want.columns) || !slices.EqualFunc(got.rows, want.rows, slices.Equal[record]) || got.total >= 0 && got.total != len(want.rows) {
		p.Errorf("%s: %s: %v, want %v", p.v.name, door, got, want)
	}
}

func (p *pull) columns(a apptest.Answer, at string) {
	var names []string
	list, _ := a.Get(at).([]any)
	for _, c := range list {
		names = append(names, c.(map[string]any)["name"].(string))
	}
	if !slices.Equal(names, p.seen.columns) {
		p.Errorf("%s: columns at %s: %q, want %q", p.v.name, at, names, p.seen.columns)
	}
}
