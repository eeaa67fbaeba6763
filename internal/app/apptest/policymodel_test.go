package apptest_test

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What the policies of a dataset show to whom, by the naive rule and row by row.
// Nothing here asks the product.

var rosterColumns = []string{"地域", "部署", "氏名", "メール", "電話", "給与", "入社日", "メモ"}

// record are the cells of one row, in the order of rosterColumns; "" is empty.
type record []string

func (r record) cell(column string) string { return r[slices.Index(rosterColumns, column)] }

// seer is somebody before the policies.
type seer struct {
	id         string
	groups     []string
	attributes map[string][]string
	pii        bool
}

// rule is a policy as it was asked for.
type rule struct {
	id      string
	targets []string          // ids of people and groups; none for everybody
	rows    condition         // the zero condition is every row
	cells   map[string]string // HIDDEN or a mask, by column
}

func (r rule) isFor(s seer) bool {
	return len(r.targets) == 0 || slices.Contains(r.targets, s.id) ||
		slices.ContainsFunc(s.groups, func(g string) bool { return slices.Contains(r.targets, g) })
}

// condition has one of these forms; op is "all", "any", "not", "in", "own" or "range".
type condition struct {
	op          string
	args        []condition
	column      string
	values      []string
	includeNull bool
	from, to    string
	attribute   string
}

// truth of a condition in a row: unknown where the cell is empty or the viewer
// has nothing to compare it with, and then its opposite is unknown too.
type truth int

const (
	no truth = iota
	unknown
	yes
)

func (c condition) of(s seer, r record) truth {
	switch c.op {
	case "any":
		best := no
		for _, arg := range c.args {
			best = max(best, arg.of(s, r))
		}
		return best
	case "not":
		return yes - c.args[0].of(s, r)
	case "in", "own", "range":
		return c.leaf(s, r.cell(c.column))
	}
	worst := yes
	for _, arg := range c.args {
		worst = min(worst, arg.of(s, r))
	}
	return worst
}

func (c condition) leaf(s seer, cell string) truth {
	values := c.values
	if c.op == "own" {
		values = s.attributes[c.attribute]
	}
	switch {
	case c.op == "own" && len(values) == 0:
		return unknown
	case cell == "" && c.includeNull:
		return yes
	case cell == "":
		return unknown
	case c.op == "range" && cell >= c.from && (c.to == "" || cell <= c.to), c.op != "range" && slices.Contains(values, cell):
		return yes
	}
	return no
}

// shown is what a cell looks like: one of the texts, plainly or not.
type shown struct {
	plain bool
	texts []string
}

// world is a dataset with its rules and classes.
type world struct {
	records []record
	rules   []rule
	classes map[string]string
}

// see gives the rows that somebody sees, each with its cells by column.
func (w *world) see(s seer) (rows []map[string]shown) {
	for _, r := range w.records {
		open := slices.DeleteFunc(slices.Clone(w.policies()), func(p rule) bool { return !p.isFor(s) || p.rows.of(s, r) != yes })
		if len(open) == 0 {
			continue
		}
		row := map[string]shown{}
		for _, column := range rosterColumns {
			row[column] = w.cell(s, open, column, r.cell(column))
		}
		rows = append(rows, row)
	}
	return rows
}

// policies are the rules, or the one that opens all where there are none.
func (w *world) policies() []rule {
	if len(w.rules) == 0 {
		return []rule{{}}
	}
	return w.rules
}

// cell is the union of what the policies show of one cell.
func (w *world) cell(s seer, open []rule, column, text string) (c shown) {
	for _, p := range open {
		switch how := w.how(s, p, column); how {
		case "HIDDEN":
		case "":
			return shown{plain: true, texts: []string{text}}
		default:
			c.texts = append(c.texts, masked(column, how, text))
		}
	}
	if len(c.texts) == 0 {
		c.texts = []string{""}
	}
	return c
}

// how a policy shows a column, with the column's class: "" for plainly.
func (w *world) how(s seer, p rule, column string) string {
	how := p.cells[column]
	switch {
	case s.pii:
	case w.classes[column] == "CONFIDENTIAL":
		return "HIDDEN"
	case w.classes[column] == "DIRECT" && how == "":
		return map[string]string{"氏名": "NAME", "メール": "EMAIL", "電話": "PHONE", "": "ALL"}[kindOf(column)]
	}
	return how
}

// kindOf is the column where it is one whose values have a mask of their own.
func kindOf(column string) string {
	if slices.Contains([]string{"氏名", "メール", "電話"}, column) {
		return column
	}
	return ""
}

func masked(column, mask, text string) string {
	first, _ := utf8.DecodeRuneInString(text)
	switch {
	case text == "" || column == "給与" || column == "入社日":
		return ""
	case mask == "NAME" && column == "氏名":
		family, _, _ := strings.Cut(text, " ")
		return family + " *"
	case mask == "NAME" && unicode.IsLetter(first):
		return string(first) + " *"
	case mask == "EMAIL" && column == "メール":
		_, domain, _ := strings.Cut(text, "@")
		return text[:1] + "***@" + domain
	case mask == "PHONE" && column == "電話":
		return text[:3] + "-****-" + text[len(text)-4:]
	}
	return "***"
}

// mayBeThere tells whether somebody may be told that there is such a column: where
// a policy shows it to them, or to anybody where none is for them.
func (w *world) mayBeThere(s seer, column string) bool {
	shows := func(p rule) bool { return w.how(s, p, column) != "HIDDEN" }
	return slices.ContainsFunc(w.policies(), func(p rule) bool { return p.isFor(s) && shows(p) }) ||
		len(w.see(s)) == 0 && slices.ContainsFunc(w.policies(), shows)
}
