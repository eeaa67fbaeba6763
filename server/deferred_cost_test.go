package server_test

import (
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// What is deferred costs and counts what it would at once, and the last part tells so.
func TestWhatIsDeferredIsCounted(t *testing.T) {
	h := newHouse(t)
	_, token := h.user(core.RoleUser)
	for range 3 {
		h.ask(token, `mutation { createDashboard(input: {name: "x"}) { dashboard { id } } }`, nil)
	}
	const query = `{ dashboards(first: 3) { nodes { id ... @DEFER { owner { id email } } } } me { ... @DEFER { id } } }`
	at := h.send(bearing(post(body(t, strings.ReplaceAll(query, "@DEFER", ""))), token))
	later := h.raw(bearing(with(post(body(t, strings.ReplaceAll(query, "@DEFER", "@defer"))), "Accept", inParts), token))
	_, cost, _ := strings.Cut(at.text, `"cost":`)
	cost, _, _ = strings.Cut(cost, "}")
	parts := strings.Split(later.text, "\r\n---\r\n")
	if !strings.Contains(cost, `"actual":16`) || len(parts) != 5 {
		t.Fatalf("%s in %d parts: %s", cost, len(parts), later.text)
	}
	for i, part := range parts[1:] {
		if whole := strings.Contains(part, `"cost":`+cost+"}"); whole != (i == 3) {
			t.Errorf("part %d: %s", i, part)
		}
	}
	if !strings.Contains(parts[1], `"actual":7`) {
		t.Errorf("first: %s", parts[1])
	}
}
