package dataset_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
)

// summary puts the summary of a dataset of one column under a key.
func (w *world) summary(t *testing.T, key string, rows int64, values ...string) {
	t.Helper()
	s := &client.Summary{RowCount: rows, Columns: []client.ColumnSummary{{Name: region.Name, Type: region.Type, Count: rows}}}
	for _, v := range values {
		s.First = append(s.First, []*string{&v})
	}
	var out bytes.Buffer
	if err := s.Write(&out); err != nil {
		t.Fatal(err)
	}
	if _, err := w.blobs.Put(context.WithoutCancel(t.Context()), key, &out); err != nil {
		t.Fatal(err)
	}
}

// summarised is a dataset of three rows whose summary was taken at import.
func (w *world) summarised(t *testing.T) *core.Dataset {
	t.Helper()
	w.importing(t, region)
	importing := w.executor.Import
	w.executor.Import = func(r client.ImportRequest, tell func(client.ImportEvent)) client.ImportEvent {
		ev := importing(r, tell)
		ev.Done.Summary = r.Target + client.SummaryName
		w.summary(t, ev.Done.Summary, 3, "a", "b", "c")
		return ev
	}
	job, err := w.s.Import(w.As(w.owner), csv("売上"))
	if err != nil {
		t.Fatal(err)
	}
	w.ended(t, job)
	d, err := w.s.Dataset(w.As(w.owner), job.DatasetID)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func texts(p *dataset.Preview) (out []string) {
	for _, row := range p.Rows {
		out = append(out, *row[0])
	}
	return out
}

// What was taken at import is shown without asking the executor, to those who see all.
func TestPreviewAndStatisticsFromTheSummary(t *testing.T) { // DS-5, DS-16
	w := newWorld(t)
	d := w.summarised(t)
	w.executor.Away.Store(true)
	for _, u := range []*core.User{w.owner, w.admin} {
		p, err := w.s.Preview(w.As(u), d.ID, 2)
		if err != nil || p.TotalRows != 3 || !slices.Equal(texts(p), []string{"a", "b"}) {
			t.Errorf("preview %+v, %v", p, err)
		}
		s, err := w.s.Statistics(w.As(u), d.ID)
		if err != nil || s.RowCount != 3 || s.Columns[0].Count != 3 {
			t.Errorf("statistics %+v, %v", s, err)
		}
	}
	w.Share(w.Dashboard(w.owner, nil, w.Card(w.owner, d)), w.viewer, core.PermissionViewer)
	for u, code := range map[*core.User]core.Code{w.viewer: core.CodeForbidden, w.other: core.CodeNotFound, nil: core.CodeUnauthorized} {
		_, err := w.s.Statistics(w.As(u), d.ID)
		accesstest.Code(t, "statistics", err, code)
	}
}

// A summary that is missing, damaged or of other data is not believed, and made anew.
func TestSummaryThatCannotBeRead(t *testing.T) {
	for name, spoil := range map[string]func(w *world, key string){
		"missing": func(w *world, key string) { _ = w.blobs.Delete(t.Context(), key) },
		"damaged": func(w *world, key string) { _, _ = w.blobs.Put(t.Context(), key, strings.NewReader(`{"rowCount":3`)) },
		"other":   func(w *world, key string) { w.summary(t, key, 4, "x", "y", "z", "?") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			d := w.summarised(t)
			spoil(w, d.SummaryKey)
			one := "stored"
			w.executor.Rows = func(client.RowsRequest) client.RowsReply {
				return client.RowsReply{Rows: [][]*string{{&one}}, TotalRows: 3}
			}
			w.executor.Summary = func(r client.SummaryRequest) client.SummaryReply {
				if !slices.Equal(r.Parts, d.Parts) || !strings.HasPrefix(r.Key, d.Path) {
					t.Errorf("asked for %+v", r)
				}
				w.summary(t, r.Key, 3, "a", "b", "c")
				return client.SummaryReply{}
			}
			p, err := w.s.Preview(w.As(w.owner), d.ID, 2)
			if err != nil || !slices.Equal(texts(p), []string{"stored"}) {
				t.Fatalf("preview %+v, %v", p, err)
			}
			if s, err := w.s.Statistics(w.As(w.owner), d.ID); err != nil || s.RowCount != 3 {
				t.Errorf("statistics %+v, %v", s, err)
			}
			if p, err := w.s.Preview(w.As(w.owner), d.ID, 3); err != nil || !slices.Equal(texts(p), []string{"a", "b", "c"}) {
				t.Errorf("preview %+v, %v", p, err)
			}
		})
	}
}

// What the detector finds stands at the columns, until their owner has decided.
func TestImportProposesClasses(t *testing.T) { // PII-4
	w := newWorld(t)
	w.importing(t, region, core.Column{Name: "氏名", Type: core.TypeString})
	job, err := w.s.Import(w.As(w.owner), csv("名簿"))
	if err != nil {
		t.Fatal(err)
	}
	w.ended(t, job)
	d, err := w.s.Dataset(w.As(w.owner), job.DatasetID)
	want := core.Proposal{Class: core.ClassDirect, Kind: core.KindName, Evidence: core.EvidenceName}
	if err != nil || d.Columns[1].Proposed != want || d.Columns[1].Holds() != core.ClassDirect || d.Columns[0].Found() != nil {
		t.Fatalf("got %+v, %v", d, err)
	}
	none := core.ClassNone
	d, err = w.s.Update(w.As(w.owner), dataset.Change{ID: d.ID, Version: d.Version, Columns: []dataset.ColumnChange{{Name: "氏名", Class: &none}}})
	if err != nil || d.Columns[1].Holds() != core.ClassNone {
		t.Errorf("decided: %+v, %v", d, err)
	}
}
