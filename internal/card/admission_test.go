package card_test

import (
	"slices"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/core"
)

// A result that is in the cache, or that a colleague just looked at, is no way
// around the origin of a copied card.
func TestCopiedCardsAskTheirOrigin(t *testing.T) { // SH-9, CD-2
	w := newWorld(t)
	w.executor.Rows = func(client.RowsRequest) client.RowsReply { return client.RowsReply{} }
	d := w.Clone(w.viewer, w.page)
	w.Share(d, w.other, core.PermissionEditor)
	w.Share(d, w.owner, core.PermissionViewer)
	execute := func(u *core.User) error {
		_, err := w.s.Execute(w.As(u), card.ExecuteInput{CardID: w.card.ID, DashboardID: d.ID, UseCache: true})
		return err
	}
	rows := func(u *core.User) error {
		_, err := w.s.Rows(w.As(u), card.RowsInput{CardID: w.card.ID, DashboardID: d.ID, Limit: 1})
		return err
	}
	read := func(u *core.User) error { _, err := w.s.Card(w.As(u), w.card.ID); return err }
	for _, u := range []*core.User{w.viewer, w.owner, w.admin} {
		accesstest.Code(t, "result for "+u.Name, execute(u), "")
		accesstest.Code(t, "rows for "+u.Name, rows(u), "")
	}
	accesstest.Code(t, "result for other", execute(w.other), core.CodeForbidden, "not_admitted")
	accesstest.Code(t, "rows for other", rows(w.other), core.CodeForbidden, "not_admitted")
	accesstest.Code(t, "card for other", read(w.other), core.CodeNotFound)
	if evs := w.Events(core.EventAccessDenied); len(evs) == 0 || evs[0].UserID != w.other.ID || evs[0].TargetID != w.card.ID {
		t.Errorf("audited %+v", evs)
	}
	w.Share(w.page, w.other, core.PermissionViewer)
	accesstest.Code(t, "result once shared", execute(w.other), "")
	accesstest.Code(t, "card once shared", read(w.other), "")
	if err := w.Store.Shares.Delete(t.Context(), &core.Share{DashboardID: w.page.ID, TargetType: core.TargetUser, TargetID: w.viewer.ID}, w.owner.ID); err != nil {
		t.Fatal(err)
	}
	accesstest.Code(t, "result for the copy's own owner", execute(w.viewer), core.CodeForbidden, "not_admitted")
	accesstest.Code(t, "rows for the copy's own owner", rows(w.viewer), core.CodeForbidden, "not_admitted")
	accesstest.Code(t, "card for the copy's own owner", read(w.viewer), core.CodeNotFound)
}

// Who copies a page becomes its editor, and may give it filters. They narrow a
// copied card only where the origin has the same: otherwise a viewer could read
// through the copy, value by value, what the page does not show.
func TestCopiesCannotChooseMore(t *testing.T) { // SH-9, FL-1
	w := newWorld(t)
	d := w.Clone(w.viewer, w.page)
	more := append(slices.Clone(filters), core.Filter{ID: core.NewID(core.NounFilter), Type: core.FilterDateRange, Column: "地域"})
	if _, err := w.Store.Dashboards.Edit(t.Context(), w.page.ID, w.owner.ID, 0, nil, func(d *core.Dashboard) error { d.Filters = filters[:1]; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Store.Dashboards.Edit(t.Context(), d.ID, w.viewer.ID, 0, nil, func(d *core.Dashboard) error { d.Filters = more; return nil }); err != nil {
		t.Fatal(err)
	}
	w.Share(d, w.owner, core.PermissionViewer)
	chosen := []core.FilterValue{{Column: "地域", Values: []string{"東"}}, {Column: "日付", From: "2026-01-01"}}
	for u, want := range map[*core.User][]string{w.viewer: {"地域"}, w.owner: {"地域", "日付"}, w.admin: {"地域", "日付"}} {
		r, err := w.s.Execute(w.As(u), card.ExecuteInput{CardID: w.card.ID, DashboardID: d.ID, Filters: chosen})
		if err != nil || !slices.Equal(r.AppliedFilters, want) {
			t.Errorf("%s: filters %v reach the card, %v", u.Name, r, err)
		}
	}
}

func TestCopiesKeepNobodyFromDeleting(t *testing.T) { // SH-9, CD-1
	w := newWorld(t)
	d := w.Clone(w.viewer, w.page)
	if _, err := w.Store.Dashboards.Edit(t.Context(), w.page.ID, w.owner.ID, 0, nil, func(d *core.Dashboard) error { d.Cards = nil; return nil }); err != nil {
		t.Fatal(err)
	}
	accesstest.Code(t, "delete", w.s.Delete(w.As(w.owner), w.card.ID), "")
	_, err := w.s.Execute(w.As(w.viewer), card.ExecuteInput{CardID: w.card.ID, DashboardID: d.ID})
	accesstest.Code(t, "after", err, core.CodeNotFound)
}
