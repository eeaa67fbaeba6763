package core

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestNewIDSortsByTimeAndNamesItsNoun(t *testing.T) {
	var ids []string
	for range 1000 {
		ids = append(ids, NewID(NounDashboard))
	}
	for _, id := range ids {
		if n, ok := NounOf(id); !ok || n != NounDashboard {
			t.Fatalf("NounOf(%q) = %q, %v", id, n, ok)
		}
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 1000 {
		t.Fatal("ids repeat")
	}
}

func TestCheckID(t *testing.T) {
	card := NewID(NounCard)
	for _, c := range []struct {
		name, id string
		want     Code
	}{
		{"good", card, ""},
		{"empty", "", CodeValidation},
		{"another noun's", NewID(NounDataset), CodeNotFound},
		{"a share's", ShareID(NewID(NounDashboard), TargetUser, NewID(NounUser)), CodeNotFound},
		{"upper case", "card_" + "0123456789ABCDEF0123456789ABCDEF", CodeValidation},
		{"too short", "card_01", CodeValidation},
		{"with a control character", card + "\n", CodeValidation},
		{"with a right-to-left mark", "\u200f" + card, CodeValidation},
		{"path", "../" + card, CodeValidation},
		{"very long", card + string(make([]byte, 1<<20)), CodeValidation},
	} {
		if got := CodeOf(CheckID("id", c.id, NounCard)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestShareIDRoundTrip(t *testing.T) {
	d, u, g := NewID(NounDashboard), NewID(NounUser), NewID(NounGroup)
	for _, c := range []struct {
		target TargetType
		id     string
	}{{TargetUser, u}, {TargetGroup, g}} {
		dash, target, id, ok := ParseShareID(ShareID(d, c.target, c.id))
		if !ok || dash != d || target != c.target || id != c.id {
			t.Errorf("%s: got %s %s %s %v", c.target, dash, target, id, ok)
		}
	}
	for _, bad := range []string{"", d, DashboardCardID(d, NewID(NounCard)), ShareID(d, TargetUser, u) + "x"} {
		if _, _, _, ok := ParseShareID(bad); ok {
			t.Errorf("%q passed for a share id", bad)
		}
	}
}

// History and lists are in the order of ids: those of one process never go back,
// whatever the clock does.
func TestIDsRise(t *testing.T) {
	var k tick
	at := time.UnixMilli(1_700_000_000_000)
	last := ""
	for i := range 10_000 {
		if i == 5000 {
			at = at.Add(-time.Hour)
		}
		id := uuidv7(k.next(at))
		if id <= last {
			t.Fatalf("%s after %s", id, last)
		}
		last = id
	}
	got := uuidv7((&tick{}).next(at))
	if want := fmt.Sprintf("%012x7", at.UnixMilli()); got[:13] != want || len(got) != 32 {
		t.Errorf("%s, want it to begin with %s", got, want)
	}
}
