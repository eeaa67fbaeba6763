package tabletest

import (
	"fmt"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/table"
)

var past, future = time.Now().Add(-time.Hour).Unix(), time.Now().Add(time.Hour).Unix()

func (s *suite) session(t *testing.T, name string) table.Key {
	return table.Key{Table: table.Sessions, PK: s.id(t, name), SK: "METADATA"}
}

func (s *suite) expiry(t *testing.T) {
	user := s.id(t, "user")
	var keys []table.Key
	var want []any
	for i := range 12 {
		k, id := s.session(t, fmt.Sprint(i)), fmt.Sprintf("%02d", i)
		it := table.Item{"user_id": user, "session_id": id, "expires_at": past}
		switch {
		case i%3 == 0:
			it["expires_at"] = future
			want = append(want, id)
		case i == 7:
			delete(it, "expires_at") // never expires
			want = append(want, id)
		}
		s.put(t, k, it)
		keys = append(keys, k)
	}
	for i, k := range keys {
		if got := s.get(t, k); (got != nil) != (i%3 == 0 || i == 7) {
			t.Errorf("session %d is %v", i, got)
		}
	}
	got, err := s.e.BatchGet(t.Context(), keys)
	if err != nil || len(got) != len(want) {
		t.Errorf("%d sessions of %d, error %v", len(got), len(want), err)
	}
	q := table.Query{Table: table.Sessions, Index: table.SessionsByUser, PK: user}
	s.wantWalk(t, q, "session_id", want)
	q.Limit = len(want)
	page, err := s.e.Query(t.Context(), q)
	if err != nil || len(page.Items) != len(want) {
		t.Errorf("a page of %d has %d items, error %v", q.Limit, len(page.Items), err)
	}
	for i := range keys {
		s.want(t, table.Key{Table: table.Sessions, PK: keys[i].PK, SK: "OTHER"}, nil)
	}
}

// expiryConditions: what has expired counts as absent, whether it is deleted yet or not.
func (s *suite) expiryConditions(t *testing.T) {
	for _, c := range []struct {
		name    string
		expires int64
		cond    table.Condition
		ok      bool
	}{
		{"absent over expired", past, table.IfAbsent(), true},
		{"absent over living", future, table.IfAbsent(), false},
		{"exists over expired", past, table.IfExists(), false},
		{"exists over living", future, table.IfExists(), true},
		{"version over expired", past, table.IfVersion(1), false},
		{"version over living", future, table.IfVersion(1), true},
	} {
		for _, way := range []string{"single", "transaction", "with token"} {
			t.Run(c.name+", "+way, func(t *testing.T) {
				k := s.session(t, "a")
				old := table.Item{"version": int64(1), "expires_at": c.expires}
				s.put(t, k, old)
				if c.expires == past {
					old = nil
				}
				w := table.Put(k, table.Item{"v": "new", "expires_at": future}, c.cond)
				var err error
				switch way {
				case "single":
					err = s.e.Write(t.Context(), w)
				case "transaction":
					err = s.e.Transact(t.Context(), "", []table.Write{w})
				case "with token":
					err = s.e.Transact(t.Context(), s.id(t, "token"), []table.Write{w})
				}
				if !c.ok {
					wantCondition(t, err, 0, k, old)
					return
				}
				if err != nil {
					t.Error(err)
				}
				s.want(t, k, w.Item)
			})
		}
	}
}
