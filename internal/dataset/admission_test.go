package dataset_test

import (
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
)

// The values of a filter of a copy are for whom the origin shows the card, and
// for the columns that the origin's filters choose from.
func TestValuesThroughACopy(t *testing.T) { // SH-9, DS-15
	w := newWorld(t)
	w.executor.Values = func(client.ValuesRequest) client.ValuesReply { return client.ValuesReply{} }
	amount := core.Column{Name: "金額", Type: core.TypeInt64}
	data := w.Dataset(w.owner, region, amount)
	choose := func(columns ...string) (filters []core.Filter) {
		for _, c := range columns {
			filters = append(filters, core.Filter{ID: core.NewID(core.NounFilter), Type: core.FilterCategory, Column: c, Label: c})
		}
		return filters
	}
	page := w.Dashboard(w.owner, choose("地域"), w.Card(w.owner, data))
	w.Share(page, w.viewer, core.PermissionViewer)
	d := w.Clone(w.viewer, page)
	if _, err := w.Store.Dashboards.Edit(t.Context(), d.ID, w.viewer.ID, 0, nil, func(d *core.Dashboard) error { d.Filters = choose("地域", "金額"); return nil }); err != nil {
		t.Fatal(err)
	}
	w.Share(d, w.other, core.PermissionOwner)
	w.Share(d, w.owner, core.PermissionViewer)
	values := func(u *core.User, column string) error {
		_, err := w.s.ColumnValues(w.As(u), dataset.ValuesInput{DatasetID: data.ID, DashboardID: d.ID, Column: column})
		return err
	}
	accesstest.Code(t, "the origin's column", values(w.viewer, "地域"), "")
	accesstest.Code(t, "a column of the copy alone", values(w.viewer, "金額"), core.CodeNotFound)
	accesstest.Code(t, "the same by the data's owner", values(w.owner, "金額"), "")
	accesstest.Code(t, "by who is not admitted", values(w.other, "地域"), core.CodeNotFound)
	_, err := w.s.Dataset(w.As(w.other), data.ID)
	accesstest.Code(t, "the dataset for who is not admitted", err, core.CodeNotFound)
	_, err = w.s.Dataset(w.As(w.viewer), data.ID)
	accesstest.Code(t, "the dataset for who is", err, "")
}
