package dataset_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
	"github.com/karuta-bi/karuta/internal/store"
)

const maxUpload = 1000

type world struct {
	*accesstest.World
	s                           *dataset.Service
	blobs                       *accesstest.Blobs
	objects                     *accesstest.Objects
	executor                    *accesstest.Executor
	owner, viewer, other, admin *core.User
	later                       time.Duration // by which the clock is ahead
}

func newWorld(t *testing.T) *world {
	w := &world{World: accesstest.New(t), blobs: accesstest.NewBlobs(), objects: accesstest.NewObjects(), executor: accesstest.NewExecutor(t)}
	w.s = w.service(dataset.Config{MaxUpload: maxUpload, Buckets: []string{"company-data"}, PlanKeys: []string{"new key", "old key"}, Now: w.clock})
	t.Cleanup(func() {
		if err := w.s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	w.owner, w.viewer, w.other, w.admin = w.User("owner"), w.User("viewer"), w.User("other"), w.Admin("admin")
	return w
}

func (w *world) clock() time.Time { return store.Now().Add(w.later) }

func (w *world) service(cfg dataset.Config) *dataset.Service {
	return dataset.New(dataset.Deps{
		Store: w.Store, Gate: w.Gate, Audit: w.Audit, Blobs: w.blobs, Objects: w.objects, Executor: w.executor.Client(), Log: w.Log,
	}, cfg)
}

var region = core.Column{Name: "地域", Type: core.TypeString}

func TestWhoMayDoWhat(t *testing.T) { // DS-15, FAIL-4
	w := newWorld(t)
	d := w.Dataset(w.owner, region, core.Column{Name: "金額", Type: core.TypeInt64})
	page := w.Dashboard(w.owner, []core.Filter{{ID: core.NewID(core.NounFilter), Type: core.FilterCategory, Column: "地域", Label: "地域"}}, w.Card(w.owner, d))
	w.Share(page, w.viewer, core.PermissionViewer)
	w.executor.Rows = func(client.RowsRequest) client.RowsReply { return client.RowsReply{} }
	w.executor.Values = func(client.ValuesRequest) client.ValuesReply { return client.ValuesReply{} }
	name := "renamed"
	values := func(column, dashboardID string) func(*core.User) error {
		return func(u *core.User) error {
			_, err := w.s.ColumnValues(w.As(u), dataset.ValuesInput{DatasetID: d.ID, DashboardID: dashboardID, Column: column})
			return err
		}
	}
	acts := map[string]func(u *core.User) error{
		"read":     func(u *core.User) error { _, err := w.s.Dataset(w.As(u), d.ID); return err },
		"preview":  func(u *core.User) error { _, err := w.s.Preview(w.As(u), d.ID, 0); return err },
		"versions": func(u *core.User) error { _, err := w.s.Versions(w.As(u), d.ID, core.PageArgs{First: 1}); return err },
		"edit": func(u *core.User) error {
			now, err := w.Store.Datasets.Get(t.Context(), d.ID)
			if err != nil {
				return err
			}
			_, err = w.s.Update(w.As(u), dataset.Change{ID: d.ID, Version: now.Version, Name: &name})
			return err
		},
		"delete":                        func(u *core.User) error { _, err := w.s.Delete(w.As(u), d.ID); return err },
		"values":                        values("地域", ""),
		"values of a page's filter":     values("地域", page.ID),
		"values of no filter":           values("金額", page.ID),
		"list everybody's":              func(u *core.User) error { _, err := w.s.Datasets(w.As(u), true, core.PageArgs{First: 1}); return err },
		"list one's own":                func(u *core.User) error { _, err := w.s.Datasets(w.As(u), false, core.PageArgs{First: 1}); return err },
		"append":                        func(u *core.User) error { return w.append(u, d.ID) },
		"values of a page without data": func(u *core.User) error { return values("地域", w.Dashboard(w.owner, page.Filters).ID)(u) },
	}
	const (
		ok, no, hidden, who, bad = core.Code(""), core.CodeForbidden, core.CodeNotFound, core.CodeUnauthorized, core.CodeValidation
	)
	want := map[string][5]core.Code{ // owner viewer other admin nobody
		"read":                          {ok, ok, hidden, ok, who},
		"preview":                       {ok, no, hidden, ok, who},
		"versions":                      {ok, no, hidden, ok, who},
		"edit":                          {ok, no, hidden, no, who},
		"delete":                        {bad, no, hidden, bad, who}, // a card reads it
		"values":                        {ok, no, hidden, ok, who},
		"values of a page's filter":     {ok, ok, hidden, ok, who},
		"values of no filter":           {bad, bad, hidden, bad, who},
		"list everybody's":              {no, no, no, ok, who},
		"list one's own":                {ok, ok, ok, ok, who},
		"append":                        {bad, no, hidden, no, who}, // without a file
		"values of a page without data": {hidden, hidden, hidden, hidden, who},
	}
	people := [5]*core.User{w.owner, w.viewer, w.other, w.admin, nil}
	for act, do := range acts {
		for i, u := range people {
			accesstest.Code(t, fmt.Sprintf("%s by person %d", act, i), do(u), want[act][i])
		}
	}
}

func (w *world) append(u *core.User, id string) error {
	_, err := w.s.Import(w.As(u), dataset.ImportInput{AppendTo: id})
	return err
}

func TestUpdate(t *testing.T) { // DS-8, DS-15
	w := newWorld(t)
	d := w.Dataset(w.owner, region)
	description := "説明"
	c := dataset.Change{ID: d.ID, Version: d.Version, Description: &description, Columns: []dataset.ColumnChange{{Name: "地域", Description: new("都道府県")}}}
	after, err := w.s.Update(w.As(w.owner), c)
	if err != nil || after.Description != description || after.Columns[0].Description != "都道府県" || after.Name != d.Name {
		t.Fatalf("got %+v, %v", after, err)
	}
	_, err = w.s.Update(w.As(w.owner), c)
	accesstest.Code(t, "old version", err, core.CodeConflict)
	c.Version = 0
	_, err = w.s.Update(w.As(w.owner), c)
	accesstest.Code(t, "no version", err, core.CodeValidation)
	if evs := w.Events(core.EventDatasetUpdated); len(evs) != 1 || evs[0].TargetID != d.ID {
		t.Errorf("audited %+v", evs)
	}
}

func TestPreviewAndValues(t *testing.T) { // DS-5
	w := newWorld(t)
	d := w.Dataset(w.owner, region, core.Column{Name: "秘密", Type: core.TypeString})
	text := "関東"
	w.executor.Rows = func(r client.RowsRequest) client.RowsReply {
		if r.Limit != 7 || r.Source.DatasetID != d.ID || !slices.Equal(r.Source.Parts, d.Parts) || r.Source.Where != nil {
			t.Errorf("asked for %+v", r)
		}
		return client.RowsReply{Rows: [][]*string{{&text, nil}}, TotalRows: 3}
	}
	p, err := w.s.Preview(w.As(w.owner), d.ID, 7)
	if err != nil || p.TotalRows != 3 || *p.Rows[0][0] != text || p.Rows[0][1] != nil || len(p.Columns) != 2 {
		t.Errorf("got %+v, %v", p, err)
	}
	w.executor.Values = func(r client.ValuesRequest) client.ValuesReply {
		if r.Limit != dataset.MaxValues || r.Prefix != "関" || len(r.Source.Columns) != 1 {
			t.Errorf("asked for %+v", r)
		}
		return client.ValuesReply{Values: []string{text}, HasNull: true}
	}
	v, err := w.s.ColumnValues(w.As(w.owner), dataset.ValuesInput{DatasetID: d.ID, Column: "地域", Search: "関"})
	if err != nil || !slices.Equal(v.Values, []string{text}) || !v.HasNull || v.Truncated {
		t.Errorf("got %+v, %v", v, err)
	}
	for _, limit := range []int{-1, dataset.MaxPreview + 1} {
		_, err := w.s.Preview(w.As(w.owner), d.ID, limit)
		accesstest.Code(t, "preview limit", err, core.CodeValidation, "out_of_range")
	}
	for _, in := range []dataset.ValuesInput{
		{DatasetID: d.ID, Column: "地域", Limit: dataset.MaxValues + 1}, {DatasetID: d.ID, Column: "地域", Limit: -1},
		{DatasetID: d.ID, Column: "支店"}, {DatasetID: d.ID, Column: strings.Repeat("x", 1<<20)},
		{DatasetID: d.ID, Column: "地域", Search: strings.Repeat("x", 201)}, {DatasetID: "x", Column: "地域"},
	} {
		_, err := w.s.ColumnValues(w.As(w.owner), in)
		accesstest.Code(t, "values", err, core.CodeValidation)
	}
	w.executor.Away.Store(true)
	_, err = w.s.Preview(w.As(w.owner), d.ID, 7)
	accesstest.Code(t, "executor away", err, core.CodeUnavailable)
}
