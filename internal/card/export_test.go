package card_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/core"
)

// resume is identity's, as far as the tests need it.
func (w *world) resume(ctx context.Context, in core.SignIn) (*core.Actor, error) {
	u, err := w.Store.Users.Get(ctx, in.UserID)
	if err != nil || w.gone != nil {
		return nil, w.gone
	}
	return &core.Actor{User: u, IP: core.ActorFrom(ctx).IP}, nil
}

// exporting makes the executor write one row, and tells what it was asked for.
func (w *world) exporting() *client.ExportRequest {
	last := &client.ExportRequest{}
	w.executor.Export = func(r client.ExportRequest) (int64, string, *client.Problem) {
		*last = r
		return 1, "地域\r\n東京\r\n", nil
	}
	return last
}

func csvOf(d *core.Dataset) card.ExportInput {
	return card.ExportInput{ID: d.ID, Format: core.FormatCSV, Encoding: core.EncodingUTF8}
}

func tokenOf(o *card.Offer) string { return strings.TrimPrefix(o.URL, card.ExportPrefix) }

// fetch opens the offer without anybody's token.
func (w *world) fetch(t *testing.T, o *card.Offer) (string, error) {
	t.Helper()
	f, err := w.s.OpenExport(core.WithActor(t.Context(), &core.Actor{IP: "192.0.2.1"}), tokenOf(o))
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	return string(text), err
}

func TestWhoMayTakeDataOut(t *testing.T) {
	w := newWorld(t)
	w.exporting()
	editor := w.User("editor")
	w.Share(w.page, editor, core.PermissionEditor)
	copied := w.Clone(w.viewer, w.page)
	other := w.Dataset(w.owner, core.Column{Name: "地域", Type: core.TypeString})
	onPage := func(page *core.Dashboard, cardID string) card.ExportInput {
		in := csvOf(w.data)
		in.DashboardID, in.CardID = page.ID, cardID
		return in
	}
	const ok, no, hidden, who = core.Code(""), core.CodeForbidden, core.CodeNotFound, core.CodeUnauthorized
	people := [6]*core.User{w.owner, editor, w.viewer, w.other, w.admin, nil}
	for what, c := range map[string]struct {
		in   card.ExportInput
		want [6]core.Code
	}{
		"the whole":            {csvOf(w.data), [6]core.Code{ok, no, no, hidden, ok, who}},
		"a card alone":         {onPage(&core.Dashboard{}, w.card.ID), [6]core.Code{ok, no, no, hidden, ok, who}},
		"through the page":     {onPage(w.page, ""), [6]core.Code{ok, ok, no, hidden, ok, who}},
		"through a card":       {onPage(w.page, w.card.ID), [6]core.Code{ok, ok, no, hidden, ok, who}},
		"through a copy":       {onPage(copied, ""), [6]core.Code{hidden, hidden, no, hidden, ok, who}},
		"through another card": {onPage(w.page, w.Card(w.owner, other).ID), [6]core.Code{hidden, hidden, no, hidden, hidden, who}},
		"a page without it":    {onPage(w.Dashboard(editor, nil), ""), [6]core.Code{hidden, hidden, hidden, hidden, hidden, who}},
	} {
		for i, u := range people {
			_, err := w.s.Export(w.As(u), c.in)
			accesstest.Code(t, what+" by "+string(rune('0'+i)), err, c.want[i])
			if c.want[i] == no {
				accesstest.Code(t, what, err, no, "export")
			}
		}
	}
}

func TestAnExportIsWhatIsSeen(t *testing.T) {
	w := newWorld(t)
	asked := w.exporting()
	editor := w.User("editor")
	w.Share(w.page, editor, core.PermissionEditor)
	in := csvOf(w.data)
	in.DashboardID = w.page.ID
	in.Filters = []core.FilterValue{{Column: "地域", Values: []string{"東京"}}, {Column: "店", Values: []string{"x"}}}
	o, err := w.s.Export(w.As(editor), in)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := w.fetch(t, o); err != nil || text != "地域\r\n東京\r\n" {
		t.Errorf("%q, %v", text, err)
	}
	if asked.Source.Where == nil || asked.Source.Where.Column != "地域" || !slices.Equal(asked.Columns, []string{"地域", "日付"}) {
		t.Errorf("asked for %+v", asked)
	}
	evs := w.Events(core.EventDataExported)
	if len(evs) != 1 || evs[0].UserID != editor.ID || evs[0].TargetID != w.data.ID || evs[0].ActorIP != "192.0.2.1" {
		t.Fatalf("%+v", evs)
	}
	d := evs[0].Details
	if d["rows"] != "1" || d["format"] != "CSV" || d["columns"] != "地域, 日付" || d["dashboard"] != w.page.ID ||
		d["filters"] != "地域" || strings.Contains(fmt.Sprint(d), "東京") {
		t.Errorf("%v", d)
	}
}

// An address is worth nothing once the right, the sign-in, the data or what is seen
// of it has changed.
func TestAnAddressEndsWithWhatItStandsFor(t *testing.T) {
	changes := map[string]func(t *testing.T, w *world, editor *core.User){
		"signed out": func(_ *testing.T, w *world, _ *core.User) { w.gone = &core.Error{Code: core.CodeInvalidToken} },
		"share gone": func(t *testing.T, w *world, editor *core.User) {
			share, err := w.Store.Shares.Get(t.Context(), w.page.ID, core.TargetUser, editor.ID)
			if err == nil {
				err = w.Store.Shares.Delete(t.Context(), share, w.owner.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
		},
		"another version": func(t *testing.T, w *world, _ *core.User) { w.change(t, func(d *core.Dataset) { d.DataVersion++ }) },
		"a policy": func(t *testing.T, w *world, _ *core.User) {
			w.change(t, func(d *core.Dataset) {
				d.Policies = []core.Policy{{ID: core.NewID(core.NounPolicy), Hidden: []string{"日付"}}}
			})
		},
	}
	for what, change := range changes {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			w.exporting()
			editor := w.User("editor")
			w.Share(w.page, editor, core.PermissionEditor)
			in := csvOf(w.data)
			in.DashboardID = w.page.ID
			o, err := w.s.Export(w.As(editor), in)
			if err == nil {
				_, err = w.fetch(t, o)
			}
			if err != nil {
				t.Fatal(err)
			}
			change(t, w, editor)
			_, err = w.fetch(t, o)
			accesstest.Code(t, "after", err, core.CodeNotFound)
			if n := len(w.Events(core.EventDataExported)); n != 1 {
				t.Errorf("%d lines", n)
			}
		})
	}
}

func (w *world) change(t *testing.T, edit func(*core.Dataset)) {
	t.Helper()
	now, err := w.Store.Datasets.Get(t.Context(), w.data.ID)
	if err == nil {
		_, err = w.Store.Datasets.Edit(t.Context(), now.ID, now.Version, func(d *core.Dataset) error { edit(d); return nil })
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestBadAddressesOpenNothing(t *testing.T) {
	w := newWorld(t)
	w.exporting()
	o, err := w.s.Export(w.As(w.owner), csvOf(w.data))
	if err != nil {
		t.Fatal(err)
	}
	good := tokenOf(o)
	for _, token := range []string{"", "x", good[1:], good[:len(good)-3], good + "A", "Li4", strings.Repeat("A", 300)} {
		_, err := w.s.OpenExport(t.Context(), token)
		accesstest.Code(t, token, err, core.CodeNotFound)
	}
	for _, key := range w.blobs.Keys() {
		if _, err := w.blobs.Put(t.Context(), key, strings.NewReader(`{"who":{"userId":"`+w.admin.ID+`"}}`)); err != nil {
			t.Fatal(err)
		}
	}
	_, err = w.fetch(t, o)
	accesstest.Code(t, "another plan in its place", err, core.CodeNotFound)
}

func TestExportChecks(t *testing.T) {
	w := newWorld(t)
	for what, change := range map[string]func(*card.ExportInput){
		"format":       func(in *card.ExportInput) { in.Format = core.FormatJSONL },
		"encoding":     func(in *card.ExportInput) { in.Encoding = "EBCDIC" },
		"no column":    func(in *card.ExportInput) { in.Columns = []string{"額"} },
		"column twice": func(in *card.ExportInput) { in.Columns = []string{"地域", "地域"} },
		"many columns": func(in *card.ExportInput) { in.Columns = make([]string, 1001) },
		"filter":       func(in *card.ExportInput) { in.Filters = []core.FilterValue{{}} },
	} {
		in := csvOf(w.data)
		change(&in)
		_, err := w.s.Export(w.As(w.owner), in)
		accesstest.Code(t, what, err, core.CodeValidation)
	}
	w.executor.Export = func(client.ExportRequest) (int64, string, *client.Problem) {
		return 0, "", &client.Problem{Code: core.CodeValidation, Reason: "too_many_rows", Args: map[string]any{"max": 1}}
	}
	o, err := w.s.Export(w.As(w.owner), csvOf(w.data))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.fetch(t, o)
	accesstest.Code(t, "too many rows", err, core.CodeValidation, "too_many_rows")
	if n := len(w.Events(core.EventDataExported)); n != 0 {
		t.Errorf("%d lines of what did not go out", n)
	}
}
