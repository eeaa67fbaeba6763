package table

import (
	"fmt"
	"strings"
)

// ErrPosition tells that a query's Start lies outside of the query: a cursor
// that was tampered with or belongs to another list. It is an [ErrLimit] too.
var ErrPosition = fmt.Errorf("%w: the position lies outside of the query", ErrLimit)

// Plan is a checked query with its declarations found.
type Plan struct {
	Query
	Of      Table
	By      Index  // zero for a query of the table itself
	Sort    string // attribute of the sort key, "" for none
	Numeric bool
	Empty   bool // the bounds leave nothing, no need to ask
}

// CheckQuery finds the declarations that a query names and tells whether it is
// well formed. A position outside of the query's bounds is an [ErrPosition].
func CheckQuery(q Query) (Plan, error) {
	p := Plan{Query: q}
	var ok bool
	if p.Of, ok = Lookup(q.Table); !ok {
		return p, limit("no table %q is declared", q.Table)
	}
	p.Sort = p.Of.SK
	if q.Index != "" {
		if p.By, ok = p.Of.Index(q.Index); !ok {
			return p, limit("table %s has no index %q", q.Table, q.Index)
		}
		p.Sort, p.Numeric = p.By.SK, p.By.Numeric
	}
	if q.Limit < 0 {
		return p, limit("a limit of %d", q.Limit)
	}
	if err := checkText("of the query's partition", q.PK, MaxPKBytes); err != nil {
		return p, err
	}
	if err := p.checkBounds(); err != nil {
		return p, err
	}
	return p, p.checkStart()
}

func (p *Plan) checkBounds() error {
	text, number := p.Prefix != "" || p.From != "" || p.To != "", p.FromN != nil || p.ToN != nil
	switch {
	case p.Numeric && text, !p.Numeric && number:
		return limit("bounds of the wrong type for sort key %s", p.Sort)
	case p.Sort == "" && text:
		return limit("table %s has no sort key to bound", p.Table)
	case p.Prefix != "" && (p.From != "" || p.To != ""):
		return limit("a prefix and bounds in one query")
	case max(len(p.Prefix), len(p.From), len(p.To)) > MaxSKBytes:
		return limit("a bound has more than %d bytes", MaxSKBytes)
	}
	p.Empty = p.From != "" && p.To != "" && p.From > p.To ||
		p.FromN != nil && p.ToN != nil && *p.FromN > *p.ToN
	return nil
}

func (p *Plan) checkStart() error {
	if p.Start == nil {
		return nil
	}
	pk, sort := p.PK, p.Start.SK
	if p.Index != "" {
		pk, sort = p.Start.PK, p.Start.Sort
	}
	if _, err := CheckKey(Key{Table: p.Table, PK: pk, SK: p.Start.SK}); err != nil {
		return ErrPosition
	}
	if p.Numeric && p.insideN(p.Start.SortN) || !p.Numeric && p.inside(sort) {
		return nil
	}
	return ErrPosition
}

// inside tells whether a text sort key lies in the query.
func (p *Plan) inside(sort string) bool {
	if p.Sort != "" && checkText(p.Sort, sort, MaxSKBytes) != nil {
		return false
	}
	return strings.HasPrefix(sort, p.Prefix) && sort >= p.From && (p.To == "" || sort <= p.To)
}

func (p *Plan) insideN(n int64) bool {
	return (p.FromN == nil || n >= *p.FromN) && (p.ToN == nil || n <= *p.ToN)
}

// Position is the place in the query of an item that the query returned.
func (p *Plan) Position(it Item) *Position {
	at := &Position{SK: it.Str(p.Of.SK)}
	if p.Index == "" {
		return at
	}
	at.PK = it.Str(p.Of.PK)
	if p.Numeric {
		at.SortN = it.Int(p.Sort)
	} else {
		at.Sort = it.Str(p.Sort)
	}
	return at
}
