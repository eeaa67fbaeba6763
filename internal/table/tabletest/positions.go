package tabletest

import (
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/table"
)

// positions: a position is a place in the order, whether an item stands there
// or not, and never leads out of the query's own partition and bounds.
func (s *suite) positions(t *testing.T) {
	part, owner, foreign := s.id(t, "part"), s.id(t, "owner"), s.id(t, "foreign")
	for _, sort := range []string{"b", "d", "f"} {
		s.put(t, table.Key{Table: table.Cards, PK: part, SK: sort}, table.Item{"owner_id": owner, "card_id": sort})
		s.put(t, table.Key{Table: table.Cards, PK: foreign, SK: sort}, table.Item{"owner_id": foreign, "card_id": sort})
	}
	base := table.Query{Table: table.Cards, PK: part}
	index := table.Query{Table: table.Cards, Index: table.CardsByOwner, PK: owner}
	for _, c := range []struct {
		name  string
		q     table.Query
		start table.Position
		want  []any
	}{
		{"gap", base, table.Position{SK: "c"}, []any{"d", "f"}},
		{"before all", base, table.Position{SK: "a"}, []any{"b", "d", "f"}},
		{"behind all", base, table.Position{SK: "z"}, nil},
		{"partition of a stranger", base, table.Position{PK: foreign, SK: "b"}, []any{"d", "f"}},
		{"index", index, table.Position{PK: part, SK: "b", Sort: "b"}, []any{"d", "f"}},
		{"index gap", index, table.Position{PK: part, SK: "b", Sort: "e"}, []any{"f"}},
		{"index, item of a stranger", index, table.Position{PK: foreign, SK: "b", Sort: "c"}, []any{"d", "f"}},
		{"index, odd sort", index, table.Position{PK: "\x00", SK: "\u202e", Sort: "\x00"}, []any{"b", "d", "f"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			attr := "SK"
			if c.q.Index != "" {
				attr = "card_id"
			}
			c.q.Start = &c.start
			s.wantWalk(t, c.q, attr, c.want)
		})
	}
	bounded := base
	bounded.From, bounded.To = "b", "d"
	prefixed := index
	prefixed.Prefix = "d"
	for name, q := range map[string]table.Query{
		"empty":           at(base, table.Position{}),
		"too long":        at(base, table.Position{SK: strings.Repeat("x", 2000)}),
		"not UTF-8":       at(base, table.Position{SK: "\xff"}),
		"below From":      at(bounded, table.Position{SK: "a"}),
		"above To":        at(bounded, table.Position{SK: "e"}),
		"outside Prefix":  at(prefixed, table.Position{PK: part, SK: "b", Sort: "b"}),
		"index, no key":   at(index, table.Position{Sort: "b"}),
		"index, no sort":  at(index, table.Position{PK: part, SK: "b"}),
		"number, no item": at(table.Query{Table: table.AuditLogs, Index: table.LogsByUser, PK: owner}, table.Position{SortN: 1}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.e.Query(t.Context(), q)
			wantErr(t, err, table.ErrPosition)
		})
	}
}

func at(q table.Query, p table.Position) table.Query {
	q.Start = &p
	return q
}

func (s *suite) refusedQueries(t *testing.T) {
	n := int64(1)
	for name, q := range map[string]table.Query{
		"unknown table":        {Table: "nothing", PK: "p"},
		"unknown index":        {Table: table.Cards, Index: "Nothing", PK: "p"},
		"index of another":     {Table: table.Cards, Index: table.UsersList, PK: "p"},
		"no partition":         {Table: table.Cards},
		"partition too long":   {Table: table.Cards, PK: strings.Repeat("p", 2049)},
		"negative limit":       {Table: table.Cards, PK: "p", Limit: -1},
		"prefix and bounds":    {Table: table.Cards, PK: "p", Prefix: "a", From: "b"},
		"text for a number":    {Table: table.AuditLogs, Index: table.LogsByUser, PK: "p", From: "a"},
		"number for a text":    {Table: table.Cards, PK: "p", FromN: &n},
		"bounds without a key": {Table: table.AuditLogs, PK: "p", Prefix: "a"},
		"bound too long":       {Table: table.Cards, PK: "p", To: strings.Repeat("x", 1025)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.e.Query(t.Context(), q)
			wantErr(t, err, table.ErrLimit)
		})
	}
}

func (s *suite) sparse(t *testing.T) {
	owner := s.id(t, "owner")
	k := s.card(t, "a")
	q := table.Query{Table: table.Cards, Index: table.CardsByOwner, PK: owner}
	steps := []struct {
		it   table.Item
		want []any
	}{
		{table.Item{"owner_id": owner}, nil},
		{table.Item{"owner_id": owner, "card_id": "1"}, []any{"1"}},
		{table.Item{"owner_id": owner, "card_id": "2"}, []any{"2"}},
		{table.Item{"card_id": "2"}, nil},
		{table.Item{"owner_id": owner + "'", "card_id": "2"}, nil},
		{table.Item{"owner_id": owner, "card_id": "3"}, []any{"3"}},
	}
	for _, step := range steps {
		s.put(t, k, step.it)
		s.wantWalk(t, q, "card_id", step.want)
	}
	if err := s.e.Write(t.Context(), table.Delete(k, table.Always())); err != nil {
		t.Fatal(err)
	}
	s.wantWalk(t, q, "card_id", nil)
}

func (s *suite) indexTypes(t *testing.T) {
	card, log, session := s.card(t, "a"), table.Key{Table: table.AuditLogs, PK: s.id(t, "log")}, table.Key{Table: table.Sessions, PK: s.id(t, "s"), SK: "METADATA"}
	for name, w := range map[string]table.Write{
		"number for text":       table.Put(card, table.Item{"owner_id": int64(1), "card_id": "a"}, table.Always()),
		"without the sort key":  table.Put(card, table.Item{"owner_id": int64(1)}, table.Always()),
		"empty partition":       table.Put(card, table.Item{"owner_id": "", "card_id": "a"}, table.Always()),
		"empty sort key":        table.Put(card, table.Item{"owner_id": "o", "card_id": ""}, table.Always()),
		"sort key too long":     table.Put(card, table.Item{"owner_id": "o", "card_id": strings.Repeat("x", 1025)}, table.Always()),
		"text for number":       table.Put(log, table.Item{"userId": "u", "timestamp": "1"}, table.Always()),
		"fraction for number":   table.Put(log, table.Item{"userId": "u", "timestamp": 1.5}, table.Always()),
		"text for time to live": table.Put(session, table.Item{"expires_at": "soon"}, table.Always()),
	} {
		t.Run(name, func(t *testing.T) {
			wantErr(t, s.e.Write(t.Context(), w), table.ErrLimit)
			wantErr(t, s.e.Transact(t.Context(), "", []table.Write{w}), table.ErrLimit)
			s.want(t, w.Key, nil)
		})
	}
}
