package engine

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

func TestRowsAreTheFirstThatMatch(t *testing.T) { // DS-5
	b := newBench(t, nil)
	src, _ := b.load(t, "n,s\n1,x\n2,y\n3,x\n4,x\n", core.CSVOptions{})
	src.Where = &core.Predicate{Op: core.OpIn, Column: "s", Values: []string{"x"}}
	for limit, want := range [][][]string{nil, {{"1", "x"}}, {{"1", "x"}, {"3", "x"}}} {
		reply, err := b.Rows(t.Context(), client.RowsRequest{Source: src, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		if got := rowsText(reply.Rows); !reflect.DeepEqual(got, want) || reply.TotalRows != 3 || reply.Rows == nil {
			t.Errorf("%d: %q of %d", limit, got, reply.TotalRows)
		}
	}
	if _, err := b.Rows(t.Context(), client.RowsRequest{Source: src, Limit: -1}); reasonOf(err) != "bad_value" {
		t.Errorf("got %v", err)
	}
}

func TestValuesOfEveryType(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "n,x,ok,day,at,z,s,none\n"+
		"10,1.5,true,2024-01-02,2024-01-02 10:00,2024-01-02T00:00:00+09:00,b,\n"+
		"9,-2,false,2023-12-31,2024-01-02 09:00:00.5,2024-01-01T00:00:00+09:00,B,\n"+
		"10,1e30,true,2024-01-02,2024-01-02 10:00,2024-01-02T00:00:00+09:00,東京,\n"+
		"NULL,NULL,NULL,NULL,NULL,NULL,NULL,\n", core.CSVOptions{})
	for column, c := range map[string]struct {
		all      []string
		contains string
		some     []string
	}{
		"n":    {[]string{"9", "10"}, "0", []string{"10"}},
		"x":    {[]string{"-2", "1.5", "1e+30"}, ".5", []string{"1.5"}},
		"ok":   {[]string{"false", "true"}, "u", []string{"true"}},
		"day":  {[]string{"2023-12-31", "2024-01-02"}, "2024-", []string{"2024-01-02"}},
		"at":   {[]string{"2024-01-02 09:00:00.5", "2024-01-02 10:00:00"}, " 10:", []string{"2024-01-02 10:00:00"}},
		"z":    {[]string{"2023-12-31T15:00:00Z", "2024-01-01T15:00:00Z"}, "T15:", []string{"2023-12-31T15:00:00Z", "2024-01-01T15:00:00Z"}},
		"s":    {[]string{"B", "b", "東京"}, "京", []string{"東京"}},
		"none": {[]string{}, "x", []string{}},
	} {
		reply, err := b.Values(t.Context(), client.ValuesRequest{Source: src, Column: column, Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(reply.Values, c.all) || !reply.HasNull || reply.Truncated || reply.Values == nil {
			t.Errorf("%s: %+v", column, reply)
		}
		reply, err = b.Values(t.Context(), client.ValuesRequest{Source: src, Column: column, Prefix: c.contains, Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(reply.Values, c.some) || !reply.HasNull {
			t.Errorf("%s with %q: %+v", column, c.contains, reply)
		}
	}
}

func TestValuesUpToALimit(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "n,s\n3,c\n1,a\n2,b\n1,a\nNULL,z\n", core.CSVOptions{})
	for _, c := range []struct {
		column    string
		limit     int
		want      []string
		null, cut bool
	}{
		{"n", 3, []string{"1", "2", "3"}, true, false},
		{"n", 2, []string{"1", "2"}, true, true},
		{"n", 0, []string{}, true, true},
		{"s", 4, []string{"a", "b", "c", "z"}, false, false},
		{"s", 1, []string{"a"}, false, true},
	} {
		reply, err := b.Values(t.Context(), client.ValuesRequest{Source: src, Column: c.column, Limit: c.limit})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(reply.Values, c.want) || reply.HasNull != c.null || reply.Truncated != c.cut {
			t.Errorf("%s, %d: %+v", c.column, c.limit, reply)
		}
	}
	src.Where = &core.Predicate{Op: core.OpRange, Column: "n", From: "2"}
	reply, err := b.Values(t.Context(), client.ValuesRequest{Source: src, Column: "s", Limit: 9})
	if err != nil || !slices.Equal(reply.Values, []string{"b", "c"}) || reply.HasNull {
		t.Errorf("filtered: %+v, %v", reply, err)
	}
}

// More text than one message can carry is refused.
func TestRowsBeyondAMessage(t *testing.T) {
	b := newBench(t, nil)
	long := strings.Repeat("長", 300_000)
	src, _ := b.load(t, "s\n"+strings.Repeat(long+"\n", maxMessage/len(long)+1), core.CSVOptions{})
	if _, err := b.Rows(t.Context(), client.RowsRequest{Source: src, Limit: 1000}); core.CodeOf(err) != core.CodeMemoryLimit {
		t.Errorf("got %v", err)
	}
	if reply, err := b.Rows(t.Context(), client.RowsRequest{Source: src, Limit: 1}); err != nil || *reply.Rows[0][0] != long {
		t.Errorf("got %v", err)
	}
}

func TestManyAtTheSameTime(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, everyType, core.CSVOptions{})
	want := b.rows(t, src)
	var asking sync.WaitGroup
	for i := range 30 {
		asking.Go(func() {
			switch i % 3 {
			case 0:
				if got := b.rows(t, src); !reflect.DeepEqual(got, want) {
					t.Errorf("%q", got)
				}
			case 1:
				reply, err := b.Values(t.Context(), client.ValuesRequest{Source: src, Column: "郵便", Limit: 9})
				if err != nil || len(reply.Values) != 4 {
					t.Errorf("%+v, %v", reply, err)
				}
			default:
				s, err := b.Slice(t.Context(), src, []string{"整数"})
				if err != nil || s.Rows != 4 || s.Close() != nil {
					t.Errorf("%+v, %v", s, err)
				}
			}
		})
	}
	asking.Wait()
	if n := len(children(t)); n > b.cfg.QueryWorkers {
		t.Errorf("%d workers", n)
	}
}
