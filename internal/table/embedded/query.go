package embedded

import (
	"bytes"
	"context"

	"go.etcd.io/bbolt"

	"github.com/karuta-bi/karuta/internal/table"
)

// Query implements [table.Engine].
func (e *Engine) Query(ctx context.Context, q table.Query) (table.Page, error) {
	p, err := table.CheckQuery(q)
	if err != nil || p.Empty {
		return table.Page{}, err
	}
	var page table.Page
	err = e.view(ctx, func(tx txn) error {
		page, err = tx.read(p)
		return err
	})
	return page, err
}

func (tx txn) read(p table.Plan) (table.Page, error) {
	var page table.Page
	base, err := tx.base(p.Of)
	if err != nil {
		return page, err
	}
	in := base
	if p.Index != "" {
		if in, err = tx.bucket(p.Of, indexName(p.Of, p.By)); err != nil {
			return page, err
		}
	}
	size := 0
	for _, raw := range span(p).in(in.Cursor(), p.Desc) {
		if p.Index != "" {
			raw = base.Get(raw)
		}
		it, err := tx.live(p.Of, raw)
		if err != nil {
			return table.Page{}, err
		}
		if it == nil {
			continue
		}
		if size += len(raw); size > table.MaxPageBytes && len(page.Items) > 0 {
			return page, nil
		}
		page.Items = append(page.Items, it)
		page.Last = p.Position(it)
		if len(page.Items) == p.Limit {
			return page, nil
		}
	}
	page.Last = nil
	return page, nil
}

// keys is a range of a bucket's keys: from ≤ key < to.
type keys struct{ from, to []byte }

// span is the range that a query reads.
func span(p table.Plan) keys {
	part := appendText(nil, p.PK)
	r := keys{from: part, to: after(part)}
	text := func(s string) []byte { return appendEscaped(bytes.Clone(part), s) }
	if p.Index == "" {
		text = func(s string) []byte { return append(bytes.Clone(part), s...) }
	}
	number := func(n int64) []byte { return appendNumber(bytes.Clone(part), n) }
	switch {
	case p.Prefix != "":
		r = keys{from: text(p.Prefix), to: after(text(p.Prefix))}
	case p.Numeric:
		if p.FromN != nil {
			r.from = number(*p.FromN)
		}
		if p.ToN != nil {
			r.to = after(number(*p.ToN))
		}
	default:
		if p.From != "" {
			r.from = text(p.From)
		}
		if p.To != "" {
			r.to = behind(p, part)
		}
	}
	return r.behindStart(p, part)
}

// behind is the first key after those whose sort key is the query's To.
func behind(p table.Plan, part []byte) []byte {
	if p.Index == "" {
		return append(append(bytes.Clone(part), p.To...), 0)
	}
	return after(appendText(bytes.Clone(part), p.To))
}

// behindStart leaves out what comes before the position, and the position itself.
func (r keys) behindStart(p table.Plan, part []byte) keys {
	if p.Start == nil {
		return r
	}
	at := append(bytes.Clone(part), p.Start.SK...)
	if p.Index != "" {
		primary := primaryKey(p.Start.PK, p.Start.SK)
		at = indexKey(p.By, table.Item{p.By.PK: p.PK, p.By.SK: startSort(p)}, primary)
	}
	if p.Desc {
		r.to = at
	} else {
		r.from = append(at, 0)
	}
	return r
}

func startSort(p table.Plan) any {
	if p.Numeric {
		return p.Start.SortN
	}
	return p.Start.Sort
}

// in walks the range's entries in the bucket, upwards or downwards.
func (r keys) in(c *bbolt.Cursor, desc bool) func(yield func(k, v []byte) bool) {
	return func(yield func(k, v []byte) bool) {
		k, v := c.Seek(r.from)
		step := c.Next
		if desc {
			k, v = before(c, r.to)
			step = c.Prev
		}
		for k != nil && bytes.Compare(k, r.from) >= 0 && bytes.Compare(k, r.to) < 0 {
			if !yield(k, v) {
				return
			}
			k, v = step()
		}
	}
}

// before is the last entry below the key.
func before(c *bbolt.Cursor, key []byte) (k, v []byte) {
	if at, _ := c.Seek(key); at == nil {
		return c.Last()
	}
	return c.Prev()
}
