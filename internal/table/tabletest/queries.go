package tabletest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/table"
)

// odd are texts in the order of their bytes, hard ones for an encoding of keys.
var odd = []string{"\x00", "\x00\x00", "\x00\x01", "\x01", "#", "a", "a\x00", "a\x00b", "a\x01", "a#", "aa", "ab", "b", "~", "é", "か", "かるた", "\uffff", "😀"}

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

func reversed(list []any) []any {
	out := slices.Clone(list)
	slices.Reverse(out)
	return out
}

func only(list []string, keep func(string) bool) []any {
	return anys(slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !keep(s) }))
}

func (s *suite) textOrder(t *testing.T) {
	part, owner := s.id(t, "part"), s.id(t, "owner")
	for _, sort := range odd {
		s.put(t, table.Key{Table: table.Cards, PK: part, SK: sort}, table.Item{"v": "in", "owner_id": owner, "card_id": sort})
		for _, near := range []string{"\x00", "a"} { // neighbours that must stay out
			s.put(t, table.Key{Table: table.Cards, PK: part + near, SK: sort},
				table.Item{"v": "out", "owner_id": owner + near, "card_id": sort})
		}
	}
	base := table.Query{Table: table.Cards, PK: part}
	index := table.Query{Table: table.Cards, Index: table.CardsByOwner, PK: owner}
	for _, c := range []struct {
		name, prefix, from, to string
		keep                   func(string) bool
	}{
		{"all", "", "", "", func(string) bool { return true }},
		{"prefix a", "a", "", "", func(v string) bool { return strings.HasPrefix(v, "a") }},
		{"prefix NUL", "\x00", "", "", func(v string) bool { return strings.HasPrefix(v, "\x00") }},
		{"prefix かる", "かる", "", "", func(v string) bool { return strings.HasPrefix(v, "かる") }},
		{"prefix of none", "zz", "", "", func(string) bool { return false }},
		{"from a", "", "a", "", func(v string) bool { return v >= "a" }},
		{"to a NUL", "", "", "a\x00", func(v string) bool { return v <= "a\x00" }},
		{"a to aa", "", "a", "aa", func(v string) bool { return v >= "a" && v <= "aa" }},
		{"one", "", "b", "b", func(v string) bool { return v == "b" }},
		{"backwards", "", "b", "a", func(string) bool { return false }},
	} {
		t.Run(c.name, func(t *testing.T) {
			for attr, q := range map[string]table.Query{"SK": base, "card_id": index} {
				want := only(odd, c.keep)
				q.Prefix, q.From, q.To = c.prefix, c.from, c.to
				s.wantWalk(t, q, attr, want)
				q.Desc = true
				s.wantWalk(t, q, attr, reversed(want))
			}
		})
	}
}

func (s *suite) numberOrder(t *testing.T) {
	user := s.id(t, "user")
	numbers := []int64{math.MinInt64, -1 << 33, -256, -1, 0, 1, 255, 256, 1764000000000, math.MaxInt64}
	for i, n := range numbers {
		s.put(t, table.Key{Table: table.AuditLogs, PK: s.id(t, fmt.Sprint(i))}, table.Item{"userId": user, "timestamp": n})
	}
	ptr := func(n int64) *int64 { return &n }
	for _, c := range []struct {
		name     string
		from, to *int64
		want     []int64
	}{
		{"all", nil, nil, numbers},
		{"from", ptr(-1), nil, numbers[3:]},
		{"to", nil, ptr(255), numbers[:7]},
		{"between", ptr(-255), ptr(0), numbers[3:5]},
		{"to the greatest", ptr(256), ptr(math.MaxInt64), numbers[7:]},
		{"from the least", ptr(math.MinInt64), ptr(-2), numbers[:3]},
		{"backwards", ptr(1), ptr(0), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := table.Query{Table: table.AuditLogs, Index: table.LogsByUser, PK: user, FromN: c.from, ToN: c.to}
			s.wantWalk(t, q, "timestamp", anys(c.want))
			q.Desc = true
			s.wantWalk(t, q, "timestamp", reversed(anys(c.want)))
		})
	}
}

// sameSortKey: items with one sort key have no order of their own, but pages
// neither lose nor repeat one.
func (s *suite) sameSortKey(t *testing.T) {
	user := s.id(t, "user")
	for i := range 10 {
		s.put(t, table.Key{Table: table.AuditLogs, PK: s.id(t, fmt.Sprint(i))},
			table.Item{"userId": user, "timestamp": int64(7), "n": int64(i)})
	}
	for _, desc := range []bool{false, true} {
		for limit := 1; limit < 5; limit++ {
			q := table.Query{Table: table.AuditLogs, Index: table.LogsByUser, PK: user, Desc: desc, Limit: limit}
			err := settle(t.Context(), func() error {
				got, err := s.walk(t.Context(), q, "n")
				slices.SortFunc(got, func(a, b any) int { return int(a.(int64) - b.(int64)) })
				if err == nil && len(slices.Compact(slices.Clone(got))) != 10 || len(got) != 10 {
					err = fmt.Errorf("got %v", got)
				}
				return err
			})
			if err != nil {
				t.Errorf("desc %v, limit %d: %v", desc, limit, err)
			}
		}
	}
}

func (s *suite) pageBytes(t *testing.T) {
	part, owner := s.id(t, "part"), s.id(t, "owner")
	const n = 12
	var want []any
	for i := range n {
		sort := fmt.Sprintf("%02d", i)
		want = append(want, sort)
		s.put(t, table.Key{Table: table.Cards, PK: part, SK: sort},
			table.Item{"owner_id": owner, "card_id": sort, "v": strings.Repeat("x", 300<<10)})
	}
	for _, q := range []table.Query{
		{Table: table.Cards, PK: part}, {Table: table.Cards, PK: part, Desc: true, Limit: 11},
		{Table: table.Cards, Index: table.CardsByOwner, PK: owner, Limit: 5},
	} {
		order := want
		if q.Desc {
			order = reversed(want)
		}
		err := settle(t.Context(), func() error {
			got, err := s.walk(t.Context(), q, "card_id")
			if err == nil && !slices.Equal(got, order) {
				err = fmt.Errorf("got %v", got)
			}
			return err
		})
		if err != nil {
			t.Errorf("%+v: %v", q, err)
		}
		page, err := s.e.Query(t.Context(), q)
		if err != nil || page.Last == nil || len(page.Items) == 0 || len(page.Items) > 4 {
			t.Errorf("a page has %d items of 300 KB, last %v, error %v", len(page.Items), page.Last, err)
		}
	}
}
