package embedded

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/internal/table"
)

// alphabet are the characters that are hard for an encoding of keys.
var alphabet = []string{"\x00", "\x01", "a", "b", "\x7f", "ÿ", "か", "\uffff", "😀"}

func drawText(rt *rapid.T, name string) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(alphabet), 1, 5).Draw(rt, name), "")
}

// TestKeysKeepTheOrder: the order of the bytes is the order of partition, then
// sort key, and no partition reaches into another.
func TestKeysKeepTheOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type pair struct{ pk, sk string }
		a, b := pair{drawText(rt, "pk"), drawText(rt, "sk")}, pair{drawText(rt, "pk"), drawText(rt, "sk")}
		want := strings.Compare(a.pk, b.pk)
		if want == 0 {
			want = strings.Compare(a.sk, b.sk)
		}
		if got := strings.Compare(string(primaryKey(a.pk, a.sk)), string(primaryKey(b.pk, b.sk))); got != want {
			rt.Fatalf("%q and %q: order %d, want %d", a, b, got, want)
		}
		m, n := rapid.Int64().Draw(rt, "m"), rapid.Int64().Draw(rt, "n")
		if got := strings.Compare(string(appendNumber(nil, m)), string(appendNumber(nil, n))); (got < 0) != (m < n) || (got == 0) != (m == n) {
			rt.Fatalf("%d and %d: order %d", m, n, got)
		}
	})
}

// wide is a file whose partitions cover many pages of the tree, so that walks
// begin, turn and end at pages' borders.
func wide(t *testing.T) (*Engine, []string) {
	e := openTemp(t)
	if err := e.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	var sorts []string
	for _, a := range alphabet {
		for _, b := range alphabet {
			for _, c := range []string{"", "\x00", "z"} {
				sorts = append(sorts, a+b+c)
			}
		}
	}
	slices.Sort(sorts)
	for part := range slices.Chunk(sorts, table.MaxTransact/2) {
		var ws []table.Write
		for _, sort := range part {
			for _, near := range []string{"p", "p\x00"} {
				ws = append(ws, table.Put(table.Key{Table: table.Cards, PK: near, SK: sort},
					table.Item{"owner_id": near, "card_id": sort, "v": strings.Repeat("x", 700)}, table.Always()))
			}
		}
		if err := e.Transact(t.Context(), "", ws); err != nil {
			t.Fatal(err)
		}
	}
	return e, sorts
}

func TestWalksAreRightAtEveryBorder(t *testing.T) {
	e, sorts := wide(t)
	rapid.Check(t, func(rt *rapid.T) {
		q := table.Query{Table: table.Cards, PK: rapid.SampledFrom([]string{"p", "p\x00"}).Draw(rt, "pk"),
			Desc: rapid.Bool().Draw(rt, "desc"), Limit: rapid.SampledFrom([]int{0, 1, 2, 7, len(sorts)}).Draw(rt, "limit")}
		if rapid.Bool().Draw(rt, "index") {
			q.Index = table.CardsByOwner
		}
		switch rapid.IntRange(0, 3).Draw(rt, "bounds") {
		case 1:
			q.Prefix = drawText(rt, "prefix")
		case 2:
			q.From = drawText(rt, "from")
		case 3:
			q.From, q.To = drawText(rt, "from"), drawText(rt, "to")
		}
		want := within(sorts, q)
		if start := drawText(rt, "start"); rapid.Bool().Draw(rt, "started") && inside(start, q) {
			q.Start = &table.Position{PK: q.PK, SK: start, Sort: start}
			want = slices.DeleteFunc(want, func(v string) bool { return q.Desc && v >= start || !q.Desc && v <= start })
		}
		wantSorts(t.Context(), rt, e, q, want)
	})
}

func inside(v string, q table.Query) bool {
	return strings.HasPrefix(v, q.Prefix) && v >= q.From && (q.To == "" || v <= q.To)
}

func within(sorts []string, q table.Query) []string {
	want := slices.DeleteFunc(slices.Clone(sorts), func(v string) bool { return !inside(v, q) })
	if q.Desc {
		slices.Reverse(want)
	}
	return want
}

func wantSorts(ctx context.Context, t *rapid.T, e *Engine, q table.Query, want []string) {
	t.Helper()
	var got []string
	for {
		page, err := e.Query(ctx, q)
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		for _, it := range page.Items {
			got = append(got, it.Str("SK"))
		}
		if page.Last == nil {
			break
		}
		q.Start = page.Last
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%+v gives %q, want %q", q, got, want)
	}
}

// TestEveryPlaceOfAWalk starts at each item, forwards and backwards.
func TestEveryPlaceOfAWalk(t *testing.T) {
	e, sorts := wide(t)
	for i, start := range sorts {
		for _, index := range []string{"", table.CardsByOwner} {
			q := table.Query{Table: table.Cards, Index: index, PK: "p", Limit: 3, Start: &table.Position{PK: "p", SK: start, Sort: start}}
			page, err := e.Query(t.Context(), q)
			if err != nil || !slices.Equal(sortsOf(page), sorts[i+1:min(i+4, len(sorts))]) {
				t.Errorf("after %q in %q: %q, %v", start, index, sortsOf(page), err)
			}
			q.Desc = true
			page, err = e.Query(t.Context(), q)
			want := slices.Clone(sorts[max(0, i-3):i])
			slices.Reverse(want)
			if err != nil || !slices.Equal(sortsOf(page), want) {
				t.Errorf("before %q in %q: %q, want %q, %v", start, index, sortsOf(page), want, err)
			}
		}
	}
}

func sortsOf(p table.Page) (sorts []string) {
	for _, it := range p.Items {
		sorts = append(sorts, it.Str("SK"))
	}
	return sorts
}

func TestStoredItemsCannotBreakTheReader(t *testing.T) {
	whole := encode(nil, table.Item{"a": "text", "n": int64(-5), "f": math.Pi, "l": []any{true, []byte("b")}, "m": map[string]any{"x": "y"}})
	if _, err := decode(whole); err != nil {
		t.Fatal(err)
	}
	for cut := range whole {
		if it, err := decode(whole[:cut]); err == nil {
			t.Errorf("%d bytes of %d are read as %v", cut, len(whole), it)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		raw := slices.Clone(whole)
		raw[rapid.IntRange(0, len(raw)-1).Draw(rt, "at")] = rapid.Byte().Draw(rt, "byte")
		_, _ = decode(raw) // any answer but a panic
	})
	if _, err := decode(fmt.Appendf(nil, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f")); err == nil {
		t.Error("a huge count is believed")
	}
}
