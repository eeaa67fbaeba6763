package card_test

import (
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/core"
)

func TestRows(t *testing.T) { // CD-6
	w := newWorld(t)
	var asked client.RowsRequest
	tokyo := "東京"
	w.executor.Rows = func(r client.RowsRequest) client.RowsReply {
		asked = r
		return client.RowsReply{Rows: [][]*string{{&tokyo, nil}, {nil, nil}}, TotalRows: 7}
	}
	in := card.RowsInput{CardID: w.card.ID, DashboardID: w.page.ID, Limit: 2, Filters: []core.FilterValue{
		{Column: "地域", Values: []string{"東京"}}, {Column: "支店", Values: []string{"no such filter"}},
	}}
	got, err := w.s.Rows(w.As(w.viewer), in)
	if err != nil {
		t.Fatal(err)
	}
	if got.ReturnedRows() != 2 || !got.Truncated() || len(got.Columns) != 2 || *got.Rows[0][0] != tokyo || got.Rows[0][1] != nil {
		t.Errorf("got %+v", got)
	}
	if where := asked.Source.Where; asked.Limit != 2 || where == nil || where.Column != "地域" || where.Values[0] != "東京" {
		t.Errorf("asked %+v", asked)
	}
	for _, limit := range []int{-1, 0, card.MaxRows + 1} {
		in.Limit = limit
		_, err := w.s.Rows(w.As(w.viewer), in)
		accesstest.Code(t, "limit", err, core.CodeValidation, "out_of_range")
	}
	note, err := w.s.Create(w.As(w.owner), card.CreateInput{Kind: core.CardText, Name: "note", Code: "<p>text</p>"})
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := w.s.Rows(w.As(w.owner), card.RowsInput{CardID: note.ID, Limit: 1}); rows != nil || err != nil {
		t.Errorf("rows of a text: %v, %v", rows, err)
	}
}
