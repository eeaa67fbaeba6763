package tabletest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/internal/table"
)

// naive is the port as a map: what every engine must look like from outside.
type naive struct {
	prefix string
	items  map[table.Key]table.Item
}

// model runs random calls against the engine and the naive model and compares
// every answer.
func (s *suite) model(t *testing.T) {
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		m := &naive{prefix: fmt.Sprintf("%s/%d/", s.run, run), items: map[table.Key]table.Item{}}
		ctx := t.Context()
		rt.Repeat(map[string]func(*rapid.T){
			"write":    func(rt *rapid.T) { m.tryTransact(ctx, rt, s.e, 1) },
			"transact": func(rt *rapid.T) { m.tryTransact(ctx, rt, s.e, rapid.IntRange(2, 4).Draw(rt, "writes")) },
			"get":      func(rt *rapid.T) { m.tryGet(ctx, rt, s.e) },
			"batch":    func(rt *rapid.T) { m.tryBatch(ctx, rt, s.e) },
			"query":    func(rt *rapid.T) { m.tryQuery(ctx, rt, s.e) },
		})
	})
}

var sorts = []string{"\x00", "a", "a\x00", "aa", "b", "か"}

func (m *naive) key(rt *rapid.T) table.Key {
	pk := m.prefix + rapid.SampledFrom([]string{"p", "q", "p\x00"}).Draw(rt, "pk")
	sk := rapid.SampledFrom(sorts).Draw(rt, "sk")
	if rapid.Bool().Draw(rt, "log") {
		return table.Key{Table: table.AuditLogs, PK: pk + sk}
	}
	return table.Key{Table: table.Cards, PK: pk, SK: sk}
}

// item has a sort key of its own in each index, so that there is one right order.
func (m *naive) item(rt *rapid.T, k table.Key) table.Item {
	it := table.Item{"version": rapid.Int64Range(1, 3).Draw(rt, "version")}
	owner := m.prefix + rapid.SampledFrom([]string{"o", "o\x00", "none"}).Draw(rt, "owner")
	if k.Table == table.Cards {
		if owner != m.prefix+"none" {
			it["owner_id"] = owner
		}
		it["card_id"] = rapid.SampledFrom(sorts).Draw(rt, "card") + k.PK + k.SK
		return it
	}
	it["userId"] = owner
	sum := int64(0)
	for _, c := range []byte(k.PK) {
		sum = sum*31%9973 + int64(c)
	}
	it["timestamp"] = rapid.Int64Range(-3, 3).Draw(rt, "time")*10000 + sum
	return it
}

func (m *naive) write(rt *rapid.T) table.Write {
	k := m.key(rt)
	cond := rapid.SampledFrom([]table.Condition{table.Always(), table.Always(), table.IfAbsent(), table.IfExists(), table.IfVersion(1), table.IfVersion(2)}).Draw(rt, "condition")
	switch rapid.IntRange(0, 4).Draw(rt, "op") {
	case 0:
		return table.Check(k, cond)
	case 1:
		return table.Delete(k, cond)
	}
	return table.Put(k, m.item(rt, k), cond)
}

func (m *naive) holds(w table.Write) bool {
	old := m.items[w.Key]
	_, absent, exists, version := w.If.Kind()
	switch {
	case absent:
		return old == nil
	case exists:
		return old != nil
	case version:
		return old != nil && old["version"] == w.If.Version()
	}
	return true
}

func (m *naive) tryTransact(ctx context.Context, rt *rapid.T, e table.Engine, n int) {
	var ws []table.Write
	for range n {
		w := m.write(rt)
		if !slices.ContainsFunc(ws, func(o table.Write) bool { return o.Key == w.Key }) {
			ws = append(ws, w)
		}
	}
	var err error
	if n == 1 {
		err = e.Write(ctx, ws[0])
	} else {
		err = e.Transact(ctx, "", ws)
	}
	for i, w := range ws {
		if m.holds(w) {
			continue
		}
		f := table.ConditionFailed(err)
		if f == nil || f.Index != i || !same(f.Current, m.items[w.Key]) {
			rt.Fatalf("error %v, want the condition of write %d of %v", err, i, ws)
		}
		return
	}
	if err != nil {
		rt.Fatalf("%v: %v", ws, err)
	}
	for _, w := range ws {
		of, _ := table.Lookup(w.Key.Table)
		switch w.Op {
		case table.OpPut:
			m.items[w.Key] = of.WithKey(w.Item, w.Key)
		case table.OpDelete:
			delete(m.items, w.Key)
		}
	}
}

func same(a, b table.Item) bool { return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b) }

func (m *naive) tryGet(ctx context.Context, rt *rapid.T, e table.Engine) {
	k := m.key(rt)
	if it, err := e.Get(ctx, k); err != nil || !same(it, m.items[k]) {
		rt.Fatalf("get %v: %v, %v, want %v", k, it, err, m.items[k])
	}
}

func (m *naive) tryBatch(ctx context.Context, rt *rapid.T, e table.Engine) {
	want := map[table.Key]table.Item{}
	asked := map[table.Key]bool{}
	for range rapid.IntRange(0, 10).Draw(rt, "keys") {
		k := m.key(rt)
		asked[k] = true
		if it := m.items[k]; it != nil {
			want[k] = it
		}
	}
	got, err := e.BatchGet(ctx, slices.Collect(maps.Keys(asked)))
	if err != nil || !reflect.DeepEqual(got, want) {
		rt.Fatalf("batch: %v, %v, want %v", got, err, want)
	}
}

func (m *naive) query(rt *rapid.T) (q table.Query, attr string) {
	q = table.Query{Desc: rapid.Bool().Draw(rt, "desc"), Limit: rapid.IntRange(0, 4).Draw(rt, "limit")}
	bound := rapid.SampledFrom(append([]string{""}, sorts...))
	kind := rapid.IntRange(0, 2).Draw(rt, "kind")
	if kind == 2 {
		q.Table, q.Index, q.PK = table.AuditLogs, table.LogsByUser, m.prefix+rapid.SampledFrom([]string{"o", "o\x00"}).Draw(rt, "owner")
		if rapid.Bool().Draw(rt, "from") {
			n := rapid.Int64Range(-30000, 30000).Draw(rt, "fromN")
			q.FromN = &n
		}
		return q, "timestamp"
	}
	q.Table, q.PK, attr = table.Cards, m.prefix+rapid.SampledFrom([]string{"p", "q", "p\x00"}).Draw(rt, "pk"), "SK"
	if kind == 1 {
		q.Index, q.PK, attr = table.CardsByOwner, m.prefix+rapid.SampledFrom([]string{"o", "o\x00"}).Draw(rt, "owner"), "card_id"
	}
	if rapid.Bool().Draw(rt, "prefixed") {
		// none with a NUL inside, behind which Dynoxide, unlike DynamoDB, does not look
		q.Prefix = rapid.SampledFrom([]string{"", "\x00", "a", "aa", "b", "か"}).Draw(rt, "prefix")
	} else {
		q.From, q.To = bound.Draw(rt, "from"), bound.Draw(rt, "to")
	}
	return q, attr
}

// answer is all that the query should give, in order.
func (m *naive) answer(q table.Query, attr string) []table.Item {
	part := "PK"
	if q.Index != "" {
		t, _ := table.Lookup(q.Table)
		ix, _ := t.Index(q.Index)
		part = ix.PK
	}
	var all []table.Item
	for k, it := range m.items {
		if k.Table == q.Table && it[part] == q.PK && inBounds(q, it, attr) {
			all = append(all, it)
		}
	}
	slices.SortFunc(all, func(a, b table.Item) int {
		return cmp.Or(cmp.Compare(a.Int(attr), b.Int(attr)), cmp.Compare(a.Str(attr), b.Str(attr)))
	})
	if q.Desc {
		slices.Reverse(all)
	}
	return all
}

func inBounds(q table.Query, it table.Item, attr string) bool {
	if q.FromN != nil && it.Int(attr) < *q.FromN {
		return false
	}
	v := it.Str(attr)
	return v >= q.From && (q.To == "" || v <= q.To) && (q.Prefix == "" || len(v) >= len(q.Prefix) && v[:len(q.Prefix)] == q.Prefix)
}

func (m *naive) tryQuery(ctx context.Context, rt *rapid.T, e table.Engine) {
	q, attr := m.query(rt)
	want := m.answer(q, attr)
	err := settle(ctx, func() error {
		q.Start = nil
		var got []table.Item
		for {
			page, err := e.Query(ctx, q)
			if err != nil {
				return err
			}
			got = append(got, page.Items...)
			if page.Last == nil {
				break
			}
			if q.Limit > 0 && len(page.Items) != q.Limit {
				return fmt.Errorf("%d items on a page with a next one, limit %d", len(page.Items), q.Limit)
			}
			q.Start = page.Last
		}
		if !slices.EqualFunc(got, want, same) {
			return fmt.Errorf("got %v, want %v", got, want)
		}
		return nil
	})
	if err != nil {
		rt.Fatalf("query %+v: %v", q, err)
	}
}
