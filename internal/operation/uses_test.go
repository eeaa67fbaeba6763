package operation

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

func TestUsesAreCounted(t *testing.T) {
	w := newWorld(t)
	op := w.register("sales", "query Sales { a }", 0)
	other := w.another()
	for range 3 {
		w.Used(w.ByID("sales"), Client{"web", "1.0"})
		other.Used(other.ByID("sales"), Client{"web", "1.0"})
	}
	w.Used(w.ByID("sales"), Client{"we\x00b#\xff" + strings.Repeat("x", 100), ""})
	w.must(other.Close(t.Context()))
	got, err := w.Uses(w.admin, op)
	if err != nil || len(got) != 2 || got[0].Count != 6 || got[0].Release != "1.0" || got[1].Client != "web"+strings.Repeat("x", 61) {
		t.Errorf("%+v, %v", got, err)
	}
	for i := range 3 * clientsMax {
		w.Used(w.ByID("sales"), Client{fmt.Sprint("client ", i), ""})
	}
	got, err = w.Uses(w.admin, op)
	sum := int64(0)
	for _, u := range got {
		sum += u.Count
	}
	if err != nil || len(got) > clientsMax+1 || sum != 7+3*clientsMax || got[0].Client != others {
		t.Errorf("%d clients, %d uses, the first %+v, %v", len(got), sum, got[0], err)
	}
}

// What cannot be written is not lost.
func TestUsesThatCannotBeWritten(t *testing.T) {
	w := newWorld(t)
	op := w.register("sales", "query Sales { a }", 0)
	w.Used(w.ByID("sales"), Client{"web", ""})
	ended, end := context.WithCancel(t.Context())
	end()
	w.WriteUses(ended)
	w.Used(w.ByID("sales"), Client{"web", ""})
	if got, err := w.Uses(w.admin, op); err != nil || len(got) != 1 || got[0].Count != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}
