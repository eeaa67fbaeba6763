package audit

import (
	"cmp"
	"context"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/karuta-bi/karuta/internal/table"
)

// unordered is an engine that leaves open, as DynamoDB does, in which order an
// index has the items of one sort key.
type unordered struct {
	table.Engine
	seed maphash.Seed

	mu    sync.Mutex
	items []table.Item
}

func (u *unordered) Write(_ context.Context, w table.Write) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	t, _ := table.Lookup(w.Key.Table)
	u.items = slices.DeleteFunc(u.items, func(it table.Item) bool { return it.Str("logId") == w.Key.PK })
	u.items = append(u.items, t.WithKey(w.Item, w.Key))
	return nil
}

func (u *unordered) Get(_ context.Context, k table.Key) (table.Item, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, it := range u.items {
		if it.Str("logId") == k.PK {
			return it, nil
		}
	}
	return nil, nil
}

// Query answers from an index with numbers, downwards.
func (u *unordered) Query(_ context.Context, q table.Query) (table.Page, error) {
	plan, err := table.CheckQuery(q)
	if err != nil || plan.Empty {
		return table.Page{}, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	var found []table.Item
	for _, it := range u.items {
		n := it.Int(plan.By.SK)
		if it.Str(plan.By.PK) == q.PK && (q.FromN == nil || n >= *q.FromN) && (q.ToN == nil || n <= *q.ToN) && (q.Start == nil || u.order(plan.Position(it), q.Start) > 0) {
			found = append(found, it)
		}
	}
	slices.SortFunc(found, func(a, b table.Item) int { return u.order(plan.Position(a), plan.Position(b)) })
	page := table.Page{Items: found}
	if len(found) > q.Limit {
		page.Items = found[:q.Limit]
		page.Last = plan.Position(page.Items[q.Limit-1])
	}
	return page, nil
}

func (u *unordered) order(a, b *table.Position) int {
	return cmp.Or(cmp.Compare(b.SortN, a.SortN), cmp.Compare(maphash.String(u.seed, a.PK), maphash.String(u.seed, b.PK)))
}
