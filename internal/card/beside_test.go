package card_test

import (
	"slices"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/core"
)

// The cards of a page ask for the same columns of the same data, so that one slice
// serves them all; a card that is looked at alone asks for its own.
func TestCardsOfAPageReadTheSame(t *testing.T) { // FL-3
	w := newWorld(t)
	data := w.Dataset(w.owner, core.Column{Name: "a"}, core.Column{Name: "b"}, core.Column{Name: "c"}, core.Column{Name: "d"})
	made := func(d *core.Dataset, code, params string) *core.Card {
		c, err := w.s.Create(w.As(w.owner), card.CreateInput{Name: code, DatasetID: d.ID, Code: code, Params: params})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	one, other := made(data, "def render(dataset, f, p): dataset.a", "{}"), made(data, "def render(dataset, f, p): dataset.b", `{"column": "d"}`)
	page := w.Dashboard(w.owner, nil, one, other, made(w.data, "def render(dataset, f, p): dataset.c", "{}"))
	var asked client.CardRequest
	answer := w.executor.Card
	w.executor.Card = func(r client.CardRequest) client.CardReply { asked = r; return answer(r) }
	for _, c := range []*core.Card{one, other} {
		for _, at := range []struct {
			page string
			want []string
		}{{page.ID, []string{"a", "b", "d"}}, {"", nil}} {
			if _, err := w.s.Execute(w.As(w.owner), card.ExecuteInput{CardID: c.ID, DashboardID: at.page}); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(asked.Beside, at.want) {
				t.Errorf("%s on %q asks for %q, want %q", c.Code, at.page, asked.Beside, at.want)
			}
		}
	}
}
