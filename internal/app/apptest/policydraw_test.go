package apptest_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
)

// mark finds the values that tell whose row and which column they are of, each
// once in the whole roster.
var mark = regexp.MustCompile(`tok\d{3}[nem]|090-1\d{3}-\d{4}|\b71004\d{4}\b`)

const rosterRows = 60

// drawRoster is a table of people, with empty cells here and there.
func drawRoster(r *rand.Rand) (records []record) {
	for i := range rosterRows {
		rec := record{
			pickOne(r, "東京", "大阪", "福岡"), pickOne(r, "営業", "開発", "人事"),
			fmt.Sprintf("%s tok%03dn", pickOne(r, "佐藤", "鈴木", "高橋"), i), fmt.Sprintf("tok%03de@%s.example", i, pickOne(r, "east", "west")),
			fmt.Sprintf("090-1%03d-%04d", i, r.IntN(10000)), fmt.Sprintf("71004%04d", i), fmt.Sprintf("2026-%02d-%02d", 1+r.IntN(6), 1+r.IntN(28)), fmt.Sprintf("tok%03dm", i),
		}
		for c := range rec {
			if i >= 5 && r.IntN(12) == 0 {
				rec[c] = ""
			}
		}
		records = append(records, rec)
	}
	return records
}

func csvOf(records []record) string {
	lines := []string{strings.Join(rosterColumns, ",")}
	for _, r := range records {
		lines = append(lines, strings.Join(r, ","))
	}
	return strings.Join(lines, "\n") + "\n"
}

func pickOne[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// drawRule is a policy for some of these, of rows and columns as it comes.
func (w *world) drawRule(r *rand.Rand, targets []string) rule {
	p := rule{cells: map[string]string{}}
	for _, id := range targets {
		if r.IntN(4) == 0 {
			p.targets = append(p.targets, id)
		}
	}
	if r.IntN(6) > 0 {
		p.rows = w.drawCondition(r, 3)
	}
	for _, column := range rosterColumns {
		switch r.IntN(10) {
		case 0, 1:
			p.cells[column] = "HIDDEN"
		case 2, 3, 4:
			p.cells[column] = pickOne(r, "EMAIL", "PHONE", "NAME", "ALL")
		}
	}
	return p
}

func (w *world) drawCondition(r *rand.Rand, depth int) condition {
	kind := r.IntN(8)
	if depth == 0 {
		kind %= 5
	}
	switch kind {
	case 0, 1, 2:
		return condition{op: "in", column: w.drawColumn(r), includeNull: r.IntN(3) == 0}.with(r, w)
	case 3:
		return drawOwn(r)
	case 4:
		return drawRange(r)
	case 5:
		return condition{op: "not", args: []condition{w.drawCondition(r, depth-1)}}
	}
	c := condition{op: []string{"all", "any"}[kind-6]}
	for range r.IntN(4) {
		c.args = append(c.args, w.drawCondition(r, depth-1))
	}
	return c
}

// drawColumn prefers columns whose values are those of many rows.
func (w *world) drawColumn(r *rand.Rand) string {
	return pickOne(r, append([]string{"地域", "地域", "地域", "部署", "部署", "部署"}, rosterColumns...)...)
}

func (c condition) with(r *rand.Rand, w *world) condition {
	for range 1 + r.IntN(3) {
		if v := pickOne(r, w.records...).cell(c.column); v != "" {
			c.values = append(c.values, v)
		}
	}
	c.includeNull = c.includeNull || len(c.values) == 0
	return c
}

// drawOwn asks for an attribute, which not everybody has.
func drawOwn(r *rand.Rand) condition {
	return pickOne(r,
		condition{op: "own", column: "地域", attribute: "region"}, condition{op: "own", column: "部署", attribute: "department"},
		condition{op: "own", column: "給与", attribute: "pay"}, condition{op: "own", column: "メモ", attribute: "nothing"})
}

func drawRange(r *rand.Rand) condition {
	month := 1 + r.IntN(5)
	c := condition{op: "range", column: "入社日", from: fmt.Sprintf("2026-%02d-10", month), to: fmt.Sprintf("2026-%02d-20", month+r.IntN(2))}
	switch r.IntN(4) {
	case 0:
		c.from = ""
	case 1:
		c.to = ""
	}
	return c
}

// drawClasses gives some columns another class.
func (w *world) drawClasses(r *rand.Rand) (changes []any) {
	for _, column := range rosterColumns {
		if r.IntN(3) == 0 {
			w.classes[column] = pickOne(r, "NONE", "NONE", "DIRECT", "DIRECT", "INDIRECT", "CONFIDENTIAL")
			changes = append(changes, map[string]any{"name": column, "class": w.classes[column]})
		}
	}
	return changes
}

// input is the condition as GraphQL takes it.
func (c condition) input() map[string]any {
	args := []any{}
	for _, arg := range c.args {
		args = append(args, arg.input())
	}
	switch c.op {
	case "any":
		return map[string]any{"any": args}
	case "not":
		return map[string]any{"not": args[0]}
	case "in":
		return map[string]any{"column": c.column, "values": c.values, "includeNull": c.includeNull}
	case "own":
		return map[string]any{"column": c.column, "attribute": c.attribute}
	case "range":
		in := map[string]any{"column": c.column}
		for name, end := range map[string]string{"from": c.from, "to": c.to} {
			if end != "" {
				in[name] = end
			}
		}
		return in
	}
	return map[string]any{"all": args}
}
