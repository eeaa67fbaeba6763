package dataset_test

import (
	"errors"
	"log/slog"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table/embedded"
)

func (w *world) delete(t *testing.T, id string) {
	t.Helper()
	_, err := w.s.Delete(w.As(w.owner), id)
	accesstest.Code(t, "delete", err, "")
}

func (w *world) deleted(u *core.User, all bool) (ids []string, err error) {
	page, err := w.s.Deleted(w.As(u), all, core.PageArgs{First: 10})
	for _, d := range page.Nodes {
		ids = append(ids, d.ID)
	}
	return ids, err
}

func TestDelete(t *testing.T) { // DS-15
	w := newWorld(t)
	d := w.Dataset(w.owner, region)
	files := []string{d.Parts[0], d.Parts[0] + "x", "datasets/other/data"}
	for _, key := range files {
		if _, err := w.blobs.Put(t.Context(), key, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	first, second := w.Card(w.owner, d), w.Card(w.other, d)
	_, err := w.s.Delete(w.As(w.owner), d.ID)
	accesstest.Code(t, "in use", err, core.CodeValidation, "in_use")
	if e, ok := err.(*core.Error); !ok || e.Args["cards"] != 2 {
		t.Errorf("the refusal says %+v", err)
	}
	for _, c := range []*core.Card{first, second} {
		if err := w.Store.Cards.Delete(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	until, err := w.s.Delete(w.As(w.owner), d.ID)
	if left := until.Sub(store.Now()); err != nil || left > 30*day || left < 30*day-time.Hour {
		t.Errorf("until %v, %v", until, err)
	}
	_, err = w.s.Dataset(w.As(w.owner), d.ID)
	accesstest.Code(t, "after", err, core.CodeNotFound)
	slices.Sort(files)
	if keys := w.blobs.Keys(); !slices.Equal(keys, files) {
		t.Errorf("files left: %v", keys)
	}
	if evs := w.Events(core.EventDatasetDeleted); len(evs) != 1 || evs[0].TargetID != d.ID {
		t.Errorf("audited %+v", evs)
	}
}

func TestWhoBringsBack(t *testing.T) { // DS-15
	for name, c := range map[string]struct {
		who  func(*world) *core.User
		code core.Code
	}{
		"owner": {func(w *world) *core.User { return w.owner }, ""}, "admin": {func(w *world) *core.User { return w.admin }, ""},
		"other": {func(w *world) *core.User { return w.other }, core.CodeNotFound}, "nobody": {func(*world) *core.User { return nil }, core.CodeUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			d := w.fromS3(t, region, amount)
			w.reimport(t, d)
			_, err := w.s.Update(w.As(w.owner), dataset.Change{ID: d.ID, Version: w.now(t, d.ID).Version, Description: new("説明")})
			accesstest.Code(t, "describe", err, "")
			was, numbers := w.now(t, d.ID), w.numbers(t, d.ID)
			_, err = w.s.Undelete(w.As(w.owner), d.ID)
			accesstest.Code(t, "what is there", err, core.CodeConflict, "not_deleted")
			w.delete(t, d.ID)
			w.later = 30*day - time.Minute
			who := c.who(w)
			back, err := w.s.Undelete(w.As(who), d.ID)
			accesstest.Code(t, "bring back", err, c.code)
			if c.code != "" {
				if ids, _ := w.deleted(w.owner, false); len(ids) != 1 {
					t.Errorf("deleted are %v", ids)
				}
				return
			}
			was.Version = back.Version
			if now := w.now(t, d.ID); !reflect.DeepEqual(now, was) || !reflect.DeepEqual(now, back) || !slices.Equal(w.numbers(t, d.ID), numbers) {
				t.Errorf("back as %+v, was %+v", now, was)
			}
			if evs := w.Events(core.EventDatasetUndeleted); len(evs) != 1 || evs[0].TargetID != d.ID || evs[0].UserID != who.ID {
				t.Errorf("audited %+v", evs)
			}
			if ids, err := w.deleted(w.owner, false); err != nil || len(ids) != 0 {
				t.Errorf("deleted are %v, %v", ids, err)
			}
		})
	}
}

func TestDeletedDatasetsAreListed(t *testing.T) { // DS-15
	w := newWorld(t)
	mine, others := w.Dataset(w.owner, region), w.Dataset(w.other, region)
	w.delete(t, mine.ID)
	w.later = time.Hour
	if _, err := w.s.Delete(w.As(w.admin), others.ID); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		who  *core.User
		all  bool
		want []string
		code core.Code
	}{
		"the owner's": {w.owner, false, []string{mine.ID}, ""}, "the other's": {w.other, false, []string{others.ID}, ""},
		"an admin's own": {w.admin, false, nil, ""}, "everybody's": {w.admin, true, []string{others.ID, mine.ID}, ""},
		"everybody's for the owner": {w.owner, true, nil, core.CodeForbidden}, "nobody's": {nil, false, nil, core.CodeUnauthorized},
	} {
		ids, err := w.deleted(c.who, c.all)
		accesstest.Code(t, name, err, c.code)
		if !slices.Equal(ids, c.want) {
			t.Errorf("%s: %v, want %v", name, ids, c.want)
		}
	}
	page, err := w.s.Deleted(w.As(w.other), false, core.PageArgs{First: 1})
	if d := page.Nodes[0]; err != nil || d.DeletedBy != w.admin.ID || !d.RestorableUntil().Equal(d.DeletedAt.Add(30*day)) {
		t.Errorf("listed %+v, %v", d, err)
	}
	w.later = 30*day + time.Minute
	if ids, err := w.deleted(w.admin, true); err != nil || !slices.Equal(ids, []string{others.ID}) {
		t.Errorf("after 30 days: %v, %v", ids, err)
	}
}

// What is deleted keeps its objects for 30 days, whatever is swept, and then
// leaves nothing but its history.
func TestPurge(t *testing.T) { // DS-15
	w := newWorld(t)
	d := w.fromS3(t, region)
	d = w.reimport(t, d).Dataset
	if err := w.s.Close(t.Context()); err != nil { // the uploads are removed after the jobs have ended
		t.Fatal(err)
	}
	files := w.blobs.Keys()
	w.delete(t, d.ID)
	sweep := func(after time.Duration) {
		t.Helper()
		w.later = after
		if err := errors.Join(w.s.Retain(t.Context(), w.clock()), w.s.Purge(t.Context(), w.clock())); err != nil {
			t.Fatal(err)
		}
	}
	sweep(30*day - time.Minute)
	if keys := w.blobs.Keys(); !slices.Equal(keys, files) || len(files) != 2 {
		t.Fatalf("files %v, were %v", keys, files)
	}
	if _, err := w.s.Undelete(w.As(w.owner), d.ID); err != nil {
		t.Fatal(err)
	}
	w.later = 0
	w.delete(t, d.ID)
	w.later = 30*day + time.Minute
	_, err := w.s.Undelete(w.As(w.owner), d.ID)
	accesstest.Code(t, "too late", err, core.CodeConflict, "deletion_final")
	sweep(w.later)
	if keys := w.blobs.Keys(); len(keys) != 0 || len(w.numbers(t, d.ID)) != 0 {
		t.Errorf("left: %v", keys)
	}
	_, err = w.s.Undelete(w.As(w.owner), d.ID)
	accesstest.Code(t, "what is gone", err, core.CodeNotFound)
	if evs := w.Events(core.EventDatasetPurged); len(evs) != 1 || evs[0].TargetID != d.ID || evs[0].Details["deletedBy"] != w.owner.ID {
		t.Errorf("audited %+v", evs)
	}
}

// However far a purge came before its process died: nobody brings a part of the
// dataset back, not by a clock that is behind either, and the next purge finishes it.
func TestPurgeBreaksOff(t *testing.T) { // DS-15, FAIL-5
	file, err := embedded.Open(filepath.Join(t.TempDir(), "karuta.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	life := &mortal{}
	life.revive()
	w := &world{World: accesstest.Over(t, mortalEngine{file, life}, slog.New(slog.DiscardHandler)), blobs: accesstest.NewBlobs()}
	w.owner = w.User("owner")
	w.s = dataset.New(dataset.Deps{Store: w.Store, Gate: w.Gate, Audit: w.Audit, Blobs: mortalBlobs{w.blobs, life}, Log: w.Log}, dataset.Config{Now: w.clock})
	for n := int64(0); ; n++ {
		d := w.Dataset(w.owner, region)
		files := []string{d.Parts[0], d.Path + "whole/summary.jsonl"}
		for _, key := range files {
			if _, err := w.blobs.Put(t.Context(), key, strings.NewReader("x")); err != nil {
				t.Fatal(err)
			}
		}
		w.later = 0
		w.delete(t, d.ID)
		life.left.Store(n)
		died := w.s.Purge(t.Context(), store.Now().Add(31*day))
		life.revive()
		w.later = 29 * day
		if _, err := w.s.Undelete(w.As(w.owner), d.ID); err == nil {
			if keys := w.blobs.Keys(); !slices.Equal(keys, files) || !slices.Equal(w.numbers(t, d.ID), []int64{1}) {
				t.Fatalf("after %d writes it is back with %v", n, keys)
			}
			w.delete(t, d.ID)
		}
		if err := w.s.Purge(t.Context(), store.Now().Add(60*day)); err != nil {
			t.Fatal(err)
		}
		kept, err := w.Store.Datasets.Deleted(t.Context(), d.ID)
		if keys := w.blobs.Keys(); kept != nil || err != nil || len(keys) > 0 || len(w.numbers(t, d.ID)) > 0 {
			t.Fatalf("after %d writes and another purge there are %+v, %v, %v", n, kept, keys, err)
		}
		if died == nil {
			if n < 5 {
				t.Errorf("a purge of %d writes", n)
			}
			return
		}
	}
}

// An import whose dataset is deleted meanwhile says so, and leaves nothing; one
// whose dataset is there again by then goes on.
func TestDeletedDuringAnImport(t *testing.T) { // DS-15
	for name, back := range map[string]bool{"deleted": false, "back in time": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			d := w.fromS3(t, region)
			importing := w.executor.Import
			w.executor.Import = func(r client.ImportRequest, tell func(client.ImportEvent)) client.ImportEvent {
				w.delete(t, d.ID)
				if back {
					_, err := w.s.Undelete(w.As(w.owner), d.ID)
					accesstest.Code(t, "bring back", err, "")
				}
				return importing(r, tell)
			}
			o, err := w.s.Reimport(w.As(w.owner), dataset.ReimportInput{ID: d.ID})
			if back {
				if err != nil || o.Version == nil || o.Version.Number != 2 {
					t.Errorf("got %+v, %v", o, err)
				}
				return
			}
			accesstest.Code(t, "reimport", err, core.CodeNotFound, "dataset_deleted")
			if err := w.s.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if keys := w.blobs.Keys(); !slices.Equal(keys, d.Parts) {
				t.Errorf("files %v, want %v", keys, d.Parts)
			}
		})
	}
}

// An administrator who looks for the missing data of a dataset is told that it
// was deleted; for its owner it is not there.
func TestDiagnosisOfADeletedDataset(t *testing.T) { // DS-14, DS-15
	w := newWorld(t)
	d := w.summarised(t)
	w.delete(t, d.ID)
	_, err := w.s.Diagnose(w.As(w.owner), d.ID)
	accesstest.Code(t, "by its owner", err, core.CodeNotFound)
	if got := w.diagnosis(t, d.ID); got.Registered || got.SuggestedFix != dataset.FixRestore {
		t.Errorf("got %+v", got)
	}
}
