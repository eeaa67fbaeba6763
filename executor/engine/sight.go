package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// seenOf is the relation that a source's sight leaves of what is stored: the rows
// that a window holds, and each column as the windows show it.
//
// What a window holds is said once, below, under a name that cells and rows ask
// for. DuckDB resolves the names of the rows where it reads Parquet, so a sight
// reads no more than a filter that selects the same rows.
func seenOf(src client.Source) (relation, error) {
	if src.Sight == nil {
		return relation{columns: src.Columns, from: storedParts}, nil
	}
	windows := src.Sight.Windows
	if len(windows) > core.MaxWindows {
		return relation{}, core.Invalid("sight", "too_many", "max", core.MaxWindows)
	}
	stored, bound, err := holdings(windows, src.Columns)
	if err != nil {
		return relation{}, err
	}
	seen := relation{bound: bound}
	var cells []string
	for i, c := range src.Columns {
		name := internalName(i)
		cell := cellOf(c, name, windows)
		if cell == "" || strings.ContainsRune(c.Name, 0) { // SQL would end there
			continue
		}
		c.Nullable = c.Nullable || cell != name
		seen.columns = append(seen.columns, c)
		stored = append(stored, identifier(c.Name)+" AS "+name)
		cells = append(cells, cell+" AS "+identifier(c.Name))
	}
	seen.from = fmt.Sprintf("(SELECT %s FROM (SELECT %s FROM %s) WHERE %s)",
		strings.Join(cells, ", "), strings.Join(stored, ", "), storedParts, heldByAny(windows))
	return seen, nil
}

// holdings are the conditions of the windows, each under its name. Together they
// may have as many values as one filter.
func holdings(windows []core.Window, columns []core.Column) (named []string, bound []any, err error) {
	c := &compiler{columns: columns}
	for i, w := range windows {
		c.sql.Reset()
		if err := c.whole(w.Rows); err != nil {
			return nil, nil, misfit(err)
		}
		named = append(named, c.sql.String()+" AS "+holds(i))
	}
	return named, c.values, nil
}

// misfit is the error for a sight that does not fit its source. It does not say
// where: what a sight names is not for those who see through it.
func misfit(err error) error {
	if e, ok := errors.AsType[*core.Error](err); ok && e.Reason == "too_many" {
		return core.Invalid("sight", e.Reason, "max", e.Args["max"])
	}
	return core.Invalid("sight", "bad_value")
}

// holds is the name of what tells whether a window holds a row: true, or false or
// null where it does not.
func holds(window int) string { return fmt.Sprintf("w%d", window) }

// heldByAny is true for the rows that are seen.
func heldByAny(windows []core.Window) string {
	names := []string{"false"}
	for i := range windows {
		names = append(names, holds(i))
	}
	return strings.Join(names, " OR ")
}

// cellOf is the value of a column as the windows together show it, "" where all of
// them hide it. Windows that agree need not be asked which of them holds the row.
func cellOf(c core.Column, name string, windows []core.Window) string {
	shown := make([]string, len(windows))
	for i, w := range windows {
		shown[i] = shownBy(w, c, name)
	}
	if len(slices.Compact(slices.Clone(shown))) < 2 {
		return append(shown, name)[0]
	}
	var plain, masked strings.Builder
	for i, cell := range shown {
		switch cell {
		case "":
		case name:
			fmt.Fprintf(&plain, " WHEN %s THEN %s", holds(i), cell)
		default:
			fmt.Fprintf(&masked, " WHEN %s THEN %s", holds(i), cell)
		}
	}
	return "CASE" + plain.String() + masked.String() + " END"
}

// shownBy is the value of a column as one window shows it, "" where it hides it.
func shownBy(w core.Window, c core.Column, name string) string {
	if slices.Contains(w.Hidden, c.Name) {
		return ""
	}
	i := slices.IndexFunc(w.Masked, func(m core.MaskedColumn) bool { return m.Column == c.Name })
	if i < 0 {
		return name
	}
	return masked(c, name, w.Masked[i].Mask)
}
