package apptest_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/app/apptest"
)

// table is what a door shows; the total is -1 where it does not tell.
type table struct {
	columns []string
	rows    []record
	total   int
}

// fits tells whether a row looks as it should; what is in a column that is not
// there is not seen.
func (t table) fits(r record, want map[string]shown) bool {
	for column, cell := range want {
		text := ""
		if at := slices.Index(t.columns, column); at >= 0 {
			text = r[at]
		}
		if !slices.Contains(cell.texts, text) {
			return false
		}
	}
	return true
}

func (t table) column(name string) (cells []string) {
	if at := slices.Index(t.columns, name); at >= 0 {
		for _, r := range t.rows {
			cells = append(cells, r[at])
		}
	}
	return cells
}

func tableAt(a apptest.Answer, at string) (t table, ok bool) {
	found, ok := a.Get(at).(map[string]any)
	if !ok {
		return t, false
	}
	for _, c := range found["columns"].([]any) {
		t.columns = append(t.columns, c.(map[string]any)["name"].(string))
	}
	for _, row := range found["rows"].([]any) {
		t.rows = append(t.rows, texts(row.([]any)))
	}
	t.total = int(found["totalRows"].(float64))
	return t, true
}

// resultOf reads what the plain card shows.
func resultOf(html string) table {
	_, text, _ := strings.Cut(html, "<pre>")
	text, _, _ = strings.Cut(text, "</pre>")
	var shown struct {
		Columns []string
		Rows    []record
	}
	if json.Unmarshal([]byte(text), &shown) != nil {
		return table{total: -2}
	}
	return table{columns: shown.Columns, rows: shown.Rows, total: -1}
}

func textsAt(a apptest.Answer, at string) []string {
	list, _ := a.Get(at).([]any)
	return texts(list)
}

func texts(list []any) (out record) {
	for _, v := range list {
		s, _ := v.(string)
		out = append(out, s)
	}
	return out
}

// marksIn are the marks in a text, each once, sorted.
func marksIn(text string) []string {
	return slices.Compact(slices.Sorted(slices.Values(mark.FindAllString(text, -1))))
}

func without(all, those []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(those, s) })
}

// tally counts the cells of a walk, so that none is one that shows nothing.
type tally struct {
	mu                   sync.Mutex
	plain, masked, empty int
}

func (c *tally) add(rows []map[string]shown) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, row := range rows {
		for _, cell := range row {
			switch {
			case cell.plain:
				c.plain++
			case cell.texts[0] == "":
				c.empty++
			default:
				c.masked++
			}
		}
	}
}

func (c *tally) allKinds(t *testing.T) {
	t.Logf("%d cells were plain, %d masked, %d empty", c.plain, c.masked, c.empty)
	if min(c.plain, c.masked, c.empty) < 100 {
		t.Errorf("the walk shows too little of a kind")
	}
}
