package tabletest

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/table"
)

func (s *suite) conditions(t *testing.T) {
	states := map[string]table.Item{
		"nothing": nil, "version1": {"version": int64(1), "v": "old"}, "version2": {"version": int64(2), "v": "old"}, "unversioned": {"v": "old"},
	}
	conds := []struct {
		name  string
		cond  table.Condition
		holds func(state string) bool
	}{
		{"always", table.Always(), func(string) bool { return true }},
		{"absent", table.IfAbsent(), func(state string) bool { return state == "nothing" }},
		{"exists", table.IfExists(), func(state string) bool { return state != "nothing" }},
		{"version", table.IfVersion(1), func(state string) bool { return state == "version1" }},
	}
	for state, old := range states {
		for _, c := range conds {
			for _, op := range []table.WriteOp{table.OpPut, table.OpDelete, table.OpCheck} {
				for _, single := range []bool{true, false} {
					name := fmt.Sprintf("%s/%s/op%d/single=%v", state, c.name, op, single)
					t.Run(name, func(t *testing.T) { s.condition(t, old, op, c.cond, c.holds(state), single) })
				}
			}
		}
	}
}

// condition writes over old and looks at the answer and at what is there then.
func (s *suite) condition(t *testing.T, old table.Item, op table.WriteOp, cond table.Condition, holds, single bool) {
	k := s.card(t, "a")
	if old != nil {
		s.put(t, k, old)
	}
	w := table.Write{Op: op, Key: k, If: cond}
	if op == table.OpPut {
		w.Item = table.Item{"v": "new"}
	}
	write := func() error { return s.e.Write(t.Context(), w) }
	if !single {
		write = func() error { return s.e.Transact(t.Context(), "", []table.Write{w}) }
	}
	err := write()
	after := old
	switch {
	case !holds:
		wantCondition(t, err, 0, k, old)
	case err != nil:
		t.Errorf("error %v", err)
	case op == table.OpPut:
		after = w.Item
	case op == table.OpDelete:
		after = nil
	}
	s.want(t, k, after)
}

// wantCondition fails unless the error is of this write and carries what was found.
func wantCondition(t *testing.T, err error, index int, k table.Key, found table.Item) {
	t.Helper()
	failed := table.ConditionFailed(err)
	if failed == nil || failed.Index != index || failed.Key != k {
		t.Fatalf("error is %v, want the condition of write %d", err, index)
	}
	var want table.Item
	if found != nil {
		of, _ := table.Lookup(k.Table)
		want = of.WithKey(found, k)
	}
	if !reflect.DeepEqual(failed.Current, want) {
		t.Errorf("found is %v, want %v", failed.Current, want)
	}
}

func (s *suite) transact(t *testing.T) {
	user := table.Key{Table: table.Users, PK: s.id(t, "user"), SK: "METADATA"}
	guard := table.Key{Table: table.Users, PK: s.id(t, "guard"), SK: "GUARD"}
	log := table.Key{Table: table.AuditLogs, PK: s.id(t, "log")}
	dash := table.Key{Table: table.Dashboards, PK: s.id(t, "dash"), SK: "METADATA"}
	s.put(t, dash, table.Item{"version": int64(4)})
	create := func(dashVersion int64) []table.Write {
		return []table.Write{
			table.Put(user, table.Item{"version": int64(1)}, table.IfAbsent()),
			table.Check(dash, table.IfVersion(dashVersion)),
			table.Put(guard, table.Item{"owner": "me"}, table.IfAbsent()),
			table.Put(log, table.Item{"timestamp": int64(1)}, table.Always()),
		}
	}
	wantCondition(t, s.e.Transact(t.Context(), "", create(3)), 1, dash, table.Item{"version": int64(4)})
	for _, k := range []table.Key{user, guard, log} {
		s.want(t, k, nil)
	}
	if err := s.e.Transact(t.Context(), "", create(4)); err != nil {
		t.Fatal(err)
	}
	s.want(t, guard, table.Item{"owner": "me"})
	s.want(t, log, table.Item{"timestamp": int64(1)})
	wantCondition(t, s.e.Transact(t.Context(), "", create(4)), 0, user, table.Item{"version": int64(1)})

	swap := []table.Write{table.Delete(guard, table.IfExists()), table.Put(user, table.Item{"version": int64(2)}, table.IfVersion(1))}
	if err := s.e.Transact(t.Context(), "", swap); err != nil {
		t.Fatal(err)
	}
	s.want(t, guard, nil)
	s.want(t, user, table.Item{"version": int64(2)})
}

func (s *suite) token(t *testing.T) {
	k, blocker := s.card(t, "a"), s.card(t, "blocker")
	writes := func(v string) []table.Write {
		return []table.Write{table.Put(k, table.Item{"v": v}, table.IfAbsent()), table.Check(blocker, table.IfAbsent())}
	}
	token := s.id(t, "token")
	s.put(t, blocker, table.Item{})
	wantCondition(t, s.e.Transact(t.Context(), token, writes("one")), 1, blocker, table.Item{})
	if err := s.e.Write(t.Context(), table.Delete(blocker, table.Always())); err != nil {
		t.Fatal(err)
	}
	for range 3 { // a failed transaction leaves its token free, a done one is not done again
		if err := s.e.Transact(t.Context(), token, writes("one")); err != nil {
			t.Fatal(err)
		}
	}
	s.put(t, k, table.Item{"v": "later"})
	if err := s.e.Transact(t.Context(), token, writes("one")); err != nil {
		t.Fatal(err)
	}
	s.want(t, k, table.Item{"v": "later"})
	wantErr(t, s.e.Transact(t.Context(), token, writes("two")), table.ErrToken)
	wantCondition(t, s.e.Transact(t.Context(), token+"'", writes("one")), 0, k, table.Item{"v": "later"})
}

func (s *suite) transactLimits(t *testing.T) {
	puts := func(n int, it table.Item) []table.Write {
		ws := make([]table.Write, n)
		for i := range ws {
			ws[i] = table.Put(s.card(t, fmt.Sprint(i)), maps.Clone(it), table.Always())
		}
		return ws
	}
	do := func(ws []table.Write) error { return s.e.Transact(t.Context(), "", ws) }
	wantErr(t, do(nil), table.ErrLimit)
	wantErr(t, do(puts(101, table.Item{})), table.ErrLimit)
	twice := puts(2, table.Item{})
	twice[1].Key = twice[0].Key
	wantErr(t, do(twice), table.ErrLimit)
	wantErr(t, do(puts(11, largest(s.card(t, "00"), 0))), table.ErrTooLarge)
	wantErr(t, do(append(puts(1, table.Item{}), table.Put(s.card(t, "bad"), table.Item{"v": 1}, table.Always()))), table.ErrLimit)
	s.want(t, s.card(t, "0"), nil)
	if err := do(puts(100, table.Item{"v": "x"})); err != nil {
		t.Fatal(err)
	}
	s.want(t, s.card(t, "99"), table.Item{"v": "x"})
}

func (s *suite) batch(t *testing.T) {
	logs := func(n int) (keys []table.Key) {
		for i := range n {
			k := table.Key{Table: table.AuditLogs, PK: s.id(t, fmt.Sprint(i))}
			if i%2 == 0 {
				k = s.card(t, fmt.Sprint(i))
			}
			keys = append(keys, k)
		}
		return keys
	}
	keys := logs(101)
	want := map[table.Key]table.Item{}
	for i, k := range keys[:100] {
		if i%3 == 0 {
			continue
		}
		of, _ := table.Lookup(k.Table)
		want[k] = of.WithKey(table.Item{"n": int64(i)}, k)
		s.put(t, k, table.Item{"n": int64(i)})
	}
	got, err := s.e.BatchGet(t.Context(), keys[:100])
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%d items of %d, error %v", len(got), len(want), err)
	}
	_, err = s.e.BatchGet(t.Context(), keys)
	wantErr(t, err, table.ErrLimit)
	_, err = s.e.BatchGet(t.Context(), []table.Key{keys[1], keys[2], keys[1]})
	wantErr(t, err, table.ErrLimit)
	if got, err := s.e.BatchGet(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("no keys: %v, %v", got, err)
	}
}

// batchBytes: what is more than DynamoDB puts into one answer is there all the same.
func (s *suite) batchBytes(t *testing.T) {
	var keys []table.Key
	for i := range 48 {
		k := s.card(t, fmt.Sprint(i))
		s.put(t, k, table.Item{"v": strings.Repeat("x", 380<<10)})
		keys = append(keys, k)
	}
	if got, err := s.e.BatchGet(t.Context(), keys); err != nil || len(got) != len(keys) {
		t.Errorf("%d items of %d, error %v", len(got), len(keys), err)
	}
}
