package server_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
)

// Results come as cards are done, not as they lie; cards over the same data read one
// slice; one that fails leaves the others alone.
func TestCardResultsComeAsTheyAreDone(t *testing.T) {
	executor, last := accesstest.NewExecutor(t), make(chan struct{})
	var mu sync.Mutex
	slices := map[string]bool{}
	executor.Card = func(r client.CardRequest) client.CardReply {
		read, _ := json.Marshal([]any{r.Source, r.Beside})
		mu.Lock()
		slices[string(read)] = true
		mu.Unlock()
		switch r.Code {
		case "slow":
			<-last
		case "broken":
			return client.CardReply{Problem: &client.Problem{Code: core.CodeExecution, Message: "x"}}
		}
		return client.CardReply{HTML: "<p>" + r.Code}
	}
	h := openHouse(t, site{file: filepath.Join(t.TempDir(), "karuta.db"), blobs: accesstest.NewBlobs(), executor: executor.Client()})
	owner, token := h.person()
	one, two := h.Dataset(owner), h.Dataset(owner)
	var cards []*core.Card
	for code, data := range map[string]*core.Dataset{"slow": one, "quick": one, "broken": two, "other": two} {
		c := h.Card(owner, data)
		_, err := h.store.Cards.Edit(t.Context(), c.ID, c.Version, func(c *core.Card) error { c.Code = code; return nil })
		must(t, err)
		cards = append(cards, c)
	}
	d := h.Dashboard(owner, nil, cards...)
	k := h.signedIn(token)
	k.subscribe("1", fmt.Sprintf(`subscription { cardResults(dashboardId: %q) { seq cardId result { html } } }`, d.ID))
	told := map[any]bool{}
	for i := range cards {
		if i == len(cards)-1 {
			close(last)
		}
		o := k.next("cardResults")
		if o["seq"] != float64(i+1) || told[o["cardId"]] {
			t.Errorf("result %d is %v", i+1, o)
		}
		told[o["cardId"]] = true
		if result, _ := o["result"].(map[string]any); (result["html"] == "<p>slow") != (i == len(cards)-1) {
			t.Errorf("result %d is %v", i+1, o)
		}
	}
	k.completed()
	if len(slices) != 2 || executor.Runs.Load() != 4 {
		t.Errorf("%d slices in %d runs of 4 cards over 2 datasets", len(slices), executor.Runs.Load())
	}
}
