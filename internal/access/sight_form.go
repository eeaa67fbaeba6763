package access

import (
	"cmp"
	"slices"

	"github.com/karuta-bi/karuta/internal/core"
)

// canonicalSight is what is seen through the windows in its one form, so that
// whoever sees the same shares results: windows that show the same columns are
// one, what another window shows anyway is left out, the rest is sorted. Nil
// where a window shows everything.
func canonicalSight(windows []core.Window) *core.Sight {
	var open []core.Window
	for _, w := range windows {
		if w.Rows == nil || compare(*w.Rows, noRow) != 0 {
			open = append(open, w)
		}
	}
	if len(open) == 0 {
		open = []core.Window{closed(windows)}
	}
	open = uncovered(merged(open))
	slices.SortFunc(open, compareWindows)
	if w := open[0]; w.Rows == nil && len(w.Hidden) == 0 && len(w.Masked) == 0 {
		return nil // it covers all others
	}
	return &core.Sight{Windows: open}
}

// closed is a window of the same columns as all of these together, over no row.
func closed(windows []core.Window) core.Window {
	together := core.Sight{Windows: windows}
	w := core.Window{Rows: &noRow}
	for _, name := range windows[0].Hidden {
		if together.Hides(name) {
			w.Hidden = append(w.Hidden, name)
		}
	}
	return w
}

// merged makes one window of those that show the same columns.
func merged(windows []core.Window) []core.Window {
	var out []core.Window
	for _, w := range windows {
		at := slices.IndexFunc(out, func(o core.Window) bool {
			return slices.Equal(o.Hidden, w.Hidden) && slices.Equal(o.Masked, w.Masked)
		})
		if at < 0 {
			out = append(out, w)
			continue
		}
		out[at].Rows = either(out[at].Rows, w.Rows)
	}
	return out
}

func either(a, b *core.Predicate) *core.Predicate {
	if a == nil || b == nil {
		return nil
	}
	rows := join(core.OpOr, []core.Predicate{*a, *b})
	return &rows
}

func uncovered(windows []core.Window) []core.Window {
	return slices.DeleteFunc(slices.Clone(windows), func(w core.Window) bool {
		return slices.ContainsFunc(windows, func(other core.Window) bool { return covers(other, w) })
	})
}

// covers tells whether a window shows at least what another one does, and
// another kind of columns than that.
func covers(large, small core.Window) bool {
	if large.Rows != nil && (small.Rows == nil || compare(*large.Rows, *small.Rows) != 0) {
		return false
	}
	for _, name := range large.Hidden {
		if !slices.Contains(small.Hidden, name) {
			return false
		}
	}
	for _, m := range large.Masked {
		if !slices.Contains(small.Hidden, m.Column) && !slices.Contains(small.Masked, m) {
			return false
		}
	}
	return len(large.Hidden) != len(small.Hidden) || len(large.Masked) != len(small.Masked)
}

func compareWindows(a, b core.Window) int {
	return cmp.Or(
		compareRows(a.Rows, b.Rows), slices.Compare(a.Hidden, b.Hidden),
		slices.CompareFunc(a.Masked, b.Masked, func(x, y core.MaskedColumn) int {
			return cmp.Or(cmp.Compare(x.Column, y.Column), cmp.Compare(x.Mask, y.Mask))
		}),
	)
}

func compareRows(a, b *core.Predicate) int {
	switch {
	case a == nil || b == nil:
		return compareBool(a != nil, b != nil)
	}
	return compare(*a, *b)
}
