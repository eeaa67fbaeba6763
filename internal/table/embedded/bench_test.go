package embedded

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/karuta-bi/karuta/internal/table"
)

func benchItem(i int) table.Item {
	id := fmt.Sprintf("dash_%032x", i)
	return table.Item{
		"id": id, "dashboard_id": id, "owner_id": fmt.Sprintf("user_%032x", i%7), "name": "Sales by region and month",
		"description": "What the shops sold, by region and month, against the plan", "version": int64(12),
		"created_at": int64(1764000000000), "updated_at": int64(1764000000123), "layout": "grid", "card_count": int64(12),
		"archived": false, "rate": 0.35, "tags": []any{"sales", "month"},
	}
}

func benchKey(i int) table.Key {
	return table.Key{Table: table.Dashboards, PK: fmt.Sprintf("DASHBOARD#dash_%032x", i), SK: "METADATA"}
}

func filled(b *testing.B, n int) *Engine {
	e, err := Open(filepath.Join(b.TempDir(), "karuta.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = e.Close() })
	if err := e.Init(b.Context()); err != nil {
		b.Fatal(err)
	}
	for from := 0; from < n; from += table.MaxTransact {
		var ws []table.Write
		for i := from; i < from+table.MaxTransact; i++ {
			ws = append(ws, table.Put(benchKey(i), benchItem(i), table.Always()))
		}
		if err := e.Transact(b.Context(), "", ws); err != nil {
			b.Fatal(err)
		}
	}
	return e
}

func BenchmarkDecode(b *testing.B) {
	raw := encode(nil, prepare(table.Put(benchKey(1), benchItem(1), table.Always())).full)
	b.ReportMetric(float64(len(raw)), "bytes/item")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEngine(b *testing.B) {
	const n = 20000
	e := filled(b, n)
	i := 0
	next := func() int { i = (i + 7919) % n; return i }
	owner := table.Query{Table: table.Dashboards, Index: table.DashboardsByOwner, PK: fmt.Sprintf("user_%032x", 3), Desc: true, Limit: 20}
	runs := []struct {
		name string
		do   func(ctx context.Context) error
	}{
		{"get", func(ctx context.Context) error { _, err := e.Get(ctx, benchKey(next())); return err }},
		{"batch20", func(ctx context.Context) error { return batch(ctx, e, next, 20) }},
		{"batch100", func(ctx context.Context) error { return batch(ctx, e, next, 100) }},
		{"index20", func(ctx context.Context) error { _, err := e.Query(ctx, owner); return err }},
		{"put", func(ctx context.Context) error {
			k := next()
			return e.Write(ctx, table.Put(benchKey(k), benchItem(k), table.IfVersion(12)))
		}},
		{"transact2", func(ctx context.Context) error {
			a, c := next(), next()
			return e.Transact(ctx, "", []table.Write{
				table.Put(benchKey(a), benchItem(a), table.IfVersion(12)), table.Put(benchKey(c), benchItem(c), table.IfVersion(12))})
		}},
	}
	for _, r := range runs {
		b.Run(r.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := r.do(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func batch(ctx context.Context, e *Engine, next func() int, n int) error {
	keys := make([]table.Key, n)
	for j := range keys {
		keys[j] = benchKey(next())
	}
	items, err := e.BatchGet(ctx, keys)
	if err == nil && len(items) != n {
		err = fmt.Errorf("%d items of %d", len(items), n)
	}
	return err
}
