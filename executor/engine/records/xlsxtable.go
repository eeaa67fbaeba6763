package records

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/karuta-bi/karuta/executor/engine/csv"
)

// headerOf finds the header: the first row that holds something after those that
// are passed over. Where cells of it are empty, or it is too narrow for the rows
// below, the whole sheet is looked at: for its width, and for cells that are
// shown as one with the cell before and stand for the same.
func (s *sheet) headerOf(ctx context.Context, whole bool) ([]string, error) {
	var names []string
	width := 0
	number := int64(0)
	err := s.rows(ctx, func(r *row) error {
		if r.number <= int64(s.opts.SkipRows) {
			return nil
		}
		width = max(width, len(r.cells))
		if number != 0 {
			return nil
		}
		number, names = r.number, headerTexts(r)
		if whole = whole || slices.Contains(names, ""); !whole {
			return errFound
		}
		return nil
	}, func(ref string) { names = spread(names, ref, number) })
	if err != nil && !errors.Is(err, errFound) {
		return nil, err
	}
	s.header = number
	for len(names) < width {
		names = append(names, "")
	}
	return names, nil
}

func headerTexts(r *row) []string {
	names := make([]string, len(r.cells))
	for i, c := range r.cells {
		names[i] = c.text
	}
	return names
}

// spread gives the name in a row to all cells that a merged reference like B1:D1
// covers there.
func spread(names []string, ref string, number int64) []string {
	from, to, _ := strings.Cut(ref, ":")
	first, okFirst := columnOf(from)
	last, okLast := columnOf(to)
	if !okFirst || !okLast || last >= csv.MaxColumns || first >= len(names) || rowOf(from) > number || rowOf(to) < number {
		return names
	}
	for i := first + 1; i <= last; i++ {
		if i == len(names) {
			names = append(names, "")
		}
		if names[i] == "" {
			names[i] = names[first]
		}
	}
	return names
}

func rowOf(ref string) int64 {
	n, err := strconv.ParseInt(strings.TrimLeft(ref, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func (s *sheet) each(ctx context.Context, width int, give func(*record) error) error {
	first := s.header + 1
	if !s.opts.header() {
		first = s.header
	}
	size := s.book.parts[strings.ToLower(s.part)].UncompressedSize64
	return s.rows(ctx, func(r *row) error {
		if r.number < first {
			return nil
		}
		if len(r.cells) > width {
			return errWider
		}
		return give(&record{
			cells: r.cells, at: func(column int) place { return s.at(r.number, column) },
			share: min(1, float64(s.book.limit-s.book.left)/float64(max(size, 1))),
		})
	}, nil)
}
