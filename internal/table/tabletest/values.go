package tabletest

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/table"
)

func (s *suite) values(t *testing.T) {
	k := s.card(t, "a")
	whole := table.Item{
		"text": "かるた 😀 \x00 \u202e", "empty": "", "int": int64(-7), "most": int64(math.MaxInt64), "least": int64(math.MinInt64),
		"float": 0.1, "tiny": 1e-120, "huge": 1.7976931348623157e125, "yes": true, "no": false,
		"bytes": []byte{0, 1, 255}, "noBytes": []byte{},
		"list": []any{"a", int64(1), 2.5, true, []any{}, map[string]any{}},
		"map":  map[string]any{"nested": map[string]any{"list": []any{[]byte("b")}}, "": "odd"},
		"日本語":  "名前",
	}
	delete(whole["map"].(map[string]any), "")
	given := table.Item{}
	for name, v := range whole {
		given[name] = v
	}
	s.put(t, k, given)
	s.want(t, k, whole)
	if !reflect.DeepEqual(given, whole) {
		t.Error("the engine changed the caller's item")
	}
	s.get(t, k)["text"] = "changed by the reader"
	s.want(t, k, whole)

	s.put(t, k, table.Item{"float": 3.0, "zero": math.Copysign(0, -1), "big": 1e20, "PK": "not the key"})
	s.want(t, k, table.Item{"float": int64(3), "zero": int64(0), "big": 1e20})
	s.put(t, k, nil)
	s.want(t, k, table.Item{})
}

func (s *suite) refusedValues(t *testing.T) {
	deep := any("bottom")
	for range 40 {
		deep = []any{deep}
	}
	k := s.card(t, "a")
	for name, v := range map[string]any{
		"nil": nil, "int": 1, "NaN": math.NaN(), "infinite": math.Inf(1), "tooHuge": 1e126, "tooTiny": 1e-131,
		"notUTF8": "a\xff", "texts": []string{"a"}, "nilInList": []any{nil}, "struct": struct{}{}, "deep": deep,
		"notUTF8Name": map[string]any{"a\xff": "x"},
	} {
		t.Run(name, func(t *testing.T) {
			wantErr(t, s.e.Write(t.Context(), table.Put(k, table.Item{"v": v}, table.Always())), table.ErrLimit)
		})
	}
	wantErr(t, s.e.Write(t.Context(), table.Put(k, table.Item{"": "x"}, table.Always())), table.ErrLimit)
	s.want(t, k, nil)
}

func (s *suite) keys(t *testing.T) {
	p := s.id(t, "")
	long := func(n int) string { return p + strings.Repeat("k", n-len(p)) }
	for _, c := range []struct {
		name string
		key  table.Key
		ok   bool
	}{
		{"longest", table.Key{Table: table.Cards, PK: long(table.MaxPKBytes), SK: long(table.MaxSKBytes)}, true},
		{"odd characters", table.Key{Table: table.Cards, PK: p + "\x00\u202e😀", SK: "\x00"}, true},
		{"no sort key where there is none", table.Key{Table: table.AuditLogs, PK: p}, true},
		{"PK too long", table.Key{Table: table.Cards, PK: long(table.MaxPKBytes + 1), SK: "a"}, false},
		{"SK too long", table.Key{Table: table.Cards, PK: p, SK: long(table.MaxSKBytes + 1)}, false},
		{"PK too long in bytes", table.Key{Table: table.Cards, PK: strings.Repeat("か", 700), SK: "a"}, false},
		{"empty PK", table.Key{Table: table.Cards, SK: "a"}, false},
		{"empty SK", table.Key{Table: table.Cards, PK: p}, false},
		{"SK where there is none", table.Key{Table: table.AuditLogs, PK: p, SK: "a"}, false},
		{"not UTF-8", table.Key{Table: table.Cards, PK: p + "\xff", SK: "a"}, false},
		{"unknown table", table.Key{Table: "nothing", PK: p, SK: "a"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for call, err := range s.everyCall(t, c.key) {
				if c.ok && err != nil {
					t.Errorf("%s: %v", call, err)
				}
				if !c.ok {
					wantErr(t, err, table.ErrLimit)
				}
			}
		})
	}
}

// everyCall uses the key in every way there is.
func (s *suite) everyCall(t *testing.T, k table.Key) map[string]error {
	errs := map[string]error{
		"put":      s.e.Write(t.Context(), table.Put(k, table.Item{"v": "x"}, table.Always())),
		"transact": s.e.Transact(t.Context(), "", []table.Write{table.Put(k, table.Item{"v": "y"}, table.IfExists())}),
	}
	_, errs["get"] = s.e.Get(t.Context(), k)
	_, errs["batch"] = s.e.BatchGet(t.Context(), []table.Key{k})
	errs["delete"] = s.e.Write(t.Context(), table.Delete(k, table.IfExists()))
	return errs
}

// largest is an item with one text that reaches the limit, and over by so many bytes.
func largest(k table.Key, over int) table.Item {
	of, _ := table.Lookup(k.Table)
	full, _ := table.ItemBytes(of.WithKey(table.Item{"v": ""}, k))
	return table.Item{"v": strings.Repeat("x", table.MaxItemBytes-full+over)}
}

func (s *suite) itemSize(t *testing.T) {
	k := s.card(t, "a")
	for _, cond := range []table.Condition{table.Always(), table.IfExists()} {
		fits := largest(k, 0)
		if err := s.e.Write(t.Context(), table.Put(k, fits, cond)); err != nil {
			t.Fatal(err)
		}
		s.want(t, k, fits)
		wantErr(t, s.e.Write(t.Context(), table.Put(k, largest(k, 1), cond)), table.ErrTooLarge)
		s.want(t, k, fits)
	}
}
