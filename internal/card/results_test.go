package card

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
)

func TestMemoryKeepsItsBudget(t *testing.T) { // CD-4
	const each = 10_000
	r := newResults(accesstest.NewBlobs(), 5*each)
	for i := range 20 {
		for range 2 { // the same again must not count twice
			result := &core.CardResult{Key: fmt.Sprint("s/", i), HTML: strings.Repeat("x", each-1024)}
			if err := r.put(t.Context(), result); err != nil {
				t.Fatal(err)
			}
		}
		if i%4 == 0 {
			r.get(t.Context(), "s/0")
		}
	}
	if r.bytes != 5*each || r.memory.Len() != 5 {
		t.Errorf("%d bytes for %d results", r.bytes, r.memory.Len())
	}
	if !r.memory.Contains("s/0") || r.memory.Contains("s/1") {
		t.Error("what was asked for last is not what stayed")
	}
	if got := r.get(t.Context(), "s/1"); got == nil || len(got.HTML) != each-1024 {
		t.Errorf("what left the memory came back as %+v", got)
	}
	r.remember(&core.CardResult{Key: "s/large", HTML: strings.Repeat("x", 6*each)})
	if r.memory.Contains("s/large") || r.memory.Len() != 5 {
		t.Error("one result pushed out all others")
	}
}

func TestAddressesEnd(t *testing.T) { // CD-7
	s := &Service{cfg: Config{PageSecret: "a"}, kept: newResults(accesstest.NewBlobs(), 1<<20)}
	if err := s.kept.put(t.Context(), &core.CardResult{Key: "s/k", HTML: "<p>x</p>"}); err != nil {
		t.Fatal(err)
	}
	another := &Service{cfg: Config{PageSecret: "b"}, kept: s.kept}
	for token, ok := range map[string]bool{
		s.token("s/k", time.Now().Add(time.Minute)):       true,
		s.token("s/k", time.Now().Add(-2*time.Second)):    false,
		s.token("s/none", time.Now().Add(time.Minute)):    false,
		another.token("s/k", time.Now().Add(time.Minute)): false,
	} {
		if _, err := s.Page(t.Context(), token); (err == nil) != ok {
			t.Errorf("%s: got %v, want ok %v", token, err, ok)
		}
	}
}
