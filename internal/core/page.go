package core

// Bounds of a page of a list.
const (
	DefaultPage = 50
	MaxPage     = 100
	// maxCursor is room for the longest cursor: an id and a name of [MaxName]
	// characters of four bytes, in base64.
	maxCursor = 1200
)

// PageArgs asks for the next part of a list: at most First items after the
// cursor After ("" is the start).
type PageArgs struct {
	First int
	After string
}

// NewPageArgs checks the bounds 1..[MaxPage]; a nil first is the given default.
func NewPageArgs(first *int, after *string, defaultFirst int) (PageArgs, error) {
	p := PageArgs{First: defaultFirst}
	if first != nil {
		p.First = *first
	}
	if p.First < 1 || p.First > MaxPage {
		return p, Invalid("first", "out_of_range", "min", 1, "max", MaxPage)
	}
	if after != nil {
		p.After = *after
	}
	if len(p.After) > maxCursor {
		return p, Invalid("after", "bad_cursor")
	}
	return p, nil
}

// maxSeq is more events than anything tells.
const maxSeq = 1_000_000_000

// CheckSeq checks the number of an event after which somebody asks for more.
func CheckSeq(field string, after int64) error {
	if after < 0 || after > maxSeq {
		return Invalid(field, "out_of_range", "min", 0, "max", maxSeq)
	}
	return nil
}

// Page is a part of a list. Cursors runs beside Nodes: Cursors[i] continues after Nodes[i].
type Page[T any] struct {
	Nodes   []T
	Cursors []string
	HasNext bool
	End     string // where to go on, where that is further than after the last node
}

// EndCursor is where the list goes on: after the last node where nothing else is said,
// "" for an empty page.
func (p Page[T]) EndCursor() string {
	if p.End != "" || len(p.Cursors) == 0 {
		return p.End
	}
	return p.Cursors[len(p.Cursors)-1]
}
